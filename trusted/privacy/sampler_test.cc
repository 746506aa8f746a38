#include "trusted/privacy/sampler.h"

#include <gtest/gtest.h>

#include <algorithm>
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
