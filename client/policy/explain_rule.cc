#include "client/policy/explain_rule.h"

#include <algorithm>

#include "client/policy/amounts.h"
#include "client/policy/row_filter_text.h"

namespace gbx::client {
namespace {

using policy::AggregateFunction;

std::string joined(const std::vector<std::string>& words, const std::string& last = ", ") {
  std::string out;
  for (std::size_t i = 0; i < words.size(); i++) {
    if (i > 0) out += i + 1 == words.size() ? last : ", ";
    out += words[i];
  }
  return out;
}

std::string counted(const policy::Table& table, const policy::AggregateColumns& entry) {
  std::vector<std::string> values;
  for (const std::string& name : entry.columns) {
    if (name != table.person) values.push_back(name);
  }
  std::string out = values.size() < entry.columns.size() ? "count people" : "";
  if (values.empty()) return out;
  return out + (out.empty() ? "" : " and ") + "count the different values of " +
         joined(values, " and ");
}

std::string sentence_of_measures(const policy::Table& table) {
  std::vector<std::string> parts;
  for (const policy::AggregateColumns& entry : table.rule.aggregate_columns) {
    const std::string names = joined(entry.columns, " and ");
    switch (entry.function) {
      case AggregateFunction::count: parts.push_back("count rows that have " + names); break;
      case AggregateFunction::count_distinct: parts.push_back(counted(table, entry)); break;
      case AggregateFunction::sum: parts.push_back("sum " + names); break;
      case AggregateFunction::avg: parts.push_back("average " + names); break;
      case AggregateFunction::quantile: parts.push_back("see quantiles of " + names); break;
      case AggregateFunction::variance: parts.push_back("see the spread of " + names); break;
    }
  }
  return parts.empty() ? "measure nothing" : joined(parts, " and ");
}

// What open_rows takes back of k.
std::string exception_of(const policy::Privacy& privacy) {
  switch (privacy.open_rows) {
    case privacy::OpenRows::select: return {};
    case privacy::OpenRows::hide: return ", a public row almost certainly";
    case privacy::OpenRows::show: return ", but public rows for any number";
  }
  return {};
}

std::string line(const std::string& text) { return "    " + text + "\n"; }

std::string aggregation_lines(const policy::Rule& rule) {
  std::string out;
  if (!rule.scalar_functions.empty()) {
    out += line("They may compute with " + joined(rule.scalar_functions, " and ") + ".");
  }
  if (rule.join_columns.empty()) out += line("It is never joined with another table.");
  if (rule.join_required) {
    out += line("It answers only when joined with a table of the member who asks.");
  }
  if (rule.join_operators) {
    std::vector<std::string> operators;
    if (rule.join_operators->logical_and) operators.emplace_back("AND");
    if (rule.join_operators->logical_or) operators.emplace_back("OR");
    out += line(operators.empty() ? "An ON may have no condition beside the person's equality."
                                  : "Conditions of an ON may be tied with " +
                                        joined(operators, " and ") + " only.");
  }
  return out;
}

std::string custom_lines(const policy::Rule& rule) {
  std::string out;
  std::vector<std::string> templates = rule.analyses;
  std::erase(templates, policy::kAnyQuery);
  if (!templates.empty()) out += line("Templates: " + joined(templates, " and ") + ".");
  out += line(rule.analysis_providers.empty()
                  ? "Nobody may ask in words of their own."
                  : joined(rule.analysis_providers, " and ") + " may ask in their own words.");
  if (!rule.disallowed_outputs.empty()) {
    out += line(joined(rule.disallowed_outputs, " and ") +
                ": conditions may read it, no answer has its values.");
  }
  if (rule.needs_noise) out += line("It demands noise: no threshold-only policy may have it.");
  return out;
}

std::string list_lines(const policy::Table& table) {
  const policy::Rule& rule = table.rule;
  std::vector<std::string> beside = rule.list_columns;
  std::erase(beside, table.person);
  std::string out = line("A list shows persons that are in a table of who asks, too" +
                         (beside.empty() ? "." : ", with their " + joined(beside, " and ") + "."));
  return out + line("A list is not a privacy guarantee: each person in it is shown to who asks.");
}

std::string names_or(const std::vector<std::string>& names, const std::string& none) {
  return names.empty() ? none : joined(names, " and ");
}

std::string control_lines(const policy::Table& table) {
  const policy::Rule& rule = table.rule;
  std::string out;
  if (table.row_filter) {
    out += line("Only rows where " + row_filter_text(table) + " exist for a question.");
  }
  if (rule.comparisons) {
    out += line("Compared with what a question says: " +
                names_or(rule.comparisons->literal_columns, "nothing") + "; with other columns: " +
                names_or(rule.comparisons->column_columns, "nothing") + ".");
  }
  if (rule.result_receivers) {
    out += line("Answers about it go to " + joined(*rule.result_receivers, " and ") + " only.");
  }
  out += rations_text(rule.access_budget, "    Each member's questions about it ");
  if (rule.derived_hours > 0) {
    out += line("Members who may ask may define derived tables over it, each for at most " +
                thousands(rule.derived_hours) + " hours; " + table.owner + " may veto any.");
  }
  if (rule.additional_analyses == policy::AdditionalAnalyses::required) {
    out += line("It answers no question: it is for additional analyses only.");
  }
  if (rule.additional_analyses == policy::AdditionalAnalyses::allowed) {
    out += line("Results may be worked on by additional analyses.");
  }
  return out;
}

}  // namespace

std::string rations_text(const std::vector<privacy::Ration>& rations, const std::string& begin) {
  std::string out;
  for (const privacy::Ration& ration : rations) {
    const std::string window(window_name(ration.window));
    out += begin + "may spend " + std::string(loss_name(ration.accounting)) + " " +
           format_loss(ration.accounting, ration.loss) +
           (ration.window == privacy::Window::lifetime ? " in all" : " in any " + window) + "\n";
  }
  return out;
}

std::string explain_table(const policy::Policy& policy, const policy::Table& table) {
  const policy::Rule& rule = table.rule;
  const bool custom = rule.kind == policy::RuleKind::custom;
  const bool list = rule.kind == policy::RuleKind::list;
  std::string out = "  - " + table.name + ", of " + table.owner + ": " +
                    (custom ? "a custom rule; questions may use its columns as their labels allow"
                     : list ? "lists of persons, and no other question"
                            : "questions may " + sentence_of_measures(table));
  if (!rule.dimension_columns.empty()) {
    out += ", grouped by " + joined(rule.dimension_columns, " and ");
  }
  out += ".\n" +
         (custom ? custom_lines(rule)
          : list ? list_lines(table)
                 : aggregation_lines(rule)) +
         control_lines(table);
  std::vector<std::string> sensitive;
  for (const policy::Column& column : table.columns) {
    if (column.label == Label::sensitive) sensitive.push_back(column.name);
  }
  if (!sensitive.empty()) {
    out +=
        "    " + joined(sensitive, " and ") + ": sensitive; measured, never shown or grouped by.\n";
  }
  if (list) {
    return out + "    A list of fewer than " + thousands(people_min(policy, table)) +
           " persons, or not safely more, is withheld.\n";
  }
  out += "    Each row of an answer stands for at least " + thousands(people_min(policy, table)) +
         " people" + exception_of(policy.privacy) + ".\n";
  for (const policy::OutputConstraint& constraint : rule.output_constraints) {
    if (constraint.column == table.person) continue;
    out += "    Each row of an answer has at least " + thousands(constraint.minimum) +
           " different values of " + constraint.column +
           ", also when the question never names it.\n";
  }
  return out;
}

// Rules of several tables in one question: the most restrictive wins.
std::string explain_together(const policy::Policy& policy) {
  if (policy.tables.size() < 2) return {};
  std::vector<std::string> functions;
  for (const std::string_view name : policy::scalar_function_names()) functions.emplace_back(name);
  std::int64_t least = 0;
  for (const policy::Table& table : policy.tables) {
    const std::vector<std::string>& allowed = table.rule.scalar_functions;
    std::erase_if(functions, [&](const std::string& name) {
      const bool listed = std::find(allowed.begin(), allowed.end(), name) != allowed.end();
      return table.rule.kind == policy::RuleKind::aggregation && !listed;
    });
    least = std::max(least, people_min(policy, table));
  }
  return "  - Asked together, the strictest of their rules holds: at least " + thousands(least) +
         " people in each row, and " +
         (functions.empty() ? "no scalar function" : "of functions only " + joined(functions)) +
         " when all are in one question.\n";
}

}  // namespace gbx::client
