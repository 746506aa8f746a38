// Back to AWS Clean Rooms, what its Create... operations take:
// https://docs.aws.amazon.com/clean-rooms/latest/apireference/API_Operations.html
// https://docs.aws.amazon.com/clean-rooms/latest/userguide/analysis-rules-custom.html

#include <algorithm>
#include <array>
#include <cctype>
#include <map>

#include "client/import/aws_fields.h"
#include "client/import/draft.h"
#include "client/policy/amounts.h"

namespace gbx::client {
namespace {

// Scalar functions that AWS takes in an aggregation rule.
constexpr std::array<std::string_view, 24> kAwsFunctions = {
    "ABS",     "CAST",      "CEILING",      "COALESCE", "CONVERT",   "CURRENT_DATE",
    "DATEADD", "EXTRACT",   "FLOOR",        "GETDATE",  "LN",        "LOG",
    "LOWER",   "ROUND",     "RTRIM",        "SQRT",     "SUBSTRING", "TO_CHAR",
    "TO_DATE", "TO_NUMBER", "TO_TIMESTAMP", "TRIM",     "TRUNC",     "UPPER"};
constexpr std::int64_t kAwsQueriesMax = 1'000'000;
constexpr std::int64_t kAwsEpsilonMax = 20;
constexpr std::int64_t kAwsNoiseMin = 10;
constexpr std::int64_t kAwsNoiseMax = 100;

using policy::Table;

Json list_of(const std::vector<std::string>& names) {
  Json out{Json::Array{}};
  for (const std::string& name : names) out.push(name);
  return out;
}

std::string upper(std::string word) {
  for (char& c : word) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return word;
}

class Exporter {
 public:
  Exporter(const policy::Policy& policy, const std::set<std::string>& accepted)
      : policy_(&policy), accepted_(&accepted), noised_(!policy::threshold_only(policy.privacy)) {}

  Exported write() {
    walk_fields();
    out_.notes.push_back({Fate::blank, "members",
                          "who may query and who may receive: say it when the collaboration is "
                          "made (create-collaboration, memberAbilities)"});
    for (const Table& table : policy_->tables) write_table(table);
    if (noised_) write_budget();
    refuse_unaccepted();
    return std::move(out_);
  }

 private:
  void note(Fate fate, const std::string& subject, std::string text) {
    out_.notes.push_back({fate, subject, std::move(text)});
  }

  void weaken(const std::string& word, const std::string& subject, const std::string& text) {
    note(Fate::weakened, subject, word + ": " + text);
    if (!accepted_->contains(word)) refused_[word].emplace_back(subject + ": " + text);
  }

  void walk_fields();
  void refuse_unaccepted() const;
  void write_table(const Table& table);
  Json write_rule(const Table& table, std::string& kind);
  Json write_aggregation(const Table& table);
  Json write_list(const Table& table);
  Json write_custom(const Table& table);
  Json aggregates(const Table& table);
  Json functions(const Table& table);
  Json operators(const Table& table);
  Json accounts(const Table& table, const std::vector<std::string>& members);
  void write_receivers(const Table& table, const std::string& kind);
  void write_access(const Table& table);
  void write_budget();
  // By column: how many different values a row has at least; the person's first.
  std::vector<policy::OutputConstraint> minima_of(const Table& table);

  const policy::Policy* policy_;
  const std::set<std::string>* accepted_;
  bool noised_;
  bool aws_noise_ = false;                                   // some table is under AWS's noise
  std::map<std::string, std::vector<std::string>> refused_;  // by word
  Exported out_;
};

// What the packet says, field by field; each is in the list, or there is no export.
void Exporter::walk_fields() {
  const Json packet = policy::encode(*policy_);
  std::set<std::pair<std::string, std::string>> told;
  const auto tell = [&](const Json& json, const std::string& above, const std::string& subject) {
    for (const std::string& path : paths_of(json)) {
      const AwsField* field = find_aws_field(above + path);
      if (field == nullptr) {
        stop_import(above + path, "this exporter does not know what AWS makes of it", "");
      }
      const bool silent = field->fate == AwsFate::described || field->fate == AwsFate::written;
      if (silent || !told.emplace(subject, std::string(field->text)).second) continue;
      const std::string text(field->text);
      if (field->fate == AwsFate::left_out) note(Fate::left_out, subject, text);
      if (field->fate == AwsFate::weakened) weaken(std::string(field->accept), subject, text);
    }
  };
  for (const Json::Member& member : *packet.object()) {
    if (member.first != "tables") {
      tell(Json::object({member}), "", member.first);
      continue;
    }
    for (const Json& table : *member.second.array()) {
      tell(table, "tables/*/", *table.find("name")->string());
    }
  }
}

void Exporter::refuse_unaccepted() const {
  if (refused_.empty()) return;
  std::string why = "AWS would allow more than this policy does";
  std::string words;
  for (const auto& [word, texts] : refused_) {
    words += (words.empty() ? "" : ",") + word;
    for (const std::string& text : texts) {
      why.append("\n  ").append(word).append(": ").append(text);
    }
  }
  for (const std::string& word : *accepted_) words += "," + word;
  throw Mistake("nothing was exported", "policy", why,
                "to export it nevertheless: --accept " + words);
}

std::vector<policy::OutputConstraint> Exporter::minima_of(const Table& table) {
  const std::int64_t people = policy::people_min(*policy_, table);
  note(Fate::carried, table.name, "rows stand for " + std::to_string(people) + " people or more");
  std::vector<policy::OutputConstraint> out = {{table.person, people}};
  for (const policy::OutputConstraint& constraint : table.rule.output_constraints) {
    if (constraint.column == table.person) continue;
    out.push_back(constraint);
    note(Fate::carried, table.name + "." + constraint.column,
         "rows have " + std::to_string(constraint.minimum) + " values or more");
  }
  return out;
}

Json Exporter::aggregates(const Table& table) {
  Json out{Json::Array{}};
  for (const policy::AggregateColumns& entry : table.rule.aggregate_columns) {
    const std::string function(policy::aggregate_function_name(entry.function));
    if (entry.function == policy::AggregateFunction::variance ||
        entry.function == policy::AggregateFunction::quantile) {
      note(Fate::left_out, table.name, "AWS has no " + function);
      continue;
    }
    out.push(Json::object({{"columnNames", list_of(entry.columns)}, {"function", function}}));
  }
  return out;
}

Json Exporter::functions(const Table& table) {
  std::vector<std::string> kept;
  for (const std::string& name : table.rule.scalar_functions) {
    if (std::find(kAwsFunctions.begin(), kAwsFunctions.end(), name) != kAwsFunctions.end()) {
      kept.push_back(name);
    } else {
      note(Fate::left_out, table.name, "AWS has no function " + name);
    }
  }
  return list_of(kept);
}

// What is not said is AND alone there.
Json Exporter::operators(const Table& table) {
  std::vector<std::string> out;
  const policy::JoinOperators any{.logical_and = true, .logical_or = false};
  const policy::JoinOperators said = table.rule.join_operators.value_or(any);
  if (!table.rule.join_operators) note(Fate::left_out, table.name, "OR in an ON");
  if (said.logical_and) out.emplace_back("AND");
  if (said.logical_or) out.emplace_back("OR");
  return list_of(out);
}

// Null when AWS has no such rule.
Json Exporter::write_aggregation(const Table& table) {
  Json measured = aggregates(table);
  if (measured.array()->empty()) {
    note(Fate::left_out, table.name,
         "AWS wants a column that is measured: the table has no rule there");
    return {};
  }
  if (noised_) {
    weaken("noise", table.name,
           "AWS adds no noise to what an aggregation rule allows: numbers are exact, and questions "
           "about overlapping groups can be subtracted");
    weaken("budget", table.name, "the budget: AWS answers as many questions as are asked");
  }
  Json rule = Json::object({{"aggregateColumns", std::move(measured)},
                            {"joinColumns", list_of(table.rule.join_columns)},
                            {"allowedJoinOperators", operators(table)},
                            {"dimensionColumns", list_of(table.rule.dimension_columns)},
                            {"scalarFunctions", functions(table)}});
  Json constraints{Json::Array{}};
  for (const policy::OutputConstraint& minimum : minima_of(table)) {
    constraints.push(Json::object({{"columnName", minimum.column},
                                   {"minimum", minimum.minimum},
                                   {"type", "COUNT_DISTINCT"}}));
  }
  rule.set("outputConstraints", std::move(constraints));
  if (table.rule.join_required) rule.set("joinRequired", "QUERY_RUNNER");
  return rule;
}

Json Exporter::write_list(const Table& table) {
  if (noised_) weaken("noise", table.name, "whether a list is shown tells its exact size");
  return Json::object({{"joinColumns", list_of(table.rule.join_columns)},
                       {"allowedJoinOperators", operators(table)},
                       {"listColumns", list_of(table.rule.list_columns)}});
}

// AWS has either its noise or thresholds; a policy that is not noised has thresholds, and so has
// one whose owner gives up the noise.
Json Exporter::write_custom(const Table& table) {
  const policy::Rule& rule = table.rule;
  std::vector<std::string> analyses;
  for (const std::string& name : rule.analyses) {
    const bool any = name == policy::kAnyQuery;
    analyses.push_back(any ? name : "FILL_IN_arn_of_" + name);
    if (!any) note(Fate::blank, table.name, analyses.back() + ": the template's ARN");
  }
  std::vector<std::string> hidden = rule.disallowed_outputs;
  for (const policy::Column& column : table.columns) {
    const bool again = std::find(hidden.begin(), hidden.end(), column.name) != hidden.end();
    if (column.label != Label::sensitive || again) continue;
    note(Fate::left_out, table.name + "." + column.name, "measuring it: AWS would show it too");
    hidden.push_back(column.name);
  }
  Json out = Json::object(
      {{"allowedAnalyses", list_of(analyses)}, {"disallowedOutputColumns", list_of(hidden)}});
  if (!rule.analysis_providers.empty()) {
    out.set("allowedAnalysisProviders", accounts(table, rule.analysis_providers));
  }
  if (rule.comparisons) {
    out.set("comparisonControls",
            Json::object(
                {{"allowedLiteralComparisonColumns", list_of(rule.comparisons->literal_columns)},
                 {"allowedColumnComparisonColumns", list_of(rule.comparisons->column_columns)}}));
  }
  weaken("joins", table.name, "AWS joins on any column, not on persons only");
  if (noised_ && (rule.needs_noise || !accepted_->contains("noise"))) {
    aws_noise_ = true;
    out.set("differentialPrivacy",
            Json::object({{"columns", Json(Json::Array{Json::object({{"name", table.person}})})}}));
    note(Fate::carried, table.name, "noise, as AWS makes it, for each " + table.person);
    weaken("k", table.name,
           "AWS has no minimum of people under its noise (to have the minimum and no noise: "
           "--accept noise)");
    return out;
  }
  if (noised_) weaken("noise", table.name, "numbers are exact");
  if (noised_) weaken("budget", table.name, "the budget: AWS answers as many questions as asked");
  Json thresholds{Json::Array{}};
  for (const policy::OutputConstraint& minimum : minima_of(table)) {
    thresholds.push(Json::object({{"identityColumns", list_of({minimum.column})},
                                  {"minimumIdentityCount", minimum.minimum},
                                  {"type", "COUNT_DISTINCT"},
                                  {"allowedAggregateExpressionType", "ANY_EXPRESSION"}}));
  }
  out.set("aggregationThresholds", std::move(thresholds));
  return out;
}

Json Exporter::accounts(const Table& table, const std::vector<std::string>& members) {
  std::vector<std::string> out;
  for (const std::string& member : members) {
    out.push_back("FILL_IN_account_of_" + member);
    note(Fate::blank, table.name, out.back() + ": twelve digits");
  }
  return list_of(out);
}

void Exporter::write_receivers(const Table& table, const std::string& kind) {
  if (!table.rule.result_receivers) return;
  Json rule =
      Json::object({{"allowedResultReceivers", accounts(table, *table.rule.result_receivers)}});
  out_.files.push_back(
      {table.name + ".receivers.aws.json", "create-configured-table-association-analysis-rule",
       Json::object({{"membershipIdentifier", "FILL_IN_membership"},
                     {"configuredTableAssociationIdentifier", "FILL_IN_association_" + table.name},
                     {"analysisRuleType", upper(kind)},
                     {"analysisRulePolicy",
                      Json::object({{"v1", Json::object({{kind, std::move(rule)}})}})}})});
  note(Fate::carried, table.name, "who may receive");
}

// Ours is of each member, theirs of the table: no more is allowed.
void Exporter::write_access(const Table& table) {
  std::vector<privacy::Ration> budget = table.rule.access_budget;
  if (!noised_) {
    const std::uint64_t all = policy_->privacy.queries;
    const bool less = !budget.empty() && budget.back().window == privacy::Window::lifetime;
    if (less) budget.back().loss = std::min(budget.back().loss, all);
    if (!less) budget.push_back({privacy::Window::lifetime, privacy::Accounting::queries, all});
  }
  Json out{Json::Array{}};
  for (const privacy::Ration& ration : budget) {
    const bool lifetime = ration.window == privacy::Window::lifetime;
    if (ration.accounting != privacy::Accounting::queries) {
      weaken("accessBudget", table.name, "a budget of privacy: AWS counts questions");
      continue;
    }
    if (!lifetime) {
      weaken("accessBudget", table.name,
             "windows slide; those of AWS begin with the day, week or month, and across that "
             "moment twice as much is allowed");
    }
    const std::string word = ration.window == privacy::Window::day     ? "CALENDAR_DAY"
                             : ration.window == privacy::Window::week  ? "CALENDAR_WEEK"
                             : ration.window == privacy::Window::month ? "CALENDAR_MONTH"
                                                                       : "LIFETIME";
    const auto most = static_cast<std::int64_t>(
        std::min<std::uint64_t>(ration.loss, static_cast<std::uint64_t>(kAwsQueriesMax)));
    Json entry = Json::object({{"type", word}, {"budget", most}});
    if (!lifetime) entry.set("autoRefresh", "ENABLED");
    out.push(std::move(entry));
  }
  if (out.array()->empty()) return;
  out_.files.push_back(
      {table.name + ".budget.aws.json", "create-privacy-budget-template",
       Json::object(
           {{"membershipIdentifier", "FILL_IN_membership"},
            {"privacyBudgetType", "ACCESS_BUDGET"},
            {"parameters", Json::object({{"accessBudget",
                                          Json::object({{"budgetParameters", std::move(out)},
                                                        {"resourceArn", "FILL_IN_association_arn_" +
                                                                            table.name}})}})}})});
  note(Fate::carried, table.name, "how many questions are answered, all members together");
}

// AWS's noise has one budget, which is a whole number.
void Exporter::write_budget() {
  if (!aws_noise_) return;
  const policy::Privacy& privacy = policy_->privacy;
  const auto ones = static_cast<std::int64_t>(privacy.epsilon / 1'000'000);
  if (ones == 0) weaken("budget", "privacy", "epsilon: the least that AWS has is 1");
  const std::int64_t hidden = widths_of(privacy, true, 0).persons;
  if (hidden > kAwsNoiseMax) {
    weaken("noise", "privacy", "more noise than AWS has, which hides 100 people at most");
  }
  Json parameters =
      Json::object({{"epsilon", std::clamp<std::int64_t>(ones, 1, kAwsEpsilonMax)},
                    {"usersNoisePerQuery", std::clamp(hidden, kAwsNoiseMin, kAwsNoiseMax)}});
  // No table is called so: names have no hyphen.
  out_.files.push_back(
      {"dp-budget.aws.json", "create-privacy-budget-template",
       Json::object(
           {{"membershipIdentifier", "FILL_IN_membership"},
            {"autoRefresh", "NONE"},
            {"privacyBudgetType", "DIFFERENTIAL_PRIVACY"},
            {"parameters", Json::object({{"differentialPrivacy", std::move(parameters)}})}})});
  note(Fate::carried, "privacy", "epsilon, and how many people the noise hides; AWS sets delta");
}

// The rule and its name in AWS; null when AWS has no such rule.
Json Exporter::write_rule(const Table& table, std::string& kind) {
  switch (table.rule.kind) {
    case policy::RuleKind::aggregation: kind = "aggregation"; return write_aggregation(table);
    case policy::RuleKind::custom: kind = "custom"; return write_custom(table);
    case policy::RuleKind::list: kind = "list"; return write_list(table);
  }
  GBX_CHECK(false);
}

void Exporter::write_table(const Table& table) {
  constexpr std::array<std::string_view, 3> kAdditional = {"NOT_ALLOWED", "ALLOWED", "REQUIRED"};
  std::string kind;
  Json rule = write_rule(table, kind);
  if (rule.is_null()) return;
  rule.set("additionalAnalyses",
           kAdditional[static_cast<std::size_t>(table.rule.additional_analyses)]);
  note(Fate::carried, table.name, "the " + kind + " rule");
  out_.files.push_back(
      {table.name + ".aws.json", "create-configured-table-analysis-rule",
       Json::object({{"configuredTableIdentifier", "FILL_IN_" + table.name},
                     {"analysisRuleType", upper(kind)},
                     {"analysisRulePolicy",
                      Json::object({{"v1", Json::object({{kind, std::move(rule)}})}})}})});
  write_receivers(table, kind);
  write_access(table);
}

}  // namespace

Exported export_to_aws(const policy::Policy& policy, const std::set<std::string>& accepted) {
  const std::vector<std::string> words = aws_accept_words();
  for (const std::string& word : accepted) {
    if (std::binary_search(words.begin(), words.end(), word)) continue;
    std::string all;
    for (const std::string& known : words) all += (all.empty() ? "" : ", ") + known;
    throw Mistake("nothing was exported", word, "nothing of this name can be accepted",
                  "name some of: " + all);
  }
  return Exporter(policy, accepted).write();
}

}  // namespace gbx::client
