#include "client/policy/rule_section.h"

#include "client/policy/table_section.h"

namespace gbx::client {
namespace {

std::vector<std::string> column_names(const policy::Table& table) {
  std::vector<std::string> out;
  for (const policy::Column& column : table.columns) out.push_back(column.name);
  return out;
}

// Adds a rule's entries one by one and checks after each, so that a mistake is told where it is.
class RuleReader {
 public:
  RuleReader(const YamlFile& file, const policy::Policy& policy, policy::Table& table)
      : file_(&file), policy_(&policy), table_(&table) {}

  void read(const YAML::Node& node) {
    const std::string what = "the rule of " + table_->name;
    const YamlSection kinds(*file_, node, what, {"aggregation", "custom", "list"});
    const int said = int{kinds.has("aggregation")} + int{kinds.has("custom")} + kinds.has("list");
    if (said != 1) {
      file_->fail(node, what + " is of no kind, or of two", "write aggregation, custom, or list");
    }
    if (kinds.has("custom")) {
      read_custom(kinds.at("custom"), what);
    } else if (kinds.has("list")) {
      read_list(kinds.at("list"), what);
    } else {
      read_aggregation(kinds.at("aggregation"), what);
    }
  }

 private:
  void read_aggregation(const YAML::Node& node, const std::string& what) {
    const YamlSection rule(
        *file_, node, what,
        {"aggregateColumns", "joinColumns", "joinRequired", "allowedJoinOperators",
         "dimensionColumns", "scalarFunctions", "outputConstraints", "additionalAnalyses",
         "comparisonControls", "allowedResultReceivers", "accessBudget", "derivedTables"});
    read_aggregates(rule);
    read_names(rule, "joinColumns", table_->rule.join_columns);
    read_required(rule);
    read_operators(rule);
    read_names(rule, "dimensionColumns", table_->rule.dimension_columns);
    read_functions(rule);
    read_constraints(rule, "outputConstraints");
    read_controls(rule);
  }

  // Its parts hold together only: mistakes are told at the part that the reason is about.
  void read_custom(const YAML::Node& node, const std::string& what) {
    const YamlSection rule(
        *file_, node, what,
        {"allowedAnalyses", "allowedAnalysisProviders", "disallowedOutputColumns",
         "differentialPrivacy", "aggregationThresholds", "additionalAnalyses", "comparisonControls",
         "allowedResultReceivers", "accessBudget", "derivedTables"});
    policy::Rule& out = table_->rule;
    out.kind = policy::RuleKind::custom;
    out.analyses = words(rule, "allowedAnalyses");
    out.analysis_providers = words(rule, "allowedAnalysisProviders");
    if (rule.has("disallowedOutputColumns")) {
      for (const YAML::Node& name : rule.list("disallowedOutputColumns")) {
        out.disallowed_outputs.push_back(column(name));
      }
    }
    read_noise(rule);
    const Status status = policy::check_rule(*table_, *policy_);
    if (!status) {
      const std::string_view reason = status.error().reason.view();
      const std::string key = reason == "policy_analyses_wrong" ? "allowedAnalyses"
                              : reason == "policy_analysis_providers_wrong"
                                  ? "allowedAnalysisProviders"
                              : reason == "policy_rule_needs_noise" ? "differentialPrivacy"
                                                                    : "disallowedOutputColumns";
      check(rule.has(key) ? rule.at(key) : node);
    }
    read_constraints(rule, "aggregationThresholds");
    read_controls(rule);
  }

  // As in a custom rule, its parts hold together only.
  void read_list(const YAML::Node& node, const std::string& what) {
    const YamlSection rule(
        *file_, node, what,
        {"joinColumns", "listColumns", "allowedJoinOperators", "minimumAudience",
         "additionalAnalyses", "comparisonControls", "allowedResultReceivers", "accessBudget"});
    policy::Rule& out = table_->rule;
    out.kind = policy::RuleKind::list;
    out.output_constraints = {
        {table_->person, rule.integer("minimumAudience", 2, policy::kPeopleMinMax)}};
    const auto columns = [&](const std::string& key, std::vector<std::string>& names) {
      for (const YAML::Node& name : rule.list(key)) names.push_back(column(name));
    };
    columns("joinColumns", out.join_columns);
    columns("listColumns", out.list_columns);
    if (rule.has("accessBudget")) {
      out.access_budget = read_rations(*file_, rule.at("accessBudget"));
    }
    const Status status = policy::check_rule(*table_, *policy_);
    if (!status) {
      const std::string_view reason = status.error().reason.view();
      const std::string key = reason.starts_with("policy_join")                 ? "joinColumns"
                              : reason.find("ration") != std::string_view::npos ? "accessBudget"
                                                                                : "listColumns";
      check(rule.has(key) ? rule.at(key) : node);
    }
    read_operators(rule);
    read_controls(rule);
  }

  // The columns whose persons are protected: here there is one in each table, the person column.
  void read_noise(const YamlSection& rule) {
    if (!rule.has("differentialPrivacy")) return;
    const YamlSection section(*file_, rule.at("differentialPrivacy"), "differentialPrivacy",
                              {"columns"});
    const YAML::Node columns = section.at("columns");
    const bool one = columns.IsSequence() && columns.size() == 1;
    const bool named = one && columns[0].IsMap() && columns[0].size() == 1 && columns[0]["name"];
    if (!named || columns[0]["name"].Scalar() != table_->person) {
      file_->fail(columns, "differentialPrivacy protects persons",
                  "write columns: [{name: " + table_->person + "}]");
    }
    table_->rule.needs_noise = true;
  }

  std::vector<std::string> words(const YamlSection& rule, const std::string& key) const {
    std::vector<std::string> out;
    if (!rule.has(key)) return out;
    for (const YAML::Node& node : rule.list(key)) out.push_back(node.Scalar());
    std::sort(out.begin(), out.end());
    return out;
  }

  // What rules of both kinds may say.
  void read_controls(const YamlSection& rule) {
    read_additional(rule);
    if (rule.has("comparisonControls")) {
      const YamlSection section(
          *file_, rule.at("comparisonControls"), "comparisonControls",
          {"allowedLiteralComparisonColumns", "allowedColumnComparisonColumns"});
      policy::ComparisonControls& out = table_->rule.comparisons.emplace();
      read_names(section, "allowedLiteralComparisonColumns", out.literal_columns);
      read_names(section, "allowedColumnComparisonColumns", out.column_columns);
    }
    if (rule.has("allowedResultReceivers")) {
      table_->rule.result_receivers = words(rule, "allowedResultReceivers");
      check(rule.at("allowedResultReceivers"));
    }
    if (rule.has("accessBudget")) {
      table_->rule.access_budget = read_rations(*file_, rule.at("accessBudget"));
      check(rule.at("accessBudget"));
    }
    if (!rule.has("derivedTables")) return;
    const YamlSection derived(*file_, rule.at("derivedTables"), "derivedTables",
                              {"retentionHours"});
    table_->rule.derived_hours =
        static_cast<std::uint32_t>(derived.integer("retentionHours", 1, policy::kDerivedHoursMax));
  }

  void read_additional(const YamlSection& rule) {
    if (!rule.has("additionalAnalyses")) return;
    const auto find = [](std::string_view word) -> std::optional<policy::AdditionalAnalyses> {
      if (word == "NOT_ALLOWED") return policy::AdditionalAnalyses::not_allowed;
      if (word == "ALLOWED") return policy::AdditionalAnalyses::allowed;
      if (word == "REQUIRED") return policy::AdditionalAnalyses::required;
      return std::nullopt;
    };
    table_->rule.additional_analyses = read_word<policy::AdditionalAnalyses>(
        *file_, rule.at("additionalAnalyses"), find, {"NOT_ALLOWED", "ALLOWED", "REQUIRED"});
  }

  void check(const YAML::Node& node) const {
    demand(policy::check_table(*table_, *policy_), *file_, node,
           node.IsScalar() ? "\"" + node.Scalar() + "\"" : table_->name);
  }

  [[nodiscard]] std::string column(const YAML::Node& node) const {
    const std::vector<std::string> known = column_names(*table_);
    if (std::find(known.begin(), known.end(), node.Scalar()) != known.end()) return node.Scalar();
    const std::string near = nearest_word(node.Scalar(), known);
    file_->fail(node, "table " + table_->name + " has no column \"" + node.Scalar() + "\"",
                near.empty() ? "name one of its columns" : "did you mean \"" + near + "\"?");
  }

  void read_names(const YamlSection& rule, const std::string& key, std::vector<std::string>& out) {
    if (!rule.has(key)) return;
    for (const YAML::Node& node : rule.list(key)) {
      out.push_back(column(node));
      check(node);
    }
  }

  void read_aggregates(const YamlSection& rule) {
    if (!rule.has("aggregateColumns")) return;
    const YAML::Node entries = rule.at("aggregateColumns");
    if (!entries.IsSequence()) file_->fail(entries, "aggregateColumns is no list", "write a list");
    for (const YAML::Node& entry : entries) {
      const YamlSection section(*file_, entry, "aggregateColumns", {"columnNames", "function"});
      policy::AggregateColumns& out = table_->rule.aggregate_columns.emplace_back();
      out.function = read_word<policy::AggregateFunction>(
          *file_, section.at("function"), policy::aggregate_function_from,
          {"COUNT", "COUNT_DISTINCT", "SUM", "AVG", "VARIANCE", "QUANTILE"});
      for (const YAML::Node& node : section.list("columnNames")) {
        out.columns.push_back(column(node));
        check(node);
      }
      check(entry);
    }
  }

  void read_required(const YamlSection& rule) {
    if (!rule.has("joinRequired")) return;
    if (rule.text("joinRequired") != "QUERY_RUNNER") {
      file_->fail(rule.at("joinRequired"), "joinRequired has an unknown value",
                  "write joinRequired: QUERY_RUNNER, or leave it out");
    }
    table_->rule.join_required = true;
    check(rule.at("joinRequired"));
  }

  void read_functions(const YamlSection& rule) {
    if (!rule.has("scalarFunctions")) return;
    std::vector<std::string> known;
    for (const std::string_view name : policy::scalar_function_names()) known.emplace_back(name);
    std::vector<std::string>& out = table_->rule.scalar_functions;
    for (const YAML::Node& node : rule.list("scalarFunctions")) {
      if (std::find(known.begin(), known.end(), node.Scalar()) == known.end()) {
        const std::string near = nearest_word(node.Scalar(), known);
        file_->fail(node, "\"" + node.Scalar() + "\" is no scalar function of rooms",
                    near.empty() ? std::string(find_wording("policy_scalar_function_unknown")->next)
                                 : "did you mean \"" + near + "\"?");
      }
      out.push_back(node.Scalar());
      std::sort(out.begin(), out.end());
      check(node);
    }
  }

  void read_constraints(const YamlSection& rule, const std::string& key) {
    if (!rule.has(key)) return;
    const YAML::Node entries = rule.at(key);
    if (!entries.IsSequence()) file_->fail(entries, key + " is no list", "write a list");
    for (const YAML::Node& entry : entries) {
      const YamlSection section(*file_, entry, key, {"columnName", "minimum", "type"});
      if (section.has("type") && section.text("type") != "COUNT_DISTINCT") {
        demand(Error{ErrorCode::invalid_argument, "policy_constraint_type"}, *file_,
               section.at("type"), table_->name);
      }
      table_->rule.output_constraints.push_back(
          {column(section.at("columnName")), section.integer("minimum", 2, policy::kPeopleMinMax)});
      check(entry);
    }
  }

  // Of ON; left out, it may have any.
  void read_operators(const YamlSection& rule) {
    if (!rule.has("allowedJoinOperators")) return;
    policy::JoinOperators& out = table_->rule.join_operators.emplace();
    for (const YAML::Node& node : rule.list("allowedJoinOperators")) {
      if (node.Scalar() != "AND" && node.Scalar() != "OR") {
        file_->fail(node, "\"" + node.Scalar() + "\" is no join operator", "write AND, OR");
      }
      (node.Scalar() == "AND" ? out.logical_and : out.logical_or) = true;
    }
  }

  const YamlFile* file_;
  const policy::Policy* policy_;
  policy::Table* table_;
};

}  // namespace

std::vector<privacy::Ration> read_rations(const YamlFile& file, const YAML::Node& node) {
  const std::string example = "write [{window: day, epsilon: \"0.5\"}]";
  if (!node.IsSequence() || node.size() == 0) file.fail(node, "this is no list", example);
  std::vector<privacy::Ration> out;
  for (const YAML::Node& item : node) {
    const YamlSection section(file, item, "a ration", {"window", "epsilon", "rho", "queries"});
    const auto window = privacy::window_from(section.text("window"));
    if (!window) {
      file.fail(section.at("window"), "\"" + section.text("window") + "\" is no window",
                "windows are day, week, month, lifetime");
    }
    std::vector<privacy::Accounting> said;
    for (const privacy::Accounting accounting : privacy::kAccountings) {
      if (section.has(std::string(loss_name(accounting)))) said.push_back(accounting);
    }
    if (said.size() != 1) {
      file.fail(item, "a ration has one amount",
                example + ", or rho: with accounting zcdp, or queries:");
    }
    const privacy::Accounting accounting = said.front();
    const std::string unit(loss_name(accounting));
    const auto loss = privacy::parse_loss(accounting, section.text(unit));
    if (!loss) {
      file.fail(section.at(unit), "\"" + section.text(unit) + "\" is no amount", example);
    }
    out.push_back({*window, accounting, *loss});
  }
  std::sort(out.begin(), out.end(),
            [](const auto& a, const auto& b) { return a.window < b.window; });
  return out;
}

void read_rule(const YamlFile& file, const YAML::Node& node, const policy::Policy& policy,
               policy::Table& out) {
  RuleReader(file, policy, out).read(node);
}

}  // namespace gbx::client
