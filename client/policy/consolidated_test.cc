#include "client/policy/consolidated.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/policy/row_filter_text.h"
#include "trusted/policy/policy_fixture.h"

namespace gbx::client {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::vector<std::string> kBoth = {"exposures", "purchases"};

TEST(Consolidated, OfOneTableItIsItsRule) {
  const ConsolidatedRule rule = consolidate(policy::example_policy(), {"purchases"});
  EXPECT_THAT(rule.persons, ElementsAre("purchases.hashed_email"));
  EXPECT_EQ(rule.people_min, 50);
  EXPECT_EQ(rule.people_min_of, "");
  EXPECT_THAT(rule.askers, ElementsAre("agency", "newsnow"));
  EXPECT_THAT(rule.receivers, ElementsAre("agency", "newsnow"));
  EXPECT_THAT(rule.groups, IsEmpty());
  EXPECT_THAT(rule.aggregates,
              ElementsAre("COUNT(DISTINCT purchases.hashed_email)", "SUM(purchases.total_spent)",
                          "AVG(purchases.total_spent)"));
  EXPECT_THAT(rule.conditions, ElementsAre("purchases.total_spent"));
  EXPECT_THAT(rule.functions, ElementsAre("ABS", "EXTRACT"));
}

TEST(Consolidated, TheMostRestrictiveWins) {
  policy::Policy policy = policy::example_policy();
  policy.tables[0].rule.output_constraints = {{"hashed_email", 70}};
  policy.tables[0].rule.result_receivers = {"newsnow"};
  policy.tables[0].rule.join_operators = policy::JoinOperators{.logical_and = true};
  policy.tables[1].rule.scalar_functions = {"ABS", "UPPER"};
  policy.tables[1].row_filter = parse_row_filter("total_spent > 1")->node;
  policy.tables[1].rule.comparisons =
      policy::ComparisonControls{.literal_columns = {"total_spent"}, .column_columns = {}};
  const ConsolidatedRule rule = consolidate(policy, kBoth);
  EXPECT_EQ(rule.people_min, 70);
  EXPECT_EQ(rule.people_min_of, "exposures");
  EXPECT_THAT(rule.askers, ElementsAre("newsnow"));  // exposures are joined with the asker's only
  EXPECT_THAT(rule.receivers, ElementsAre("newsnow"));
  EXPECT_THAT(rule.functions, ElementsAre("UPPER"));
  EXPECT_TRUE(rule.join_and);
  EXPECT_FALSE(rule.join_or);
  const std::string text = consolidated_text(rule);
  EXPECT_THAT(text, HasSubstr("The rule of exposures, purchases together"));
  EXPECT_THAT(text, HasSubstr("70 or more, as exposures demands"));
  EXPECT_THAT(text, HasSubstr("of purchases: literals purchases.total_spent; columns none"));
  EXPECT_THAT(text, HasSubstr("of purchases where"));
  const Json json = consolidated_json(rule);
  EXPECT_EQ(json.find("receivers")->canonical(), R"(["newsnow"])");
  EXPECT_EQ(json.find("join_operators")->canonical(), R"(["AND"])");
}

TEST(Consolidated, MinimaOfValuesAreOfTheirColumns) {
  policy::Policy policy = policy::example_policy();
  policy::make_threshold_only(policy.privacy, 10);
  policy.tables[0].rule.output_constraints.push_back({"device", 9000});
  const ConsolidatedRule rule = consolidate(policy, kBoth);
  EXPECT_EQ(rule.people_min, 50);
  EXPECT_THAT(consolidated_text(rule), HasSubstr("9000 or more of exposures.device"));
  EXPECT_EQ(consolidated_json(rule).find("values_min")->canonical(),
            R"({"exposures.device":9000})");
}

TEST(Consolidated, DerivedTablesLiveForTheShortestTime) {
  policy::Policy policy = policy::example_policy();
  policy.tables[0].rule.derived_hours = 48;
  EXPECT_EQ(consolidate(policy, kBoth).derived_hours, 0U);
  EXPECT_EQ(consolidated_json(consolidate(policy, kBoth)).find("derived_hours"), nullptr);
  policy.tables[1].rule.derived_hours = 24;
  const ConsolidatedRule rule = consolidate(policy, kBoth);
  EXPECT_EQ(rule.derived_hours, 24U);
  EXPECT_THAT(consolidated_text(rule), HasSubstr("derived tables  for at most 24 hours"));
  EXPECT_EQ(*consolidated_json(rule).find("derived_hours")->integer(), 24);
}

TEST(Consolidated, CustomRulesNarrowWhoAsksWhat) {
  policy::Policy policy = policy::example_policy();
  for (policy::Table& table : policy.tables) {
    table.rule = {};
    table.rule.kind = policy::RuleKind::custom;
    table.rule.analyses = {"ANY_QUERY", "overlap", "reach"};
    table.rule.analysis_providers = {"agency", "newsnow"};
  }
  policy.tables[0].rule.analyses = {"ANY_QUERY", "overlap"};
  policy.tables[1].rule.analysis_providers = {"agency"};
  policy.tables[0].rule.disallowed_outputs = {"device"};
  policy.tables[1].rule.additional_analyses = policy::AdditionalAnalyses::required;
  const ConsolidatedRule rule = consolidate(policy, kBoth);
  EXPECT_THAT(rule.askers, ElementsAre("agency"));
  EXPECT_THAT(rule.templates, ElementsAre("overlap"));
  EXPECT_THAT(rule.groups, ElementsAre("exposures.campaign_id", "exposures.exposure_date",
                                       "purchases.purchase_date"));
  EXPECT_THAT(rule.conditions, testing::Contains("exposures.device"));
  EXPECT_THAT(rule.for_analyses_only, ElementsAre("purchases"));
  EXPECT_EQ(rule.functions.size(), policy::scalar_function_names().size());
  EXPECT_THAT(consolidated_text(rule), HasSubstr("templates       overlap"));
}

TEST(Consolidated, OfListsIsWhatTheyShowAndWhoMayAsk) {
  policy::Policy policy = policy::example_policy();
  policy.members[1].abilities.list = true;
  for (policy::Table& table : policy.tables) {
    policy::Rule& rule = table.rule;
    rule = {};
    rule.kind = policy::RuleKind::list;
    rule.join_columns = {"hashed_email"};
    rule.list_columns = {"campaign_id", "hashed_email"};
    rule.output_constraints = {{"hashed_email", 1000}};
    rule.access_budget = {{privacy::Window::lifetime, privacy::Accounting::queries, 4}};
  }
  policy.tables[1].rule.list_columns = {"hashed_email"};
  policy.tables[1].rule.output_constraints[0].minimum = 2000;
  const ConsolidatedRule rule = consolidate(policy, kBoth);
  EXPECT_THAT(rule.askers, ElementsAre("newsnow"));
  EXPECT_THAT(rule.lists, ElementsAre("exposures", "purchases"));
  EXPECT_THAT(rule.list_columns, ElementsAre("exposures.campaign_id", "exposures.hashed_email",
                                             "purchases.hashed_email"));
  EXPECT_THAT(rule.conditions, ElementsAre("exposures.campaign_id"));
  EXPECT_THAT(rule.groups, IsEmpty());
  EXPECT_THAT(rule.aggregates, IsEmpty());
  EXPECT_THAT(rule.functions, IsEmpty());
  EXPECT_THAT(rule.join_required, ElementsAre("exposures", "purchases"));
  EXPECT_EQ(rule.people_min, 2000);
  EXPECT_THAT(consolidated_text(rule), HasSubstr("not a privacy guarantee"));
  EXPECT_EQ(consolidated_json(rule).find("lists")->find("of")->canonical(),
            R"(["exposures","purchases"])");
}

TEST(Consolidated, FindsTablesInATextThatWasRefused) {
  const policy::Policy policy = policy::example_policy();
  EXPECT_THAT(tables_named(policy, "SELECT x FROM Exposures"), ElementsAre("exposures"));
  EXPECT_THAT(tables_named(policy, "SELECT 1"), IsEmpty());
}

}  // namespace
}  // namespace gbx::client
