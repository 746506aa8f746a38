#include "trusted/privacy/plan.h"

#include <gtest/gtest.h>

#include <limits>

namespace gbx::privacy {
namespace {

TEST(Epsilon, ReadsExactly) {
  EXPECT_EQ(*parse_epsilon("0.1"), 100'000u);
  EXPECT_EQ(*parse_epsilon("3"), 3'000'000u);
  EXPECT_EQ(*parse_epsilon("1e-6"), 1u);
  EXPECT_EQ(*parse_epsilon("0.000001"), 1u);
  EXPECT_EQ(*parse_epsilon("1.5e-3"), 1'500u);
  EXPECT_EQ(*parse_epsilon("0.10000000"), 100'000u);
  EXPECT_EQ(*parse_epsilon("1000"), kEpsilonMax);
}

TEST(Epsilon, RefusesWhatIsNoAmount) {
  for (const char* text : {"",
                           "0",
                           "0.0",
                           "-1",
                           "+1",
                           "1000.000001",
                           "1001",
                           "NaN",
                           "inf",
                           "1e308",
                           "1e6",
                           "1e+3",
                           "1e-7",
                           "0.0000001",
                           "01",
                           "1.",
                           ".1",
                           "1 ",
                           " 1",
                           "0x1",
                           "1e-",
                           "1,0",
                           "1.0.0",
                           "99999999999999999999",
                           "0.00000000000000000000000000000000000000001"}) {
    const auto result = parse_epsilon(text);
    ASSERT_FALSE(result) << text;
    EXPECT_EQ(result.error().code, ErrorCode::invalid_argument) << text;
  }
}

TEST(Epsilon, PrintsWhatItReads) {
  for (const std::uint64_t epsilon : {1u, 10u, 100'000u, 123'456u, 1'000'000u, 1'050'000u, 7u}) {
    EXPECT_EQ(*parse_epsilon(format_epsilon(epsilon)), epsilon);
  }
  EXPECT_EQ(format_epsilon(100'000), "0.1");
  EXPECT_EQ(format_epsilon(3'000'000), "3");
  EXPECT_EQ(format_epsilon(0), "0");
}

TEST(Delta, RoundsDown) {
  EXPECT_EQ(*parse_delta("1e-6"), 1'152'921'504'606u);  // 2^60 / 10^6 = 1152921504606.85
  EXPECT_EQ(*parse_delta("0.000001"), *parse_delta("1e-6"));
  EXPECT_EQ(*parse_delta("0.5"), kDeltaUnit / 2);
  EXPECT_EQ(*parse_delta("1e-18"), 1u);  // 1.15
}

TEST(Delta, RefusesWhatIsNoProbability) {
  for (const char* text : {"", "0", "1", "1.0", "2", "-0.1", "1e-19", "NaN", "1e6", "1e-37",
                           "1e-99999999999999999999", "0.1e-36"}) {
    const auto result = parse_delta(text);
    ASSERT_FALSE(result) << text;
    EXPECT_EQ(result.error().code, ErrorCode::invalid_argument) << text;
  }
}

TEST(Delta, PrintsTheShortestThatReadsBack) {
  EXPECT_EQ(format_delta(*parse_delta("1e-6")), "1e-6");
  EXPECT_EQ(format_delta(*parse_delta("2.5e-9")), "2.5e-9");
  EXPECT_EQ(format_delta(0), "0");
  std::uint64_t delta = 1;
  for (int i = 0; i < 2000; i++) {
    delta = (delta * 6364136223846793005u + 1442695040888963407u) % kDeltaUnit;
    const std::uint64_t sized = (delta >> (i % 60)) | 1;
    EXPECT_EQ(*parse_delta(format_delta(sized)), sized);
  }
  EXPECT_EQ(*parse_delta(format_delta(kDeltaUnit - 1)), kDeltaUnit - 1);
  EXPECT_EQ(*parse_delta(format_delta(1)), 1u);
}

TEST(Price, NeverWraps) {
  constexpr std::uint64_t kMax = std::numeric_limits<std::uint64_t>::max();
  EXPECT_EQ(add({1, 2}, {3, 4}), (Price{4, 6}));
  EXPECT_EQ(add({kMax, kMax}, {1, kMax}), (Price{kMax, kMax}));
  Plan plan;
  plan.statistics = {{1, kMax}, {1, 2}};
  EXPECT_EQ(plan.price().epsilon, kMax);
}

TEST(Price, CoversInBothParts) {
  EXPECT_TRUE(covers({5, 5}, {5, 5}));
  EXPECT_FALSE(covers({5, 5}, {6, 5}));
  EXPECT_FALSE(covers({5, 5}, {5, 6}));
}

TEST(Scale, IsExactInLowestTerms) {
  EXPECT_EQ(*noise_scale(1, {1, 100'000}), (Scale{10, 1}));
  EXPECT_EQ(*noise_scale(4, {3, 7}), (Scale{12'000'000, 7}));
  EXPECT_EQ(*noise_scale(1, {1, kEpsilonMax}), (Scale{1, 1000}));
}

TEST(Scale, RefusesWhatTheSamplerHasNoProofFor) {
  constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
  EXPECT_EQ(noise_scale(1, {kMax, 1}).error().reason, Literal("noise_too_large"));
  EXPECT_EQ(noise_scale(4'294'967'295u, {kMax, 999'983}).error().reason,
            Literal("noise_too_large"));
  EXPECT_FALSE(noise_scale(0, {1, 1}));
  EXPECT_FALSE(noise_scale(1, {0, 1}));
  EXPECT_FALSE(noise_scale(1, {-1, 1}));
  EXPECT_FALSE(noise_scale(1, {1, 0}));
  EXPECT_FALSE(noise_scale(1, {1, kEpsilonMax + 1}));
}

PlanRequest request() {
  return {.grouped = true,
          .groups_per_person = 4,
          .people_min = 20,
          .measure_bounds = {5, 100},
          .price = {1'000'000, 1000}};
}

TEST(MakePlan, SpendsThePriceToTheLastUnit) {
  const Plan plan = *make_plan(request());
  ASSERT_EQ(plan.statistics.size(), 3u);
  EXPECT_EQ(plan.statistics[0].epsilon, 333'334u);
  EXPECT_EQ(plan.statistics[0].per_group, 1);
  EXPECT_EQ(plan.statistics[1].epsilon, 333'333u);
  EXPECT_EQ(plan.statistics[2].epsilon, 333'333u);
  EXPECT_EQ(plan.statistics[2].per_group, 100);
  EXPECT_EQ(plan.groups_per_person, 4u);
  EXPECT_EQ(plan.price(), request().price);
}

TEST(MakePlan, UngroupedHasOneGroup) {
  PlanRequest ungrouped = request();
  ungrouped.grouped = false;
  EXPECT_EQ(make_plan(ungrouped)->groups_per_person, 1u);
}

TEST(MakePlan, RefusesEveryParameterOutOfRange) {
  const auto refused = [](auto change) {
    PlanRequest bad = request();
    change(bad);
    const auto plan = make_plan(bad);
    return !plan && plan.error().code == ErrorCode::invalid_argument;
  };
  EXPECT_TRUE(refused([](PlanRequest& r) { r.price.epsilon = 0; }));
  EXPECT_TRUE(refused([](PlanRequest& r) { r.price.epsilon = 2; }));  // a share would be zero
  EXPECT_TRUE(refused([](PlanRequest& r) { r.price.epsilon = kEpsilonMax + 1; }));
  EXPECT_TRUE(refused([](PlanRequest& r) { r.price.delta = 0; }));
  EXPECT_TRUE(refused([](PlanRequest& r) { r.price.delta = kDeltaPlanMax + 1; }));
  EXPECT_TRUE(refused([](PlanRequest& r) { r.price.delta = kDeltaUnit; }));
  EXPECT_TRUE(refused([](PlanRequest& r) { r.groups_per_person = 0; }));
  EXPECT_TRUE(refused([](PlanRequest& r) { r.groups_per_person = kGroupsPerPersonMax + 1; }));
  EXPECT_TRUE(refused([](PlanRequest& r) { r.people_min = 1; }));
  EXPECT_TRUE(refused([](PlanRequest& r) { r.people_min = -1; }));
  EXPECT_TRUE(refused([](PlanRequest& r) { r.people_min = kPeopleMinMax + 1; }));
  EXPECT_TRUE(refused([](PlanRequest& r) { r.measure_bounds[0] = 0; }));
  EXPECT_TRUE(refused(
      [](PlanRequest& r) { r.measure_bounds[0] = std::numeric_limits<std::int64_t>::max(); }));
  EXPECT_TRUE(refused([](PlanRequest& r) { r.measure_bounds.resize(kStatisticsMax, 1); }));
}

TEST(CheckPlan, RefusesEveryFieldOutOfRange) {
  const auto refused = [](auto change) {
    Plan bad = *make_plan(request());
    change(bad);
    return !check_plan(bad);
  };
  EXPECT_FALSE(refused([](Plan&) {}));
  EXPECT_TRUE(refused([](Plan& p) { p.grouped = false; }));  // L0 = 4 without groups
  EXPECT_TRUE(refused([](Plan& p) { p.statistics.clear(); }));
  EXPECT_TRUE(refused([](Plan& p) { p.statistics[0].per_group = 2; }));
  EXPECT_TRUE(refused([](Plan& p) { p.statistics[0].epsilon = 0; }));
  EXPECT_TRUE(refused([](Plan& p) { p.statistics[1].epsilon = 0; }));
  EXPECT_TRUE(refused([](Plan& p) { p.statistics[1].epsilon = kEpsilonMax; }));
  EXPECT_TRUE(refused([](Plan& p) { p.statistics[1].per_group = 0; }));
}

}  // namespace
}  // namespace gbx::privacy
