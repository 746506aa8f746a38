#include "trusted/log/log.h"

#include <array>

#include "trusted/crypto/hash.h"

namespace gbx::log {
namespace {

constexpr std::string_view kGenesis = "glovebox log v1\n";
constexpr std::size_t kNonceBytes = 16;
constexpr Error kBadEntry{ErrorCode::invalid_argument, "entry_malformed"};
constexpr Error kWrongEntry{ErrorCode::unverified, "entry_malformed"};

std::string print_entry(const Json& body, std::uint64_t number, ByteView nonce) {
  return Json::object({
                          {"body", body},
                          {"nonce", to_hex(nonce)},
                          {"number", number},
                      })
      .canonical();
}

// The body of the entry, when it is the one of that number.
Result<Json> parse_entry(ByteView entry, std::uint64_t number) {
  if (entry.size() > kEntryBytesMax) return kWrongEntry;
  auto json = Json::parse_canonical(as_text(entry));
  if (!json) return kWrongEntry;
  Fields fields(*json, "entry_malformed");
  Json body = fields.object("body");
  fields.hex("nonce", kNonceBytes);
  const std::int64_t found = fields.integer("number", 0, Json::kIntegerMax);
  if (!fields.finish()) return kWrongEntry;
  if (static_cast<std::uint64_t>(found) != number) {
    return Error{ErrorCode::unverified, "entry_out_of_order"};
  }
  return body;
}

}  // namespace

Head empty_head(std::string_view origin) {
  return {0, crypto::sha256(as_bytes(std::string(kGenesis).append(origin)))};
}

Head extend(const Head& head, ByteView entry) {
  Writer writer;
  writer.raw(head.hash);
  writer.raw(crypto::sha256(entry));
  return {head.size + 1, crypto::sha256(writer.bytes())};
}

Result<Log> Log::make(std::string origin, Store& store, Entropy& entropy) {
  bool printable = !origin.empty() && origin.size() <= kOriginBytesMax;
  for (const char c : origin) printable = printable && c > ' ' && c <= '~';
  if (!printable) return Error{ErrorCode::invalid_argument, "origin_malformed"};
  return Log(std::move(origin), store, entropy);
}

Status Log::flush() {
  if (!unconfirmed_) return {};
  GBX_TRY(store_->append(*unconfirmed_));
  unconfirmed_.reset();
  return {};
}

Result<Receipt> Log::add(const Json& body) {
  if (body.object() == nullptr) return kBadEntry;
  if (head_.size >= kEntriesMax) return Error{ErrorCode::unavailable, "log_full"};
  GBX_TRY(flush());
  std::array<std::uint8_t, kNonceBytes> nonce{};
  GBX_TRY(entropy_->fill(nonce));
  Bytes entry = to_bytes(print_entry(body, head_.size, nonce));
  // What cannot be read back must not be written: no real numbers, no null, not too long.
  if (!parse_entry(entry, head_.size)) return kBadEntry;
  const Hash entry_hash = crypto::sha256(entry);
  head_ = extend(head_, entry);
  unconfirmed_ = std::move(entry);
  GBX_TRY(flush());
  return Receipt(entry_hash, head_);
}

Result<Receipt> Log::retry() {
  GBX_CHECK(unconfirmed_.has_value());
  const Hash entry_hash = crypto::sha256(*unconfirmed_);
  GBX_TRY(flush());
  return Receipt(entry_hash, head_);
}

Status Log::append(ByteView entry) noexcept {
  const auto body = Json::parse_canonical(as_text(entry));
  if (!body) return kBadEntry;
  GBX_TRY(add(*body));
  return {};
}

Result<Replay> replay(std::string_view origin, const std::vector<Bytes>& entries) {
  if (entries.size() > kEntriesMax) return Error{ErrorCode::unverified, "log_too_long"};
  Replay out{empty_head(origin), {}};
  for (std::size_t i = 0; i < entries.size(); i++) {
    if (i > 0 && entries[i] == entries[i - 1]) continue;
    GBX_TRY_ASSIGN(Json body, parse_entry(entries[i], out.head.size));
    out.head = extend(out.head, entries[i]);
    out.bodies.push_back(std::move(body));
  }
  return out;
}

}  // namespace gbx::log
