#include "client/policy/consolidated.h"

#include <algorithm>

#include "client/policy/amounts.h"
#include "client/policy/explain_rule.h"
#include "client/policy/row_filter_text.h"
#include "client/policy/wording.h"

namespace gbx::client {
namespace {

using policy::AggregateFunction;
using policy::Rule;
using policy::RuleKind;
using policy::Table;

bool contains(const std::vector<std::string>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool is_custom(const Table& table) { return table.rule.kind == RuleKind::custom; }
bool is_list(const Table& table) { return table.rule.kind == RuleKind::list; }

void add_each(const Table& table, const std::vector<std::string>& columns,
              std::vector<std::string>& out) {
  for (const std::string& column : columns) out.push_back(table.name + "." + column);
}

// Whatever columns a custom rule does not except, as their labels allow.
void add_custom_columns(const Table& table, ConsolidatedRule& out) {
  for (const policy::Column& column : table.columns) {
    if (column.label == Label::person) continue;
    out.conditions.push_back(table.name + "." + column.name);
    if (contains(table.rule.disallowed_outputs, column.name)) continue;
    if (column.label == Label::plain) out.groups.push_back(table.name + "." + column.name);
    out.aggregates.push_back("any(" + table.name + "." + column.name + ")");
  }
}

void add_listed_columns(const Table& table, ConsolidatedRule& out) {
  add_each(table, table.rule.dimension_columns, out.groups);
  add_each(table, table.rule.dimension_columns, out.conditions);
  for (const policy::AggregateColumns& entry : table.rule.aggregate_columns) {
    const bool distinct = entry.function == AggregateFunction::count_distinct;
    const std::string name =
        distinct ? "COUNT(DISTINCT " : std::string(aggregate_function_name(entry.function)) + "(";
    for (const std::string& column : entry.columns) {
      const std::string condition = table.name + "." + column;
      std::string aggregate = name;
      aggregate.append(condition).append(")");
      out.aggregates.push_back(std::move(aggregate));
      if (column != table.person && !contains(out.conditions, condition)) {
        out.conditions.push_back(condition);
      }
    }
  }
}

// What lists of its persons show, and what their conditions read.
void add_list_columns(const Table& table, ConsolidatedRule& out) {
  out.lists.push_back(table.name);
  add_each(table, table.rule.list_columns, out.list_columns);
  for (const std::string& column : table.rule.list_columns) {
    if (column != table.person) out.conditions.push_back(table.name + "." + column);
  }
}

void add_joins(const Table& table, ConsolidatedRule& out) {
  const Rule& rule = table.rule;
  if (rule.join_required || is_list(table)) out.join_required.push_back(table.name);
  if (!is_custom(table) && rule.join_columns.empty()) out.never_joined.push_back(table.name);
  if (rule.join_operators) {
    out.join_and = out.join_and && rule.join_operators->logical_and;
    out.join_or = out.join_or && rule.join_operators->logical_or;
  }
}

void add_controls(const Table& table, ConsolidatedRule& out) {
  const Rule& rule = table.rule;
  if (table.row_filter) out.row_filters[table.name] = row_filter_text(table);
  if (rule.additional_analyses == policy::AdditionalAnalyses::required) {
    out.for_analyses_only.push_back(table.name);
  }
  out.derived_hours = std::min(out.derived_hours, rule.derived_hours);
  if (!rule.comparisons) return;
  out.controlled.push_back(table.name);
  add_each(table, rule.comparisons->literal_columns, out.literal_columns);
  add_each(table, rule.comparisons->column_columns, out.column_columns);
}

void narrow(const Table& table, ConsolidatedRule& out) {
  const Rule& rule = table.rule;
  if (!is_custom(table)) {
    std::erase_if(out.functions,
                  [&](const std::string& name) { return !contains(rule.scalar_functions, name); });
    return;
  }
  std::erase_if(out.askers,
                [&](const std::string& name) { return !contains(rule.analysis_providers, name); });
  std::vector<std::string> templates = rule.analyses;
  std::erase(templates, policy::kAnyQuery);
  if (!out.has_custom) {
    out.templates = templates;
  } else {
    std::erase_if(out.templates,
                  [&](const std::string& name) { return !contains(templates, name); });
  }
  out.has_custom = true;
}

// Who owns a table of the question, where some table answers with the asker's only. Of one table
// alone it is not known with which others it would be asked.
void narrow_to_owners(const policy::Policy& policy, ConsolidatedRule& out) {
  if (out.join_required.empty() || out.tables.size() < 2) return;
  std::erase_if(out.askers, [&](const std::string& name) {
    return std::none_of(out.tables.begin(), out.tables.end(), [&](const std::string& table) {
      return policy.find_table(table)->owner == name;
    });
  });
}

std::string list(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : ", ") + name;
  return out.empty() ? "none" : out;
}

Json texts(const std::vector<std::string>& names) {
  Json out{Json::Array()};
  for (const std::string& name : names) out.push(name);
  return out;
}

std::vector<std::string> operators(const ConsolidatedRule& rule) {
  std::vector<std::string> out;
  if (rule.join_and) out.emplace_back("AND");
  if (rule.join_or) out.emplace_back("OR");
  return out;
}

}  // namespace

ConsolidatedRule consolidate(const policy::Policy& policy, const std::vector<std::string>& tables) {
  ConsolidatedRule out;
  out.tables = tables;
  out.people_min = policy.privacy.people_min;
  out.derived_hours = policy::kDerivedHoursMax;
  for (const std::string_view name : policy::scalar_function_names()) {
    out.functions.emplace_back(name);
  }
  for (const policy::Member& member : policy.members) {
    if (member.abilities.query) out.askers.push_back(member.name);
  }
  for (const policy::Member* member : policy::receivers_of(policy, tables)) {
    out.receivers.push_back(member->name);
  }
  for (const std::string& name : tables) {
    const Table& table = *policy.find_table(name);
    out.persons.push_back(name + "." + table.person);
    if (people_min(policy, table) > out.people_min) {
      out.people_min = people_min(policy, table);
      out.people_min_of = name;
    }
    for (const policy::OutputConstraint& constraint : table.rule.output_constraints) {
      if (constraint.column == table.person) continue;
      out.values_min[name + "." + constraint.column] = constraint.minimum;
    }
    if (is_list(table)) {
      add_list_columns(table, out);
      std::erase_if(out.askers, [&](const std::string& member) {
        return !policy.find_member(member)->abilities.list;
      });
    } else {
      is_custom(table) ? add_custom_columns(table, out) : add_listed_columns(table, out);
    }
    add_joins(table, out);
    add_controls(table, out);
    narrow(table, out);
  }
  narrow_to_owners(policy, out);
  return out;
}

std::string consolidated_text(const ConsolidatedRule& rule) {
  const auto line = [](const std::string& what, const std::string& value) {
    return "  " + what + std::string(what.size() < 16 ? 16 - what.size() : 1, ' ') + value + "\n";
  };
  std::string out =
      "The rule of " + list(rule.tables) + (rule.tables.size() > 1 ? " together" : "") + "\n" +
      line("person", list(rule.persons)) +
      line("people in a row",
           std::to_string(rule.people_min) + " or more" +
               (rule.people_min_of.empty() ? "" : ", as " + rule.people_min_of + " demands")) +
      line("asked by", list(rule.askers));
  for (const auto& [column, minimum] : rule.values_min) {
    out += line("values in a row", std::to_string(minimum) + " or more of " + column);
  }
  if (rule.has_custom) out += line("templates", list(rule.templates));
  out += line("sealed to", list(rule.receivers)) + line("GROUP BY", list(rule.groups)) +
         line("aggregates", list(rule.aggregates)) + line("conditions", list(rule.conditions)) +
         line("functions", list(rule.functions)) + line("in ON", list(operators(rule)));
  if (!rule.controlled.empty()) {
    out += line("compared with", "of " + list(rule.controlled) + ": literals " +
                                     list(rule.literal_columns) + "; columns " +
                                     list(rule.column_columns));
  }
  if (!rule.lists.empty()) {
    out += line("lists only", list(rule.lists) + ": persons with " + list(rule.list_columns) +
                                  ", for who asks alone; not a privacy guarantee");
  }
  if (!rule.never_joined.empty()) out += line("never joined", list(rule.never_joined));
  if (!rule.join_required.empty()) {
    out += line("joined only", list(rule.join_required) + ": with a table of the member who asks");
  }
  for (const auto& [table, filter] : rule.row_filters) {
    std::string rows = "of ";
    rows.append(table).append(" where ").append(filter);
    out += line("only rows", rows);
  }
  if (!rule.for_analyses_only.empty()) out += line("no question", list(rule.for_analyses_only));
  if (rule.derived_hours > 0) {
    out += line("derived tables", "for at most " + thousands(rule.derived_hours) + " hours");
  }
  return out;
}

Json consolidated_json(const ConsolidatedRule& rule) {
  Json filters{Json::Object()};
  for (const auto& [table, filter] : rule.row_filters) filters.set(table, filter);
  Json out = Json::object({{"aggregates", texts(rule.aggregates)},
                           {"asked_by", texts(rule.askers)},
                           {"conditions", texts(rule.conditions)},
                           {"for_analyses_only", texts(rule.for_analyses_only)},
                           {"functions", texts(rule.functions)},
                           {"group_by", texts(rule.groups)},
                           {"join_operators", texts(operators(rule))},
                           {"join_required", texts(rule.join_required)},
                           {"never_joined", texts(rule.never_joined)},
                           {"people_min", rule.people_min},
                           {"person", texts(rule.persons)},
                           {"receivers", texts(rule.receivers)},
                           {"row_filters", std::move(filters)},
                           {"tables", texts(rule.tables)}});
  if (rule.derived_hours > 0) out.set("derived_hours", std::int64_t{rule.derived_hours});
  if (!rule.people_min_of.empty()) out.set("people_min_of", rule.people_min_of);
  if (!rule.values_min.empty()) {
    Json minima{Json::Object()};
    for (const auto& [column, minimum] : rule.values_min) minima.set(column, minimum);
    out.set("values_min", std::move(minima));
  }
  if (rule.has_custom) out.set("templates", texts(rule.templates));
  if (!rule.lists.empty()) {
    out.set("lists",
            Json::object({{"columns", texts(rule.list_columns)}, {"of", texts(rule.lists)}}));
  }
  if (!rule.controlled.empty()) {
    out.set("comparisons", Json::object({{"columns", texts(rule.column_columns)},
                                         {"literals", texts(rule.literal_columns)},
                                         {"of", texts(rule.controlled)}}));
  }
  return out;
}

std::vector<std::string> tables_named(const policy::Policy& policy, std::string_view sql) {
  std::vector<std::string> out;
  for (const Table& table : policy.tables) {
    if (mentions(sql, table)) out.push_back(table.name);
  }
  return out;
}

}  // namespace gbx::client
