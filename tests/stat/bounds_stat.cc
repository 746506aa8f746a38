// Automatic bounds, exactly: the distribution of the pair of bounds that is shown, for histograms
// of a small world and one person more or less in them, and the delta that separates the two.
//
// The closed form is first held against noisy_bounds(), by enumeration of its random bits. Then
// every histogram of people by bin near the threshold is tried with one person in each bin; and
// each planted mistake must be found by the same search. Nothing here is sampled.

#include <gtest/gtest.h>

#include <vector>

#include "tests/stat/enumerate.h"
#include "tests/stat/group_law.h"
#include "trusted/privacy/bounds.h"

namespace gbx::privacy {
namespace {

using stat::PairOfLaws;
using People = std::vector<std::int64_t>;  // by bin

constexpr std::int64_t kPeopleMin = 3;

Histogram histogram_of(const People& people) {
  Histogram out;
  for (std::uint32_t bin = 0; bin < people.size(); bin++) {
    if (people[bin] > 0) out.push_back({bin, people[bin]});
  }
  return out;
}

std::int64_t threshold_for(const Noise& noise, std::size_t bins) {
  return bounds_threshold(noise, {{}, static_cast<std::uint32_t>(bins), kPeopleMin});
}

// --- the closed form, against the code ---

stat::Enumeration<std::size_t> enumerate_bounds(const Noise& noise, const People& people) {
  const Histogram exact = histogram_of(people);
  const auto bins = static_cast<std::uint32_t>(people.size());
  const auto run = [&](RandomBits& bits) -> Result<std::size_t> {
    GBX_TRY_ASSIGN(const QuantileLeaves ends, noisy_bounds(bits, noise, {exact, bins, kPeopleMin}));
    return std::size_t{ends.low} * bins + ends.high;
  };
  return stat::enumerate<std::size_t>(run, 20);
}

bool fits(const stat::Enumeration<std::size_t>& found, const Noise& noise, std::int64_t threshold,
          const People& people) {
  const auto law = stat::bounds_law(stat::NoiseLaw(noise), threshold, people);
  return found.agrees([&](std::size_t ends) { return static_cast<double>(law[ends]); });
}

TEST(BoundsLaw, IsWhatTheCodeDoes) {
  const Noise noise = Scale{1, 1};
  const std::int64_t threshold = threshold_for(noise, 2);
  for (const People& people :
       {People{0, 0}, People{threshold, 0}, People{threshold - 1, threshold + 1},
        People{threshold, threshold}, People{0, threshold + 3}}) {
    const auto found = enumerate_bounds(noise, people);
    EXPECT_LT(found.undecided, 0.3);
    EXPECT_TRUE(fits(found, noise, threshold, people)) << people[0] << " " << people[1];
  }
}

TEST(BoundsLaw, OfAnotherThresholdNoiseOrHistogramDoesNotFit) {
  const Noise noise = Scale{1, 1};
  const std::int64_t threshold = threshold_for(noise, 2);
  const People people = {threshold, threshold - 1};
  const auto found = enumerate_bounds(noise, people);
  EXPECT_TRUE(fits(found, noise, threshold, people));
  EXPECT_FALSE(fits(found, noise, threshold + 1, people));
  EXPECT_FALSE(fits(found, noise, threshold - 1, people));
  EXPECT_FALSE(fits(found, Scale{3, 1}, threshold, people));
  EXPECT_FALSE(fits(found, noise, threshold, {threshold - 1, threshold}));
}

TEST(BoundsLaw, AddsUpToOne) {
  for (const Noise& noise : {Noise(Scale{7, 3}), Noise(Sigma{9, 1})}) {
    long double sum = 0;
    const auto law = stat::bounds_law(stat::NoiseLaw(noise), 12, {0, 12, 3, 40});
    for (const long double p : law) sum += p;
    EXPECT_NEAR(static_cast<double>(sum), 1, 1e-12);
  }
}

// --- the search ---

Plan plan_of(Accounting accounting, std::uint64_t loss, std::uint32_t groups) {
  PlanRequest request{.accounting = accounting,
                      .laplace = accounting == Accounting::pure,
                      .grouped = true,
                      .groups_per_person = groups,
                      .people_min = kPeopleMin,
                      .price = {loss, *parse_delta("1e-3")}};
  request.measures = {{.per_group = 1, .bins = 3, .fractions = {0}, .bounds = true}};
  return *make_plan(request);
}

// Every histogram of three bins with numbers that matter to a threshold.
std::vector<People> histograms(std::int64_t threshold) {
  const People sizes = {0, 1, threshold - 2, threshold - 1, threshold, threshold + 2};
  std::vector<People> out;
  for (const std::int64_t a : sizes) {
    for (const std::int64_t b : sizes) {
      for (const std::int64_t c : sizes) out.push_back({a, b, c});
    }
  }
  return out;
}

// How one person may change a histogram; a mistake may let it do more.
using Changes = std::vector<People>;
const Changes kOneBin = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}};

People plus(const People& people, const People& change) {
  People out = people;
  for (std::size_t i = 0; i < out.size(); i++) out[i] += change[i];
  return out;
}

// The largest excess of both directions over what the bins pay: the bounds of `groups` groups, all
// changed alike, against the share of the plan that their statistic has. No delta is theirs.
double worst_excess(const Plan& plan, const Noise& noise, const Changes& changes) {
  const double epsilon =
      static_cast<double>(plan.statistics.at(1).share) / static_cast<double>(kEpsilonUnit);
  const std::int64_t threshold = threshold_for(noise, 3);
  double worst = -1;
  for (const People& people : histograms(threshold)) {
    for (const People& change : changes) {
      const PairOfLaws one = stat::bounds_pair(noise, threshold, people, plus(people, change));
      PairOfLaws all = PairOfLaws::equal();
      for (std::uint32_t i = 0; i < plan.groups_per_person; i++) all = all.times(one);
      worst = std::max({worst, all.hockey_stick(epsilon), all.hockey_stick_back(epsilon)});
    }
  }
  return worst;
}

std::vector<Plan> small_world() {
  std::vector<Plan> out;
  for (const std::uint64_t epsilon : {500'000u, 1'000'000u, 3'000'000u}) {
    for (const std::uint32_t groups : {1u, 2u}) {
      out.push_back(plan_of(Accounting::pure, epsilon, groups));
    }
  }
  return out;
}

Noise noise_for(const Plan& plan) { return (*mechanism_of(plan)).noises.at(1); }

// As in falsifier_stat.cc.
constexpr double kRounding = 1e-11;

TEST(BoundsFalsifier, FindsNothing) {
  for (const Plan& plan : small_world()) {
    EXPECT_LT(worst_excess(plan, noise_for(plan), kOneBin), kRounding);
  }
}

TEST(BoundsFalsifierFinds, HalfTheNoise) {
  for (const Plan& plan : small_world()) {
    const Noise right = noise_for(plan);
    Scale wrong = *std::get_if<Scale>(&right);
    wrong.denominator *= 2;
    EXPECT_GT(worst_excess(plan, wrong, kOneBin), 10 * kRounding);
  }
}

TEST(BoundsFalsifierFinds, NoiseThatForgetsHowManyGroupsAPersonIsIn) {
  for (const Plan& plan : small_world()) {
    if (plan.groups_per_person == 1) continue;
    const Noise wrong = *noise_of(1, plan.statistics.at(1));
    EXPECT_GT(worst_excess(plan, wrong, kOneBin), 10 * kRounding);
  }
}

TEST(BoundsFalsifierFinds, TwoRowsOfAPersonThatCount) {
  for (const Plan& plan : small_world()) {
    EXPECT_GT(worst_excess(plan, noise_for(plan), {{2, 0, 0}}), 10 * kRounding);
    EXPECT_GT(worst_excess(plan, noise_for(plan), {{0, 1, 1}}), 10 * kRounding);
  }
}

// A person whose value moves from bin to bin, and noise for one who comes or goes.
TEST(BoundsFalsifierFinds, AnOuterJoinThatIsNotDoubled) {
  const Changes moves = {{1, -1, 0}, {-1, 0, 1}};
  for (const Plan& plan : small_world()) {
    EXPECT_GT(worst_excess(plan, noise_for(plan), moves), 10 * kRounding);
    const Noise doubled = *noise_of(2 * plan.groups_per_person, plan.statistics.at(1));
    EXPECT_LT(worst_excess(plan, doubled, moves), kRounding);
  }
}

// --- zcdp: every Renyi divergence of the bounds is at most rho a ---

long double renyi(const std::vector<long double>& p, const std::vector<long double>& q,
                  long double a) {
  long double sum = 0;
  for (std::size_t i = 0; i < p.size(); i++) {
    if (p[i] > 0) sum += p[i] * std::exp((a - 1) * (std::log(p[i]) - std::log(q[i])));
  }
  return std::log(sum) / (a - 1);
}

long double worst_rho(const Plan& plan, const Noise& noise) {
  const long double rho = static_cast<long double>(plan.statistics.at(1).share) / kRhoUnit;
  const stat::NoiseLaw law(noise);
  const std::int64_t threshold = threshold_for(noise, 3);
  long double worst = 0;
  for (const People& people : histograms(threshold)) {
    for (const People& change : kOneBin) {
      const auto p = stat::bounds_law(law, threshold, people);
      const auto q = stat::bounds_law(law, threshold, plus(people, change));
      for (const long double a : {1.1L, 2.0L, 5.0L, 17.0L}) {
        const long double larger = std::max(renyi(p, q, a), renyi(q, p, a));
        worst = std::max(worst, plan.groups_per_person * larger / (rho * a));
      }
    }
  }
  return worst;
}

TEST(BoundsRenyi, StaysBelowRhoAndHalfTheNoiseDoesNot) {
  for (const std::uint64_t rho : {kRhoUnit / 20, kRhoUnit / 2}) {
    for (const std::uint32_t groups : {1u, 3u}) {
      const Plan plan = plan_of(Accounting::zcdp, rho, groups);
      const Noise noise = noise_for(plan);
      const auto* sigma = std::get_if<Sigma>(&noise);
      ASSERT_NE(sigma, nullptr);
      EXPECT_LE(worst_rho(plan, noise), 1 + 1e-9L);
      EXPECT_GT(worst_rho(plan, Sigma{(sigma->numerator + 1) / 2, sigma->denominator}), 1.01L);
    }
  }
}

}  // namespace
}  // namespace gbx::privacy
