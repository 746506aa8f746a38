// Tries to break the guarantee: for small neighbouring aggregates, the exact distributions of what
// is released, and the exact delta that separates them at the plan's epsilon. No sampling: nothing
// here can fail by bad luck, and nothing can pass by good luck.
//
// Three layers. The divergence itself is held against published values. noise_group() is held
// against the closed form used here, by enumeration of its random bits. Then every neighbour of a
// small world is tried; and each planted mistake must be found by the same search.

#include <gtest/gtest.h>

#include <tuple>
#include <vector>

#include "tests/stat/enumerate.h"
#include "tests/stat/hockey_stick.h"
#include "trusted/privacy/mechanism.h"

namespace gbx::privacy {
namespace {

using stat::PairOfLaws;

// --- the divergence, against published values ---

// dp_accounting, privacy_loss_mechanism_test.py: Laplace delta(0.5; b = 2, D = 4) = 0.52763345,
// delta(0; b = 1, D = 1) = 0.39346934. Discrete on a grid of 1/1000.
TEST(HockeyStick, OfFineDiscreteLaplaceIsThatOfLaplace) {
  EXPECT_NEAR(stat::shifted_laplace({2000, 1}, 4000).hockey_stick(0.5), 0.52763345, 1e-6);
  EXPECT_NEAR(stat::shifted_laplace({1000, 1}, 1000).hockey_stick(0), 0.39346934, 1e-6);
}

// pld/accountant_test.py: the smallest noise for (1, 1e-4) over 20 queries is discrete Laplace of
// parameter 1/b = 0.073 +- 0.001 at D = 1, and 0.014 at D = 5.
TEST(HockeyStick, OfTwentyQueriesIsAsPublished) {
  const auto twenty = [](Scale scale, std::int64_t shift) {
    PairOfLaws out = PairOfLaws::equal();
    const PairOfLaws one = stat::shifted_laplace(scale, shift);
    for (int i = 0; i < 20; i++) out = out.times(one);
    return out.hockey_stick(1);
  };
  EXPECT_LT(twenty({1000, 72}, 1), 1e-4);
  EXPECT_GT(twenty({1000, 74}, 1), 1e-4);
  EXPECT_LT(twenty({1000, 13}, 5), 1e-4);
  EXPECT_GT(twenty({1000, 15}, 5), 1e-4);
}

// --- the closed form, against the code ---

Mechanism mechanism_with(Scale persons, Scale measure, std::int64_t people_min,
                         std::int64_t threshold) {
  Mechanism out;
  out.noises = {persons, measure};
  out.people_min = people_min;
  out.threshold = threshold;
  return out;
}

Scale scale_of(const Mechanism& mechanism, std::size_t statistic) {
  return *std::get_if<Scale>(&mechanism.noises[statistic]);
}

void halve(Mechanism& mechanism, std::size_t statistic) {
  std::get_if<Scale>(&mechanism.noises[statistic])->denominator *= 2;
}

// Probability of one output of noise_group(): withheld, or (persons, measure).
using Output = std::tuple<bool, std::int64_t, std::int64_t>;

double output_probability(const Mechanism& mechanism, std::int64_t persons, std::int64_t measure,
                          const Output& output) {
  const auto& [shown, noised_persons, noised_measure] = output;
  if (!shown) return 1 - keep_probability(mechanism, persons);
  if (persons < mechanism.people_min) return 0;
  if (noised_persons - (mechanism.people_min - 1) < mechanism.threshold) return 0;
  return stat::laplace_mass(scale_of(mechanism, 0), noised_persons - persons) *
         stat::laplace_mass(scale_of(mechanism, 1), noised_measure - measure);
}

stat::Enumeration<Output> enumerate_group(const Mechanism& mechanism, std::int64_t persons,
                                          std::int64_t measure) {
  const auto run = [&](RandomBits& bits) -> Result<Output> {
    GBX_TRY_ASSIGN(const NoisedGroup group, noise_group(bits, mechanism, {persons, measure}));
    if (!group.shown) return Output{false, 0, 0};
    return Output{true, static_cast<std::int64_t>(group.statistics[0]),
                  static_cast<std::int64_t>(group.statistics[1])};
  };
  return stat::enumerate<Output>(run, 18);
}

TEST(ClosedForm, IsWhatTheCodeDoes) {
  const Mechanism mechanism = mechanism_with({1, 1}, {1, 2}, 3, 3);
  for (const std::int64_t persons : {0, 2, 3, 4, 5, 8}) {
    const auto found = enumerate_group(mechanism, persons, 5);
    EXPECT_LT(found.undecided, 0.45);
    EXPECT_TRUE(found.agrees([&](const Output& output) {
      return output_probability(mechanism, persons, 5, output);
    })) << persons;
    EXPECT_EQ(found.mass.size() == 1, persons < 3) << persons;
  }
}

TEST(ClosedForm, OfAnotherMechanismDoesNotFit) {
  const Mechanism mechanism = mechanism_with({1, 1}, {1, 2}, 3, 3);
  const auto found = enumerate_group(mechanism, 5, 5);
  const auto fits = [&](const Mechanism& other) {
    return found.agrees(
        [&](const Output& output) { return output_probability(other, 5, 5, output); });
  };
  EXPECT_TRUE(fits(mechanism));
  EXPECT_FALSE(fits(mechanism_with({1, 1}, {1, 2}, 3, 4)));
  EXPECT_FALSE(fits(mechanism_with({1, 1}, {1, 2}, 4, 3)));
  EXPECT_FALSE(fits(mechanism_with({1, 3}, {1, 2}, 3, 3)));
  EXPECT_FALSE(fits(mechanism_with({1, 1}, {2, 1}, 3, 3)));
}

// --- the search ---

// One group with `persons` on D and one more on D', whose measure moves by `shift`.
PairOfLaws group_pair(const Mechanism& mechanism, std::int64_t persons, std::int64_t shift) {
  const auto withheld = [&](std::int64_t n) { return 1 - keep_probability(mechanism, n); };
  const auto shown = [&](std::int64_t n, std::int64_t value) {
    return n < mechanism.people_min ? 0 : stat::laplace_mass(scale_of(mechanism, 0), value - n);
  };
  PairOfLaws selected;
  const std::int64_t first = mechanism.threshold + mechanism.people_min - 1;
  const double b = static_cast<double>(scale_of(mechanism, 0).numerator) /
                   static_cast<double>(scale_of(mechanism, 0).denominator);
  const std::int64_t last = std::max(first, persons) + static_cast<std::int64_t>(45 * b) + 2;
  for (std::int64_t value = first; value <= last; value++) {
    selected.add(shown(persons, value), shown(persons + 1, value));
  }
  PairOfLaws out = selected;
  if (mechanism.noises.size() > 1) {
    out = selected.times(stat::shifted_laplace(scale_of(mechanism, 1), shift));
  }
  out.add(withheld(persons), withheld(persons + 1));
  return out;
}

// The largest excess over delta that any neighbour in a small world reaches: one person enters L0
// groups, each of any interesting size, moving the measure of each by all it may.
double worst_excess(const Plan& plan, const Mechanism& mechanism) {
  const std::int64_t k = plan.people_min;
  const std::int64_t middle = mechanism.threshold + k - 1;
  std::vector<PairOfLaws> pairs;
  for (const std::int64_t persons : {k - 2, k - 1, k, k + 1, middle - 1, middle, middle + 40}) {
    for (const int sign : {-1, 1}) {
      const std::int64_t most = plan.statistics.back().per_group;
      if (persons < 0 || (plan.statistics.size() == 1 && sign < 0)) continue;
      pairs.push_back(group_pair(mechanism, persons, sign * most));
    }
  }
  const double epsilon = static_cast<double>(plan.price().loss) / kEpsilonUnit;
  const double delta = static_cast<double>(plan.delta) / static_cast<double>(kDeltaUnit);
  double worst = -1;
  // Every multiset of L0 pairs.
  const auto search = [&](const auto& self, const PairOfLaws& so_far, std::size_t from,
                          std::uint32_t left) -> void {
    worst = std::max(
        {worst, so_far.hockey_stick(epsilon) - delta, so_far.hockey_stick_back(epsilon) - delta});
    if (left == 0) return;
    for (std::size_t i = from; i < pairs.size(); i++) {
      self(self, so_far.times(pairs[i]), i, left - 1);
    }
  };
  search(search, PairOfLaws::equal(), 0, plan.groups_per_person);
  return worst;
}

Plan plan_of(std::uint64_t epsilon, const char* delta, std::uint32_t groups,
             const std::vector<std::int64_t>& bounds) {
  PlanRequest request{.grouped = true,
                      .groups_per_person = groups,
                      .people_min = 5,
                      .price = {epsilon, *parse_delta(delta)}};
  for (const std::int64_t bound : bounds) request.measures.push_back({.per_group = bound});
  return *make_plan(request);
}

std::vector<Plan> small_world() {
  std::vector<Plan> out;
  for (const std::uint64_t epsilon : {500'000u, 1'000'000u, 3'000'000u}) {
    for (const std::uint32_t groups : {1u, 2u, 3u}) {
      for (const char* delta : {"1e-3", "1e-6"}) {
        out.push_back(plan_of(epsilon, delta, groups, {}));
        out.push_back(plan_of(epsilon, delta, groups, {2}));
      }
    }
  }
  return out;
}

// Sums of at most some thousand terms, each good to 2^-50; ratios merged within 1e-9 of each other
// move at most 1e-9 of a mass that is itself near the boundary: 1e-9 of delta is allowed for it.
constexpr double kRounding = 1e-11;

TEST(Falsifier, FindsNothingInTheMechanism) {
  for (const Plan& plan : small_world()) {
    EXPECT_LT(worst_excess(plan, *mechanism_of(plan)), kRounding)
        << format_epsilon(plan.price().loss) << " " << format_delta(plan.delta) << " "
        << plan.groups_per_person << " " << plan.statistics.size();
  }
}

// A mistake must be found in every plan of the small world in which it changes something.
template <typename Mistake>
void expect_found(Mistake mistake) {
  for (const Plan& plan : small_world()) {
    Mechanism wrong = *mechanism_of(plan);
    if (!mistake(plan, wrong)) continue;
    EXPECT_GT(worst_excess(plan, wrong), 10 * kRounding)
        << format_epsilon(plan.price().loss) << " " << format_delta(plan.delta) << " "
        << plan.groups_per_person << " " << plan.statistics.size();
  }
}

TEST(FalsifierFinds, AThresholdOneTooLow) {
  expect_found([](const Plan&, Mechanism& wrong) {
    wrong.threshold -= 1;
    return true;
  });
}

TEST(FalsifierFinds, HalfTheNoiseOnPersons) {
  expect_found([](const Plan&, Mechanism& wrong) {
    halve(wrong, 0);
    return true;
  });
}

TEST(FalsifierFinds, HalfTheNoiseOnAMeasure) {
  expect_found([](const Plan&, Mechanism& wrong) {
    if (wrong.noises.size() == 1) return false;
    halve(wrong, 1);
    return true;
  });
}

TEST(FalsifierFinds, NoiseThatForgetsHowManyGroupsAPersonIsIn) {
  expect_found([](const Plan& plan, Mechanism& wrong) {
    wrong.noises[0] = *noise_of(1, plan.statistics[0]);
    return plan.groups_per_person > 1;
  });
}

TEST(FalsifierFinds, DeltaThatIsNotSplitOverTheGroups) {
  expect_found([](const Plan& plan, Mechanism& wrong) {
    const std::int64_t right = wrong.threshold;
    const double delta = static_cast<double>(plan.delta) / static_cast<double>(kDeltaUnit);
    wrong.threshold = selection_threshold(wrong.noises[0], delta);
    return wrong.threshold < right;
  });
}

TEST(FalsifierFinds, SelectionThatForgetsTheShiftByK) {
  expect_found([](const Plan& plan, Mechanism& wrong) {
    wrong.threshold -= plan.people_min - 1;
    return true;
  });
}

TEST(FalsifierFinds, KCheckedOnTheTrueCountAlone) {
  expect_found([](const Plan&, Mechanism& wrong) {
    wrong.threshold = -1'000;
    return true;
  });
}

}  // namespace
}  // namespace gbx::privacy
