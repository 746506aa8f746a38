#pragma once

// The rule that holds when some tables of a policy are asked together: the most restrictive wins.
// Allowed is what all of them allow, demanded what any of them demands. From the signed policy
// alone; the firewall decides by itself, and this says it beforehand.

#include <map>
#include <string>
#include <vector>

#include "trusted/base/json.h"
#include "trusted/policy/policy.h"

namespace gbx::client {

struct ConsolidatedRule {
  std::vector<std::string> tables;
  std::vector<std::string> persons;  // "table.column"
  std::int64_t people_min = 0;       // in each row of an answer
  std::string people_min_of;         // the table that demands it, or "" for the policy
  std::map<std::string, std::int64_t> values_min;  // different values in each row, by table.column
  std::vector<std::string> askers;                 // members who may ask in their own words
  std::vector<std::string> templates;  // that custom rules allow; meaningless without such
  bool has_custom = false;
  std::vector<std::string> receivers;
  std::vector<std::string> groups;      // "table.column", to group by
  std::vector<std::string> aggregates;  // "SUM(table.column)"
  std::vector<std::string> conditions;  // "table.column", to filter by
  std::vector<std::string> functions;
  bool join_and = true;
  bool join_or = true;
  std::vector<std::string> never_joined;           // tables
  std::vector<std::string> join_required;          // tables that answer with the asker's only
  std::map<std::string, std::string> row_filters;  // by table
  // Of tables that control comparisons: columns that may meet a literal, and other columns.
  std::vector<std::string> controlled;
  std::vector<std::string> literal_columns;
  std::vector<std::string> column_columns;
  std::vector<std::string> lists;              // tables that answer lists of persons only
  std::vector<std::string> list_columns;       // "table.column": what lists show
  std::vector<std::string> for_analyses_only;  // tables that answer no question
  std::uint32_t derived_hours = 0;  // how long a derived table over them may be; 0: there is none
};

// `tables` are names of the policy's, at least one.
ConsolidatedRule consolidate(const policy::Policy& policy, const std::vector<std::string>& tables);

std::string consolidated_text(const ConsolidatedRule& rule);
Json consolidated_json(const ConsolidatedRule& rule);

// The policy's tables that a text names, in their order: what a refused query was about.
std::vector<std::string> tables_named(const policy::Policy& policy, std::string_view sql);

}  // namespace gbx::client
