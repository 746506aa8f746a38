#include <algorithm>
#include <array>
#include <limits>

#include "trusted/base/hidden.h"
#include "trusted/policy/policy.h"
#include "trusted/sql/row_filter.h"

namespace gbx::policy {
namespace {

constexpr std::size_t kNameMax = 63;
constexpr std::size_t kTitleBytesMax = 200;

Error wrong(Literal reason) { return {ErrorCode::invalid_argument, reason}; }

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_letter(char c) { return is_lower(c) || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

// [a-z][a-z0-9_-]{0,62}
bool is_member_name(std::string_view name) {
  return !name.empty() && name.size() <= kNameMax && is_lower(name.front()) &&
         std::all_of(name.begin(), name.end(),
                     [](char c) { return is_lower(c) || is_digit(c) || c == '_' || c == '-'; });
}

// [A-Za-z_][A-Za-z0-9_]{0,62}
bool is_column_name(std::string_view name) {
  return !name.empty() && name.size() <= kNameMax &&
         (is_letter(name.front()) || name.front() == '_') &&
         std::all_of(name.begin(), name.end(),
                     [](char c) { return is_letter(c) || is_digit(c) || c == '_'; });
}

// A column name, or two with a dot between: a schema and its table.
bool is_table_name(std::string_view name) {
  const std::size_t dot = name.find('.');
  if (dot == std::string_view::npos) return is_column_name(name);
  return is_column_name(name.substr(0, dot)) && is_column_name(name.substr(dot + 1));
}

std::string folded(std::string_view name) {
  std::string out(name);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return out;
}

// True when some name stands twice, upper and lower case being the same, as SQL has it.
bool repeats(std::vector<std::string> names) {
  for (std::string& name : names) name = folded(name);
  std::sort(names.begin(), names.end());
  return std::adjacent_find(names.begin(), names.end()) != names.end();
}

template <typename T>
bool strictly_ascending(const std::vector<T>& values) {
  return std::adjacent_find(values.begin(), values.end(),
                            [](const T& a, const T& b) { return !(a < b); }) == values.end();
}

template <typename T>
bool in_range(T value, T low, T high) {
  return low <= value && value <= high;
}

bool is_ordered_number(Type type) {
  return type == Type::integer || type == Type::decimal || type == Type::date ||
         type == Type::timestamp;
}

Status check_columns(const Table& table) {
  if (!in_range<std::size_t>(table.columns.size(), 1, kColumnsMax)) {
    return wrong("policy_columns_count");
  }
  std::vector<std::string> names;
  std::size_t persons = 0;
  for (const Column& column : table.columns) {
    GBX_TRY(check_column(column));
    if (column.label == Label::person) persons++;
    names.push_back(column.name);
  }
  if (repeats(std::move(names))) return wrong("policy_column_repeated");
  if (persons == 0) return wrong("policy_person_missing");
  if (persons > 1) return wrong("policy_person_not_unique");
  const Column* person = find_column(table, table.person);
  if (person == nullptr || person->label != Label::person) return wrong("policy_person_missing");
  return {};
}

Status check_domain(const Column& column) {
  if (column.domain.empty()) return {};
  if (column.type.type != Type::text) return wrong("policy_domain_type");
  if (column.domain.size() > kDomainMax) return wrong("policy_domain_count");
  for (const std::string& value : column.domain) {
    if (value.size() > kDomainValueBytesMax || !is_printable(value)) {
      return wrong("policy_domain_value");
    }
  }
  if (!strictly_ascending(column.domain)) return wrong("policy_domain_order");
  return {};
}

Status check_person_column(const Column& column) {
  if (column.type.type != Type::text) return wrong("policy_person_type");
  if (column.nullable || column.bounded || !column.domain.empty()) {
    return wrong("policy_person_type");
  }
  return {};
}

Status check_members(const std::vector<Member>& members) {
  if (!in_range<std::size_t>(members.size(), 2, kMembersMax)) return wrong("policy_members_count");
  std::vector<std::string> names;
  std::vector<std::array<std::uint8_t, 32>> keys;
  bool can_query = false;
  bool can_receive = false;
  for (const Member& member : members) {
    GBX_TRY(check_member(member));
    names.push_back(member.name);
    keys.push_back(member.signing_key);
    keys.push_back(member.sealing_key);
    can_query = can_query || member.abilities.query;
    can_receive = can_receive || member.abilities.receive;
  }
  if (!strictly_ascending(names)) return wrong("policy_members_order");
  std::sort(keys.begin(), keys.end());
  if (!strictly_ascending(keys)) return wrong("policy_key_shared");
  if (!can_query) return wrong("policy_analyst_missing");
  if (!can_receive) return wrong("policy_receiver_missing");
  return {};
}

Status check_tables(const Policy& policy) {
  if (!in_range<std::size_t>(policy.tables.size(), 1, kTablesMax)) {
    return wrong("policy_tables_count");
  }
  std::vector<std::string> names;
  for (const Table& table : policy.tables) {
    GBX_TRY(check_table(table, policy));
    names.push_back(table.name);
  }
  if (!strictly_ascending(names)) return wrong("policy_tables_order");
  if (repeats(std::move(names))) return wrong("policy_table_repeated");
  return {};
}

Status check_templates(const Policy& policy) {
  if (policy.templates.size() > kTemplatesMax) return wrong("policy_templates_count");
  for (std::size_t i = 0; i < policy.templates.size(); i++) {
    const Template& entry = policy.templates[i];
    if (i > 0 && !(policy.templates[i - 1].name < entry.name)) {
      return wrong("policy_templates_order");
    }
    GBX_TRY(check_template(entry));
    for (const Approval& approval : entry.approved_by) {
      if (policy.find_member(approval.member) == nullptr) return wrong("policy_approval_unknown");
    }
  }
  return {};
}

Status check_header(const Policy& policy) {
  const auto id = from_hex(policy.id);
  if (!id || id->size() != 16) return wrong("policy_id_malformed");
  if (policy.name.empty() || policy.name.size() > kTitleBytesMax || !is_printable(policy.name)) {
    return wrong("policy_name_malformed");
  }
  if (policy.version == 0) return wrong("policy_version_range");
  if ((policy.version > 1) != policy.previous.has_value()) {
    return wrong("policy_previous_mismatch");
  }
  if (!in_range<std::int64_t>(policy.expires, 1, kExpiresMax)) return wrong("policy_expires_range");
  if (policy.token_epoch == 0) return wrong("policy_token_epoch_range");
  return {};
}

}  // namespace

bool is_counted(const privacy::Ration& ration, const Privacy& privacy) {
  return ration.accounting == privacy.accounting ||
         ration.accounting == privacy::Accounting::queries;
}

Status check_rations(const std::vector<privacy::Ration>& rations) {
  for (std::size_t i = 0; i < rations.size(); i++) {
    const privacy::Ration& ration = rations[i];
    if (i > 0 && rations[i - 1].window >= ration.window) return wrong("policy_ration_malformed");
    if (ration.loss == 0 || ration.loss > privacy::loss_max(ration.accounting)) {
      return wrong("policy_ration_malformed");
    }
  }
  return {};
}

Status check_member(const Member& member) {
  if (!is_member_name(member.name)) return wrong("policy_member_name");
  const Abilities& can = member.abilities;
  if (!can.provide && !can.query && !can.receive && !can.audit && !can.list) {
    return wrong("policy_ability_missing");
  }
  if (can.list && (!can.query || !can.receive)) return wrong("policy_list_ability_alone");
  if (!member.rations.empty() && !can.query) return wrong("policy_ration_malformed");
  return check_rations(member.rations);
}

Status check_column(const Column& column) {
  if (!is_column_name(column.name)) return wrong("policy_column_name");
  const bool decimal = column.type.type == Type::decimal;
  if (decimal != (column.type.scale > 0) || column.type.scale > kScaleMax) {
    return wrong("policy_column_type");
  }
  if (column.label == Label::pii) return wrong("policy_pii_column");
  if (column.label == Label::person) return check_person_column(column);
  if (column.bounded) {
    if (!is_ordered_number(column.type.type)) return wrong("policy_bounds_type");
    if (column.low > column.high) return wrong("policy_bounds_order");
  } else if (column.low != 0 || column.high != 0) {
    return wrong("policy_bounds_order");
  }
  return check_domain(column);
}

Status check_table(const Table& table, const Policy& policy) {
  if (!is_table_name(table.name)) return wrong("policy_table_name");
  const Member* owner = policy.find_member(table.owner);
  if (owner == nullptr) return wrong("policy_owner_unknown");
  if (!owner->abilities.provide) return wrong("policy_owner_may_not_provide");
  if (table.identifier != "email" && table.identifier != "phone") {
    return wrong("policy_identifier_unknown");
  }
  if (!in_range<std::uint32_t>(table.rows_per_person, 1, kRowsPerPersonMax)) {
    return wrong("policy_rows_per_person_range");
  }
  GBX_TRY(check_columns(table));
  if (table.row_filter && !sql::bind_row_filter(*table.row_filter, catalog_of(table))) {
    return wrong("policy_row_filter_wrong");
  }
  return check_rule(table, policy);
}

namespace {

// Without noise nothing may look as if there were some.
Status check_threshold_only(const Privacy& privacy) {
  if (!in_range<std::uint64_t>(privacy.queries, 1, privacy::kQueriesMax)) {
    return wrong("policy_queries_range");
  }
  const bool noised = privacy.laplace || privacy.gaussian || privacy.geometric ||
                      privacy.outer_joins || privacy.open_rows != privacy::OpenRows::select;
  const bool priced = privacy.epsilon != 0 || privacy.delta != 0 ||
                      privacy.epsilon_per_query != 0 || privacy.delta_per_query != 0;
  return noised || priced ? wrong("policy_threshold_only_with_dp") : Status();
}

// Some noise that the accounting has a price for, and a budget that pays for one query.
Status check_mechanisms(const Privacy& privacy) {
  const bool zcdp = privacy.accounting == privacy::Accounting::zcdp;
  if (!privacy.laplace && !privacy.gaussian) return wrong("policy_noise_missing");
  if (privacy.gaussian && !zcdp) return wrong("policy_gaussian_without_zcdp");
  if (!covers(budget_of(privacy), price_of(privacy, privacy.epsilon_per_query))) {
    return wrong("policy_budget_below_one_query");
  }
  return {};
}

}  // namespace

bool threshold_only(const Privacy& privacy) {
  return privacy.accounting == privacy::Accounting::queries;
}

privacy::Price budget_of(const Privacy& privacy) {
  if (threshold_only(privacy)) return {privacy.queries, 0};
  return privacy::limit_for(privacy.accounting, privacy.epsilon, privacy.delta);
}

privacy::Price price_of(const Privacy& privacy, std::uint64_t epsilon) {
  if (threshold_only(privacy)) return {1, 0};
  const bool zcdp = privacy.accounting == privacy::Accounting::zcdp;
  return {zcdp ? privacy::rho_of_epsilon(epsilon) : epsilon, privacy.delta_per_query};
}

Status check_privacy(const Privacy& privacy) {
  if (!in_range<std::int64_t>(privacy.people_min, 2, kPeopleMinMax)) return wrong("policy_k_range");
  if (!in_range<std::uint32_t>(privacy.groups_per_person, 1, kGroupsPerPersonMax)) {
    return wrong("policy_groups_per_person_range");
  }
  if (!in_range<std::uint32_t>(privacy.rows_per_group, 1, kRowsPerGroupMax)) {
    return wrong("policy_rows_per_group_range");
  }
  if (!in_range<std::uint32_t>(privacy.differencing.values, 1, kNarrowValuesMax) ||
      !in_range<std::uint32_t>(privacy.differencing.percent, 1, 100)) {
    return wrong("policy_differencing_range");
  }
  if (threshold_only(privacy)) return check_threshold_only(privacy);
  if (privacy.queries != 0) return wrong("policy_threshold_only_with_dp");
  if (!in_range<std::uint64_t>(privacy.epsilon, 1, kEpsilonMax)) {
    return wrong("policy_epsilon_range");
  }
  if (!in_range<std::uint64_t>(privacy.delta, 1, kDeltaMax)) return wrong("policy_delta_range");
  if (!in_range<std::uint64_t>(privacy.epsilon_per_query, 1, privacy.epsilon)) {
    return wrong("policy_epsilon_per_query_range");
  }
  if (!in_range<std::uint64_t>(privacy.delta_per_query, 1, privacy.delta)) {
    return wrong("policy_delta_per_query_range");
  }
  return check_mechanisms(privacy);
}

// A policy that no room can ever satisfy is a mistake of who wrote it.
Status check_trust(const attest::TrustPolicy& trust) {
  for (const attest::Platform platform : attest::kPlatforms) {
    if (!attest::images_of(trust, platform).empty()) return {};
  }
  return wrong("policy_images_count");
}

Status check_limits(const Limits& limits) {
  if (!in_range<std::uint64_t>(limits.rows, 1, 1'000'000'000'000) ||
      !in_range<std::uint32_t>(limits.seconds, 1, 86'400) ||
      !in_range<std::uint64_t>(limits.memory_mib, 64, 1U << 20) ||
      !in_range<std::uint32_t>(limits.result_rows, 1, 1'000'000)) {
    return wrong("policy_limits_range");
  }
  return {};
}

Status check(const Policy& policy) {
  GBX_TRY(check_header(policy));
  GBX_TRY(check_members(policy.members));
  GBX_TRY(check_privacy(policy.privacy));
  for (const Member& member : policy.members) {
    for (const privacy::Ration& ration : member.rations) {
      if (!is_counted(ration, policy.privacy)) return wrong("policy_ration_accounting");
    }
  }
  GBX_TRY(check_tables(policy));
  GBX_TRY(check_templates(policy));
  GBX_TRY(check_trust(policy.trust));
  return check_limits(policy.limits);
}

}  // namespace gbx::policy
