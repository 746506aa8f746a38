#include "trusted/packet/derived.h"

#include <algorithm>
#include <array>

#include "trusted/crypto/hash.h"
#include "trusted/packet/amounts.h"

namespace gbx::packet {
namespace {

constexpr std::size_t kNameBytesMax = 64;
constexpr std::size_t kColumnBytesMax = 256;
constexpr std::size_t kTablesMax = 64;
constexpr std::size_t kAllVetoesMax = 64 * (kVetoesMax + 1);

// In the order of DerivedAction.
constexpr std::array<std::string_view, 4> kActions = {"create", "drop", "list", "veto"};

Json texts(const std::vector<std::string>& values) {
  Json::Array out;
  for (const std::string& value : values) out.emplace_back(value);
  return Json(std::move(out));
}

std::vector<std::string> take_texts(Fields& fields, std::string_view key, std::size_t most) {
  std::vector<std::string> out;
  for (const Json& item : fields.array(key, most)) {
    const std::string* text = item.string();
    if (text == nullptr || text->size() > kColumnBytesMax) {
      fields.fail();
    } else {
      out.push_back(*text);
    }
  }
  return out;
}

// A name that is there says something.
std::string take_name(Fields& fields, std::string_view key) {
  std::string out = fields.text(key, kNameBytesMax);
  if (out.empty()) fields.fail();
  return out;
}

Json encode_table(const DerivedTable& table) {
  return Json::object({{"id", to_hex(table.id)},
                       {"member", table.member},
                       {"name", table.name},
                       {"sql", table.sql},
                       {"until", table.until}});
}

DerivedTable take_table(Fields& fields) {
  DerivedTable out;
  out.id = fields.hex_array<16>("id");
  out.member = take_name(fields, "member");
  out.name = take_name(fields, "name");
  out.sql = fields.text("sql", kDerivedSqlBytesMax);
  out.until = fields.integer("until", 1, kUntilMax);
  return out;
}

template <typename T>
Status each_once(const std::vector<T>& tables, const std::string& (*name)(const T&),
                 Literal reason) {
  for (std::size_t i = 0; i < tables.size(); i++) {
    for (std::size_t j = 0; j < i; j++) {
      if (name(tables[i]) == name(tables[j])) return Error{ErrorCode::invalid_argument, reason};
    }
  }
  return {};
}

const std::string& name_of(const DerivedTable& table) { return table.name; }
const std::string& listed_name(const ListedTable& listed) { return listed.table.name; }

Result<ListedTable> decode_listed(const Json& json, Literal reason) {
  Fields fields(json, reason);
  ListedTable out;
  out.table = take_table(fields);
  out.beneath = take_texts(fields, "beneath", kDerivedMax);
  out.columns = take_texts(fields, "columns", kOfferedMax);
  out.tables = take_texts(fields, "tables", kTablesMax);
  GBX_TRY(fields.finish());
  return out;
}

Result<Veto> decode_veto(const Json& json, Literal reason) {
  Fields fields(json, reason);
  Veto out;
  out.owner = take_name(fields, "owner");
  if (json.find("name") != nullptr) out.name = take_name(fields, "name");
  GBX_TRY(fields.finish());
  return out;
}

}  // namespace

Json encode(const DerivedCall& call) {
  Json out = Json::object({{"action", kActions[static_cast<std::size_t>(call.action)]}});
  if (!call.name.empty()) out.set("name", call.name);
  if (call.action != DerivedAction::create) return out;
  out.set("sql", call.sql);
  out.set("until", call.until);
  return out;
}

Result<DerivedCall> decode_derived_call(const Json& json, Literal reason) {
  Fields fields(json, reason);
  DerivedCall out;
  const std::string action = fields.text("action", kNameBytesMax);
  const auto found = std::find(kActions.begin(), kActions.end(), action);
  if (found == kActions.end()) return Error{ErrorCode::invalid_argument, reason};
  out.action = static_cast<DerivedAction>(found - kActions.begin());
  const bool named = out.action == DerivedAction::create || out.action == DerivedAction::drop ||
                     (out.action == DerivedAction::veto && json.find("name") != nullptr);
  if (named) out.name = take_name(fields, "name");
  if (out.action == DerivedAction::create) {
    out.sql = fields.text("sql", kDerivedSqlBytesMax);
    out.until = fields.integer("until", 1, kUntilMax);
  }
  GBX_TRY(fields.finish());
  return out;
}

Hash derived_digest(const DerivedTable& table) {
  Writer out;
  out.raw(as_bytes("glovebox/derived/v1"));
  out.u8(0);
  out.raw(as_bytes(encode_table(table).canonical()));
  return crypto::sha256(out.take());
}

Json encode(const std::vector<DerivedTable>& tables) {
  Json::Array out;
  for (const DerivedTable& table : tables) out.push_back(encode_table(table));
  return Json(std::move(out));
}

Result<std::vector<DerivedTable>> decode_derived_tables(const Json& json, Literal reason) {
  const Json::Array* items = json.array();
  if (items == nullptr || items->empty() || items->size() > kDerivedMax) {
    return Error{ErrorCode::invalid_argument, reason};
  }
  std::vector<DerivedTable> out;
  for (const Json& item : *items) {
    Fields fields(item, reason);
    out.push_back(take_table(fields));
    GBX_TRY(fields.finish());
  }
  GBX_TRY(each_once(out, name_of, reason));
  return out;
}

Json encode(const DerivedList& list) {
  Json::Array tables;
  for (const ListedTable& listed : list.tables) {
    Json one = encode_table(listed.table);
    one.set("beneath", texts(listed.beneath));
    one.set("columns", texts(listed.columns));
    one.set("tables", texts(listed.tables));
    tables.push_back(std::move(one));
  }
  Json::Array vetoes;
  for (const Veto& veto : list.vetoes) {
    Json one = Json::object({{"owner", veto.owner}});
    if (!veto.name.empty()) one.set("name", veto.name);
    vetoes.push_back(std::move(one));
  }
  return Json::object({{"kind", "derived"},
                       {"tables", Json(std::move(tables))},
                       {"vetoes", Json(std::move(vetoes))}});
}

Result<DerivedList> decode_derived_list(const Json& json, Literal reason) {
  Fields fields(json, reason);
  const std::string kind = fields.text("kind", kNameBytesMax);
  const Json::Array& tables = fields.array("tables", kDerivedMax);
  const Json::Array& vetoes = fields.array("vetoes", kAllVetoesMax);
  GBX_TRY(fields.finish());
  if (kind != "derived") return Error{ErrorCode::invalid_argument, reason};
  DerivedList out;
  for (const Json& item : tables) {
    GBX_TRY_ASSIGN(ListedTable listed, decode_listed(item, reason));
    out.tables.push_back(std::move(listed));
  }
  for (const Json& item : vetoes) {
    GBX_TRY_ASSIGN(Veto veto, decode_veto(item, reason));
    out.vetoes.push_back(std::move(veto));
  }
  GBX_TRY(each_once(out.tables, listed_name, reason));
  return out;
}

Json encode(const DerivedPredicate& predicate) {
  return Json::object(
      {{"binding", to_hex(predicate.binding)},
       {"log", Json::object({{"head", to_hex(predicate.log_head)}, {"size", predicate.log_size}})},
       {"member", predicate.member},
       {"policy_hash", to_hex(predicate.policy_hash)},
       {"request", Json::object({{"id", to_hex(predicate.request_id)},
                                 {"sha256", to_hex(predicate.request_digest)}})},
       {"time", predicate.time}});
}

Result<DerivedPredicate> decode_derived_predicate(const Json& json, Literal reason) {
  Fields fields(json, reason);
  DerivedPredicate out;
  out.binding = fields.hex_array<64>("binding");
  out.member = take_name(fields, "member");
  out.policy_hash = fields.hex_array<32>("policy_hash");
  out.time = fields.integer("time", 0, Json::kIntegerMax);
  Fields log(fields.object("log"), reason);
  out.log_head = log.hex_array<32>("head");
  out.log_size = take_u64(log, "size");
  GBX_TRY(log.finish());
  Fields request(fields.object("request"), reason);
  out.request_id = request.hex_array<16>("id");
  out.request_digest = request.hex_array<32>("sha256");
  GBX_TRY(request.finish());
  GBX_TRY(fields.finish());
  return out;
}

}  // namespace gbx::packet
