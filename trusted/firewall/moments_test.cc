#include "trusted/firewall/moments.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

namespace gbx::firewall {
namespace {

struct Sums {
  Int128 n = 0;
  Int128 s = 0;
  Int128 q = 0;
};

Sums sums_of(const std::vector<std::int64_t>& values, std::int64_t low, std::int64_t high) {
  Sums out;
  const Int128 w = high - low;
  for (const std::int64_t x : values) {
    const Int128 y = 2 * x - (low + high);
    out.n++;
    out.s += y;
    out.q += 2 * y * y - w * w;
  }
  return out;
}

double direct(const std::vector<std::int64_t>& values, bool sample, bool root) {
  long double mean = 0;
  for (const std::int64_t x : values) mean += static_cast<long double>(x);
  mean /= static_cast<long double>(values.size());
  long double squares = 0;
  for (const std::int64_t x : values) {
    squares += (static_cast<long double>(x) - mean) * (static_cast<long double>(x) - mean);
  }
  squares /= static_cast<long double>(values.size() - (sample ? 1 : 0));
  return static_cast<double>(root ? std::sqrt(squares) : squares);
}

TEST(moments, without_noise_are_the_definition) {
  std::mt19937_64 random(5);
  for (int i = 0; i < 400; i++) {
    const std::int64_t width = std::int64_t{1} << (random() % 26);
    const std::int64_t low = static_cast<std::int64_t>(random() % 2'000'000) - 1'000'000;
    std::vector<std::int64_t> values(2 + random() % 50);
    for (std::int64_t& x : values) {
      x = low + static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(width + 1));
      if (random() % 4 == 0) x = random() % 2 == 0 ? low : low + width;
    }
    const Sums sums = sums_of(values, low, low + width);
    for (const bool sample : {false, true}) {
      for (const bool root : {false, true}) {
        const Moments moments{width, sample, root, 0, 2};
        const auto got = static_cast<double>(moment(moments, sums.n, sums.s, sums.q));
        const double want = direct(values, sample, root) * 100;
        EXPECT_NEAR(got, want, 0.51 + want * 1e-9) << i << sample << root;
        const Between around =
            moment_interval(moments, {sums.n, sums.n}, {sums.s, sums.s}, {sums.q, sums.q});
        EXPECT_LE(static_cast<double>(around.low), want + 1e-6 + want * 1e-12);
        EXPECT_GE(static_cast<double>(around.high), want - 1e-6 - want * 1e-12);
        EXPECT_LE(around.high - around.low, Int128{3} + static_cast<Int128>(want * 1e-8));
      }
    }
  }
}

TEST(moments, scales_go_up_and_down) {
  // 0 and 10.00: variance 25.00, of cents 250000 hundredths of a cent
  const Sums sums = sums_of({0, 1000}, 0, 1000);
  EXPECT_TRUE(moment({1000, false, false, 2, 4}, sums.n, sums.s, sums.q) == 250'000);
  EXPECT_TRUE(moment({1000, false, false, 2, 6}, sums.n, sums.s, sums.q) == 25'000'000);
  EXPECT_TRUE(moment({1000, false, false, 2, 2}, sums.n, sums.s, sums.q) == 2'500);
  EXPECT_TRUE(moment({1000, true, false, 2, 4}, sums.n, sums.s, sums.q) == 500'000);
  EXPECT_TRUE(moment({1000, false, true, 2, 2}, sums.n, sums.s, sums.q) == 500);
  EXPECT_TRUE(moment({1000, false, true, 2, 6}, sums.n, sums.s, sums.q) == 5'000'000);
}

TEST(moments, of_nobody_and_of_nonsense_stay_inside_their_bounds) {
  const Int128 huge = Int128{1} << 120;
  for (const std::int64_t width : {std::int64_t{0}, std::int64_t{1}, std::int64_t{94'906'265}}) {
    for (const bool sample : {false, true}) {
      const Int128 most = Int128{width} * width / (sample ? 2 : 4) + 1;
      for (const Int128 n : {-huge, Int128{-1}, Int128{0}, Int128{1}, Int128{2}, huge}) {
        for (const Int128 s : {-huge, Int128{-1}, Int128{0}, Int128{1}, huge}) {
          for (const Int128 q : {-huge, Int128{-1}, Int128{0}, Int128{1}, huge}) {
            const Moments moments{width, sample, false, 0, 0};
            const Int128 got = moment(moments, n, s, q);
            EXPECT_TRUE(got >= 0 && got <= most);
            const Between around = moment_interval(moments, {n, n}, {s, s}, {q, q});
            EXPECT_TRUE(around.low <= got && got <= around.high);
            const Moments root{width, sample, true, 0, 4};
            EXPECT_TRUE(moment(root, n, s, q) <= (Int128{width} + 1) * 10'000);
          }
        }
      }
    }
  }
}

TEST(moments, an_interval_holds_whatever_lies_in_the_box) {
  std::mt19937_64 random(9);
  for (int i = 0; i < 300; i++) {
    const std::int64_t width = 1 + static_cast<std::int64_t>(random() % 5000);
    const auto pick = [&](std::int64_t reach) {
      return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(2 * reach + 1)) -
             reach;
    };
    const Int128 n = pick(200);
    const Int128 s = pick(200 * width);
    const Int128 q = Int128{pick(200 * width)} * width;
    const Int128 dn = std::abs(pick(20));
    const Int128 ds = std::abs(pick(40 * width));
    const Int128 dq = Int128{std::abs(pick(40 * width))} * width;
    const Moments moments{width, i % 2 == 0, i % 3 == 0, 0, 2};
    const Between around =
        moment_interval(moments, {n - dn, n + dn}, {s - ds, s + ds}, {q - dq, q + dq});
    for (int a = -2; a <= 2; a++) {
      for (int b = -2; b <= 2; b++) {
        for (int c = -2; c <= 2; c++) {
          const Int128 got = moment(moments, n + dn * a / 2, s + ds * b / 2, q + dq * c / 2);
          EXPECT_TRUE(around.low <= got && got <= around.high) << i;
        }
      }
    }
  }
}

}  // namespace
}  // namespace gbx::firewall
