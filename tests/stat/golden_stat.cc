// Published values of the quantities that calibration stands on, from Google's differential-privacy
// tests (cc/algorithms/partition-selection_test.cc). They are of the continuous Laplace mechanism:
// T = 1 + (L0 / eps) ln(1 / (2 delta')). Ours is discrete and must lie between T and T + 3/2,
// because b ln(2 / (1 + e^(-1/b))) is at most 1/2 and rounding up adds less than 1.

#include <gtest/gtest.h>

#include <cmath>

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

}  // namespace
}  // namespace gbx::privacy
