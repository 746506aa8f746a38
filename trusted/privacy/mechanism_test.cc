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

TEST(Selection, NormalQuantiles) {
  EXPECT_NEAR(normal_upper_quantile(0.5), 0, 1e-15);
  EXPECT_NEAR(normal_upper_quantile(0.025), 1.959963984540054, 1e-14);
  EXPECT_NEAR(normal_upper_quantile(1e-6), 4.753424308822899, 1e-13);
  EXPECT_NEAR(normal_upper_quantile(1e-10), 6.361340902404056, 1e-13);
  for (int exponent = 1; exponent < 1000; exponent++) {
    const double p = std::ldexp(1.0, -exponent);
    const double z = normal_upper_quantile(p);
    EXPECT_LE(0.5 * std::erfc(z / std::sqrt(2.0)), p);
    EXPECT_GT(0.5 * std::erfc((z - 1e-12) / std::sqrt(2.0)), p * (1 - 1e-13));
  }
}

TEST(SelectionDeathTest, QuantilesAndThresholdsHaveALimit) {
  EXPECT_DEATH((void)normal_upper_quantile(0), "invariant");
  EXPECT_DEATH((void)normal_upper_quantile(0.6), "invariant");
  EXPECT_DEATH((void)selection_threshold(Sigma{10, 1}, 0), "invariant");
  EXPECT_DEATH((void)selection_threshold(Sigma{10, 1}, 0.3), "invariant");
}

// Google, differential-privacy, cc/algorithms/partition-selection_test.cc: T of continuous Gaussian
// noise of sigma = 10 for (delta, L0) = (1e-5, 1), (1e-10, 1), (1e-10, 10).
TEST(Selection, GaussianThresholdIsAtMostTwoAboveTheContinuousOne) {
  struct Case {
    double delta;
    std::uint32_t groups;
    double continuous;
  };
  for (const Case c :
       {Case{1e-5, 1, 43.648907939}, Case{1e-10, 1, 64.613409028}, Case{1e-10, 10, 68.060231555}}) {
    const double split = split_delta(c.delta, c.groups);
    EXPECT_NEAR(1 + 10 * normal_upper_quantile(split), c.continuous, 1e-6);
    const auto threshold = static_cast<double>(selection_threshold(Sigma{10, 1}, split));
    EXPECT_GE(threshold, c.continuous);
    EXPECT_LT(threshold, c.continuous + 2);
  }
}

// P[X >= m], summed.
double gaussian_tail(double sigma, std::int64_t m) {
  double above = 0;
  double all = 0;
  const auto reach = static_cast<std::int64_t>(40 * sigma) + 2;
  for (std::int64_t x = -reach; x <= reach; x++) {
    const double mass = std::exp(-static_cast<double>(x * x) / (2 * sigma * sigma));
    all += mass;
    if (x >= m) above += mass;
  }
  return above / all;
}

double value_of(Sigma sigma) {
  return static_cast<double>(sigma.numerator) / static_cast<double>(sigma.denominator);
}

TEST(Selection, GaussianNoiseStaysWithinTheShareOfDeltaAndTwoLowerWouldNot) {
  for (const std::uint64_t m : {1'000ull, 4'096ull, 9'001ull, 40'000ull, 700'000ull}) {
    const Sigma sigma{m, kSigmaGrid};
    for (const double split : {0.25, 0.02, 1e-6, 1e-12}) {
      const std::int64_t threshold = selection_threshold(sigma, split);
      EXPECT_LE(gaussian_tail(value_of(sigma), threshold - 1), split);
      EXPECT_GT(gaussian_tail(value_of(sigma), threshold - 3), split);
      EXPECT_LE(gaussian_tail(value_of(sigma), 5), noise_tail(sigma, 5) * (1 + 1e-12));
    }
  }
}

TEST(Selection, AMarginMissesAtMostOneRowInAMillion) {
  for (const NoiseKind kind : {NoiseKind::laplace, NoiseKind::gaussian}) {
    for (const std::uint64_t loss : {kRhoUnit / 200, kRhoUnit / 2, 4 * kRhoUnit}) {
      const Plan plan = *make_plan({.accounting = Accounting::zcdp,
                                    .laplace = kind == NoiseKind::laplace,
                                    .gaussian = kind == NoiseKind::gaussian,
                                    .open_rows = OpenRows::hide,
                                    .people_min = 20,
                                    .price = {loss, 0}});
      const Mechanism mechanism = *mechanism_of(plan);
      EXPECT_LE(keep_probability(mechanism, 19), kMarginMiss * (1 + 1e-12));
      const auto shown = [&](std::int64_t threshold) {
        if (const Sigma* sigma = std::get_if<Sigma>(&mechanism.noises[0])) {
          return gaussian_tail(value_of(*sigma), threshold - 19);
        }
        return noise_tail(mechanism.noises[0], threshold - 19);
      };
      EXPECT_LE(shown(mechanism.threshold), kMarginMiss);
      EXPECT_GT(shown(mechanism.threshold - 2), kMarginMiss);
    }
  }
}

// Google, differential-privacy, cc/algorithms/partition-selection_test.cc: epsilon = 0.5, delta =
// 0.02, crossovers at 6 and 11.
TEST(Coin, IsThePublishedOne) {
  EXPECT_NEAR(keep_coin(0.5, 0.02, 6), 0.58840484458, 1e-10);
  EXPECT_NEAR(keep_coin(0.5, 0.02, 8), 0.86807080625, 1e-10);
  EXPECT_EQ(keep_coin(0.5, 0.02, 15), 1);
  EXPECT_LT(keep_coin(0.5, 0.02, 11), 1);
  EXPECT_EQ(keep_coin(0.5, 0.02, 12), 1);
  for (std::int64_t n = 0; n < 12; n++) {
    const double rising = std::exp(0.5) * keep_coin(0.5, 0.02, n) + 0.02;
    EXPECT_EQ(std::abs(keep_coin(0.5, 0.02, n + 1) - rising) < 1e-12, n < 6) << n;
  }
}

TEST(Coin, KeepsNobodyOutOfNobodyAndDeltaOfOne) {
  EXPECT_EQ(keep_coin(0.5, 0.02, 0), 0);
  EXPECT_EQ(keep_coin(0.5, 0.02, -7), 0);
  EXPECT_NEAR(keep_coin(0.5, 0.02, 1), 0.02, 1e-16);
  EXPECT_EQ(keep_coin(4, 1e-9, std::int64_t{1} << 50), 1);
}

TEST(Coin, HasARangeInWhichItIsSafe) {
  EXPECT_TRUE(coin_in_range(4, 0x1p-34));
  EXPECT_FALSE(coin_in_range(4.001, 0x1p-34));
  EXPECT_FALSE(coin_in_range(4, 0x1p-35));
  EXPECT_FALSE(coin_in_range(0, 0.1));
}

// The largest chances that (epsilon, delta) allows, one after the other: a recursion beside the
// closed form.
TEST(Coin, IsTheBestThereIs) {
  for (const double epsilon : {0.05, 0.5, 1.0, 4.0}) {
    for (const double delta : {1e-9, 1e-4, 0.2}) {
      double chance = 0;
      for (std::int64_t n = 1; n < 1000; n++) {
        chance = std::fmin(1, std::fmin(std::exp(epsilon) * chance + delta,
                                        1 - std::exp(-epsilon) * (1 - chance - delta)));
        EXPECT_NEAR(keep_coin(epsilon, delta, n), chance, 1e-11) << epsilon << " " << n;
      }
    }
  }
}

// By how much the coin for n and the one for n + 1, as they are tossed (on a grid of 2^-62), part
// from (epsilon, delta); good to 2^-62.
long double coin_excess(double epsilon, double delta, double coin_delta) {
  const long double ratio = std::exp(static_cast<long double>(epsilon));
  const auto tossed = [&](std::int64_t n) {
    return std::floor(std::ldexp(static_cast<long double>(keep_coin(epsilon, coin_delta, n)), 62)) *
           0x1p-62L;
  };
  long double worst = -1;
  for (std::int64_t n = 0; tossed(n) < 1; n++) {
    const long double p = tossed(n);
    const long double q = tossed(n + 1);
    worst = std::max({worst, q - ratio * p, p - ratio * q, (1 - p) - ratio * (1 - q),
                      (1 - q) - ratio * (1 - p)});
  }
  return worst - delta;
}

TEST(Coin, KeepsItsPromiseAsItIsTossed) {
  for (const double epsilon : {0.001, 0.0333, 0.5, 1.0, 2.7, 4.0}) {
    for (const double delta : {0x1p-34, 1e-9, 1e-6, 1.0 / 3000, 0.02, 0.25}) {
      EXPECT_LE(coin_excess(epsilon, delta, delta * (1 - 0x1p-8)), 0) << epsilon << " " << delta;
    }
  }
}

// What the margin is for: without it doubles near 1 break the promise.
TEST(Coin, WithoutTheMarginBreaksIt) { EXPECT_GT(coin_excess(4.0, 0x1p-34, 0x1p-34), 0); }

TEST(Coin, IsMadeForALittleLessThanWasPaid) {
  Plan plan = plan_of(1'000'000, "1e-6", 2, 20);
  plan.selection = Selection::geometric;
  const Mechanism mechanism = *mechanism_of(plan);
  const double split =
      split_delta(static_cast<double>(plan.delta) / static_cast<double>(kDeltaUnit), 2);
  EXPECT_EQ(mechanism.coin_epsilon, 0.5);
  EXPECT_EQ(mechanism.coin_delta, split * (1 - 0x1p-8));
  EXPECT_EQ(keep_probability(mechanism, 19), 0);
  EXPECT_EQ(keep_probability(mechanism, 20), keep_coin(0.5, mechanism.coin_delta, 1));
  plan.replaces = true;
  EXPECT_EQ(mechanism_of(plan)->coin_epsilon, 0.25);
  plan.replaces = false;
  plan.delta = 1;  // below what the coin can be made for
  EXPECT_EQ(mechanism_of(plan).error().reason, Literal("plan_out_of_range"));
}

TEST(Selection, RefusesABadPlan) {
  Plan plan = plan_of(1'000'000, "1e-6", 1, 20);
  plan.people_min = 0;
  EXPECT_EQ(mechanism_of(plan).error().code, ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace gbx::privacy
