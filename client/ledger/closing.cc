#include "client/ledger/closing.h"

#include "trusted/crypto/hash.h"
#include "trusted/packet/statement.h"

namespace gbx::client {
namespace {

constexpr Literal kReason = "closing_malformed";
constexpr Error kMalformed{ErrorCode::unverified, kReason};
constexpr std::size_t kTablesMax = 64;
constexpr std::size_t kNameBytesMax = 256;

Result<std::uint64_t> parse_spent(privacy::Accounting accounting, const std::string& text) {
  if (text == "0") return std::uint64_t{0};
  const auto loss = parse_loss(accounting, text);
  if (!loss || format_loss(accounting, *loss) != text) return kMalformed;
  return *loss;
}

Result<std::pair<std::string, privacy::Price>> decode_row(privacy::Accounting accounting,
                                                          const Json& json) {
  const std::string loss(loss_name(accounting));
  Fields row(json, kReason);
  std::string table = row.text("table", kNameBytesMax);
  const std::string spent = row.text(loss + "_spent", kNameBytesMax);
  const std::int64_t delta = row.integer("delta_spent_2_60", 0, Json::kIntegerMax);
  row.text(loss + "_left", kNameBytesMax);
  row.integer("delta_left_2_60", 0, Json::kIntegerMax);
  if (!row.finish()) return kMalformed;
  GBX_TRY_ASSIGN(const std::uint64_t units, parse_spent(accounting, spent));
  return std::pair(std::move(table), privacy::Price{units, static_cast<std::uint64_t>(delta)});
}

// The rows say by their members in which accounting the room counted.
privacy::Accounting accounting_of(const Json::Array& tables) {
  for (const privacy::Accounting accounting : privacy::kAccountings) {
    const std::string spent = std::string(loss_name(accounting)) + "_spent";
    if (!tables.empty() && tables.front().find(spent) != nullptr) return accounting;
  }
  return privacy::Accounting::pure;
}

}  // namespace

Result<std::string> peek_closed_origin(const packet::Envelope& closing) {
  const auto payload = Json::parse_canonical(closing.payload);
  if (!payload) return kMalformed;
  const Json* subject = payload->find("subject");
  if (subject == nullptr || subject->array() == nullptr || subject->array()->empty()) {
    return kMalformed;
  }
  const Json* name = subject->array()->front().find("name");
  if (name == nullptr || name->string() == nullptr) return kMalformed;
  return *name->string();
}

Result<Closing> open_closing(const packet::Envelope& closing, const crypto::PublicKey& room) {
  GBX_TRY_ASSIGN(const packet::Statement statement,
                 packet::open_statement(closing, packet::kClosingPredicate, room));
  Fields fields(statement.predicate, kReason);
  if (fields.text("kind", kNameBytesMax) != "close") fields.fail();
  Closing out;
  const Json& log = fields.object("log");
  out.policy = fields.hex_array<32>("policy");
  const Json::Array& tables = fields.array("tables", kTablesMax);
  if (!fields.finish()) return kMalformed;
  Fields head(log, kReason);
  out.head.hash = head.hex_array<32>("hash");
  out.log_origin = head.text("origin", kNameBytesMax);
  out.head.size = static_cast<std::uint64_t>(head.integer("size", 0, Json::kIntegerMax));
  if (!head.finish() || out.log_origin != statement.subject_name ||
      out.head.hash != statement.subject_digest) {
    return kMalformed;
  }
  out.statement = crypto::sha256(as_bytes(closing.payload));
  out.accounting = accounting_of(tables);
  for (const Json& table : tables) {
    GBX_TRY_ASSIGN(auto row, decode_row(out.accounting, table));
    for (const auto& before : out.spent) {
      if (before.first == row.first) return kMalformed;
    }
    out.spent.push_back(std::move(row));
  }
  return out;
}

}  // namespace gbx::client
