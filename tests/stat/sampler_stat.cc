// The samplers against their closed forms: by enumeration of random bits (exact), then by counting
// many draws under fixed seeds (what enumeration is too shallow for: tails and large scales).
//
// False alarms: tests/stat/counting.h.

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "tests/stat/counting.h"
#include "tests/stat/draws.h"
#include "tests/stat/enumerate.h"
#include "trusted/privacy/mechanism.h"
#include "trusted/privacy/sampler.h"

namespace gbx::privacy {
namespace {

using stat::kAlarm;

double b_of(Scale scale) {
  return static_cast<double>(scale.numerator) / static_cast<double>(scale.denominator);
}

double laplace(Scale scale, double x) {
  return std::tanh(0.5 / b_of(scale)) * std::exp(-std::abs(x) / b_of(scale));
}

TEST(Exactness, UniformBelow) {
  for (const std::uint64_t bound : {1u, 2u, 3u, 5u, 8u, 11u}) {
    const auto found =
        stat::enumerate<std::uint64_t>([&](RandomBits& bits) { return bits.below(bound); }, 20);
    EXPECT_EQ(found.mass.size(), bound);
    EXPECT_LT(found.undecided, 0.02);
    EXPECT_TRUE(found.agrees([&](std::uint64_t) { return 1.0 / static_cast<double>(bound); }));
  }
}

TEST(Exactness, BernoulliOfExp) {
  struct Case {
    std::uint64_t numerator, denominator;
  };
  for (const Case c :
       {Case{0, 1}, Case{1, 1}, Case{1, 2}, Case{2, 3}, Case{5, 7}, Case{3, 8}, Case{1, 1000}}) {
    const auto found = stat::enumerate<bool>(
        [&](RandomBits& bits) { return bernoulli_exp(bits, c.numerator, c.denominator); }, 22);
    const double gamma = static_cast<double>(c.numerator) / static_cast<double>(c.denominator);
    EXPECT_LT(found.undecided, 0.01) << gamma;
    const auto closed_form = [&](bool outcome) {
      return outcome ? std::exp(-gamma) : -std::expm1(-gamma);
    };
    EXPECT_TRUE(found.agrees(closed_form)) << gamma;
    // The check has teeth: a gamma that is 0.03 off does not fit.
    EXPECT_FALSE(found.agrees([&](bool outcome) {
      const double off = gamma + 0.03;
      return outcome ? std::exp(-off) : -std::expm1(-off);
    })) << gamma;
  }
}

// How far enumeration reaches depends on how often the scale makes the sampler start again.
struct Reach {
  Scale scale;
  double undecided_max;
};

TEST(Exactness, DiscreteLaplace) {
  for (const Reach reach : {Reach{{1, 1}, 0.06}, Reach{{1, 2}, 0.13}, Reach{{2, 1}, 0.13},
                            Reach{{4, 1}, 0.2}, Reach{{3, 2}, 0.4}}) {
    const Scale scale = reach.scale;
    const auto found = stat::enumerate<Int128>(
        [&](RandomBits& bits) { return discrete_laplace(bits, scale); }, 20);
    EXPECT_LT(found.undecided, reach.undecided_max) << b_of(scale);
    EXPECT_TRUE(found.agrees([&](Int128 x) { return laplace(scale, static_cast<double>(x)); }))
        << b_of(scale);
    for (const auto& [x, mass] : found.mass) {  // symmetric to the last bit
      const auto mirrored = found.mass.find(-x);
      ASSERT_NE(mirrored, found.mass.end());
      EXPECT_EQ(mass, mirrored->second);
    }
  }
}

// The check has teeth: twice the scale, half of it, and the law of a sampler that forgets to draw
// -0 again do not fit.
TEST(Exactness, OfDiscreteLaplaceSeesAWrongLaw) {
  for (const Scale scale : {Scale{1, 1}, Scale{1, 2}, Scale{2, 1}}) {
    const auto found = stat::enumerate<Int128>(
        [&](RandomBits& bits) { return discrete_laplace(bits, scale); }, 20);
    const Scale twice{2 * scale.numerator, scale.denominator};
    const Scale half{scale.numerator, 2 * scale.denominator};
    for (const Scale wrong : {twice, half}) {
      EXPECT_FALSE(found.agrees([&](Int128 x) { return laplace(wrong, static_cast<double>(x)); }));
    }
    const double zero = laplace(scale, 0);
    EXPECT_FALSE(found.agrees([&](Int128 x) {
      return (x == 0 ? 2 * zero : laplace(scale, static_cast<double>(x))) / (1 + zero);
    })) << b_of(scale);
  }
}

TEST(Counting, DiscreteLaplaceChiSquare) {
  constexpr int kDraws = 1'000'000;
  for (const Scale scale : {Scale{1, 1}, Scale{10, 1}, Scale{1000, 333}, Scale{100, 7}}) {
    const auto counts = stat::counts_of(stat::drawn(
        20240601, kDraws, [&](RandomBits& bits) { return discrete_laplace(bits, scale); }));
    const auto found =
        stat::chi_square(counts, kDraws, [&](double x) { return laplace(scale, x); });
    EXPECT_LT(found.statistic, found.allowed()) << b_of(scale);
  }
}

// The same for a whole group: persons and measure together, so that noise left out, used twice or
// swapped shows. Cells of at least 100 expected draws; the rest, and withheld, are one each.
TEST(Counting, GroupChiSquare) {
  constexpr int kDraws = 1'000'000;
  Mechanism mechanism;
  mechanism.noises = {Scale{2, 1}, Scale{3, 1}};
  mechanism.people_min = 3;
  mechanism.threshold = 4;
  const std::int64_t persons = 7;
  const std::int64_t measure = 100;
  stat::SeededEntropy entropy(31);
  RandomBits bits(entropy);
  std::map<std::pair<std::int64_t, std::int64_t>, double> counts;
  double withheld = 0;
  for (int i = 0; i < kDraws; i++) {
    const NoisedGroup group = *noise_group(bits, mechanism, {persons, measure});
    if (!group.shown) {
      withheld++;
      continue;
    }
    counts[{static_cast<std::int64_t>(group.statistics[0]),
            static_cast<std::int64_t>(group.statistics[1])}]++;
  }
  const double keep = keep_probability(mechanism, persons);
  double statistic = std::pow(withheld - kDraws * (1 - keep), 2) / (kDraws * (1 - keep));
  double rest_expected = kDraws * keep;
  double rest_counted = kDraws - withheld;
  int cells = 1;
  for (std::int64_t n = mechanism.threshold + 2; n < persons + 30; n++) {
    for (std::int64_t m = measure - 40; m < measure + 40; m++) {
      const double expected = kDraws * laplace({2, 1}, static_cast<double>(n - persons)) *
                              laplace({3, 1}, static_cast<double>(m - measure));
      if (expected < 100) continue;
      const double counted = counts[{n, m}];
      statistic += (counted - expected) * (counted - expected) / expected;
      rest_expected -= expected;
      rest_counted -= counted;
      cells++;
    }
  }
  statistic += (rest_counted - rest_expected) * (rest_counted - rest_expected) / rest_expected;
  const double t = -std::log(kAlarm);
  EXPECT_GT(cells, 100);
  EXPECT_LT(statistic, cells + 2 * std::sqrt(cells * t) + 2 * t);
}

// The share of draws beyond m against the closed form, from the middle to the largest scale there
// is.
TEST(Counting, TailsAtEveryScale) {
  constexpr int kDraws = 200'000;
  for (const Scale scale : {Scale{1, 1000}, Scale{40, 1}, Scale{1'000'003, 7},
                            Scale{(1ull << 61) + 1, 3}, Scale{kScaleNumeratorMax, 1}}) {
    const std::vector<double> draws =
        stat::drawn(7, kDraws, [&](RandomBits& bits) { return discrete_laplace(bits, scale); });
    for (const double quantile : {0.05, 0.3, 0.7, 1.0, 2.0, 3.0, 5.0}) {
      const double m = std::floor(quantile * b_of(scale)) + 1;
      const double expected = std::exp(-m / b_of(scale)) / (1 + std::exp(-1 / b_of(scale)));
      stat::expect_tails(draws, m, expected,
                         std::to_string(b_of(scale)) + " " + std::to_string(quantile));
    }
  }
}

TEST(Work, IsTheSameWhateverWasDrawn) {
  for (const Scale scale : {Scale{1, 1000}, Scale{1, 1}, Scale{5, 1}, Scale{16, 1}, Scale{33, 1},
                            Scale{1'000'003, 7}, Scale{(1ull << 61) + 1, 3}}) {
    EXPECT_LT(stat::even_work({scale, scale}, 99, 500), 24) << b_of(scale);
  }
}

}  // namespace
}  // namespace gbx::privacy
