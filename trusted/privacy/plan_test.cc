#include "trusted/privacy/plan.h"

#include <gtest/gtest.h>

#include <limits>

namespace gbx::privacy {
namespace {

Statistic laplace(std::int64_t per_group, std::uint64_t share) {
  return {per_group, 1, NoiseKind::laplace, share};
}

TEST(Scale, IsExactInLowestTerms) {
  EXPECT_EQ(*laplace_scale(1, laplace(1, 100'000)), (Scale{10, 1}));
  EXPECT_EQ(*laplace_scale(4, laplace(3, 7)), (Scale{12'000'000, 7}));
  EXPECT_EQ(*laplace_scale(1, laplace(1, kEpsilonMax)), (Scale{1, 1000}));
}

TEST(Scale, RefusesWhatTheSamplerHasNoProofFor) {
  constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
  EXPECT_EQ(laplace_scale(1, laplace(kMax, 1)).error().reason, Literal("noise_too_large"));
  EXPECT_EQ(laplace_scale(4'294'967'295u, laplace(kMax, 999'983)).error().reason,
            Literal("noise_too_large"));
  EXPECT_FALSE(laplace_scale(0, laplace(1, 1)));
  EXPECT_FALSE(laplace_scale(1, laplace(0, 1)));
  EXPECT_FALSE(laplace_scale(1, laplace(-1, 1)));
  EXPECT_FALSE(laplace_scale(1, laplace(1, 0)));
  EXPECT_FALSE(laplace_scale(1, laplace(1, kEpsilonMax + 1)));
}

PlanRequest request() {
  return {.grouped = true,
          .groups_per_person = 4,
          .people_min = 20,
          .measures = {{.per_group = 5}, {.per_group = 100}},
          .price = {1'000'000, 1000}};
}

TEST(MakePlan, SpendsThePriceToTheLastUnit) {
  const Plan plan = *make_plan(request());
  ASSERT_EQ(plan.statistics.size(), 3u);
  EXPECT_EQ(plan.statistics[0].share, 333'334u);
  EXPECT_EQ(plan.statistics[0].per_group, 1);
  EXPECT_EQ(plan.statistics[1].share, 333'333u);
  EXPECT_EQ(plan.statistics[2].share, 333'333u);
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
  EXPECT_TRUE(refused([](PlanRequest& r) { r.price.loss = 0; }));
  EXPECT_TRUE(refused([](PlanRequest& r) { r.price.loss = 2; }));  // a share would be zero
  EXPECT_TRUE(refused([](PlanRequest& r) { r.price.loss = kEpsilonMax + 1; }));
  EXPECT_TRUE(refused([](PlanRequest& r) { r.price.delta = 0; }));
  EXPECT_TRUE(refused([](PlanRequest& r) { r.price.delta = kDeltaPlanMax + 1; }));
  EXPECT_TRUE(refused([](PlanRequest& r) { r.price.delta = kDeltaUnit; }));
  EXPECT_TRUE(refused([](PlanRequest& r) { r.groups_per_person = 0; }));
  EXPECT_TRUE(refused([](PlanRequest& r) { r.groups_per_person = kGroupsPerPersonMax + 1; }));
  EXPECT_TRUE(refused([](PlanRequest& r) { r.people_min = 1; }));
  EXPECT_TRUE(refused([](PlanRequest& r) { r.people_min = -1; }));
  EXPECT_TRUE(refused([](PlanRequest& r) { r.people_min = kPeopleMinMax + 1; }));
  EXPECT_TRUE(refused([](PlanRequest& r) { r.measures[0].per_group = 0; }));
  EXPECT_TRUE(refused(
      [](PlanRequest& r) { r.measures[0].per_group = std::numeric_limits<std::int64_t>::max(); }));
  EXPECT_TRUE(refused([](PlanRequest& r) { r.measures.resize(kStatisticsMax); }));
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
  EXPECT_TRUE(refused([](Plan& p) { p.statistics[0].share = 0; }));
  EXPECT_TRUE(refused([](Plan& p) { p.statistics[1].share = 0; }));
  EXPECT_TRUE(refused([](Plan& p) { p.statistics[1].share = kEpsilonMax; }));
  EXPECT_TRUE(refused([](Plan& p) { p.statistics[1].per_group = 0; }));
}

}  // namespace
}  // namespace gbx::privacy
