// No field of a policy is dropped in silence on its way to AWS Clean Rooms.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <regex>
#include <sstream>

#include "client/import/aws_fields.h"
#include "client/import/blanks_fixture.h"
#include "client/import/import.h"
#include "client/policy/mistake.h"
#include "trusted/policy/policy_fixture.h"

namespace gbx::client {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

using Accepted = std::set<std::string>;

Accepted everything() {
  const std::vector<std::string> words = aws_accept_words();
  return {words.begin(), words.end()};
}

policy::Template a_template() {
  policy::Template out{.name = "spenders", .sql = "SELECT COUNT(*) FROM purchases"};
  out.approved_by = {{"shopgood", policy::template_digest(out)}};
  return out;
}

// device = 'phone'
sql::Node on_phones() {
  sql::Node out;
  out.kind = sql::NodeKind::call;
  out.text = "=";
  out.children.resize(2);
  out.children[0].kind = sql::NodeKind::column;
  out.children[0].path = {"device"};
  out.children[1].kind = sql::NodeKind::text;
  out.children[1].text = "phone";
  return out;
}

void control(policy::Rule& rule, privacy::Accounting accounting) {
  rule.additional_analyses = policy::AdditionalAnalyses::allowed;
  rule.comparisons = {{"device"}, {"campaign_id"}};
  rule.result_receivers = {{"agency", "newsnow"}};
  rule.access_budget = {{privacy::Window::day, privacy::Accounting::queries, 10},
                        {privacy::Window::lifetime, accounting, 1'000'000}};
  rule.derived_hours = rule.kind == policy::RuleKind::list ? 0 : 24;
}

// With every field that a policy under noise can have.
policy::Policy noised(privacy::Accounting accounting) {
  policy::Policy out = policy::example_policy();
  out.version = 2;
  out.previous = Hash{1};
  out.members[0].rations = {{privacy::Window::day, accounting, 500'000},
                            {privacy::Window::week, privacy::Accounting::queries, 5}};
  out.privacy.accounting = accounting;
  out.privacy.outer_joins = true;
  out.tables[0].row_filter = on_phones();
  out.tables[0].rule.join_operators = {{.logical_and = true, .logical_or = false}};
  control(out.tables[0].rule, accounting);
  out.templates = {a_template()};
  return out;
}

void make_custom(policy::Policy& policy, privacy::Accounting accounting) {
  policy::Rule rule;
  rule.kind = policy::RuleKind::custom;
  rule.analyses = {std::string(policy::kAnyQuery), "spenders"};
  rule.analysis_providers = {"agency"};
  rule.disallowed_outputs = {"exposure_date"};
  rule.needs_noise = !policy::threshold_only(policy.privacy);
  rule.output_constraints = {{"hashed_email", 60}};
  control(rule, accounting);
  policy.tables[0].rule = rule;
}

void make_list(policy::Policy& policy, privacy::Accounting accounting) {
  policy::Rule rule;
  rule.kind = policy::RuleKind::list;
  rule.join_columns = {"hashed_email"};
  rule.list_columns = {"campaign_id", "hashed_email"};
  rule.join_operators = {{.logical_and = true, .logical_or = false}};
  rule.output_constraints = {{"hashed_email", 1000}};
  control(rule, accounting);
  rule.access_budget = {{privacy::Window::day, accounting, 2},
                        {privacy::Window::lifetime, privacy::Accounting::queries, 10}};
  policy.members[1].abilities.list = true;
  policy.tables[0].rule = rule;
}

std::vector<policy::Policy> with_everything() {
  std::vector<policy::Policy> out;
  for (const privacy::Accounting accounting :
       {privacy::Accounting::pure, privacy::Accounting::zcdp}) {
    out.push_back(noised(accounting));
    out.push_back(noised(accounting));
    make_custom(out.back(), accounting);
    out.push_back(noised(accounting));
    make_list(out.back(), accounting);
  }
  for (const bool custom : {false, true}) {
    policy::Policy bare = noised(privacy::Accounting::queries);
    policy::make_threshold_only(bare.privacy, 100);
    if (custom) make_custom(bare, privacy::Accounting::queries);
    out.push_back(std::move(bare));
  }
  policy::Policy bare = noised(privacy::Accounting::queries);
  policy::make_threshold_only(bare.privacy, 100);
  make_list(bare, privacy::Accounting::queries);
  out.push_back(std::move(bare));
  return out;
}

std::string text_of(const Exported& exported) {
  std::string out;
  for (const ExportedFile& file : exported.files) out += file.name + file.input.canonical() + "\n";
  for (const ImportNote& note : exported.notes) {
    out += std::string(fate_name(note.fate)) + " " + note.subject + ": " + note.text + "\n";
  }
  return out;
}

std::string why_not(const policy::Policy& policy, const Accepted& accepted) {
  try {
    export_to_aws(policy, accepted);
  } catch (const Mistake& mistake) {
    return mistake.why() + "\n" + mistake.next();
  }
  return "it was exported";
}

std::string file_of(const std::string& name) {
  std::ifstream in(std::string(GBX_SOURCE_DIR "/") + name);
  std::stringstream out;
  out << in.rdbuf();
  return out.str();
}

std::set<std::string> paths_of_all() {
  std::set<std::string> out;
  for (const policy::Policy& policy : with_everything()) {
    for (const std::string& path : paths_of(policy::encode(policy))) out.insert(path);
  }
  return out;
}

TEST(AwsFields, AreAllThatAPolicySays) {
  for (const policy::Policy& policy : with_everything()) {
    ASSERT_TRUE(policy::check(policy)) << policy::check(policy).error().reason.view();
  }
  for (const std::string& path : paths_of_all()) {
    EXPECT_NE(find_aws_field(path), nullptr) << path << " is not in aws_fields.cc";
  }
}

TEST(AwsFields, AreNoneThatNoPolicySays) {
  const std::set<std::string> paths = paths_of_all();
  for (const AwsField& field : aws_fields()) {
    bool said = false;
    for (const std::string& path : paths) said = said || find_aws_field(path) == &field;
    EXPECT_TRUE(said) << field.path << " is in no policy of this test";
  }
}

// What a codec writes and the policies above do not have: a new field begins its life here.
TEST(AwsFields, KnowWhatTheCodecsWrite) {
  std::string components = "/";
  for (const AwsField& field : aws_fields()) components += std::string(field.path) + "/";
  const std::regex key(R"re((?:\{|set\()"([A-Za-z0-9_]+)",)re");
  const std::set<std::string> words = {"select", "NOT_ALLOWED"};  // values, no members
  std::size_t count = 0;
  for (const char* name : {"codec", "rule_codec", "privacy_codec"}) {
    const std::string source = file_of(std::string("trusted/policy/") + name + ".cc");
    for (std::sregex_iterator at(source.begin(), source.end(), key), end; at != end; ++at) {
      const std::string found = (*at)[1];
      if (words.contains(found)) continue;
      EXPECT_THAT(components, HasSubstr("/" + found + "/")) << name << ".cc";
      count++;
    }
  }
  EXPECT_GT(count, 60U);
}

TEST(AwsFields, KnowThePacketOfTheSpecification) {
  const std::string page = file_of("docs/spec/policy.md");
  const std::size_t begin = page.find("```json\n") + 8;
  const auto packet = Json::parse(page.substr(begin, page.find("\n```", begin) - begin));
  ASSERT_TRUE(packet);
  for (const std::string& path : paths_of(*packet)) {
    EXPECT_NE(find_aws_field(path), nullptr) << path;
  }
}

TEST(AwsFields, AnUnknownOneIsNone) {
  for (const char* path : {"", "privacy", "privacy/k2", "tables/*/rule/lists/listColumns",
                           "tables/*/rule/custom", "trusty"}) {
    EXPECT_EQ(find_aws_field(path), nullptr) << path;
  }
  EXPECT_NE(find_aws_field("trust/platforms/sim/images"), nullptr);
  EXPECT_NE(find_aws_field("members"), nullptr);  // empty
}

TEST(ExportAws, AListRuleIsAListRuleThatIsWeaker) {
  policy::Policy policy = noised(privacy::Accounting::pure);
  make_list(policy, privacy::Accounting::pure);
  EXPECT_THAT(why_not(policy, {}), HasSubstr("AWS shows lists of one person"));
  const std::string text = text_of(export_to_aws(policy, everything()));
  EXPECT_THAT(text, HasSubstr(R"("listColumns":["campaign_id","hashed_email"])"));
  EXPECT_THAT(text, HasSubstr(R"("analysisRuleType":"LIST")"));
  EXPECT_THAT(text, HasSubstr("whether a list is shown tells its exact size"));
}

// Without an optional field another export, or another report: none is passed over.
TEST(ExportAws, EveryOptionalFieldChangesWhatIsWrittenOrTold) {
  std::size_t tried = 0;
  for (const policy::Policy& policy : with_everything()) {
    const Json packet = policy::encode(policy);
    const std::string before = text_of(export_to_aws(policy, everything()));
    for (std::string path : paths_of(packet)) {
      const AwsField* field = find_aws_field(path);
      if (field->fate == AwsFate::described) continue;
      // The whole of what can be left out: the member of a rule, of the packet, of a table.
      for (const char* list : {"/accessBudget", "/comparisonControls", "/row_filter", "/ration"}) {
        const std::size_t at = path.find(list);
        if (at != std::string::npos) path = path.substr(0, at + std::string(list).size());
      }
      if (path.rfind("templates", 0) == 0) path = "templates";
      for (std::size_t at = 0; (at = path.find('*')) != std::string::npos;) path[at] = '0';
      const auto less = policy::decode(policy::with(packet, path, Json()));
      if (!less) continue;  // required
      tried++;
      EXPECT_TRUE(text_of(export_to_aws(*less, everything())) != before) << path;
    }
  }
  EXPECT_GT(tried, 40U);
}

TEST(ExportAws, WhatWouldBeWeakerMustBeAccepted) {
  for (const policy::Policy& policy : with_everything()) {
    const std::string why = why_not(policy, {});
    EXPECT_THAT(why, HasSubstr("AWS would allow more"));
    // The words of the refusal are enough, and each of them is needed.
    const std::string words = why.substr(why.rfind("--accept ") + 9);
    Accepted said;
    std::stringstream in(words);
    for (std::string word; std::getline(in, word, ',');) said.insert(word);
    EXPECT_EQ(why_not(policy, said), "it was exported");
    for (const std::string& word : said) {
      Accepted less = said;
      less.erase(word);
      EXPECT_THAT(why_not(policy, less), HasSubstr(word + ": "));
    }
  }
}

TEST(ExportAws, TheReportNamesWhatWasAccepted) {
  const std::string text = text_of(export_to_aws(with_everything()[0], everything()));
  for (const char* word : {"row_filter: ", "comparisonControls: ", "accessBudget: ",
                           "differencing: ", "contribution: ", "noise: ", "budget: ", "trust: "}) {
    EXPECT_THAT(text, HasSubstr(word));
  }
  EXPECT_THAT(text, HasSubstr("left_out templates: "));
}

TEST(ExportAws, AnUnknownWordIsNotAccepted) {
  EXPECT_THAT(why_not(policy::example_policy(), {"all"}), HasSubstr("nothing of this name"));
}

std::string written(const Exported& exported, const std::string& name) {
  for (const ExportedFile& file : exported.files) {
    if (file.name == name) return file.input.canonical();
  }
  return "";
}

TEST(ExportAws, ACustomRuleIsUnderTheNoiseOfAws) {
  policy::Policy policy = policy::example_policy();
  make_custom(policy, privacy::Accounting::pure);
  const Exported exported = export_to_aws(policy, everything());
  const std::string rule = written(exported, "exposures.aws.json");
  EXPECT_THAT(rule, HasSubstr(R"("differentialPrivacy":{"columns":[{"name":"hashed_email"}]})"));
  EXPECT_THAT(rule, HasSubstr(R"("allowedAnalyses":["ANY_QUERY","FILL_IN_arn_of_spenders"])"));
  EXPECT_THAT(rule, HasSubstr(R"("allowedAnalysisProviders":["FILL_IN_account_of_agency"])"));
  EXPECT_THAT(rule, HasSubstr(R"("disallowedOutputColumns":["exposure_date"])"));
  EXPECT_THAT(rule, HasSubstr(R"("allowedLiteralComparisonColumns":["device"])"));
  EXPECT_THAT(rule, Not(HasSubstr("aggregationThresholds")));
  EXPECT_THAT(written(exported, "dp-budget.aws.json"), HasSubstr(R"("epsilon":3)"));
  EXPECT_THAT(written(exported, "exposures.receivers.aws.json"),
              HasSubstr(R"(["FILL_IN_account_of_agency","FILL_IN_account_of_newsnow"])"));
}

TEST(ExportAws, WithoutNoiseACustomRuleHasThresholds) {
  policy::Policy policy = policy::example_policy();
  make_custom(policy, privacy::Accounting::pure);
  policy.tables[0].rule.needs_noise = false;
  Accepted but_k = everything();
  but_k.erase("k");
  const std::string rule = written(export_to_aws(policy, but_k), "exposures.aws.json");
  EXPECT_THAT(rule, HasSubstr(R"("identityColumns":["hashed_email"],"minimumIdentityCount":60)"));
  EXPECT_THAT(rule, Not(HasSubstr("differentialPrivacy")));
}

TEST(ExportAws, MinimaOfOtherColumnsAreCarried) {
  policy::Policy policy = policy::example_policy();
  policy::make_threshold_only(policy.privacy, 100);
  policy.tables[0].rule.output_constraints.push_back({"device", 3});
  const Exported exported = export_to_aws(policy, everything());
  EXPECT_THAT(written(exported, "exposures.aws.json"),
              HasSubstr(R"({"columnName":"device","minimum":3,"type":"COUNT_DISTINCT"}])"));
}

TEST(ExportAws, QuestionsAreCountedAsAnAccessBudget) {
  policy::Policy policy = policy::example_policy();
  policy::make_threshold_only(policy.privacy, 100);
  policy.tables[0].rule.access_budget = {
      {privacy::Window::day, privacy::Accounting::queries, 10},
      {privacy::Window::lifetime, privacy::Accounting::queries, 400}};
  const std::string budget =
      written(export_to_aws(policy, everything()), "exposures.budget.aws.json");
  EXPECT_THAT(budget, HasSubstr(R"({"autoRefresh":"ENABLED","budget":10,"type":"CALENDAR_DAY"})"));
  EXPECT_THAT(budget, HasSubstr(R"({"budget":100,"type":"LIFETIME"})"));
}

TEST(ExportAws, LeavesOutWhatAwsHasNot) {
  policy::Policy policy = policy::example_policy();
  policy.tables = {policy::purchases_table()};
  policy::Table& table = policy.tables[0];
  table.rule.scalar_functions = {"ABS", "CLAMP"};
  table.rule.aggregate_columns = {{{"total_spent"}, policy::AggregateFunction::variance}};
  EXPECT_TRUE(export_to_aws(policy, everything()).files.empty());
  table.rule.aggregate_columns.push_back({{"total_spent"}, policy::AggregateFunction::sum});
  const Exported exported = export_to_aws(policy, everything());
  ASSERT_EQ(exported.files.size(), 1U);
  const std::string text = exported.files[0].input.canonical();
  EXPECT_THAT(text, Not(HasSubstr("CLAMP")));
  EXPECT_THAT(text, Not(HasSubstr("VARIANCE")));
  EXPECT_THAT(text, HasSubstr("ABS"));
}

// --- from AWS to a policy and back ---

const std::string kMembers =
    R"({"memberSummaries": [{"accountId": "111122223333", "displayName": "shopgood",
        "abilities": []},
       {"accountId": "444455556666", "displayName": "news",
        "abilities": ["CAN_QUERY", "CAN_RECEIVE_RESULTS"]}]})";

Exported there_and_back(const std::string& kind, const std::string& rule,
                        const Accepted& accepted) {
  const std::vector<ImportFile> files = {
      {"members", kMembers},
      {"table", R"({"configuredTable": {"id": "t", "name": "purchases",
                   "allowedColumns": ["email", "amount", "store"]}})"},
      {"association", R"({"configuredTableAssociation": {"id": "a", "arn": "arn:a",
                         "configuredTableId": "t"}})"},
      {"schema", R"({"schema": {"name": "purchases", "columns": [
          {"name": "email", "type": "string"}, {"name": "amount", "type": "bigint"},
          {"name": "store", "type": "string"}]}})"},
      {"rule", R"({"analysisRule": {"configuredTableId": "t", "type": "X", "policy": {"v1": {")" +
                   kind + "\": " + rule + "}}}}"},
      {"receivers", R"({"analysisRule": {"configuredTableAssociationId": "a", "type": "X",
                       "policy": {"v1": {")" +
                        kind + R"(": {"allowedResultReceivers": ["444455556666"]}}}}})"},
      {"noise", R"({"privacyBudgetTemplate": {"parameters": {"differentialPrivacy":
                   {"epsilon": 3, "usersNoisePerQuery": 30}}}})"},
      {"access",
       R"({"privacyBudgetTemplate": {"parameters": {"accessBudget": {
          "resourceArn": "arn:a", "budgetParameters": [{"type": "LIFETIME", "budget": 40}]}}}})"}};
  const Imported imported = import_policy(ImportSource::aws, files);
  try {
    const policy::Policy policy = build(filled(imported.yaml, blanks_of(imported.yaml), ""));
    return export_to_aws(policy, accepted);
  } catch (const Mistake& mistake) {
    ADD_FAILURE() << mistake.where() << " " << mistake.why() << "\n" << imported.yaml;
    return {};
  }
}

std::string sorted(const std::string& text) {
  const auto json = Json::parse(text);
  return json ? json->canonical() : "no JSON: " + text;
}

// What comes back: the rule as it was, its receiver, and the budget of questions.
void expect_back(const Exported& exported, const std::string& kind, const std::string& rule) {
  EXPECT_THAT(written(exported, "purchases.aws.json"),
              HasSubstr("{\"v1\":{\"" + kind + "\":" + sorted(rule) + "}}"));
  EXPECT_THAT(written(exported, "purchases.receivers.aws.json"),
              HasSubstr(R"("allowedResultReceivers":["FILL_IN_account_of_news"])"));
  EXPECT_THAT(written(exported, "purchases.budget.aws.json"),
              HasSubstr(R"("budgetParameters":[{"budget":40,"type":"LIFETIME"}])"));
}

TEST(ThereAndBack, AnAggregationRuleIsAsItWas) {
  const std::string rule =
      R"({"aggregateColumns": [{"columnNames": ["amount"], "function": "SUM"},
                               {"columnNames": ["email"], "function": "COUNT_DISTINCT"}],
          "joinColumns": ["email"], "joinRequired": "QUERY_RUNNER",
          "allowedJoinOperators": ["AND", "OR"], "dimensionColumns": ["store"],
          "scalarFunctions": ["CAST", "LOWER"],
          "outputConstraints": [{"columnName": "email", "minimum": 30, "type": "COUNT_DISTINCT"}],
          "additionalAnalyses": "ALLOWED"})";
  expect_back(there_and_back("aggregation", rule, everything()), "aggregation", rule);
}

TEST(ThereAndBack, ACustomRuleUnderNoiseIsAsItWas) {
  const std::string rule =
      R"({"allowedAnalyses": ["ANY_QUERY"], "allowedAnalysisProviders": ["FILL_IN_account_of_news"],
          "additionalAnalyses": "NOT_ALLOWED", "disallowedOutputColumns": ["store"],
          "comparisonControls": {"allowedLiteralComparisonColumns": ["amount", "store"],
                                 "allowedColumnComparisonColumns": ["amount"]},
          "differentialPrivacy": {"columns": [{"name": "email"}]}})";
  std::string said = rule;
  said.replace(said.find("FILL_IN_account_of_news"), 23, "444455556666");
  const Exported exported = there_and_back("custom", said, everything());
  expect_back(exported, "custom", rule);
  EXPECT_THAT(written(exported, "dp-budget.aws.json"),
              HasSubstr(R"({"epsilon":3,"usersNoisePerQuery":30})"));
}

TEST(ThereAndBack, ThresholdsAreAsTheyWereOnceTheNoiseIsGivenUp) {
  const std::string rule =
      R"({"allowedAnalyses": ["ANY_QUERY"], "allowedAnalysisProviders": ["FILL_IN_account_of_news"],
          "additionalAnalyses": "NOT_ALLOWED", "disallowedOutputColumns": [],
          "aggregationThresholds": [{"identityColumns": ["email"], "minimumIdentityCount": 70,
            "type": "COUNT_DISTINCT", "allowedAggregateExpressionType": "ANY_EXPRESSION"}]})";
  std::string said = rule;
  said.replace(said.find("FILL_IN_account_of_news"), 23, "444455556666");
  Accepted but_k = everything();
  but_k.erase("k");
  expect_back(there_and_back("custom", said, but_k), "custom", rule);
}

}  // namespace
}  // namespace gbx::client
