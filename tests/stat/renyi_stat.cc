// Tries to break the claim of the zcdp ledger: for every neighbour of a small world there is an
// event of probability at least 1 - delta under each law, given which every Renyi divergence D_a of
// the two releases is at most rho a. Exact sums, no sampling.
//
// D_a adds up over independent groups, so it is enough to look at each kind of group that a person
// can change. Where a group comes to be shown (k - 1 persons, then k) the event is "withheld", and
// given it both laws are the same; the chances of all such groups of one person make delta.

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "tests/stat/group_law.h"
#include "trusted/privacy/mechanism.h"

namespace gbx::privacy {
namespace {

const std::vector<long double> kOrders = {1.001L, 1.1L, 1.5L, 2, 3, 5, 9, 17, 33};

// Sum of p^a q^(1-a): e^((a-1) D_a).
long double moment(long double a, long double p, long double q) {
  if (p <= 0) return 0;
  return q <= 0 ? std::numeric_limits<long double>::infinity()
                : p * std::exp((a - 1) * (std::log(p) - std::log(q)));
}

// How far beyond a noise's own reach its moments are: the mass of p^a q^(1-a) lies around a s.
std::int64_t further_for(std::int64_t shift) {
  return static_cast<std::int64_t>(kOrders.back()) * shift;
}

long double shifted_moment(const Noise& noise, std::int64_t shift, long double a) {
  const stat::NoiseLaw law(noise);
  const std::int64_t reach = law.reach() + further_for(shift);
  long double sum = 0;
  for (std::int64_t x = -reach; x <= reach; x++) {
    sum += moment(a, law.mass(x), law.mass(x - shift));
  }
  return sum;
}

// D_a of one group's release, the larger direction; measures move by all that they may.
long double group_divergence(const Plan& plan, const Mechanism& mechanism, std::int64_t from,
                             long double a) {
  long double measures = 1;
  for (std::size_t i = 1; i < plan.statistics.size(); i++) {
    const long double one = shifted_moment(mechanism.noises[i], plan.statistics[i].per_group, a);
    measures *= std::pow(one, static_cast<long double>(plan.statistics[i].levels));
  }
  long double there = 0;
  long double back = 0;
  for (const stat::Outcome& outcome :
       stat::group_outcomes(mechanism, from, from + 1, further_for(1))) {
    const long double factor = outcome.shown ? measures : 1;
    there += factor * moment(a, outcome.p, outcome.q);
    back += factor * moment(a, outcome.q, outcome.p);
  }
  return std::log(std::max(there, back)) / (a - 1);
}

// By which factor D_a passes rho a, at worst, when one person changes that many groups.
long double worst_rho(const Plan& plan, const Mechanism& mechanism, std::uint32_t groups) {
  const long double rho = static_cast<long double>(plan.price().loss) / kRhoUnit;
  const std::int64_t k = plan.people_min;
  const std::int64_t middle = mechanism.threshold + k - 1;
  long double worst = 0;
  for (const std::int64_t n : {k, k + 1, middle - 1, middle, middle + 3, middle + 40}) {
    for (const long double a : kOrders) {
      worst = std::max(worst, groups * group_divergence(plan, mechanism, n, a) / (rho * a));
    }
  }
  return worst;
}

// By which factor the chance that a person makes a group appear passes delta.
long double worst_delta(const Plan& plan, const Mechanism& mechanism, std::uint32_t groups) {
  const auto outcomes = stat::group_outcomes(mechanism, plan.people_min - 1, plan.people_min, 0);
  const long double withheld = outcomes.back().q;
  return (1 - std::pow(withheld, static_cast<long double>(groups))) /
         (static_cast<long double>(plan.delta) / kDeltaUnit);
}

struct Case {
  std::uint64_t rho;
  const char* delta;
  std::uint32_t groups;
  bool replaces;
};

Plan plan_of(const Case& c, NoiseKind persons, bool measured, OpenRows open_rows) {
  PlanRequest request{.accounting = Accounting::zcdp,
                      .laplace = persons == NoiseKind::laplace,
                      .gaussian = persons == NoiseKind::gaussian,
                      .grouped = true,
                      .open_rows = open_rows,
                      .groups_per_person = c.groups,
                      .replaces = c.replaces,
                      .people_min = 5,
                      .price = {c.rho, *parse_delta(c.delta)}};
  if (open_rows != OpenRows::select) {
    request.public_groups = {{{Cell(std::int64_t{1})}, {Cell(std::int64_t{2})}}};
  }
  if (measured) request.measures = {{.per_group = 3}, {.per_group = 1, .bins = 65'536}};
  return *make_plan(request);
}

std::vector<Plan> small_world(OpenRows open_rows = OpenRows::select) {
  std::vector<Plan> out;
  for (const Case& c :
       {Case{kRhoUnit / 20, "1e-3", 1, false}, Case{kRhoUnit / 40, "1e-3", 3, false},
        Case{kRhoUnit / 2, "1e-6", 1, false}, Case{kRhoUnit / 2, "1e-6", 2, true},
        Case{2 * kRhoUnit, "1e-9", 3, false}}) {
    for (const NoiseKind noise : {NoiseKind::gaussian, NoiseKind::laplace}) {
      for (const bool measured : {false, true}) {
        out.push_back(plan_of(c, noise, measured, open_rows));
      }
    }
  }
  return out;
}

std::vector<Plan> only_gaussian(std::vector<Plan> plans) {
  std::erase_if(plans,
                [](const Plan& plan) { return plan.statistics[0].noise == NoiseKind::laplace; });
  return plans;
}

// Sums of thousands of terms in long double, and a normal tail in double.
constexpr long double kRounding = 1e-9L;

TEST(Renyi, OfTwoNormalsIsTheKnownOne) {
  // D_a of N(0, s^2) and N(d, s^2) is a d^2 / (2 s^2); fine discrete ones have the same.
  for (const long double a : kOrders) {
    const long double found = std::log(shifted_moment(Sigma{20, 1}, 7, a)) / (a - 1);
    EXPECT_NEAR(static_cast<double>(found / a), 49.0 / 800, 1e-9);
  }
}

TEST(Renyi, StaysBelowRhoForEveryNeighbour) {
  for (const OpenRows open_rows : {OpenRows::select, OpenRows::hide, OpenRows::show}) {
    for (const Plan& plan : small_world(open_rows)) {
      const Mechanism mechanism = *mechanism_of(plan);
      const long double worst = worst_rho(plan, mechanism, plan.groups_changed());
      EXPECT_LE(worst, 1 + kRounding);
      if (plan.delta == 0) continue;
      EXPECT_LE(worst_delta(plan, mechanism, plan.groups_changed()), 1 + kRounding);
    }
  }
}

// Noise is not wasted either: a fine sigma is used to within a hundredth of what was paid.
TEST(Renyi, ReachesWhatWasPaidFor) {
  for (const Plan& plan : only_gaussian(small_world(OpenRows::show))) {
    EXPECT_GT(worst_rho(plan, *mechanism_of(plan), plan.groups_changed()), 0.98L);
  }
}

template <typename Mistake>
void expect_found(Mistake mistake) {
  int tried = 0;
  for (const Plan& plan : only_gaussian(small_world())) {
    Mechanism wrong = *mechanism_of(plan);
    if (!mistake(plan, wrong)) continue;
    tried++;
    const std::uint32_t groups = plan.groups_changed();
    EXPECT_GT(std::max(worst_rho(plan, wrong, groups), worst_delta(plan, wrong, groups)), 1.01L);
  }
  EXPECT_GT(tried, 0);
}

TEST(RenyiFinds, HalfTheNoise) {
  for (const std::size_t statistic : {std::size_t{0}, std::size_t{1}}) {
    expect_found([&](const Plan&, Mechanism& wrong) {
      if (wrong.noises.size() <= statistic) return false;
      Sigma* sigma = std::get_if<Sigma>(&wrong.noises[statistic]);
      sigma->numerator = (sigma->numerator + 1) / 2;
      return true;
    });
  }
}

// T = 2 + ceil(z sigma) has up to one and a half to spare (P[X >= m] is near P[N >= m - 1/2]), so
// one less is a mistake only where rounding up gave less than half of that; three less always is.
TEST(RenyiFinds, AThresholdOneTooLowWhereItMatters) {
  const auto lower = [](Mechanism& wrong, std::int64_t by) { wrong.threshold -= by; };
  int matters = 0;
  for (const std::uint64_t rho : {kRhoUnit / 60, kRhoUnit / 30, kRhoUnit / 20, kRhoUnit / 12}) {
    const Plan plan =
        plan_of({rho, "1e-3", 1, false}, NoiseKind::gaussian, false, OpenRows::select);
    Mechanism wrong = *mechanism_of(plan);
    lower(wrong, 1);
    const bool breaks = worst_delta(plan, wrong, 1) > 1.0L;
    if (breaks) matters++;
    lower(wrong, 1);
    EXPECT_GT(worst_delta(plan, wrong, 1), 1.0L);
  }
  EXPECT_GT(matters, 0);
}

TEST(RenyiFinds, DeltaThatIsNotSplitOverTheGroups) {
  expect_found([](const Plan& plan, Mechanism& wrong) {
    const double delta = static_cast<double>(plan.delta) / static_cast<double>(kDeltaUnit);
    const std::int64_t right = wrong.threshold;
    wrong.threshold = selection_threshold(wrong.noises[0], delta);
    return right - wrong.threshold >= 2;
  });
}

TEST(RenyiFinds, SelectionThatForgetsTheShiftByK) {
  expect_found([](const Plan& plan, Mechanism& wrong) {
    wrong.threshold -= plan.people_min - 1;
    return true;
  });
}

TEST(RenyiFinds, AnOuterJoinThatIsNotDoubled) {
  for (Plan plan : only_gaussian(small_world())) {
    plan.replaces = false;
    const Mechanism wrong = *mechanism_of(plan);
    EXPECT_GT(worst_rho(plan, wrong, 2 * plan.groups_per_person), 1.9L);
  }
}

// sigma from L1 instead of L2, squared and halved: what a Laplace scale would make of it.
TEST(RenyiFinds, LaplaceNoiseBilledAsGaussian) {
  for (const Plan& plan : only_gaussian(small_world(OpenRows::show))) {
    Mechanism wrong = *mechanism_of(plan);
    const Sigma sigma = *std::get_if<Sigma>(&wrong.noises[0]);
    // The same variance: 2 b^2 = sigma^2.
    wrong.noises[0] = Scale{sigma.numerator * 10 / 14, sigma.denominator};
    EXPECT_GT(worst_rho(plan, wrong, plan.groups_changed()), 1.01L);
  }
}

}  // namespace
}  // namespace gbx::privacy
