#include "trusted/privacy/confidence.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace gbx::privacy {
namespace {

// 1 - P[|X| <= m], by adding probabilities up.
double outside(Scale scale, std::int64_t m) {
  const double b = static_cast<double>(scale.numerator) / static_cast<double>(scale.denominator);
  double inside = 0;
  for (std::int64_t x = -m; x <= m; x++) {
    inside += std::tanh(0.5 / b) * std::exp(-std::abs(static_cast<double>(x)) / b);
  }
  return 1 - inside;
}

TEST(HalfWidth, IsTheSmallestThatMissesAlphaAtMost) {
  for (const Scale scale :
       {Scale{1, 1000}, Scale{1, 3}, Scale{1, 1}, Scale{10, 1}, Scale{97, 3}, Scale{1000, 1}}) {
    for (const double alpha : {0.5, 0.05, 0.025, 1e-6}) {
      const std::int64_t m = half_width(scale, alpha);
      EXPECT_LE(outside(scale, m), alpha * (1 + 1e-9));
      if (m > 0) {
        EXPECT_GT(outside(scale, m - 1), alpha * (1 - 1e-9));
      }
    }
  }
}

TEST(HalfWidth, OfATenthOfEpsilonIsThirtyPeople) {
  const Plan plan = *make_plan(
      {.grouped = false, .groups_per_person = 5, .people_min = 2, .price = {100'000, 1000}});
  EXPECT_EQ(*hides_people(plan), 30);
}

TEST(HalfWidth, StopsAtTheLargestReleasedNumber) {
  EXPECT_EQ(half_width(Scale{kScaleNumeratorMax, 1}), kReleasedMax);
}

TEST(HalfWidthDeathTest, RefusesAnAlphaThatIsNone) {
  EXPECT_DEATH(half_width(Scale{1, 1}, 0), "invariant");
  EXPECT_DEATH(half_width(Scale{1, 1}, 1), "invariant");
  EXPECT_DEATH(half_width(Scale{1, 1}, std::nan("")), "invariant");
}

TEST(HalfWidths, AreOfEachStatistic) {
  const Plan plan = *make_plan({.grouped = true,
                                .groups_per_person = 2,
                                .people_min = 2,
                                .measures = {{.per_group = 50}},
                                .price = {1'000'000, 1000}});
  const auto widths = *half_widths(plan);
  ASSERT_EQ(widths.size(), 2u);
  EXPECT_EQ(widths[0], half_width(Scale{4, 1}));
  EXPECT_EQ(widths[1], half_width(Scale{200, 1}));
}

TEST(HalfWidths, RefuseABadPlan) {
  EXPECT_FALSE(half_widths(Plan{}));
  EXPECT_FALSE(hides_people(Plan{}));
}

TEST(Average, OfCentredSums) {
  // Values 10, 20, 90 in [0, 100]: S = -80 - 60 + 80 = -60, so 40.
  const Estimate exact = average({.sum = -60, .count = 3, .low = 0, .high = 100});
  EXPECT_EQ(exact, (Estimate{40, 40, 40}));
}

TEST(Average, RoundsDownAndItsEndsOutwards) {
  // 1/3 over 2, and 1 in the middle: (1/3 + 1) / 2 = 0.666...
  EXPECT_EQ(average({.sum = 1, .count = 3, .low = 0, .high = 1}), (Estimate{0, 0, 1}));
  EXPECT_EQ(average({.sum = 1, .count = 3, .low = 0, .high = 1, .digits = 3}),
            (Estimate{666, 666, 667}));
  EXPECT_EQ(average({.sum = -1, .count = 3, .low = -1, .high = 0, .digits = 3}),
            (Estimate{-667, -667, -666}));
}

TEST(Average, OfNothingStaysInTheBounds) {
  const AverageInput nothing{.sum = 5000,
                             .count = -7,
                             .sum_half_width = 9000,
                             .count_half_width = 20,
                             .low = -5,
                             .high = 9};
  EXPECT_EQ(average(nothing), (Estimate{9, -5, 9}));
  const AverageInput zero{.sum = 0, .count = 0, .low = -5, .high = 9};
  EXPECT_EQ(average(zero).value, 2);
}

TEST(Average, IntervalHoldsEveryRatioOfTheTwoIntervals) {
  for (std::int64_t sum = -40; sum <= 40; sum += 7) {
    for (std::int64_t count = -2; count <= 20; count += 3) {
      const AverageInput input{.sum = sum,
                               .count = count,
                               .sum_half_width = 9,
                               .count_half_width = 4,
                               .low = -10,
                               .high = 30,
                               .digits = 2};
      const Estimate estimate = average(input);
      EXPECT_LE(estimate.low, estimate.value);
      EXPECT_LE(estimate.value, estimate.high);
      for (std::int64_t s = sum - 9; s <= sum + 9; s++) {
        for (std::int64_t n = std::max<std::int64_t>(1, count - 4); n <= count + 4; n++) {
          const double exact = (static_cast<double>(s) / static_cast<double>(n) + 20) / 2;
          const double bounded = std::min(30.0, std::max(-10.0, exact)) * 100;
          EXPECT_LE(static_cast<double>(estimate.low), bounded + 1e-6);
          EXPECT_GE(static_cast<double>(estimate.high), bounded - 1e-6);
        }
      }
    }
  }
}

TEST(Average, DoesNotOverflowAtTheLimits) {
  constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
  constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();
  const Estimate wide = average({.sum = kReleasedMax,
                                 .count = 1,
                                 .sum_half_width = kReleasedMax,
                                 .count_half_width = kReleasedMax,
                                 .low = kMin,
                                 .high = kMax,
                                 .digits = 6});
  EXPECT_LE(wide.low, wide.value);
  EXPECT_LE(wide.value, wide.high);
  EXPECT_LE(wide.high, kReleasedMax);
}

TEST(AverageDeathTest, RefusesBoundsInDisorder) {
  EXPECT_DEATH(average({.low = 1, .high = 0}), "invariant");
  EXPECT_DEATH(average({.digits = 7}), "invariant");
  EXPECT_DEATH(average({.sum_half_width = -1}), "invariant");
}

}  // namespace
}  // namespace gbx::privacy
