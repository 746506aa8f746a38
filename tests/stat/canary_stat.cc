// The audit in one run: how much do the answers of a long workload tell about who is in the data?
//
// m canary persons, each alone in a group of a public list, are put into the data or left out by
// fair coins. The same queries are asked over and over through the whole chain (chain.h); then,
// from the answers alone, it is guessed for the r canaries whose likelihoods are most extreme
// whether they are in. If the workload is (epsilon, delta)-private, the number of right guesses W
// of r obeys
//   P[W >= v] <= P[Binomial(r, e^epsilon / (1 + e^epsilon)) >= v] + 2 m delta
// (Steinke, Nasr, Jagielski, arXiv:2305.08846, theorem 5.2, whose alpha is at most 2). So every
// epsilon for which the right side is below beta is refuted with confidence 1 - beta; the largest
// of them must be below what the ledger was charged. beta is 10^-6; seeds are fixed, or
// GBX_STAT_SEED.
//
// Runs of their own, each with canaries of its own, add up. `ctest -L long` makes twenty.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "tests/stat/chain.h"
#include "tests/stat/seams.h"
#include "trusted/privacy/amount.h"

namespace gbx::stat {
namespace {

constexpr double kBeta = 1e-6;
constexpr double kDeltaOfPromise = 1e-12;

std::uint64_t environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

// P[Binomial(n, p) >= v].
double binomial_tail(std::uint64_t n, double p, std::uint64_t v) {
  double sum = 0;
  for (std::uint64_t i = v; i <= n; i++) {
    const auto a = static_cast<double>(n);
    const auto b = static_cast<double>(i);
    sum += std::exp(std::lgamma(a + 1) - std::lgamma(b + 1) - std::lgamma(a - b + 1) +
                    b * std::log(p) + (a - b) * std::log1p(-p));
  }
  return sum;
}

struct Workload {
  std::uint64_t queries = 1;
  std::uint64_t epsilon = 0;  // of each, in 10^-6
  bool gaussian = false;
  Fault fault = Fault::none;
};

struct Guesses {
  std::uint64_t canaries = 0;
  std::uint64_t made = 0;
  std::uint64_t right = 0;
  double epsilon = 0;  // what the ledger was charged, as a promise

  // The largest epsilon that they refute.
  [[nodiscard]] double refuted() const {
    const double delta = 2 * static_cast<double>(canaries) * kDeltaOfPromise;
    double low = 0;
    double high = 20;
    for (int i = 0; i < 50; i++) {
      const double middle = (low + high) / 2;
      const double chance = binomial_tail(made, 1 / (1 + std::exp(-middle)), right) + delta;
      (chance <= kBeta ? low : high) = middle;
    }
    return low;
  }
};

std::string name_of(std::uint64_t canary) { return "c" + std::to_string(100'000 + canary); }

constexpr std::uint64_t kCanaries = 4000;

// The groups with the most extreme likelihoods, of which `guesses` is told.
void guess(const std::vector<double>& scores, const std::vector<bool>& in, Guesses& guesses) {
  std::vector<std::uint64_t> order(scores.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](std::uint64_t a, std::uint64_t b) {
    return std::abs(scores[a]) > std::abs(scores[b]);
  });
  order.resize(order.size() / 4);
  for (const std::uint64_t canary : order) {
    guesses.made++;
    if ((scores[canary] > 0) == in[canary]) guesses.right++;
  }
  guesses.canaries += scores.size();
}

// One run; what it was charged.
privacy::Price run(const Workload& workload, std::uint64_t seed, Guesses& guesses) {
  std::mt19937_64 coins(seed);
  Data data;
  Terms terms{.fault = workload.fault,
              .gaussian = workload.gaussian,
              .open_rows = privacy::OpenRows::show,
              .epsilon = workload.epsilon};
  std::vector<bool> in(kCanaries);
  for (std::uint64_t i = 0; i < kCanaries; i++) {
    terms.campaigns.push_back(name_of(i));
    in[i] = coins() % 2 == 0;
    if (in[i]) data.exposures.push_back({i + 1, name_of(i)});
  }
  const Chain chain(
      "SELECT campaign_id, COUNT(DISTINCT hashed_email) AS n FROM exposures GROUP BY campaign_id",
      data, terms);
  // The logarithm of the likelihood ratio grows with n for both noises, for Laplace only between 0
  // and 1.
  std::vector<double> scores(kCanaries);
  SeededEntropy entropy(coins());
  privacy::Price charged;
  for (std::uint64_t query = 0; query < workload.queries; query++) {
    const packet::AnswerTable table = chain.release(entropy);
    charged = privacy::add(charged, chain.price());
    for (std::uint64_t i = 0; i < kCanaries; i++) {
      const auto* n = std::get_if<std::int64_t>(&table.rows[i][1].value);
      const double above = static_cast<double>(*n) - 0.5;
      scores[i] += workload.gaussian ? above : std::clamp(above, -0.5, 0.5);
    }
  }
  guess(scores, in, guesses);
  return charged;
}

Guesses audit(const Workload& workload) {
  Guesses out;
  privacy::Price charged;
  const std::uint64_t seed = environment("GBX_STAT_SEED", 20261121);
  for (std::uint64_t i = 0; i < environment("GBX_STAT_TIMES", 1); i++) {
    charged = run(workload, seed + i, out);
  }
  const auto loss = static_cast<double>(charged.loss);
  out.epsilon = workload.gaussian ? privacy::epsilon_of_rho(std::ldexp(loss, -40), kDeltaOfPromise)
                                  : loss / 1e6;
  ::testing::Test::RecordProperty("refuted", std::to_string(out.refuted()));
  ::testing::Test::RecordProperty("charged", std::to_string(out.epsilon));
  return out;
}

TEST(Canary, TheBoundIsTheBinomialOne) {
  EXPECT_NEAR(binomial_tail(10, 0.5, 8), 56.0 / 1024, 1e-12);
  EXPECT_NEAR(binomial_tail(1000, 0.7, 0), 1, 1e-9);
  // All of 200 right: e^epsilon / (1 + e^epsilon) >= beta^(1/200) = 0.933.
  const Guesses all{.canaries = 1, .made = 200, .right = 200, .epsilon = 0};
  EXPECT_NEAR(all.refuted(), 2.638, 0.01);
}

TEST(Canary, OneQueryTellsNoMoreThanItsCharge) {
  const Guesses found = audit({.queries = 1, .epsilon = 1'000'000});
  EXPECT_LE(found.refuted(), found.epsilon);
  EXPECT_GT(found.refuted(), 0.2 * found.epsilon);  // the audit sees something
}

TEST(Canary, ManyQueriesTellNoMoreThanTheirCharges) {
  const Guesses found = audit({.queries = 12, .epsilon = 250'000});
  EXPECT_LE(found.refuted(), found.epsilon);
  EXPECT_GT(found.refuted(), 0.2 * found.epsilon);
}

TEST(Canary, ManyGaussianQueriesTellNoMoreThanTheirCharges) {
  const Guesses found = audit({.queries = 30, .epsilon = 200'000, .gaussian = true});
  EXPECT_LE(found.refuted(), found.epsilon);
  EXPECT_GT(found.refuted(), 0.1 * found.epsilon);
}

TEST(CanaryFinds, HalfTheNoise) {
  const Guesses found = audit({.queries = 1, .epsilon = 1'000'000, .fault = Fault::noise_halved});
  EXPECT_GT(found.refuted(), 1.0);
}

}  // namespace
}  // namespace gbx::stat
