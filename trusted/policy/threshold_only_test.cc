// Policies without noise: that the packet says so, and says nothing else of noise.

#include <gtest/gtest.h>

#include "trusted/policy/policy.h"
#include "trusted/policy/policy_fixture.h"

namespace gbx::policy {
namespace {

Json ration(const char* unit, const char* amount) {
  return Json(
      Json::Array{Json::object({{unit, std::string(amount)}, {"window", std::string("day")}})});
}

TEST(ThresholdOnlyPolicy, ThresholdOnlyIsSaidInSoManyWords) {
  Policy policy = example_policy();
  make_threshold_only(policy.privacy, 1000);
  const Json packet = encode(policy);
  EXPECT_EQ(packet.find("privacy")->canonical(),
            R"({"differencing":{"near":"flag","percent":5,"values":10},)"
            R"("groups_per_person":4,"k":50,"queries":"1000","rows_per_group":20,)"
            R"("threshold_only":"no noise: not a privacy guarantee"})");
  const auto decoded = decode(packet);
  ASSERT_TRUE(decoded) << decoded.error().reason.view();
  EXPECT_EQ(encode(*decoded).canonical(), packet.canonical());
  EXPECT_TRUE(threshold_only(decoded->privacy));
  EXPECT_EQ(budget_of(decoded->privacy), (privacy::Price{1000, 0}));
  EXPECT_EQ(price_of(decoded->privacy, 0), (privacy::Price{1, 0}));
  const auto reason = [&](std::string_view path, const Json& value) {
    const auto spoilt = decode(with(packet, path, value));
    return spoilt ? std::string("accepted") : std::string(spoilt.error().reason.view());
  };
  EXPECT_EQ(reason("privacy/threshold_only", true), "policy_malformed");
  EXPECT_EQ(reason("privacy/threshold_only", "no noise"), "policy_malformed");
  EXPECT_EQ(reason("privacy/threshold_only", Json()), "policy_malformed");
  EXPECT_EQ(reason("privacy/queries", "0"), "policy_queries_range");
  EXPECT_EQ(reason("privacy/queries", "1000000001"), "policy_malformed");
  EXPECT_EQ(reason("privacy/queries", "1.5"), "policy_malformed");
  EXPECT_EQ(reason("privacy/queries", 7), "policy_malformed");
  EXPECT_EQ(reason("privacy/epsilon", "1"), "policy_malformed");
  EXPECT_EQ(reason("privacy/k", 1), "policy_k_range");
  EXPECT_EQ(reason("privacy/groups_per_person", 0), "policy_groups_per_person_range");
  EXPECT_EQ(reason("members/0/ration", ration("queries", "5")), "accepted");
  EXPECT_EQ(reason("members/0/ration", ration("epsilon", "5")), "policy_ration_accounting");
}

TEST(ThresholdOnlyPolicy, NothingIsBothNoisedAndNot) {
  Policy policy = example_policy();
  policy.privacy.queries = 1;
  EXPECT_EQ(check(policy).error().reason.view(), "policy_threshold_only_with_dp");
  const auto reason = [](auto spoil) {
    Policy other = example_policy();
    make_threshold_only(other.privacy, 1);
    spoil(other.privacy);
    return check(other).error().reason.view();
  };
  for (bool Privacy::* word : {&Privacy::laplace, &Privacy::gaussian, &Privacy::geometric}) {
    EXPECT_EQ(reason([&](Privacy& privacy) { privacy.*word = true; }),
              "policy_threshold_only_with_dp");
  }
  for (std::uint64_t Privacy::* amount : {&Privacy::epsilon, &Privacy::delta,
                                          &Privacy::epsilon_per_query, &Privacy::delta_per_query}) {
    EXPECT_EQ(reason([&](Privacy& privacy) { privacy.*amount = 1; }),
              "policy_threshold_only_with_dp");
  }
  EXPECT_EQ(reason([](Privacy& privacy) { privacy.open_rows = privacy::OpenRows::show; }),
            "policy_threshold_only_with_dp");
  // The packet of a policy with noise cannot count queries.
  const auto decoded = decode(with(encode(example_policy()), "privacy/accounting", "queries"));
  ASSERT_FALSE(decoded);
  EXPECT_EQ(decoded.error().reason.view(), "policy_malformed");
}

TEST(threshold_only, rows_may_need_different_values) {
  Policy policy = example_policy();
  policy.tables[0].rule.output_constraints.push_back({"device", 3});
  EXPECT_EQ(check(policy).error().reason.view(), "policy_constraint_noised");
  make_threshold_only(policy.privacy, 10);
  EXPECT_TRUE(check(policy));
  EXPECT_EQ(people_min(policy, policy.tables[0]), 50);
  const auto back = decode(encode(policy));
  ASSERT_TRUE(back);
  EXPECT_EQ(back->tables[0].rule.output_constraints[1].column, "device");
  policy.tables[0].rule.output_constraints.push_back({"device", 4});
  EXPECT_EQ(check(policy).error().reason.view(), "policy_constraint_repeated");
}

}  // namespace
}  // namespace gbx::policy
