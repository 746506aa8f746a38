#include "trusted/privacy/sampler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>

namespace gbx::privacy {
namespace {

// The same byte for ever.
class StuckEntropy final : public Entropy {
 public:
  explicit StuckEntropy(std::uint8_t byte) : byte_(byte) {}
  Status fill(std::span<std::uint8_t> out) noexcept override {
    std::fill(out.begin(), out.end(), byte_);
    return {};
  }

 private:
  std::uint8_t byte_;
};

class NoEntropy final : public Entropy {
 public:
  Status fill(std::span<std::uint8_t>) noexcept override {
    return Error{ErrorCode::unavailable, "entropy_failed"};
  }
};

// 0, 1, 2, ..., 255, 0, ...
class CountingEntropy final : public Entropy {
 public:
  Status fill(std::span<std::uint8_t> out) noexcept override {
    for (std::uint8_t& byte : out) byte = next_++;
    return {};
  }

 private:
  std::uint8_t next_ = 0;
};

TEST(RandomBits, AreTheBytesLowestBitFirst) {
  CountingEntropy entropy;
  RandomBits bits(entropy);
  EXPECT_EQ(*bits.take(64), 0x0706050403020100u);
  EXPECT_EQ(*bits.take(4), 0x8u);
  EXPECT_EQ(*bits.take(0), 0u);
  EXPECT_EQ(*bits.take(64), 0x00F0E0D0C0B0A090u | (std::uint64_t{0x0} << 60));
  EXPECT_EQ(*bits.take(8), 0x11u);
  EXPECT_EQ(bits.taken(), 140u);
}

TEST(RandomBits, GoOnAcrossRefills) {
  CountingEntropy entropy;
  RandomBits bits(entropy);
  for (unsigned i = 0; i < 3 * 4096; i++) ASSERT_EQ(*bits.take(8), i % 256);
}

TEST(RandomBits, BelowOneTakesNone) {
  NoEntropy entropy;
  RandomBits bits(entropy);
  EXPECT_EQ(*bits.below(1), 0u);
}

TEST(RandomBits, FailWithEntropy) {
  NoEntropy entropy;
  RandomBits bits(entropy);
  EXPECT_EQ(bits.take(1).error().code, ErrorCode::unavailable);
  EXPECT_EQ(bits.below(2).error().code, ErrorCode::unavailable);
}

TEST(RandomBitsDeathTest, TooManyAtOnce) {
  NoEntropy entropy;
  RandomBits bits(entropy);
  EXPECT_DEATH({ EXPECT_TRUE(bits.take(65).has_value()); }, "invariant");
  EXPECT_DEATH({ EXPECT_TRUE(bits.below(0).has_value()); }, "invariant");
}

TEST(Samplers, AStuckGeneratorGivesNoNumberOrEnds) {
  for (const std::uint8_t byte : {std::uint8_t{0x00}, std::uint8_t{0xff}}) {
    StuckEntropy entropy(byte);
    RandomBits bits(entropy);
    const auto uniform = bits.below(3);
    if (byte == 0xff) {
      EXPECT_EQ(uniform.error().code, ErrorCode::unavailable);
    }
    const auto coin = bernoulli_exp(bits, 2, 3);
    ASSERT_FALSE(coin);
    EXPECT_EQ(coin.error().reason, Literal("entropy_stuck"));
    const auto noise = discrete_laplace(bits, {3, 2});
    ASSERT_FALSE(noise);
    EXPECT_EQ(noise.error().code, ErrorCode::unavailable);
  }
}

TEST(RandomBits, BelowWideTakesAsManyAsItNeeds) {
  NoEntropy none;
  RandomBits no_bits(none);
  EXPECT_TRUE(*no_bits.below_wide(1) == 0);
  EXPECT_EQ(no_bits.below_wide(2).error().code, ErrorCode::unavailable);
  CountingEntropy entropy;
  RandomBits bits(entropy);
  EXPECT_TRUE(*bits.below_wide(UInt128{1} << 64) == 0x0706050403020100u);
  EXPECT_EQ(bits.taken(), 64u);
  const UInt128 expected =
      UInt128{0x1716151413121110u & ~(std::uint64_t{1} << 63)} << 64 | 0x0f0e0d0c0b0a0908u;
  EXPECT_TRUE(*bits.below_wide(UInt128{1} << 127) == expected);
  EXPECT_EQ(bits.taken(), 64u + 127u);
}

TEST(Samplers, AStuckGeneratorGivesNoGaussianNumber) {
  for (const std::uint8_t byte : {std::uint8_t{0x00}, std::uint8_t{0xff}}) {
    for (const Sigma sigma : {Sigma{5, 1}, Sigma{1, kSigmaGrid}, Sigma{9999, kSigmaGrid}}) {
      StuckEntropy entropy(byte);
      RandomBits bits(entropy);
      const auto noise = discrete_gaussian(bits, sigma);
      ASSERT_FALSE(noise);
      EXPECT_EQ(noise.error().reason, Literal("entropy_stuck"));
    }
  }
  StuckEntropy ones(0xff);
  RandomBits bits(ones);
  EXPECT_EQ(bits.below_wide(3).error().reason, Literal("entropy_stuck"));
  EXPECT_EQ(bits.below_wide((UInt128{1} << 100) + 1).error().reason, Literal("entropy_stuck"));
}

// Bits 0, 1, 0, 0, 1, 0, ...: each coin of exp(-1) takes three of them and comes out "yes".
class YesEntropy final : public Entropy {
 public:
  Status fill(std::span<std::uint8_t> out) noexcept override {
    for (std::uint8_t& byte : out) {
      byte = 0;
      for (unsigned i = 0; i < 8; i++, next_++) {
        if (next_ % 3 == 1) byte = static_cast<std::uint8_t>(byte | 1U << i);
      }
    }
    return {};
  }

 private:
  std::uint64_t next_ = 0;
};

TEST(Samplers, CoinsInARowHaveALimit) {
  YesEntropy entropy;
  RandomBits bits(entropy);
  for (int i = 0; i < 1000; i++) ASSERT_TRUE(*bernoulli_exp(bits, 1, 1));
  EXPECT_TRUE(*bernoulli_exp_wide(bits, 256, 1));
  EXPECT_EQ(bernoulli_exp_wide(bits, 257, 1).error().reason, Literal("entropy_stuck"));
  EXPECT_EQ(discrete_laplace(bits, {1, 1}).error().reason, Literal("entropy_stuck"));
}

TEST(Samplers, WithoutEntropyThereIsNoNumber) {
  NoEntropy entropy;
  RandomBits bits(entropy);
  EXPECT_EQ(discrete_gaussian(bits, {5, 1}).error().reason, Literal("entropy_failed"));
  EXPECT_EQ(bernoulli_exp_wide(bits, 1, 3).error().reason, Literal("entropy_failed"));
  EXPECT_EQ(coin(bits, 1).error().reason, Literal("entropy_failed"));
}

TEST(Samplers, CoinIsOneDrawOfSixtyTwoBits) {
  StuckEntropy zeros(0x00);
  StuckEntropy ones(0xff);
  RandomBits low(zeros);
  RandomBits high(ones);
  EXPECT_FALSE(*coin(low, 0));
  EXPECT_FALSE(*coin(low, 0x1p-63));  // rounded down to the grid
  EXPECT_TRUE(*coin(low, 0x1p-62));
  EXPECT_EQ(low.taken(), 3 * 62u);
  EXPECT_TRUE(*coin(high, 1));
  EXPECT_FALSE(*coin(high, 1 - 0x1p-53));
  EXPECT_EQ(high.steps(), 2u);
}

TEST(SamplersDeathTest, RefuseWideParametersWithoutProof) {
  CountingEntropy entropy;
  RandomBits bits(entropy);
  const UInt128 limit = UInt128{1} << 127;
  EXPECT_DEATH({ EXPECT_TRUE(bits.below_wide(0).has_value()); }, "invariant");
  EXPECT_DEATH({ EXPECT_TRUE(bits.below_wide(limit + 1).has_value()); }, "invariant");
  EXPECT_DEATH({ EXPECT_TRUE(bernoulli_exp_wide(bits, 1, 0).has_value()); }, "invariant");
  EXPECT_DEATH({ EXPECT_TRUE(bernoulli_exp_wide(bits, 1, limit + 1).has_value()); }, "invariant");
  for (const Sigma sigma : {Sigma{0, 1}, Sigma{1, 0}, Sigma{5, 3}, Sigma{kSigmaMax + 1, 1},
                            Sigma{0, kSigmaGrid}, Sigma{kSigmaFine * kSigmaGrid + 1, kSigmaGrid}}) {
    EXPECT_DEATH({ EXPECT_TRUE(discrete_gaussian(bits, sigma).has_value()); }, "invariant");
  }
  EXPECT_DEATH({ EXPECT_TRUE(coin(bits, -0.1).has_value()); }, "invariant");
  EXPECT_DEATH({ EXPECT_TRUE(coin(bits, 1.1).has_value()); }, "invariant");
  EXPECT_DEATH({ EXPECT_TRUE(coin(bits, std::nan("")).has_value()); }, "invariant");
}

TEST(SamplersDeathTest, RefuseParametersWithoutProof) {
  CountingEntropy entropy;
  RandomBits bits(entropy);
  EXPECT_DEATH({ EXPECT_TRUE(bernoulli_exp(bits, 2, 1).has_value()); }, "invariant");
  EXPECT_DEATH({ EXPECT_TRUE(bernoulli_exp(bits, 0, 0).has_value()); }, "invariant");
  EXPECT_DEATH({ EXPECT_TRUE(discrete_laplace(bits, {0, 1}).has_value()); }, "invariant");
  EXPECT_DEATH({ EXPECT_TRUE(discrete_laplace(bits, {1, 0}).has_value()); }, "invariant");
  EXPECT_DEATH(
      { EXPECT_TRUE(discrete_laplace(bits, {kScaleNumeratorMax + 1, 1}).has_value()); },
      "invariant");
}

}  // namespace
}  // namespace gbx::privacy
