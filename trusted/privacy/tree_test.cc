#include "trusted/privacy/tree.h"

#include <gtest/gtest.h>

#include "tests/stat/seams.h"

namespace gbx::privacy {
namespace {

// b = 10^-3: the noise is 0 but for one draw in e^1000.
constexpr Scale kSilent{1, 1000};

Histogram uniform(std::uint32_t bins, std::int64_t count) {
  Histogram out;
  for (std::uint32_t i = 0; i < bins; i++) out.push_back({i, count});
  return out;
}

TEST(TreeLevels, AreThePowerOfSixteen) {
  EXPECT_EQ(tree_levels(16), 1u);
  EXPECT_EQ(tree_levels(256), 2u);
  EXPECT_EQ(tree_levels(4096), 3u);
  EXPECT_EQ(tree_levels(65536), 4u);
  for (const std::uint32_t bins : {0u, 1u, 15u, 17u, 32u, 65535u}) {
    EXPECT_EQ(tree_levels(bins), 0u) << bins;
  }
  for (const std::uint32_t levels : {1u, 2u, 3u, 4u})
    EXPECT_EQ(tree_levels(tree_bins(levels)), levels);
}

TEST(NoisyTree, FindsQuantilesOfAUniformHistogram) {
  stat::SeededEntropy entropy(1);
  for (const std::uint32_t bins : {16u, 256u, 4096u, 65536u}) {
    const Histogram exact = uniform(bins, 3);
    RandomBits bits(entropy);
    NoisyTree tree(bits, kSilent, exact, tree_levels(bins));
    EXPECT_EQ(tree.quantile(500'000, 0)->value, bins / 2 - 1) << bins;
    EXPECT_EQ(tree.quantile(250'000, 0)->value, bins / 4 - 1) << bins;
    EXPECT_EQ(tree.quantile(0, 0)->value, 0u) << bins;
    EXPECT_EQ(tree.quantile(1'000'000, 0)->value, bins - 1) << bins;
  }
}

TEST(NoisyTree, FindsTheOnlyValue) {
  stat::SeededEntropy entropy(2);
  const Histogram exact = {{1234, 100}};
  RandomBits bits(entropy);
  NoisyTree tree(bits, kSilent, exact, 3);
  for (const std::uint32_t fraction : {0u, 1u, 500'000u, 999'999u, 1'000'000u}) {
    EXPECT_EQ(*tree.quantile(fraction, 0), (QuantileLeaves{1234, 1234, 1234}));
  }
}

TEST(NoisyTree, OfNothingIsTheMiddle) {
  stat::SeededEntropy entropy(3);
  const Histogram exact;
  RandomBits bits(entropy);
  NoisyTree tree(bits, kSilent, exact, 2);
  EXPECT_EQ(tree.quantile(500'000, 0)->value, 8u * 16 + 8);
}

TEST(NoisyTree, TheSameNodeHasTheSameNoise) {
  stat::SeededEntropy entropy(4);
  const Histogram exact = uniform(256, 5);
  RandomBits bits(entropy);
  NoisyTree tree(bits, Scale{50, 1}, exact, 2);
  const QuantileLeaves first = *tree.quantile(700'000, 100);
  const std::uint64_t used = bits.taken();
  EXPECT_EQ(*tree.quantile(700'000, 100), first);
  EXPECT_EQ(bits.taken(), used);
  EXPECT_LE(first.low, first.value);
  EXPECT_GE(first.high, first.value);
}

TEST(NoisyTree, FailsWithEntropy) {
  class NoEntropy final : public Entropy {
   public:
    Status fill(std::span<std::uint8_t>) noexcept override {
      return Error{ErrorCode::unavailable, "entropy_failed"};
    }
  };
  NoEntropy entropy;
  const Histogram exact = uniform(16, 5);
  RandomBits bits(entropy);
  NoisyTree tree(bits, Scale{50, 1}, exact, 1);
  EXPECT_EQ(tree.quantile(500'000, 0).error().code, ErrorCode::unavailable);
}

// The interval's leaves hold the true quantile about 19 times out of 20; 200 seeds, at least 180.
TEST(NoisyTree, TheIntervalHoldsTheTruth) {
  const Histogram exact = uniform(4096, 20);
  for (const Noise noise : {Noise(Scale{100, 1}), Noise(Sigma{100, 1})}) {
    int held = 0;
    for (std::uint64_t seed = 0; seed < 200; seed++) {
      stat::SeededEntropy entropy(seed);
      RandomBits bits(entropy);
      NoisyTree tree(bits, noise, exact, 3);
      const QuantileLeaves found = *tree.quantile(300'000, rank_slack(noise, 3));
      const std::uint32_t truth = 4096 * 3 / 10;
      if (found.low <= truth && truth <= found.high) held++;
      EXPECT_NEAR(found.value, truth, 400);
    }
    EXPECT_GE(held, 180);
  }
}

}  // namespace
}  // namespace gbx::privacy
