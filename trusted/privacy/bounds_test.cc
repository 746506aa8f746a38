#include "trusted/privacy/bounds.h"

#include <gtest/gtest.h>

#include "tests/stat/exact.h"
#include "tests/stat/seams.h"

namespace gbx::privacy {
namespace {

// b = 10^-3: the noise is 0 but for one draw in e^1000.
constexpr Scale kSilent{1, 1000};
constexpr Scale kTwo{2, 1};

QuantileLeaves bounds_of(const Histogram& exact, std::uint32_t bins, std::int64_t k = 2) {
  stat::SeededEntropy entropy(1);
  RandomBits bits(entropy);
  const auto out = noisy_bounds(bits, kSilent, {exact, bins, k});
  EXPECT_TRUE(out);
  return *out;
}

TEST(NoisyBounds, AreTheOutermostBinsWithEnoughPeople) {
  EXPECT_EQ(bounds_of({{2, 50}, {5, 10}, {7, 60}}, 20), (QuantileLeaves{0, 2, 7}));
  EXPECT_EQ(bounds_of({{0, 50}, {19, 50}}, 20), (QuantileLeaves{0, 0, 19}));
  EXPECT_EQ(bounds_of({{4, 50}}, 20), (QuantileLeaves{0, 4, 4}));
  EXPECT_EQ(bounds_of({{0, 50}}, 1), (QuantileLeaves{0, 0, 0}));
}

TEST(NoisyBounds, LeaveOutBinsOfFewerThanK) {
  EXPECT_EQ(bounds_of({{1, 49}, {2, 50}, {7, 50}, {8, 49}}, 20, 50), (QuantileLeaves{0, 2, 7}));
}

TEST(NoisyBounds, OfNothingAreAllThatThereCanBe) {
  EXPECT_EQ(bounds_of({}, 20), (QuantileLeaves{0, 0, 19}));
  EXPECT_EQ(bounds_of({{3, 1}}, 20), (QuantileLeaves{0, 0, 19}));
}

// P[X >= T - 1] <= 2^-10 / bins, and not for a threshold that is two lower.
TEST(NoisyBounds, TheThresholdIsTheLeastThatNoiseHardlyReaches) {
  for (const std::uint32_t bins : {1u, 20u, kMagnitudeBinsMax}) {
    const std::int64_t threshold = bounds_threshold(kTwo, {{}, bins, 2});
    EXPECT_LE(noise_tail(kTwo, threshold - 1), kBoundsMiss / bins);
    EXPECT_GT(noise_tail(kTwo, threshold - 2), kBoundsMiss / bins);
  }
  EXPECT_EQ(bounds_threshold(kTwo, {{}, 20, 1000}), 1000);
}

// 20,000 times nothing but noise: widened about 20 times, more than 80 has chance below 10^-20.
TEST(NoisyBounds, NoiseAloneWidensThemRarely) {
  stat::SeededEntropy entropy(2);
  RandomBits bits(entropy);
  const Histogram exact = {{10, 1000}};
  int widened = 0;
  for (int i = 0; i < 20'000; i++) {
    const auto out = noisy_bounds(bits, kTwo, {exact, 60, 2});
    ASSERT_TRUE(out);
    if (*out != QuantileLeaves{0, 10, 10}) widened++;
  }
  EXPECT_GT(widened, 0);
  EXPECT_LT(widened, 80);
}

TEST(NoisyBounds, EveryBinIsNoisedWhateverIsInIt) {
  const auto steps = [](const Histogram& exact) {
    stat::SeededEntropy entropy(3);
    RandomBits bits(entropy);
    EXPECT_TRUE(noisy_bounds(bits, kTwo, {exact, 60, 2}));
    return bits.steps();
  };
  EXPECT_EQ(steps({}), steps({{0, 1}, {17, 10'000}, {59, 3}}));
}

TEST(NoisyBounds, WithoutEntropyThereAreNone) {
  stat::FailingEntropy entropy(0);
  RandomBits bits(entropy);
  EXPECT_EQ(noisy_bounds(bits, kTwo, {{}, 60, 2}).error().code, ErrorCode::unavailable);
}

}  // namespace
}  // namespace gbx::privacy
