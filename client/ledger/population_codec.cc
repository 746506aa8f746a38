// The file of a population: docs/spec/home-ledger.md.

#include "client/ledger/population.h"

namespace gbx::client {
namespace {

constexpr Error kDamaged{ErrorCode::unverified, "ledger_damaged"};
constexpr Literal kMalformed = "ledger_entry_malformed";
constexpr std::size_t kNonceBytes = 16;
constexpr std::size_t kTextBytesMax = 256;
constexpr std::int64_t kTimeMax = 253'402'300'799;

// The unit says which accounting it is.
std::string_view loss_key(privacy::Accounting accounting) {
  switch (accounting) {
    case privacy::Accounting::pure: return "epsilon_1e6";
    case privacy::Accounting::zcdp: return "rho_2_40";
    case privacy::Accounting::queries: return "queries";
  }
  GBX_CHECK(false);
}

Json encode_amount(privacy::Accounting accounting, privacy::Price amount) {
  return Json::object(
      {{"delta_2_60", amount.delta}, {std::string(loss_key(accounting)), amount.loss}});
}

struct Amount {
  privacy::Accounting accounting = privacy::Accounting::pure;
  privacy::Price price;
};

Amount take_amount(Fields& fields, std::string_view key) {
  const Json& json = fields.object(key);
  Amount out;
  for (const privacy::Accounting accounting : privacy::kAccountings) {
    if (json.find(loss_key(accounting)) != nullptr) out.accounting = accounting;
  }
  Fields parts(json, kMalformed);
  const auto integer = [&](std::string_view part) {
    return static_cast<std::uint64_t>(parts.integer(part, 0, Json::kIntegerMax));
  };
  out.price = {integer(loss_key(out.accounting)), integer("delta_2_60")};
  if (!parts.finish()) fields.fail();
  return out;
}

// What was seen of a room's log.
struct RoomLog {
  std::string origin;
  log::Head head;
};

Json encode_log(const RoomLog& log) {
  return Json::object(
      {{"hash", to_hex(log.head.hash)}, {"origin", log.origin}, {"size", log.head.size}});
}

RoomLog take_log(Fields& fields) {
  Fields parts(fields.object("log"), kMalformed);
  RoomLog out;
  out.head.hash = parts.hex_array<32>("hash");
  out.origin = parts.text("origin", kTextBytesMax);
  out.head.size = static_cast<std::uint64_t>(parts.integer("size", 0, Json::kIntegerMax));
  if (!parts.finish()) fields.fail();
  return out;
}

Json encode_body(const TotalSet& set) {
  return Json::object(
      {{"at", set.at}, {"kind", "total"}, {"total", encode_amount(set.accounting, set.total)}});
}

Json encode_body(const Grant& grant) {
  return Json::object({{"at", grant.at},
                       {"binding", to_hex(grant.binding)},
                       {"collaboration", grant.collaboration},
                       {"given", encode_amount(grant.accounting, grant.given)},
                       {"kind", "allotment"},
                       {"log", encode_log({grant.log_origin, grant.head})},
                       {"policy", to_hex(grant.policy)},
                       {"room_key", to_hex(grant.room_key)},
                       {"snapshot", to_hex(grant.snapshot)},
                       {"table", grant.table}});
}

Json encode_body(const Return& back) {
  return Json::object({{"at", back.at},
                       {"delta_spent_2_60", back.spent.delta},
                       {"kind", "return"},
                       {"log", encode_log({back.log_origin, back.head})},
                       {"loss_spent", back.spent.loss},
                       {"statement", to_hex(back.statement)},
                       {"table", back.table}});
}

LedgerEvent take_total(Fields& fields) {
  const Amount total = take_amount(fields, "total");
  return TotalSet{0, total.accounting, total.price};
}

LedgerEvent take_grant(Fields& fields) {
  Grant out;
  out.binding = fields.hex_array<64>("binding");
  out.collaboration = fields.text("collaboration", kTextBytesMax);
  const Amount given = take_amount(fields, "given");
  out.accounting = given.accounting;
  out.given = given.price;
  RoomLog log = take_log(fields);
  out.log_origin = std::move(log.origin);
  out.head = log.head;
  out.policy = fields.hex_array<32>("policy");
  out.room_key = fields.hex_array<32>("room_key");
  out.snapshot = fields.hex_array<32>("snapshot");
  out.table = fields.text("table", kTextBytesMax);
  return out;
}

LedgerEvent take_return(Fields& fields) {
  Return out;
  const auto integer = [&](std::string_view key) {
    return static_cast<std::uint64_t>(fields.integer(key, 0, Json::kIntegerMax));
  };
  out.spent = {integer("loss_spent"), integer("delta_spent_2_60")};
  RoomLog log = take_log(fields);
  out.log_origin = std::move(log.origin);
  out.head = log.head;
  out.statement = fields.hex_array<32>("statement");
  out.table = fields.text("table", kTextBytesMax);
  return out;
}

// The body of an entry with that number.
Result<LedgerEvent> parse_entry(std::string_view line, std::uint64_t number) {
  if (line.size() > log::kEntryBytesMax) return kDamaged;
  const auto json = Json::parse_canonical(line);
  if (!json) return kDamaged;
  Fields fields(*json, kMalformed);
  const Json& body = fields.object("body");
  fields.hex("nonce", kNonceBytes);
  const std::int64_t found = fields.integer("number", 0, Json::kIntegerMax);
  if (!fields.finish() || static_cast<std::uint64_t>(found) != number) return kDamaged;
  return decode_event(body);
}

Bytes seal_message(const std::string& origin, const log::Head& head) {
  Writer writer;
  writer.raw(as_bytes("glovebox/home-ledger/v1"));
  writer.u8(0);
  writer.raw(as_bytes(origin));
  writer.u8(0);
  writer.u64(head.size);
  writer.raw(head.hash);
  return writer.take();
}

// The last line: the owner's signature under the head of the lines before it.
Status check_seal(std::string_view line, const Population& population,
                  const crypto::PublicKey& owner) {
  const auto json = Json::parse_canonical(line);
  if (!json) return kDamaged;
  Fields fields(*json, kMalformed);
  log::Head head;
  head.hash = fields.hex_array<32>("head");
  const crypto::Signature signature = fields.hex_array<64>("signature");
  head.size = static_cast<std::uint64_t>(fields.integer("size", 0, Json::kIntegerMax));
  if (!fields.finish() || head != population.head()) return kDamaged;
  const std::string origin = ledger_origin(owner, population.name());
  if (!crypto::verify(owner, seal_message(origin, head), signature)) return kDamaged;
  return {};
}

}  // namespace

std::string ledger_origin(const crypto::PublicKey& owner, std::string_view population) {
  return "glovebox-home/" + to_hex(owner) + "/" + std::string(population);
}

Json encode(const LedgerEvent& event) {
  return std::visit([](const auto& what) { return encode_body(what); }, event);
}

Result<LedgerEvent> decode_event(const Json& body) {
  Fields fields(body, kMalformed);
  const std::int64_t at = fields.integer("at", 0, kTimeMax);
  const std::string kind = fields.text("kind", kTextBytesMax);
  LedgerEvent event;
  if (kind == "total") {
    event = take_total(fields);
  } else if (kind == "allotment") {
    event = take_grant(fields);
  } else if (kind == "return") {
    event = take_return(fields);
  } else {
    fields.fail();
  }
  GBX_TRY(fields.finish());
  std::visit([&](auto& what) { what.at = at; }, event);
  return event;
}

Status Population::add(const LedgerEvent& event, Entropy& entropy) {
  GBX_TRY(allows(event));
  std::array<std::uint8_t, kNonceBytes> nonce{};
  GBX_TRY(entropy.fill(nonce));
  std::string line =
      Json::object({{"body", encode(event)}, {"nonce", to_hex(nonce)}, {"number", head().size}})
          .canonical();
  GBX_CHECK(parse_entry(line, head().size));  // what cannot be read back is not written
  enter_line(std::move(line), event);
  return {};
}

Result<Population> Population::replay(std::string_view lines, std::string name,
                                      const crypto::PublicKey& owner) {
  Population out(std::move(name), owner);
  while (!lines.empty()) {
    const std::size_t end = lines.find('\n');
    if (end == std::string_view::npos) return kDamaged;
    const std::string_view line = lines.substr(0, end);
    const auto event = parse_entry(line, out.head().size);
    if (!event || !out.allows(*event)) return kDamaged;
    out.enter_line(std::string(line), *event);
    lines.remove_prefix(end + 1);
  }
  return out;
}

Result<Population> Population::parse(std::string_view text, std::string name,
                                     const crypto::PublicKey& owner) {
  if (text.empty() || text.size() > kFileBytesMax || text.back() != '\n') return kDamaged;
  text.remove_suffix(1);
  const std::size_t last = text.rfind('\n');
  if (last == std::string_view::npos) return kDamaged;
  GBX_TRY_ASSIGN(Population out, replay(text.substr(0, last + 1), std::move(name), owner));
  GBX_TRY(check_seal(text.substr(last + 1), out, owner));
  return out;
}

std::string Population::print(const crypto::SigningKey& owner) const {
  GBX_CHECK(owner.public_key() == owner_);
  std::string out;
  for (const std::string& line : lines_) out += line + "\n";
  const crypto::Signature signature =
      owner.sign(seal_message(ledger_origin(owner_, name_), head()));
  out +=
      Json::object(
          {{"head", to_hex(head().hash)}, {"signature", to_hex(signature)}, {"size", head().size}})
          .canonical();
  return out + "\n";
}

}  // namespace gbx::client
