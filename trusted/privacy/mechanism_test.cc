#include "trusted/privacy/mechanism.h"

#include <gtest/gtest.h>

#include <cmath>

namespace gbx::privacy {
namespace {

Plan plan_of(std::uint64_t epsilon, const char* delta, std::uint32_t groups_per_person,
             std::int64_t people_min) {
  return *make_plan({.grouped = true,
                     .groups_per_person = groups_per_person,
                     .people_min = people_min,
                     .price = {epsilon, *parse_delta(delta)}});
}

TEST(Selection, NeverShowsFewerThanK) {
  const Mechanism mechanism = *mechanism_of(plan_of(1'000'000, "1e-6", 1, 20));
  for (std::int64_t n = 0; n < 20; n++) EXPECT_EQ(keep_probability(mechanism, n), 0);
  EXPECT_GT(keep_probability(mechanism, 20), 0);
}

TEST(Selection, AtKStaysWithinTheShareOfDeltaAndOneLowerWouldNot) {
  for (const std::uint64_t epsilon : {1'000ull, 100'000ull, 333'333ull, 1'000'000ull, 7'000'000ull,
                                      50'000'000ull, 1'000'000'000ull}) {
    for (const char* delta : {"0.2", "0.02", "1e-6", "1e-9", "1e-17"}) {
      for (const std::uint32_t groups : {1u, 2u, 7u, 100u}) {
        const Plan plan = plan_of(epsilon, delta, groups, 20);
        Mechanism mechanism = *mechanism_of(plan);
        const double whole = static_cast<double>(plan.delta) / static_cast<double>(kDeltaUnit);
        const double split = split_delta(whole, groups);
        EXPECT_LE(keep_probability(mechanism, 20), split * (1 + 1e-13));
        if (mechanism.threshold > 2) {
          mechanism.threshold -= 2;  // one for being a bound, one for the margin at exact ties
          EXPECT_GT(keep_probability(mechanism, 20), split);
        }
      }
    }
  }
}

// "With eps = 1, delta = 1e-6, k = 20, L0 = 1": discrete Laplace gives b = 1, T = 1 + ceil(ln(1e6 /
// (1 + 1/e))) = 15, so half of the groups with 20 - 1 + 15 = 34 persons and more are shown.
TEST(Selection, AWorkedExample) {
  const Mechanism mechanism = *mechanism_of(plan_of(1'000'000, "1e-6", 1, 20));
  EXPECT_EQ(mechanism.threshold, 15);
  EXPECT_NEAR(keep_probability(mechanism, 20), std::exp(-14.0) / (1 + std::exp(-1.0)), 1e-18);
  EXPECT_NEAR(keep_probability(mechanism, 34), 1 / (1 + std::exp(-1.0)), 1e-12);
  EXPECT_GT(keep_probability(mechanism, 60), 1 - 1e-10);
}

TEST(Selection, MorePersonsAreShownMoreOften) {
  const Mechanism mechanism = *mechanism_of(plan_of(500'000, "1e-6", 3, 10));
  for (std::int64_t n = 10; n < 400; n++) {
    EXPECT_LE(keep_probability(mechanism, n), keep_probability(mechanism, n + 1));
  }
}

TEST(Selection, TailIsTheSumOfTheProbabilities) {
  for (const Scale scale : {Scale{1, 3}, Scale{1, 1}, Scale{7, 2}, Scale{30, 1}}) {
    const double b = static_cast<double>(scale.numerator) / static_cast<double>(scale.denominator);
    for (const std::int64_t m : {-5, -1, 0, 1, 2, 9}) {
      double sum = 0;
      for (std::int64_t x = m; x < 3000; x++) {
        sum += std::tanh(0.5 / b) * std::exp(-std::abs(static_cast<double>(x)) / b);
      }
      EXPECT_NEAR(noise_tail(scale, m), sum, 1e-12);
    }
  }
}

TEST(Selection, RefusesABadPlan) {
  Plan plan = plan_of(1'000'000, "1e-6", 1, 20);
  plan.people_min = 0;
  EXPECT_EQ(mechanism_of(plan).error().code, ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace gbx::privacy
