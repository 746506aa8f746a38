// Published values of the quantities that calibration stands on, from Google's differential-privacy
// tests. The thresholds (cc/algorithms/partition-selection_test.cc) are of the continuous Laplace
// mechanism: T = 1 + (L0 / eps) ln(1 / (2 delta')). Ours is discrete and must lie between T and T +
// 3/2, because b ln(2 / (1 + e^(-1/b))) is at most 1/2 and rounding up adds less than 1.

#include <gtest/gtest.h>

#include <cmath>

#include "tests/stat/group_law.h"
#include "trusted/privacy/amount.h"
#include "trusted/privacy/mechanism.h"

namespace gbx::privacy {
namespace {

double continuous_threshold(double epsilon, double delta, std::uint32_t groups) {
  return 1 + groups / epsilon * std::log(1 / (2 * split_delta(delta, groups)));
}

// The delta that a threshold gives: the inverse of the above.
double continuous_delta(double epsilon, double threshold, std::uint32_t groups) {
  const double split = std::exp(-(threshold - 1) * epsilon / groups) / 2;
  return -std::expm1(groups * std::log1p(-split));
}

TEST(Golden, LaplaceSelectionThreshold) {
  const double ln3 = std::log(3);
  EXPECT_NEAR(continuous_threshold(0.5, 0.02, 1), 7.43775164974, 1e-10);
  EXPECT_NEAR(continuous_threshold(ln3, 1e-8, 1), 17.13630, 1e-5);
  EXPECT_NEAR(continuous_threshold(ln3, 2.0894334e-24, 1), 50.000, 1e-3);
  EXPECT_NEAR(continuous_threshold(ln3, 2.0894334e-24, 2), 100.262, 1e-3);
  EXPECT_NEAR(continuous_threshold(ln3, 2.0894334e-24, 10), 511.959, 1e-3);
}

TEST(Golden, LaplaceSelectionDelta) {
  const double ln3 = std::log(3);
  EXPECT_NEAR(continuous_delta(ln3, 50, 1), 2.0894334e-24, 1e-31);
  EXPECT_NEAR(continuous_delta(ln3, 50, 2), 2.04423e-12, 1e-17);
  EXPECT_NEAR(continuous_delta(ln3, 50, 5), 5.27403e-5, 1e-10);
  EXPECT_NEAR(continuous_delta(ln3, 50, 10), 0.0227296, 1e-7);
}

TEST(Golden, DiscreteThresholdIsTheContinuousOneRoundedUp) {
  struct Case {
    std::uint64_t epsilon;
    double delta;
    std::uint32_t groups;
  };
  for (const Case c :
       {Case{500'000, 0.02, 1}, Case{1'098'612, 1e-8, 1}, Case{1'098'612, 2.0894334e-24, 1},
        Case{1'098'612, 2.0894334e-24, 2}, Case{1'098'612, 2.0894334e-24, 10},
        Case{1'000'000, 1e-6, 1}, Case{1'000'000, 1e-6, 4}, Case{1'000'000, 1e-6, 20}}) {
    const Noise scale = *noise_of(c.groups, {1, 1, NoiseKind::laplace, c.epsilon});
    const auto threshold =
        static_cast<double>(selection_threshold(scale, split_delta(c.delta, c.groups)));
    const double epsilon = static_cast<double>(c.epsilon) / static_cast<double>(kEpsilonUnit);
    const double continuous = continuous_threshold(epsilon, c.delta, c.groups);
    EXPECT_GE(threshold, continuous);
    EXPECT_LT(threshold, continuous + 1.5);
  }
}

// The table of thresholds in the design: eps = 1, delta = 1e-6, L0 = 1, 4, 20; eps = 0.5.
TEST(Golden, ThresholdTable) {
  EXPECT_NEAR(continuous_threshold(1, 1e-6, 1), 14.1, 0.05);
  EXPECT_NEAR(continuous_threshold(1, 1e-6, 4), 59.0, 0.05);
  EXPECT_NEAR(continuous_threshold(1, 1e-6, 20), 323, 0.5);
  EXPECT_NEAR(continuous_threshold(0.5, 1e-6, 1), 27.2, 0.05);
}

TEST(Golden, SplitDeltaComposesBack) {
  for (const std::uint32_t groups : {1u, 2u, 20u, 1000u}) {
    const double split = split_delta(1e-6, groups);
    EXPECT_NEAR(-std::expm1(groups * std::log1p(-split)), 1e-6, 1e-18);
  }
  EXPECT_DOUBLE_EQ(split_delta(0.02, 1), 0.02);
}

// --- the curves that mechanisms are measured by ---

double normal(double z) { return 0.5 * std::erfc(-z / std::sqrt(2.0)); }

// The delta of continuous Gaussian noise, mu = D / sigma (Balle, Wang, arXiv:1805.06530, theorem
// 8).
double gaussian_delta(double epsilon, double mu) {
  return normal(mu / 2 - epsilon / mu) - std::exp(epsilon) * normal(-mu / 2 - epsilon / mu);
}

// dp-accounting, pld/privacy_loss_mechanism_test.py and pld_privacy_accountant_test.py.
TEST(Golden, GaussianDelta) {
  EXPECT_NEAR(gaussian_delta(1, 1), 0.12693674, 1e-8);
  EXPECT_NEAR(gaussian_delta(2, 1), 0.02092364, 1e-8);
  EXPECT_NEAR(gaussian_delta(1, 3), 0.78760074, 1e-8);
  // Three of sigma = sqrt(3) are one of sigma = 1; the best test at a false alarm of 0.1.
  EXPECT_NEAR(gaussian_delta(1, std::sqrt(3 / 3.0)), 0.126936, 1e-6);
  EXPECT_NEAR(normal(1 - normal_upper_quantile(0.1)), 0.38914, 1e-5);
}

// The discrete Gaussian of the code is no worse than the continuous one of the same sigma.
TEST(Golden, DiscreteGaussianDelta) {
  for (const double epsilon : {0.5, 1.0, 2.0}) {
    const double discrete = stat::shifted(Sigma{1000, 1}, 1000).hockey_stick(epsilon);
    EXPECT_NEAR(discrete, gaussian_delta(epsilon, 1), 1e-5);
  }
}

// The smallest sigma for (epsilon, delta), and that zCDP never asks for less.
TEST(Golden, AnalyticSigma) {
  struct Case {
    double epsilon, delta, sigma;
  };
  for (const Case c : {Case{1, 1e-6, 4.224678889}, Case{1, 1e-5, 3.730631635},
                       Case{0.1, 1e-6, 36.304690426}, Case{8, 1e-6, 0.652935384}}) {
    EXPECT_LE(gaussian_delta(c.epsilon, 1 / (c.sigma + 1e-8)), c.delta);
    EXPECT_GT(gaussian_delta(c.epsilon, 1 / (c.sigma - 1e-8)), c.delta);
    EXPECT_GT(epsilon_of_rho(1 / (2 * c.sigma * c.sigma), c.delta), c.epsilon);
  }
}

stat::PairOfLaws composed(const stat::PairOfLaws& one, int times) {
  stat::PairOfLaws out = stat::PairOfLaws::equal();
  for (int i = 0; i < times; i++) out = out.times(one);
  return out;
}

// pld/accountant_test.py: the smallest b for (1, 1e-4) over 20 and 500 queries, +- 0.1. Continuous
// Laplace noise as discrete noise on a grid of 1/10 and of 1/2.
TEST(Golden, LaplaceOverManyQueries) {
  const auto delta = [](std::uint64_t scale, std::int64_t shift, int times) {
    return composed(stat::shifted_laplace({scale, 1}, shift), times).hockey_stick(1);
  };
  EXPECT_GT(delta(135, 10, 20), 1e-4);
  EXPECT_LT(delta(137, 10, 20), 1e-4);
  EXPECT_GT(delta(141, 2, 500), 1e-4);
  EXPECT_LT(delta(143, 2, 500), 1e-4);
}

// The two laws furthest apart among all that are (epsilon, delta)-private.
stat::PairOfLaws worst_of(double epsilon, double delta) {
  const double more = (1 - delta) * std::exp(epsilon) / (1 + std::exp(epsilon));
  const double less = (1 - delta) / (1 + std::exp(epsilon));
  stat::PairOfLaws out;
  out.add(delta, 0);
  out.add(0, delta);
  out.add(more, less);
  out.add(less, more);
  return out;
}

// cc/accounting/accountant_test.cc and pld/accountant_test.py; the third from
// pld_privacy_accountant_test.py.
TEST(Golden, AdvancedComposition) {
  const stat::PairOfLaws thirty = composed(worst_of(1, 1e-3), 30);
  EXPECT_LE(thirty.hockey_stick(22), 0.06);
  EXPECT_GT(thirty.hockey_stick(20), 0.06);
  EXPECT_LE(thirty.hockey_stick(20), 0.1);
  EXPECT_GT(thirty.hockey_stick(18), 0.1);
  EXPECT_LE(composed(worst_of(0.25, 0), 50).hockey_stick(5), 0.01);
  EXPECT_GT(composed(worst_of(0.26, 0), 50).hockey_stick(5), 0.01);
  EXPECT_NEAR(worst_of(1, 0.1).times(worst_of(2, 0.2)).hockey_stick(3), 0.28, 1e-12);
}

// rdp/rdp_privacy_accountant_test.py: what a Gaussian of that sigma promises, as our ledger does.
TEST(Golden, EpsilonOfAGaussianByRenyi) {
  EXPECT_NEAR(epsilon_of_rho(1 / (2 * 4.530877117 * 4.530877117), 1e-6), 1.0, 2e-4);
}

// The same file: an exponential mechanism of epsilon = 1 at orders 1 and 1000. The worst laws have
// two outcomes with ln(p/q) = t and t - epsilon (Dong, Durfee, Rogers, arXiv:1909.13830).
TEST(Golden, RenyiOfTheExponentialMechanism) {
  const auto largest = [](double order) {
    double best = 0;
    for (int i = 1; i < 100'000; i++) {
      const double t = i / 100'000.0;
      const double p = (std::exp(1 - t) - 1) / (std::exp(1 - t) - std::exp(-t));
      const double more = order - 1;
      const double found =
          order == 1 ? p * t + (1 - p) * (t - 1)
                     : t + (std::log(p) + std::log1p((1 - p) / p * std::exp(-more))) / more;
      best = std::max(best, found);
    }
    return best;
  };
  EXPECT_NEAR(largest(1), 0.123301561, 1e-6);
  EXPECT_NEAR(largest(1000), 1.0, 0.02);
}

// Fifty discrete Laplace of parameter 0.1 and fifty discrete Gaussian of sigma 10 at 1e-6.
TEST(Golden, FiftyDiscreteReleases) {
  const stat::PairOfLaws laplace = composed(stat::shifted_laplace({10, 1}, 1), 50);
  EXPECT_LT(laplace.hockey_stick(3.172903 + 1e-4), 1e-6);
  EXPECT_GT(laplace.hockey_stick(3.172903 - 1e-3), 1e-6);
  // Gaussians: the sum tells everything, and is N(0, 50 sigma^2) to better than 1e-9.
  EXPECT_NEAR(gaussian_delta(3.307813, std::sqrt(50) / 10), 1e-6, 2e-9);
}

// Spending a whole zcdp limit on Gaussian noise stays within the promise, by the tight curve.
TEST(Golden, ALimitKeepsItsPromise) {
  for (const std::uint64_t epsilon : {100'000u, 1'000'000u, 5'000'000u, 20'000'000u}) {
    for (const char* text : {"1e-5", "1e-6", "1e-9"}) {
      const std::uint64_t delta = *parse_delta(text);
      const Price limit = limit_for(Accounting::zcdp, epsilon, delta);
      const double rho = static_cast<double>(limit.loss) / static_cast<double>(kRhoUnit);
      const double rest =
          static_cast<double>(delta - limit.delta) / static_cast<double>(kDeltaUnit);
      const double promised = static_cast<double>(epsilon) / static_cast<double>(kEpsilonUnit);
      EXPECT_LE(gaussian_delta(promised, std::sqrt(2 * rho)), rest) << promised << " " << text;
    }
  }
}

}  // namespace
}  // namespace gbx::privacy
