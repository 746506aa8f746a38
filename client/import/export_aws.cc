// Back to AWS Clean Rooms, what CreateConfiguredTableAnalysisRule takes:
// https://docs.aws.amazon.com/clean-rooms/latest/apireference/API_Operations.html

#include <algorithm>
#include <array>

#include "client/import/import.h"

namespace gbx::client {
namespace {

// Scalar functions that AWS takes in an aggregation rule.
constexpr std::array<std::string_view, 24> kAwsFunctions = {
    "ABS",     "CAST",      "CEILING",      "COALESCE", "CONVERT",   "CURRENT_DATE",
    "DATEADD", "EXTRACT",   "FLOOR",        "GETDATE",  "LN",        "LOG",
    "LOWER",   "ROUND",     "RTRIM",        "SQRT",     "SUBSTRING", "TO_CHAR",
    "TO_DATE", "TO_NUMBER", "TO_TIMESTAMP", "TRIM",     "TRUNC",     "UPPER"};

Json list_of(const std::vector<std::string>& names) {
  Json out{Json::Array{}};
  for (const std::string& name : names) out.push(name);
  return out;
}

class Exporter {
 public:
  explicit Exporter(const policy::Policy& policy) : policy_(&policy) {}

  Exported write() {
    out_.notes.push_back(
        {Fate::left_out, "privacy",
         "AWS adds no noise to what an aggregation rule allows: numbers are exact, "
         "and questions about overlapping groups can be subtracted"});
    out_.notes.push_back({Fate::left_out, "trust",
                          "images, assurance, signatures of all members, contribution bounds, "
                          "rations and the budget"});
    for (const policy::Table& table : policy_->tables) write_table(table);
    return std::move(out_);
  }

 private:
  void note(Fate fate, const policy::Table& table, std::string text) {
    out_.notes.push_back({fate, table.name, std::move(text)});
  }

  Json aggregates(const policy::Table& table) {
    Json out{Json::Array{}};
    for (const policy::AggregateColumns& entry : table.rule.aggregate_columns) {
      const std::string function(policy::aggregate_function_name(entry.function));
      if (entry.function == policy::AggregateFunction::variance ||
          entry.function == policy::AggregateFunction::quantile) {
        note(Fate::left_out, table, "AWS has no " + function);
        continue;
      }
      out.push(Json::object({{"columnNames", list_of(entry.columns)}, {"function", function}}));
    }
    return out;
  }

  Json functions(const policy::Table& table) {
    std::vector<std::string> kept;
    for (const std::string& name : table.rule.scalar_functions) {
      if (std::find(kAwsFunctions.begin(), kAwsFunctions.end(), name) != kAwsFunctions.end()) {
        kept.push_back(name);
      } else {
        note(Fate::left_out, table, "AWS has no function " + name);
      }
    }
    return list_of(kept);
  }

  void write_table(const policy::Table& table) {
    std::int64_t people = policy_->privacy.people_min;
    for (const policy::OutputConstraint& constraint : table.rule.output_constraints) {
      people = std::max(people, constraint.minimum);
    }
    Json measured = aggregates(table);
    if (measured.array()->empty()) {
      note(Fate::left_out, table,
           "AWS wants a column that is measured: the table has no rule there");
      return;
    }
    Json rule = Json::object(
        {{"aggregateColumns", std::move(measured)},
         {"joinColumns", list_of(table.rule.join_columns)},
         {"allowedJoinOperators", list_of({"AND"})},
         {"dimensionColumns", list_of(table.rule.dimension_columns)},
         {"scalarFunctions", functions(table)},
         {"outputConstraints",
          Json(Json::Array{Json::object(
              {{"columnName", table.person}, {"minimum", people}, {"type", "COUNT_DISTINCT"}})})}});
    if (table.rule.join_required) rule.set("joinRequired", "QUERY_RUNNER");
    note(Fate::carried, table, "rows stand for " + std::to_string(people) + " people or more");
    out_.tables.push_back(
        {table.name,
         Json::object(
             {{"configuredTableIdentifier", "FILL_IN_" + table.name},
              {"analysisRuleType", "AGGREGATION"},
              {"analysisRulePolicy",
               Json::object({{"v1", Json::object({{"aggregation", std::move(rule)}})}})}})});
  }

  const policy::Policy* policy_;
  Exported out_;
};

}  // namespace

Exported export_to_aws(const policy::Policy& policy) { return Exporter(policy).write(); }

}  // namespace gbx::client
