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
  const auto decoded = decode(packet);
  ASSERT_TRUE(decoded) << decoded.error().reason.view();
  EXPECT_EQ(encode(*decoded).canonical(), packet.canonical());
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

}  // namespace
}  // namespace gbx::policy
