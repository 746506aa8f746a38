// What a rule may say of its table: every range and cross reference.

#include <algorithm>
#include <array>

#include "trusted/policy/policy.h"

namespace gbx::policy {
namespace {

constexpr std::array<std::string_view, 22> kScalarFunctions = {
    "ABS",     "CASE",  "CAST",      "CEILING", "CLAMP",  "COALESCE", "DATEDIFF", "DATE_TRUNC",
    "EXTRACT", "FLOOR", "GREATEST",  "LEAST",   "LENGTH", "LOWER",    "LTRIM",    "ROUND",
    "RTRIM",   "SIGN",  "SUBSTRING", "TRIM",    "TRUNC",  "UPPER"};

Error wrong(Literal reason) { return {ErrorCode::invalid_argument, reason}; }

bool contains(const std::vector<std::string>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

template <typename T>
bool strictly_ascending(const std::vector<T>& values) {
  return std::adjacent_find(values.begin(), values.end(),
                            [](const T& a, const T& b) { return !(a < b); }) == values.end();
}

bool repeats(std::vector<std::string> names) {
  std::sort(names.begin(), names.end());
  return !strictly_ascending(names);
}

// The most that one row of a bounded column moves a sum or a centred sum.
UInt128 row_reach(const Column& column) {
  const auto width = static_cast<UInt128>(Int128{column.high} - Int128{column.low});
  const Int128 low = column.low < 0 ? -Int128{column.low} : Int128{column.low};
  const Int128 high = column.high < 0 ? -Int128{column.high} : Int128{column.high};
  return std::max({width, static_cast<UInt128>(low), static_cast<UInt128>(high)});
}

Status check_measured(const Column& column, AggregateFunction function, const Privacy& privacy) {
  switch (function) {
    case AggregateFunction::count:
    case AggregateFunction::count_distinct: return {};
    case AggregateFunction::sum:
    case AggregateFunction::avg:
    case AggregateFunction::variance:
    case AggregateFunction::quantile: break;
  }
  if (column.type.type != Type::integer && column.type.type != Type::decimal) {
    return wrong("policy_sum_not_numeric");
  }
  if (!column.bounded) return wrong("policy_sum_not_bounded");
  const auto most = static_cast<UInt128>(kContributionMax);
  const auto width = static_cast<UInt128>(Int128{column.high} - Int128{column.low});
  const bool squares = function == AggregateFunction::variance;
  if (squares && (width > most || width * width * privacy.rows_per_group > most)) {
    return wrong("policy_squares_too_wide");
  }
  if (row_reach(column) * privacy.rows_per_group > most) {
    return wrong("policy_bounds_too_wide");
  }
  return {};
}

Status check_aggregates(const Table& table, const Privacy& privacy) {
  std::vector<std::string> seen;
  for (const AggregateColumns& entry : table.rule.aggregate_columns) {
    if (entry.columns.empty()) return wrong("policy_aggregate_empty");
    for (const std::string& name : entry.columns) {
      const Column* column = find_column(table, name);
      if (column == nullptr) return wrong("policy_rule_column_unknown");
      GBX_TRY(check_measured(*column, entry.function, privacy));
      seen.push_back(std::string(aggregate_function_name(entry.function)) + " " + name);
    }
  }
  if (repeats(std::move(seen))) return wrong("policy_aggregate_repeated");
  return {};
}

Status check_joins(const Table& table) {
  const Rule& rule = table.rule;
  for (const std::string& name : rule.join_columns) {
    if (find_column(table, name) == nullptr) return wrong("policy_rule_column_unknown");
    if (name != table.person) return wrong("policy_join_not_person");
  }
  if (repeats(rule.join_columns)) return wrong("policy_join_repeated");
  if (rule.join_required && rule.join_columns.empty()) {
    return wrong("policy_join_required_without_join");
  }
  return {};
}

Status check_dimensions(const Table& table) {
  const Rule& rule = table.rule;
  for (const std::string& name : rule.dimension_columns) {
    const Column* column = find_column(table, name);
    if (column == nullptr) return wrong("policy_rule_column_unknown");
    if (column->label == Label::person) return wrong("policy_dimension_person");
    if (column->label == Label::sensitive) return wrong("policy_dimension_sensitive");
    if (contains(rule.join_columns, name)) return wrong("policy_dimension_joins");
    for (const AggregateColumns& entry : rule.aggregate_columns) {
      if (contains(entry.columns, name)) return wrong("policy_dimension_aggregated");
    }
  }
  if (repeats(rule.dimension_columns)) return wrong("policy_dimension_repeated");
  return {};
}

Status check_functions(const Rule& rule) {
  for (const std::string& name : rule.scalar_functions) {
    if (!std::binary_search(kScalarFunctions.begin(), kScalarFunctions.end(), name)) {
      return wrong("policy_scalar_function_unknown");
    }
  }
  if (!strictly_ascending(rule.scalar_functions)) return wrong("policy_scalar_function_order");
  return {};
}

Status check_constraints(const Table& table, const Policy& policy) {
  std::vector<std::string> seen;
  for (const OutputConstraint& constraint : table.rule.output_constraints) {
    if (find_column(table, constraint.column) == nullptr) {
      return wrong("policy_rule_column_unknown");
    }
    if (constraint.column != table.person && !threshold_only(policy.privacy)) {
      return wrong("policy_constraint_noised");
    }
    if (constraint.minimum < 2 || constraint.minimum > kPeopleMinMax) {
      return wrong("policy_constraint_range");
    }
    seen.push_back(constraint.column);
  }
  if (seen.size() > kConstraintsMax || repeats(seen)) return wrong("policy_constraint_repeated");
  return {};
}

// Columns that exist, each once.
Status check_listed(const Table& table, const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    if (find_column(table, name) == nullptr) return wrong("policy_rule_column_unknown");
  }
  if (repeats(names)) return wrong("policy_rule_column_repeated");
  return {};
}

Status check_comparisons(const Table& table) {
  if (!table.rule.comparisons) return {};
  GBX_TRY(check_listed(table, table.rule.comparisons->literal_columns));
  return check_listed(table, table.rule.comparisons->column_columns);
}

// Members, ascending, with an ability.
bool are_members(const std::vector<std::string>& names, const Policy& policy,
                 bool Abilities::* ability) {
  return strictly_ascending(names) &&
         std::all_of(names.begin(), names.end(), [&](const std::string& name) {
           const Member* member = policy.find_member(name);
           return member != nullptr && member->abilities.*ability;
         });
}

Status check_receivers(const Rule& rule, const Policy& policy) {
  if (!rule.result_receivers) return {};
  const bool some = !rule.result_receivers->empty();
  if (!some || !are_members(*rule.result_receivers, policy, &Abilities::receive)) {
    return wrong("policy_receiver_unknown");
  }
  return {};
}

// [a-z][a-z0-9_-]{0,62}, or kAnyQuery.
bool is_analysis(const std::string& name) {
  if (name == kAnyQuery) return true;
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  };
  return !name.empty() && name.size() <= 63 && name[0] >= 'a' && name[0] <= 'z' &&
         std::all_of(name.begin(), name.end(), plain);
}

Status check_custom(const Table& table, const Policy& policy) {
  const Rule& rule = table.rule;
  const bool named = std::all_of(rule.analyses.begin(), rule.analyses.end(), is_analysis);
  if (rule.analyses.empty() || !named || !strictly_ascending(rule.analyses)) {
    return wrong("policy_analyses_wrong");
  }
  const bool any = contains(rule.analyses, kAnyQuery);
  const bool provided = !rule.analysis_providers.empty();
  if (any != provided || !are_members(rule.analysis_providers, policy, &Abilities::query)) {
    return wrong("policy_analysis_providers_wrong");
  }
  GBX_TRY(check_listed(table, rule.disallowed_outputs));
  if (rule.needs_noise && threshold_only(policy.privacy)) return wrong("policy_rule_needs_noise");
  return {};
}

// How many lists each member may have in all: what bounds the differences between them.
bool counts_lists(const Rule& rule) {
  return std::any_of(rule.access_budget.begin(), rule.access_budget.end(),
                     [](const privacy::Ration& ration) {
                       return ration.accounting == privacy::Accounting::queries &&
                              ration.window == privacy::Window::lifetime;
                     });
}

Status check_list(const Table& table) {
  const Rule& rule = table.rule;
  GBX_TRY(check_joins(table));
  if (rule.join_columns.empty()) return wrong("policy_list_not_joined");
  GBX_TRY(check_listed(table, rule.list_columns));
  if (!contains(rule.list_columns, table.person)) return wrong("policy_list_without_person");
  for (const std::string& name : rule.list_columns) {
    if (find_column(table, name)->label == Label::sensitive) {
      return wrong("policy_list_sensitive");
    }
  }
  const bool one = rule.output_constraints.size() == 1;
  if (!one || rule.output_constraints[0].column != table.person) {
    return wrong("policy_constraint_range");
  }
  if (!counts_lists(rule)) return wrong("policy_list_without_ration");
  if (rule.derived_hours > 0) return wrong("policy_list_derived");
  return {};
}

}  // namespace

std::span<const std::string_view> scalar_function_names() { return kScalarFunctions; }

Status check_rule(const Table& table, const Policy& policy) {
  switch (table.rule.kind) {
    case RuleKind::custom: GBX_TRY(check_custom(table, policy)); break;
    case RuleKind::list: GBX_TRY(check_list(table)); break;
    case RuleKind::aggregation:
      GBX_TRY(check_aggregates(table, policy.privacy));
      GBX_TRY(check_joins(table));
      GBX_TRY(check_dimensions(table));
      GBX_TRY(check_functions(table.rule));
  }
  GBX_TRY(check_constraints(table, policy));
  GBX_TRY(check_comparisons(table));
  GBX_TRY(check_rations(table.rule.access_budget));
  for (const privacy::Ration& ration : table.rule.access_budget) {
    if (!is_counted(ration, policy.privacy)) return wrong("policy_ration_accounting");
  }
  if (table.rule.derived_hours > kDerivedHoursMax) return wrong("policy_derived_range");
  return check_receivers(table.rule, policy);
}

}  // namespace gbx::policy
