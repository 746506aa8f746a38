#include "trusted/policy/rule_codec.h"

#include <gtest/gtest.h>

#include "trusted/policy/policy_fixture.h"

// What aggregation rules may not say besides is in policy_test.cc.

namespace gbx::policy {
namespace {

Json list(std::initializer_list<Json> items) { return Json(Json::Array(items)); }

Json controls(std::initializer_list<Json> literal, std::initializer_list<Json> column) {
  return Json::object({{"allowedColumnComparisonColumns", list(column)},
                       {"allowedLiteralComparisonColumns", list(literal)}});
}

Json budget(const char* unit, const char* amount, const char* window) {
  return Json::object({{unit, std::string(amount)}, {"window", std::string(window)}});
}

Json hours(Json number) { return Json::object({{"retentionHours", std::move(number)}}); }

TEST(Rule, ControlsThatAreNoneAreRefused) {
  struct Case {
    std::string path;
    Json value;
    const char* reason;
  };
  const std::string rule = "tables/0/rule/aggregation/";
  for (const Case& wrong : {
           Case{rule + "allowedJoinOperators", list({"XOR"}), "policy_join_operator_unknown"},
           Case{rule + "allowedJoinOperators", list({"OR", "AND"}), "policy_join_operator_unknown"},
           Case{rule + "allowedJoinOperators", list({"AND", "AND"}),
                "policy_join_operator_unknown"},
           Case{rule + "allowedJoinOperators", "AND", "policy_malformed"},
           Case{rule + "allowedResultReceivers", Json::Array{}, "policy_receiver_unknown"},
           Case{rule + "allowedResultReceivers", list({"shopgood"}), "policy_receiver_unknown"},
           Case{rule + "allowedResultReceivers", list({"newsnow", "agency"}),
                "policy_receiver_unknown"},
           Case{rule + "allowedResultReceivers", "agency", "policy_malformed"},
           Case{rule + "comparisonControls", controls({"device", "x"}, {}),
                "policy_rule_column_unknown"},
           Case{rule + "comparisonControls", controls({}, {"device", "device"}),
                "policy_rule_column_repeated"},
           Case{rule + "comparisonControls", Json::object({}), "policy_malformed"},
           Case{rule + "accessBudget", Json::Array{}, "policy_ration_malformed"},
           Case{rule + "accessBudget", "day", "policy_malformed"},
           Case{rule + "accessBudget", list({budget("queries", "0", "day")}),
                "policy_ration_malformed"},
           Case{rule + "accessBudget",
                list({budget("queries", "1", "week"), budget("queries", "1", "day")}),
                "policy_ration_malformed"},
           Case{rule + "accessBudget", list({budget("rho", "1", "day")}),
                "policy_ration_accounting"},
           Case{rule + "allowedAnalyses", list({"ANY_QUERY"}), "policy_malformed"},
           Case{rule + "derivedTables", 24, "policy_malformed"},
           Case{rule + "derivedTables", Json::object({}), "policy_malformed"},
           Case{rule + "derivedTables", hours(0), "policy_malformed"},
           Case{rule + "derivedTables", hours(-1), "policy_malformed"},
           Case{rule + "derivedTables", hours(87'601), "policy_malformed"},
           Case{rule + "derivedTables", hours("24"), "policy_malformed"},
           Case{rule + "derivedTables", with(hours(24), "more", 1), "policy_malformed"},
           Case{std::string("tables/0/row_filter"), Json::object({{"column", "nothing"}}),
                "policy_row_filter_wrong"},
           Case{std::string("tables/0/row_filter"), Json::object({{"column", "device"}}),
                "policy_row_filter_wrong"},
           Case{std::string("tables/0/row_filter"), "device = 'phone'",
                "policy_row_filter_malformed"},
       }) {
    const auto decoded = decode(with(encode(example_policy()), wrong.path, wrong.value));
    ASSERT_FALSE(decoded) << wrong.path;
    EXPECT_EQ(decoded.error().reason.view(), wrong.reason) << wrong.path;
  }
}

Json custom() {
  return Json::object({{"additionalAnalyses", "ALLOWED"},
                       {"aggregationThresholds", Json(Json::Array{})},
                       {"allowedAnalyses", list({"ANY_QUERY", "overlap"})},
                       {"allowedAnalysisProviders", list({"agency", "newsnow"})},
                       {"disallowedOutputColumns", list({"device"})}});
}

std::string custom_reason(std::string_view key, const Json& value) {
  const Json rule = Json::object({{"custom", with(custom(), key, value)}});
  const auto decoded = decode(with(encode(example_policy()), "tables/0/rule", rule));
  return decoded ? "accepted" : std::string(decoded.error().reason.view());
}

TEST(Rule, ACustomRuleReadsBack) {
  Json rule = custom();
  rule.set("differentialPrivacy", true);
  rule.set("comparisonControls", controls({"device"}, {}));
  rule.set("allowedResultReceivers", list({"agency"}));
  rule.set("accessBudget", list({budget("queries", "10", "day"), budget("epsilon", "1", "month")}));
  const Json packet =
      with(encode(example_policy()), "tables/0/rule", Json::object({{"custom", rule}}));
  const auto decoded = decode(packet);
  ASSERT_TRUE(decoded) << decoded.error().reason.view();
  EXPECT_EQ(encode(*decoded).canonical(), packet.canonical());
  const Rule& read = decoded->tables[0].rule;
  EXPECT_EQ(read.kind, RuleKind::custom);
  EXPECT_TRUE(read.needs_noise);
  EXPECT_EQ(read.additional_analyses, AdditionalAnalyses::allowed);
  EXPECT_EQ(read.result_receivers, std::vector<std::string>{"agency"});
  Policy bare = *decoded;
  make_threshold_only(bare.privacy, 10);
  EXPECT_EQ(check(bare).error().reason.view(), "policy_rule_needs_noise");
}

TEST(Rule, ACustomRuleThatIsNoneIsRefused) {
  EXPECT_EQ(custom_reason("disallowedOutputColumns", list({})), "accepted");
  EXPECT_EQ(custom_reason("disallowedOutputColumns", list({"x"})), "policy_rule_column_unknown");
  EXPECT_EQ(custom_reason("allowedAnalyses", list({})), "policy_analyses_wrong");
  EXPECT_EQ(custom_reason("allowedAnalyses", list({"overlap", "ANY_QUERY"})),
            "policy_analyses_wrong");
  EXPECT_EQ(custom_reason("allowedAnalyses", list({"ANY_QUERY", "Overlap"})),
            "policy_analyses_wrong");
  EXPECT_EQ(custom_reason("allowedAnalyses", list({"overlap"})), "policy_analysis_providers_wrong");
  EXPECT_EQ(custom_reason("allowedAnalysisProviders", list({})), "policy_analysis_providers_wrong");
  EXPECT_EQ(custom_reason("allowedAnalysisProviders", list({"shopgood"})),
            "policy_analysis_providers_wrong");
  EXPECT_EQ(custom_reason("differentialPrivacy", false), "policy_malformed");
  EXPECT_EQ(custom_reason("joinColumns", list({"hashed_email"})), "policy_malformed");
  EXPECT_EQ(custom_reason("additionalAnalyses", Json()), "policy_malformed");
  const Json both = Json::object({{"aggregation", custom()}, {"custom", custom()}});
  const auto decoded = decode(with(encode(example_policy()), "tables/0/rule", both));
  EXPECT_EQ(decoded.error().reason.view(), "policy_rule_kind_unknown");
}

TEST(Rule, ARowFilterAndControlsReadBack) {
  const Json filter = Json::object({{"call", "="},
                                    {"of", Json(Json::Array{Json::object({{"column", "device"}}),
                                                            Json::object({{"text", "phone"}})})}});
  Json packet = with(encode(example_policy()), "tables/0/row_filter", filter);
  const std::string rule = "tables/0/rule/aggregation/";
  packet = with(packet, rule + "comparisonControls", controls({"device"}, {"exposure_date"}));
  packet = with(packet, rule + "allowedJoinOperators", list({"AND"}));
  packet = with(packet, rule + "allowedResultReceivers", list({"agency", "newsnow"}));
  packet = with(packet, rule + "additionalAnalyses", "REQUIRED");
  packet = with(packet, rule + "derivedTables", hours(87'600));
  const auto decoded = decode(packet);
  ASSERT_TRUE(decoded) << decoded.error().reason.view();
  EXPECT_EQ(encode(*decoded).canonical(), packet.canonical());
  EXPECT_EQ(decoded->tables[0].rule.derived_hours, 87'600U);
  EXPECT_EQ(decoded->tables[1].rule.derived_hours, 0U);
  Policy longer = *decoded;
  longer.tables[0].rule.derived_hours++;
  EXPECT_EQ(check(longer).error().reason.view(), "policy_derived_range");
  const std::vector<std::string> both = {"exposures", "purchases"};
  EXPECT_EQ(receivers_of(*decoded, both).size(), 2U);
  Policy narrow = *decoded;
  narrow.tables[1].rule.result_receivers = {"newsnow"};
  ASSERT_EQ(receivers_of(narrow, both).size(), 1U);
  EXPECT_EQ(receivers_of(narrow, both)[0]->name, "newsnow");
  narrow.tables[0].rule.result_receivers = {"agency"};
  EXPECT_TRUE(receivers_of(narrow, both).empty());
  EXPECT_EQ(receivers_of(narrow, {}).size(), 2U);
}

Json listing() {
  return Json::object({{"accessBudget", list({budget("queries", "4", "lifetime")})},
                       {"additionalAnalyses", "NOT_ALLOWED"},
                       {"allowedJoinOperators", list({"AND"})},
                       {"joinColumns", list({"hashed_email"})},
                       {"listColumns", list({"hashed_email", "campaign_id"})},
                       {"minimumAudience", 1000}});
}

Json with_list(const Json& rule) {
  return with(encode(example_policy()), "tables/0/rule", Json::object({{"list", rule}}));
}

TEST(ListRule, ComesBackAsItWas) {
  const Json policy = with_list(listing());
  const auto decoded = decode(policy);
  ASSERT_TRUE(decoded) << decoded.error().reason.view();
  EXPECT_EQ(encode(*decoded).canonical(), policy.canonical());
  const Rule& rule = decoded->tables[0].rule;
  EXPECT_EQ(rule.kind, RuleKind::list);
  EXPECT_EQ(rule.output_constraints.at(0).minimum, 1000);
  EXPECT_TRUE(rule.aggregate_columns.empty());
  EXPECT_TRUE(decode(with_list(with(listing(), "allowedJoinOperators", Json()))));
}

TEST(ListRule, ThatSaysTooLittleOrTooMuchIsRefused) {
  struct Case {
    const char* key;
    Json value;
    const char* reason;
  };
  for (const Case& wrong : {
           Case{"joinColumns", Json::Array{}, "policy_list_not_joined"},
           Case{"joinColumns", list({"device"}), "policy_join_not_person"},
           Case{"joinColumns", Json(), "policy_malformed"},
           Case{"listColumns", list({"campaign_id"}), "policy_list_without_person"},
           Case{"listColumns", list({"hashed_email", "x"}), "policy_rule_column_unknown"},
           Case{"listColumns", list({"hashed_email", "hashed_email"}),
                "policy_rule_column_repeated"},
           Case{"listColumns", Json(), "policy_malformed"},
           Case{"minimumAudience", 1, "policy_constraint_range"},
           Case{"minimumAudience", 100'001, "policy_constraint_range"},
           Case{"minimumAudience", "1000", "policy_malformed"},
           Case{"minimumAudience", Json(), "policy_malformed"},
           Case{"accessBudget", Json(), "policy_list_without_ration"},
           Case{"accessBudget", list({budget("queries", "4", "day")}),
                "policy_list_without_ration"},
           Case{"accessBudget", list({budget("epsilon", "1", "lifetime")}),
                "policy_list_without_ration"},
           Case{"allowedJoinOperators", list({"XOR"}), "policy_join_operator_unknown"},
           Case{"derivedTables", hours(24), "policy_list_derived"},
           Case{"aggregateColumns", Json::Array{}, "policy_malformed"},
           Case{"scalarFunctions", list({"UPPER"}), "policy_malformed"},
           Case{"joinRequired", "QUERY_RUNNER", "policy_malformed"},
       }) {
    const auto decoded = decode(with_list(with(listing(), wrong.key, wrong.value)));
    ASSERT_FALSE(decoded) << wrong.key;
    EXPECT_EQ(decoded.error().reason.view(), wrong.reason) << wrong.key;
  }
  const Json two = Json::object({{"custom", custom()}, {"list", listing()}});
  EXPECT_FALSE(decode(with(encode(example_policy()), "tables/0/rule", two)));
  const Json sensitive = with(listing(), "listColumns", list({"hashed_email", "total_spent"}));
  const auto decoded =
      decode(with(encode(example_policy()), "tables/1/rule", Json::object({{"list", sensitive}})));
  ASSERT_FALSE(decoded);
  EXPECT_EQ(decoded.error().reason.view(), "policy_list_sensitive");
}

TEST(ListAbility, StandsBesideQueryAndReceive) {
  const Json policy = encode(example_policy());
  const auto reason = [&](const Json& abilities) {
    const auto decoded = decode(with(policy, "members/1/abilities", abilities));
    return decoded ? "" : std::string(decoded.error().reason.view());
  };
  EXPECT_EQ(reason(list({"provide", "query", "receive", "list"})), "");
  EXPECT_EQ(reason(list({"provide", "query", "list"})), "policy_list_ability_alone");
  EXPECT_EQ(reason(list({"provide", "receive", "list"})), "policy_list_ability_alone");
  EXPECT_EQ(reason(list({"list"})), "policy_list_ability_alone");
  EXPECT_EQ(reason(list({"list", "provide", "query", "receive"})), "policy_ability_unknown");
}

}  // namespace
}  // namespace gbx::policy
