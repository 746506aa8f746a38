#include "trusted/log/log.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "trusted/base/canonical.h"
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

bool take(std::string_view& text, std::string_view word) {
  if (!text.starts_with(word)) return false;
  text.remove_prefix(word.size());
  return true;
}

bool take_nonce(std::string_view& text) {
  if (text.size() < 2 * kNonceBytes) return false;
  for (const char c : text.substr(0, 2 * kNonceBytes)) {
    if ((c < '0' || c > '9') && (c < 'a' || c > 'f')) return false;
  }
  text.remove_prefix(2 * kNonceBytes);
  return true;
}

// The body of the entry, when it is the one of that number. There is one way to write an entry, so
// what is around the body is compared rather than parsed, and a million entries take no second.
Result<std::string_view> parse_entry(ByteView entry, std::uint64_t number) {
  std::string_view rest = as_text(entry);
  if (rest.size() > kEntryBytesMax || !take(rest, "{\"body\":")) return kWrongEntry;
  if (!rest.starts_with('{')) return kWrongEntry;
  const std::string_view body = rest.substr(0, canonical_size(rest, Json::kDepthMax - 1));
  if (body.empty()) return kWrongEntry;
  rest.remove_prefix(body.size());
  if (!take(rest, ",\"nonce\":\"") || !take_nonce(rest) || !take(rest, "\",\"number\":")) {
    return kWrongEntry;
  }
  if (canonical_size(rest) + 1 != rest.size() || rest.back() != '}') return kWrongEntry;
  std::uint64_t found = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), found);
  if (error != std::errc() || end != &rest.back()) return kWrongEntry;  // no number, or a negative
  if (found != number) return Error{ErrorCode::unverified, "entry_out_of_order"};
  return body;
}

}  // namespace

Head empty_head(std::string_view origin) {
  return {0, crypto::sha256(as_bytes(std::string(kGenesis).append(origin)))};
}

Head extend(const Head& head, ByteView entry) {
  const Hash entry_hash = crypto::sha256(entry);
  std::array<std::uint8_t, 2 * sizeof(Hash)> both{};
  std::ranges::copy(head.hash, both.begin());
  std::ranges::copy(entry_hash, both.begin() + sizeof(Hash));
  return {head.size + 1, crypto::sha256(both)};
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
  out.bodies.reserve(entries.size());
  for (std::size_t i = 0; i < entries.size(); i++) {
    if (i > 0 && entries[i] == entries[i - 1]) continue;
    GBX_TRY_ASSIGN(const std::string_view body, parse_entry(entries[i], out.head.size));
    out.head = extend(out.head, entries[i]);
    out.bodies.push_back(body);
  }
  return out;
}

}  // namespace gbx::log
