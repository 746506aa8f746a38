// Between a Policy and its canonical JSON: docs/spec/policy.md, field by field.

#include <algorithm>
#include <array>

#include "trusted/packet/amounts.h"
#include "trusted/policy/policy.h"
#include "trusted/policy/privacy_codec.h"
#include "trusted/policy/rule_codec.h"
#include "trusted/sql/row_filter.h"

namespace gbx::policy {
namespace {

using packet::kNumberBytesMax;
using packet::take_u64;

constexpr Literal kMalformed = "policy_malformed";

struct AbilityName {
  bool Abilities::* ability;
  std::string_view name;
};
// In the order of the wire.
constexpr std::array<AbilityName, 5> kAbilities = {{
    {&Abilities::provide, "provide"},
    {&Abilities::query, "query"},
    {&Abilities::receive, "receive"},
    {&Abilities::audit, "audit"},
    {&Abilities::list, "list"},
}};

Error wrong(Literal reason) { return {ErrorCode::invalid_argument, reason}; }

std::uint32_t take_u32(Fields& fields, std::string_view key) {
  return static_cast<std::uint32_t>(fields.integer(key, 0, 0xffffffff));
}

Result<Hash> decode_hash(const Json& json) {
  const std::string* text = json.string();
  if (text == nullptr) return wrong(kMalformed);
  const auto bytes = from_hex(*text);
  if (!bytes || bytes->size() != sizeof(Hash)) return wrong(kMalformed);
  Hash out{};
  std::copy(bytes->begin(), bytes->end(), out.begin());
  return out;
}

// --- members ---

Json encode_member(const Member& member) {
  Json::Array abilities;
  for (const AbilityName& entry : kAbilities) {
    if (member.abilities.*entry.ability) abilities.emplace_back(entry.name);
  }
  Json out = Json::object({{"abilities", Json(std::move(abilities))},
                           {"name", member.name},
                           {"sealing_key", to_hex(member.sealing_key)},
                           {"signing_key", to_hex(member.signing_key)}});
  if (!member.rations.empty()) out.set("ration", encode_rations(member.rations));
  return out;
}

Status decode_abilities(const Json::Array& items, Abilities& out) {
  std::size_t next = 0;
  for (const Json& item : items) {
    while (next < kAbilities.size() &&
           (item.string() == nullptr || *item.string() != kAbilities[next].name)) {
      next++;
    }
    if (next == kAbilities.size()) return wrong("policy_ability_unknown");
    out.*kAbilities[next].ability = true;
    next++;
  }
  return {};
}

Result<Member> decode_member(const Json& json) {
  Fields fields(json, kMalformed);
  Member out;
  out.name = fields.text("name");
  out.signing_key = fields.hex_array<32>("signing_key");
  out.sealing_key = fields.hex_array<32>("sealing_key");
  const Json::Array& abilities = fields.array("abilities", kAbilities.size());
  const Json* rations = fields.optional("ration");
  GBX_TRY(fields.finish());
  GBX_TRY(decode_abilities(abilities, out.abilities));
  if (rations != nullptr) {
    GBX_TRY_ASSIGN(out.rations, decode_rations(*rations));
  }
  return out;
}

// --- columns ---

Json encode_column(const Column& column) {
  Json out = Json::object({{"name", column.name},
                           {"type", type_name(column.type.type)},
                           {"label", label_name(column.label)},
                           {"nullable", column.nullable}});
  if (column.type.type == Type::decimal) out.set("scale", int{column.type.scale});
  if (column.bounded) {
    out.set("bounds", Json(Json::Array{format_value(column.low, column.type),
                                       format_value(column.high, column.type)}));
  }
  if (!column.domain.empty()) out.set("domain", texts(column.domain));
  return out;
}

Result<std::uint8_t> decode_scale(const Json& json) {
  const std::int64_t* scale = json.integer();
  if (scale == nullptr || *scale < 1 || *scale > kScaleMax) return wrong("policy_column_type");
  return static_cast<std::uint8_t>(*scale);
}

Result<std::int64_t> decode_bound(const Json& json, ValueType type) {
  const std::string* text = json.string();
  if (text == nullptr || text->size() > kNumberBytesMax) return wrong("policy_bounds_malformed");
  const auto value = parse_value(*text, type);
  if (!value || format_value(*value, type) != *text) return wrong("policy_bounds_malformed");
  return *value;
}

Status decode_bounds(const Json& json, Column& out) {
  const Json::Array* pair = json.array();
  if (pair == nullptr || pair->size() != 2) return wrong("policy_bounds_malformed");
  GBX_TRY_ASSIGN(out.low, decode_bound((*pair)[0], out.type));
  GBX_TRY_ASSIGN(out.high, decode_bound((*pair)[1], out.type));
  out.bounded = true;
  return {};
}

Status decode_domain(const Json& json, Column& out) {
  const Json::Array* values = json.array();
  if (values == nullptr || values->empty() || values->size() > kDomainMax) {
    return wrong("policy_domain_count");
  }
  for (const Json& value : *values) {
    if (value.string() == nullptr) return wrong("policy_domain_value");
    out.domain.push_back(*value.string());
  }
  return {};
}

Result<Column> decode_column(const Json& json) {
  Fields fields(json, kMalformed);
  Column out;
  out.name = fields.text("name");
  const auto type = type_from(fields.text("type"));
  const auto label = label_from(fields.text("label"));
  out.nullable = fields.boolean("nullable");
  const Json* scale = fields.optional("scale");
  const Json* bounds = fields.optional("bounds");
  const Json* domain = fields.optional("domain");
  GBX_TRY(fields.finish());
  if (!type) return wrong("policy_column_type");
  if (!label) return wrong("policy_label_unknown");
  out.type.type = *type;
  out.label = *label;
  if (scale != nullptr) {
    GBX_TRY_ASSIGN(out.type.scale, decode_scale(*scale));
  }
  if (bounds != nullptr) GBX_TRY(decode_bounds(*bounds, out));
  if (domain != nullptr) GBX_TRY(decode_domain(*domain, out));
  return out;
}

// --- tables ---

Json encode_table(const Table& table) {
  Json::Array columns;
  for (const Column& column : table.columns) columns.push_back(encode_column(column));
  Json out = Json::object({{"columns", Json(std::move(columns))},
                           {"identifier", table.identifier},
                           {"name", table.name},
                           {"owner", table.owner},
                           {"person", table.person},
                           {"rows_per_person", std::int64_t{table.rows_per_person}},
                           {"rule", encode_rule(table.rule)}});
  if (table.row_filter) out.set("row_filter", sql::encode_row_filter(*table.row_filter));
  return out;
}

Result<Table> decode_table(const Json& json) {
  Fields fields(json, kMalformed);
  Table out;
  out.name = fields.text("name");
  out.owner = fields.text("owner");
  out.person = fields.text("person");
  out.identifier = fields.text("identifier");
  out.rows_per_person = take_u32(fields, "rows_per_person");
  const Json::Array& columns = fields.array("columns", kColumnsMax);
  const Json& rule = fields.object("rule");
  const Json* filter = fields.optional("row_filter");
  GBX_TRY(fields.finish());
  if (filter != nullptr) {
    GBX_TRY_ASSIGN(out.row_filter, sql::decode_row_filter(*filter));
  }
  for (const Json& item : columns) {
    GBX_TRY_ASSIGN(Column column, decode_column(item));
    out.columns.push_back(std::move(column));
  }
  GBX_TRY_ASSIGN(out.rule, decode_rule(rule));
  return out;
}

// --- the rest ---

Json encode_limits(const Limits& limits) {
  return Json::object({{"memory_mib", limits.memory_mib},
                       {"result_rows", std::int64_t{limits.result_rows}},
                       {"rows", limits.rows},
                       {"seconds", std::int64_t{limits.seconds}}});
}

Result<Limits> decode_limits(const Json& json) {
  Fields fields(json, kMalformed);
  Limits out;
  out.memory_mib = take_u64(fields, "memory_mib");
  out.result_rows = take_u32(fields, "result_rows");
  out.rows = take_u64(fields, "rows");
  out.seconds = take_u32(fields, "seconds");
  GBX_TRY(fields.finish());
  return out;
}

// The plain fields of the packet, and views of the parts that have decoders of their own.
struct Parts {
  const Json::Array* members;
  const Json::Array* tables;
  const Json::Array* templates;  // nullptr: none
  const Json* privacy;
  const Json* trust;
  const Json* limits;
};

Result<Parts> decode_header(const Json& payload, Policy& out) {
  Fields fields(payload, kMalformed);
  const std::int64_t format = fields.integer("format", 1, Json::kIntegerMax);
  out.id = fields.text("id");
  out.name = fields.text("name");
  out.version = take_u32(fields, "version");
  out.expires = fields.integer("expires", 0, Json::kIntegerMax);
  out.token_epoch = take_u32(fields, "token_epoch");
  const Json* previous = fields.optional("previous");
  Parts parts{};
  parts.members = &fields.array("members", kMembersMax);
  parts.tables = &fields.array("tables", kTablesMax);
  if (payload.find("templates") != nullptr) {
    parts.templates = &fields.array("templates", kTemplatesMax);
    if (parts.templates->empty()) fields.fail();  // then the member is absent
  }
  parts.privacy = &fields.object("privacy");
  parts.trust = &fields.object("trust");
  parts.limits = &fields.object("limits");
  if (format > kPolicyFormat) return wrong("policy_format_unknown");
  GBX_TRY(fields.finish());
  if (previous != nullptr) {
    GBX_TRY_ASSIGN(out.previous, decode_hash(*previous));
  }
  return parts;
}

}  // namespace

Result<Policy> decode(const Json& payload) {
  Policy out;
  GBX_TRY_ASSIGN(const Parts parts, decode_header(payload, out));
  for (const Json& item : *parts.members) {
    GBX_TRY_ASSIGN(Member member, decode_member(item));
    out.members.push_back(std::move(member));
  }
  for (const Json& item : *parts.tables) {
    GBX_TRY_ASSIGN(Table table, decode_table(item));
    out.tables.push_back(std::move(table));
  }
  for (const Json& item : parts.templates == nullptr ? Json::Array() : *parts.templates) {
    GBX_TRY_ASSIGN(Template entry, decode_template(item));
    out.templates.push_back(std::move(entry));
  }
  GBX_TRY_ASSIGN(out.privacy, decode_privacy(*parts.privacy));
  GBX_TRY_ASSIGN(out.trust, attest::decode_trust_policy(*parts.trust));
  GBX_TRY_ASSIGN(out.limits, decode_limits(*parts.limits));
  GBX_TRY(check(out));
  return out;
}

Json encode(const Policy& policy) {
  Json::Array members;
  for (const Member& member : policy.members) members.push_back(encode_member(member));
  Json::Array tables;
  for (const Table& table : policy.tables) tables.push_back(encode_table(table));
  Json out = Json::object({{"expires", policy.expires},
                           {"format", kPolicyFormat},
                           {"id", policy.id},
                           {"limits", encode_limits(policy.limits)},
                           {"members", Json(std::move(members))},
                           {"name", policy.name},
                           {"privacy", encode_privacy(policy.privacy)},
                           {"tables", Json(std::move(tables))},
                           {"token_epoch", std::int64_t{policy.token_epoch}},
                           {"trust", attest::encode_trust_policy(policy.trust)},
                           {"version", std::int64_t{policy.version}}});
  if (policy.previous) out.set("previous", to_hex(*policy.previous));
  if (policy.templates.empty()) return out;
  Json::Array templates;
  for (const Template& entry : policy.templates) templates.push_back(encode_template(entry));
  out.set("templates", Json(std::move(templates)));
  return out;
}

}  // namespace gbx::policy
