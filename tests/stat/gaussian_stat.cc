// The discrete Gaussian sampler and its wide coin against their closed forms: by enumeration of
// random bits for whole sigma, by counting for the rest. A sigma on the grid of 2^-12 asks its coin
// for about 50 bits at once, which is too many to enumerate; its coin is counted alone, too.

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

double value_of(Sigma sigma) {
  return static_cast<double>(sigma.numerator) / static_cast<double>(sigma.denominator);
}

// e^(-x^2 / (2 sigma^2)) over its sum.
class GaussianLaw {
 public:
  explicit GaussianLaw(double sigma) : sigma_(sigma) {
    const auto reach = static_cast<int>(40 * sigma) + 2;
    for (int x = -reach; x <= reach; x++) sum_ += weight(x);
  }
  double operator()(double x) const { return weight(x) / sum_; }

 private:
  [[nodiscard]] double weight(double x) const { return std::exp(-x * x / (2 * sigma_ * sigma_)); }
  double sigma_;
  double sum_ = 0;
};

TEST(Exactness, BernoulliOfExpWide) {
  struct Case {
    std::uint64_t numerator, denominator;
    double undecided_max;
  };
  for (const Case c : {Case{0, 1, 0.01}, Case{1, 2, 0.01}, Case{1, 1, 0.01}, Case{3, 2, 0.01},
                       Case{2, 1, 0.01}, Case{7, 3, 0.02}, Case{9, 8, 0.02}, Case{9, 4, 0.02}}) {
    const auto found = stat::enumerate<bool>(
        [&](RandomBits& bits) { return bernoulli_exp_wide(bits, c.numerator, c.denominator); }, 20);
    const double gamma = static_cast<double>(c.numerator) / static_cast<double>(c.denominator);
    EXPECT_LT(found.undecided, c.undecided_max) << gamma;
    const auto law = [](double x) {
      return [=](bool outcome) { return outcome ? std::exp(-x) : -std::expm1(-x); };
    };
    EXPECT_TRUE(found.agrees(law(gamma))) << gamma;
    EXPECT_FALSE(found.agrees(law(gamma + 0.3))) << gamma;
    // A coin too many or too few.
    EXPECT_FALSE(found.agrees(law(gamma + 1))) << gamma;
    EXPECT_FALSE(gamma >= 1 && found.agrees(law(gamma - 1))) << gamma;
  }
}

TEST(Exactness, DiscreteGaussian) {
  struct Case {
    std::uint64_t sigma;
    double undecided_max;
  };
  for (const Case c : {Case{1, 0.2}, Case{2, 0.45}}) {
    const auto found = stat::enumerate<Int128>(
        [&](RandomBits& bits) { return discrete_gaussian(bits, {c.sigma, 1}); }, 21);
    EXPECT_LT(found.undecided, c.undecided_max) << c.sigma;
    const auto fits = [&](const auto& law) {
      return found.agrees([&](Int128 x) { return law(static_cast<double>(x)); });
    };
    const auto sigma = static_cast<double>(c.sigma);
    EXPECT_TRUE(fits(GaussianLaw(sigma))) << sigma;
    EXPECT_FALSE(fits(GaussianLaw(2 * sigma))) << sigma;
    EXPECT_FALSE(fits(GaussianLaw(sigma / 2))) << sigma;
    // What would come out if nothing were rejected.
    EXPECT_FALSE(c.sigma == 1 && fits([&](double x) {
                   return std::tanh(0.5 / sigma) * std::exp(-std::abs(x) / sigma);
                 }));
    for (const auto& [x, mass] : found.mass) {  // symmetric to the last bit
      const auto mirrored = found.mass.find(-x);
      ASSERT_NE(mirrored, found.mass.end());
      EXPECT_EQ(mass, mirrored->second);
    }
  }
}

TEST(Counting, WideCoins) {
  constexpr int kDraws = 200'000;
  const UInt128 wide = (UInt128{1} << 126) + 12'345;
  struct Case {
    UInt128 numerator, denominator;
  };
  for (const Case c : {Case{wide / 3, wide}, Case{wide + wide / 7, wide}, Case{2 * wide + 1, wide},
                       Case{1, wide}, Case{UInt128{1} << 70, (UInt128{1} << 71) - 1},
                       Case{(UInt128{1} << 64) - 1, UInt128{1} << 64}}) {
    stat::SeededEntropy entropy(11);
    RandomBits bits(entropy);
    double heads = 0;
    for (int i = 0; i < kDraws; i++) {
      if (*bernoulli_exp_wide(bits, c.numerator, c.denominator)) heads++;
    }
    const double gamma = static_cast<double>(c.numerator) / static_cast<double>(c.denominator);
    EXPECT_NEAR(heads / kDraws, std::exp(-gamma), stat::share_slack(kDraws)) << gamma;
  }
}

const std::vector<Sigma> kSigmas = {{1024, kSigmaGrid},
                                    {2048, kSigmaGrid},
                                    {4095, kSigmaGrid},
                                    {4097, kSigmaGrid},
                                    {5324, kSigmaGrid},
                                    {11'134, kSigmaGrid},
                                    {41'000, kSigmaGrid},
                                    {1023 * 4096 + 1, kSigmaGrid},
                                    {1, 1},
                                    {3, 1},
                                    {1025, 1}};

TEST(Counting, DiscreteGaussianChiSquare) {
  constexpr int kDraws = 500'000;
  for (const Sigma sigma : kSigmas) {
    const auto counts = stat::counts_of(stat::drawn(
        20261121, kDraws, [&](RandomBits& bits) { return discrete_gaussian(bits, sigma); }));
    const auto test = [&](double value) {
      return stat::chi_square(counts, kDraws, GaussianLaw(value));
    };
    const stat::ChiSquare right = test(value_of(sigma));
    EXPECT_LT(right.statistic, right.allowed()) << value_of(sigma);
    // The test has teeth: a sigma that is a twentieth off does not pass.
    const stat::ChiSquare wrong = test(value_of(sigma) * 0.95);
    EXPECT_GT(wrong.statistic, wrong.allowed()) << value_of(sigma);
  }
}

// The share of draws beyond m against the closed form, up to the largest sigma there is; above
// 10^4 the normal law, which is off by less than 1 / sigma^2.
TEST(Counting, GaussianTailsAtEveryScale) {
  constexpr int kDraws = 200'000;
  for (const Sigma sigma : {Sigma{2048, kSigmaGrid}, Sigma{41'000, kSigmaGrid}, Sigma{40, 1},
                            Sigma{1'000'003, 1}, Sigma{(1ULL << 51) + 1, 1}, Sigma{kSigmaMax, 1}}) {
    const std::vector<double> draws =
        stat::drawn(8, kDraws, [&](RandomBits& bits) { return discrete_gaussian(bits, sigma); });
    const double size = value_of(sigma);
    for (const double quantile : {0.05, 0.3, 0.7, 1.0, 2.0, 3.0, 4.0}) {
      const double m = std::floor(quantile * size) + 1;
      double expected = 0.5 * std::erfc((m - 0.5) / size / std::sqrt(2.0));
      if (size < 10'000) {
        const GaussianLaw law(size);
        expected = 0;
        for (int i = 0; i < 40 * size; i++) expected += law(m + i);
      }
      stat::expect_tails(draws, m, expected, std::to_string(size) + " " + std::to_string(quantile));
    }
  }
}

// As Work.IsTheSameWhateverWasDrawn, for Gaussian noise, and for a plan with both kinds.
TEST(Work, IsTheSameWhateverGaussianNoiseWasDrawn) {
  std::vector<std::vector<Noise>> plans;
  for (const Sigma sigma : kSigmas) plans.push_back({sigma, sigma});
  plans.push_back({Sigma{kSigmaMax, 1}, Sigma{kSigmaMax, 1}});
  plans.push_back({Scale{1, 1}, Sigma{5000, kSigmaGrid}});
  plans.push_back({Sigma{5000, kSigmaGrid}, Scale{(1ULL << 61) + 1, 3}});
  double largest = 0;
  for (const std::vector<Noise>& noises : plans) {
    largest = std::max(largest, stat::even_work(noises, 98, 1000));
  }
  RecordProperty("steps", std::to_string(largest));
  EXPECT_LT(largest, 60);
  EXPECT_GT(largest, 20);
}

}  // namespace
}  // namespace gbx::privacy
