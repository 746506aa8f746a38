#include "client/room/allotments.h"

#include <algorithm>

#include "client/keys/atomic_file.h"
#include "trusted/packet/statement.h"

namespace gbx::client {
namespace {

constexpr Literal kMalformed = "allotments_malformed";
constexpr std::size_t kBookBytesMax = std::size_t{64} << 20;
constexpr std::size_t kNameBytesMax = 256;
constexpr const char* kFileName = "allotments.json";

// The unit says which accounting it is.
std::string_view loss_key(privacy::Accounting accounting) {
  return accounting == privacy::Accounting::pure ? "epsilon_1e6" : "rho_2_40";
}

Json encode_price(privacy::Accounting accounting, privacy::Price price) {
  return Json::object(
      {{"delta_2_60", price.delta}, {std::string(loss_key(accounting)), price.loss}});
}

privacy::Accounting accounting_of(const Json& price) {
  const bool zcdp = price.find(loss_key(privacy::Accounting::zcdp)) != nullptr;
  return zcdp ? privacy::Accounting::zcdp : privacy::Accounting::pure;
}

Result<privacy::Price> decode_price(privacy::Accounting accounting, const Json& json) {
  Fields fields(json, kMalformed);
  privacy::Price price;
  price.delta = static_cast<std::uint64_t>(fields.integer("delta_2_60", 0, Json::kIntegerMax));
  price.loss =
      static_cast<std::uint64_t>(fields.integer(loss_key(accounting), 0, Json::kIntegerMax));
  GBX_TRY(fields.finish());
  return price;
}

Json encode_allotment(const Allotment& allotment) {
  Json out = Json::object({{"collaboration", allotment.collaboration},
                           {"given", encode_price(allotment.accounting, allotment.given)},
                           {"log_head", to_hex(allotment.head.hash)},
                           {"log_origin", allotment.log_origin},
                           {"log_size", allotment.head.size},
                           {"room_key", to_hex(allotment.room_key)},
                           {"table", allotment.table}});
  if (allotment.spent) out.set("spent", encode_price(allotment.accounting, *allotment.spent));
  return out;
}

Result<Allotment> decode_allotment(const Json& json) {
  Fields fields(json, kMalformed);
  Allotment out;
  out.collaboration = fields.text("collaboration", kNameBytesMax);
  const Json given = fields.object("given");
  out.head.hash = fields.hex_array<32>("log_head");
  out.log_origin = fields.text("log_origin", kNameBytesMax);
  out.head.size = static_cast<std::uint64_t>(fields.integer("log_size", 0, Json::kIntegerMax));
  out.room_key = fields.hex_array<32>("room_key");
  out.table = fields.text("table", kNameBytesMax);
  const Json* spent = fields.optional("spent");
  GBX_TRY(fields.finish());
  out.accounting = accounting_of(given);
  GBX_TRY_ASSIGN(out.given, decode_price(out.accounting, given));
  if (spent != nullptr) {
    GBX_TRY_ASSIGN(out.spent, decode_price(out.accounting, *spent));
  }
  return out;
}

privacy::Price larger(privacy::Price a, privacy::Price b) {
  return {std::max(a.loss, b.loss), std::max(a.delta, b.delta)};
}

struct Closing {
  std::vector<std::pair<std::string, privacy::Price>> spent;  // by table
  log::Head head;
};

Result<Closing> decode_closing(privacy::Accounting accounting, const Json& predicate) {
  const Error malformed{ErrorCode::unverified, "closing_malformed"};
  Fields fields(predicate, "closing_malformed");
  fields.text("kind");
  fields.text("policy");
  const Json log = fields.object("log");
  const Json::Array& tables = fields.array("tables");
  if (!fields.finish()) return malformed;
  Closing out;
  for (const Json& table : tables) {
    Fields row(table, "closing_malformed");
    const std::string name = row.text("table");
    const std::string loss(loss_name(accounting));
    const std::string text = row.text(loss + "_spent");
    const std::int64_t delta = row.integer("delta_spent_2_60", 0, Json::kIntegerMax);
    row.text(loss + "_left");
    row.integer("delta_left_2_60", 0, Json::kIntegerMax);
    if (!row.finish()) return malformed;
    privacy::Price spent{0, static_cast<std::uint64_t>(delta)};
    if (text != "0") {
      GBX_TRY_ASSIGN(spent.loss, parse_loss(accounting, text));
    }
    out.spent.emplace_back(name, spent);
  }
  Fields head(log, "closing_malformed");
  out.head.hash = head.hex_array<32>("hash");
  head.text("origin");
  out.head.size = static_cast<std::uint64_t>(head.integer("size", 0, Json::kIntegerMax));
  if (!head.finish()) return malformed;
  return out;
}

// The subject of a closing statement before anything is verified: only good for finding the key.
Result<std::string> peek_origin(const packet::Envelope& closing) {
  const Error malformed{ErrorCode::unverified, "closing_malformed"};
  GBX_TRY_ASSIGN(const Json payload, Json::parse_canonical(closing.payload));
  const Json* subject = payload.find("subject");
  if (subject == nullptr || subject->array() == nullptr || subject->array()->empty()) {
    return malformed;
  }
  const Json* name = subject->array()->front().find("name");
  if (name == nullptr || name->string() == nullptr) return malformed;
  return *name->string();
}

}  // namespace

Result<AllotmentBook> AllotmentBook::decode(const Json& json) {
  Fields fields(json, kMalformed);
  const Json::Array list = fields.array("allotments", kAllotmentsMax);
  fields.integer("format", 1, 1);
  GBX_TRY(fields.finish());
  AllotmentBook book;
  for (const Json& entry : list) {
    GBX_TRY_ASSIGN(Allotment allotment, decode_allotment(entry));
    book.allotments_.push_back(std::move(allotment));
  }
  return book;
}

Json AllotmentBook::encode() const {
  Json list{Json::Array{}};
  for (const Allotment& allotment : allotments_) list.push(encode_allotment(allotment));
  return Json::object({{"allotments", std::move(list)}, {"format", 1}});
}

const Allotment* AllotmentBook::find(std::string_view log_origin, std::string_view table) const {
  const auto found = std::find_if(allotments_.begin(), allotments_.end(), [&](const Allotment& a) {
    return a.log_origin == log_origin && a.table == table;
  });
  return found == allotments_.end() ? nullptr : &*found;
}

privacy::Price AllotmentBook::committed(std::string_view collaboration,
                                        std::string_view table) const {
  privacy::Price sum;
  for (const Allotment& allotment : allotments_) {
    if (allotment.collaboration != collaboration || allotment.table != table) continue;
    sum = privacy::add(sum, allotment.spent.value_or(allotment.given));
  }
  return sum;
}

Status AllotmentBook::commit(const Allotment& allotment, privacy::Price budget) {
  AllotmentBook after = *this;
  const auto same_room =
      std::find_if(after.allotments_.begin(), after.allotments_.end(), [&](const Allotment& a) {
        return a.log_origin == allotment.log_origin && a.table == allotment.table &&
               a.collaboration == allotment.collaboration;
      });
  if (same_room == after.allotments_.end()) {
    after.allotments_.push_back(allotment);
  } else {
    same_room->given = larger(same_room->given, allotment.given);
    same_room->head = allotment.head;
    same_room->spent.reset();  // a closing speaks only of what was given before it
  }
  if (!privacy::covers(budget, after.committed(allotment.collaboration, allotment.table))) {
    return Error{ErrorCode::budget_exhausted, "allotment_over_budget"};
  }
  *this = std::move(after);
  return {};
}

Status AllotmentBook::check_head(std::string_view log_origin, const log::Head& head) const {
  for (const Allotment& allotment : allotments_) {
    if (allotment.log_origin != log_origin) continue;
    const bool behind = head.size < allotment.head.size ||
                        (head.size == allotment.head.size && head.hash != allotment.head.hash);
    if (behind) return Error{ErrorCode::unverified, "log_rolled_back"};
  }
  return {};
}

Result<std::size_t> AllotmentBook::settle(const packet::Envelope& closing) {
  GBX_TRY_ASSIGN(const std::string origin, peek_origin(closing));
  const auto known =
      std::find_if(allotments_.begin(), allotments_.end(),
                   [&](const Allotment& allotment) { return allotment.log_origin == origin; });
  if (known == allotments_.end()) return Error{ErrorCode::not_found, "room_unknown"};
  GBX_TRY_ASSIGN(const packet::Statement statement,
                 packet::open_statement(closing, packet::kClosingPredicate, known->room_key));
  GBX_TRY_ASSIGN(const Closing closed, decode_closing(known->accounting, statement.predicate));
  if (statement.subject_name != origin) return Error{ErrorCode::unverified, "closing_malformed"};
  std::size_t settled = 0;
  for (Allotment& allotment : allotments_) {
    if (allotment.log_origin != origin) continue;
    for (const auto& [table, spent] : closed.spent) {
      if (table != allotment.table) continue;
      allotment.spent = spent;
      allotment.head = closed.head;
      settled++;
    }
  }
  return settled;
}

Result<AllotmentBook> load_allotments(const std::filesystem::path& home) {
  const auto text = read_file(home / kFileName, kBookBytesMax);
  if (!text && text.error().code == ErrorCode::not_found) return AllotmentBook();
  if (!text) return text.error();
  GBX_TRY_ASSIGN(const Json json, Json::parse_canonical(*text));
  return AllotmentBook::decode(json);
}

Status save_allotments(const std::filesystem::path& home, const AllotmentBook& book) {
  constexpr unsigned kOwnerOnly = 0600;
  return write_file(home / kFileName, book.encode().canonical(), kOwnerOnly);
}

}  // namespace gbx::client
