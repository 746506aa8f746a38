#include "trusted/sql/ratio.h"

#include <gtest/gtest.h>

#include <array>
#include <limits>

namespace gbx::sql {
namespace {

constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min();

std::int64_t rounded(const Ratio& a, unsigned digits = 0) {
  return a.units(digits, Rounding::half_away);
}

TEST(ratio, is_what_it_was_made_of) {
  EXPECT_EQ(rounded(Ratio()), 0);
  EXPECT_EQ(rounded(Ratio::of(1234, 2), 2), 1234);
  EXPECT_EQ(rounded(Ratio::of(-1234, 2), 1), -123);
  EXPECT_EQ(rounded(Ratio::of(kMost)), kMost);
  EXPECT_EQ(rounded(Ratio::of(-kMost)), -kMost);
  EXPECT_EQ(Ratio::of(100, 2), Ratio::of(1));
  EXPECT_EQ(Ratio::of(0, 12), Ratio());
}

TEST(ratio, arithmetic_is_exact) {
  const Ratio third = Ratio::of(1) / Ratio::of(3);
  EXPECT_EQ(third + third + third, Ratio::of(1));
  EXPECT_EQ(third * Ratio::of(3), Ratio::of(1));
  EXPECT_EQ(third + -third, Ratio());
  EXPECT_EQ(Ratio::of(5) + Ratio::of(-7), Ratio::of(-2));
  EXPECT_EQ(Ratio::of(-5) + Ratio::of(7), Ratio::of(2));
  EXPECT_EQ(Ratio::of(-1) / Ratio::of(-2), Ratio::of(5, 1));
  EXPECT_EQ(Ratio() * Ratio::of(-7), Ratio());
  EXPECT_EQ((Ratio() * Ratio::of(-7)).sign(), 0);
}

// Numbers far beyond 128 bits come back.
TEST(ratio, long_numbers_lose_nothing) {
  Ratio a = Ratio::of(kMost, 12);
  const Ratio b = Ratio::of(kMost - 1, 7);
  for (int i = 0; i < 20; i++) a = a * b;
  a = a + Ratio::of(1);
  a = a + Ratio::of(-1);
  for (int i = 0; i < 20; i++) a = a / b;
  EXPECT_EQ(a, Ratio::of(kMost, 12));
  EXPECT_EQ(rounded(a, 12), kMost);
  EXPECT_EQ(rounded(a, 2), 922'337'204);
}

// Long quotients: q * b / b is q, and what is below b more changes nothing. Divisors whose first
// digits are extreme are where a guessed digit is wrong.
TEST(ratio, long_division_finds_the_whole_part) {
  std::uint64_t state = 7;
  const auto next = [&state] {
    state = state * 6364136223846793005U + 1442695040888963407U;
    return static_cast<std::int64_t>(state >> 1U);
  };
  const std::array ends = {std::int64_t{1},       std::int64_t{0xffffffff},
                           std::int64_t{1} << 32, (std::int64_t{1} << 32) + 1,
                           std::int64_t{1} << 62, kMost};
  for (int i = 0; i < 5000; i++) {
    const auto some = [&] {
      return i % 3 == 0 ? ends[static_cast<std::size_t>(next()) % 6] : next();
    };
    Ratio b = Ratio::of(some() | 1);
    for (int k = 0; k <= i % 4; k++) b = b * Ratio::of(some() | 1) + Ratio::of(next());
    const std::int64_t q = i % 5 == 0 ? next() >> (i % 63) : some();
    const Ratio a = Ratio::of(q) * b;
    ASSERT_EQ((a / b).units(0, Rounding::down), q) << i;
    ASSERT_EQ(((a + Ratio::of(1)) / b).units(0, Rounding::down), q) << i;
    if (q > 0) {
      ASSERT_EQ(((a + Ratio::of(-1)) / b).units(0, Rounding::down), q - 1) << i;
    }
  }
}

TEST(ratio, each_rounding) {
  const auto units = [](std::int64_t a, std::int64_t b, Rounding rounding) {
    return (Ratio::of(a) / Ratio::of(b)).units(0, rounding);
  };
  for (const auto& [a, half, down, up, zero] : {std::array{5, 3, 2, 3, 2},
                                                {-5, -3, -3, -2, -2},
                                                {4, 2, 2, 2, 2},
                                                {-4, -2, -2, -2, -2},
                                                {1, 1, 0, 1, 0},
                                                {-1, -1, -1, 0, 0}}) {
    EXPECT_EQ(units(a, 2, Rounding::half_away), half) << a;
    EXPECT_EQ(units(a, 2, Rounding::down), down) << a;
    EXPECT_EQ(units(a, 2, Rounding::up), up) << a;
    EXPECT_EQ(units(a, 2, Rounding::to_zero), zero) << a;
  }
}

TEST(ratio, what_does_not_fit_is_cut) {
  const Ratio big = Ratio::of(kMost) * Ratio::of(kMost);
  EXPECT_EQ(rounded(big), kMost);
  EXPECT_EQ(rounded(-big), -kMost);
  EXPECT_EQ(rounded(big * big * big), kMost);
  EXPECT_EQ(rounded(Ratio::of(kLeast)), -kMost);
  EXPECT_EQ(rounded(Ratio::of(kMost), 1), kMost);
}

TEST(ratio, is_ordered) {
  const Ratio third = Ratio::of(1) / Ratio::of(3);
  EXPECT_LT(Ratio::of(333'333, 6), third);
  EXPECT_GT(Ratio::of(333'334, 6), third);
  EXPECT_LT(-Ratio::of(333'334, 6), -third);
  EXPECT_LT(-third, Ratio());
  EXPECT_LT(Ratio(), third);
  EXPECT_LT(Ratio::of(1), Ratio::of(kMost) * Ratio::of(kMost));
}

TEST(ratio, division_by_nothing_is_a_bug) { EXPECT_DEATH(Ratio::of(1) / Ratio(), ""); }

}  // namespace
}  // namespace gbx::sql
