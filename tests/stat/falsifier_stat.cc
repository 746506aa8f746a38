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
#include "tests/stat/group_law.h"
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

// The people of one group on both neighbours.
struct Step {
  std::int64_t from = 0;
  std::int64_t to = 0;
};

// Each size that matters to a selection, and a person who comes; or goes, where one can move.
std::vector<Step> steps_of(const Mechanism& mechanism, bool moves) {
  const std::int64_t k = mechanism.people_min;
  const bool by_coin = mechanism.selection == Selection::geometric;
  const std::int64_t middle = k - 1 + (by_coin ? 8 : mechanism.threshold);
  std::vector<Step> out;
  for (const std::int64_t n : {k - 2, k - 1, k, k + 1, middle - 1, middle, middle + 40}) {
    out.push_back({n, n + 1});
    if (moves) out.push_back({n + 1, n});
  }
  return out;
}

// The largest excess over delta that any neighbour in a small world reaches: one person changes
// `groups` groups, each of any interesting size, moving the measures of each by all it may.
double worst_excess(const Plan& plan, const Mechanism& mechanism, std::uint32_t groups,
                    bool moves = false) {
  std::vector<PairOfLaws> pairs;
  for (const Step step : steps_of(mechanism, moves)) {
    const auto outcomes = stat::group_outcomes(mechanism, step.from, step.to);
    pairs.push_back(stat::group_pair(plan, mechanism, outcomes, 1));
    if (plan.statistics.size() > 1) {
      pairs.push_back(stat::group_pair(plan, mechanism, outcomes, -1));
    }
  }
  const double epsilon = static_cast<double>(plan.price().loss) / kEpsilonUnit;
  const double delta = static_cast<double>(plan.delta) / static_cast<double>(kDeltaUnit);
  double worst = -1;
  // Every multiset of that many pairs.
  const auto search = [&](const auto& self, const PairOfLaws& so_far, std::size_t from,
                          std::uint32_t left) -> void {
    worst = std::max(
        {worst, so_far.hockey_stick(epsilon) - delta, so_far.hockey_stick_back(epsilon) - delta});
    if (left == 0) return;
    for (std::size_t i = from; i < pairs.size(); i++) {
      self(self, so_far.times(pairs[i]), i, left - 1);
    }
  };
  search(search, PairOfLaws::equal(), 0, groups);
  return worst;
}

double worst_excess(const Plan& plan, const Mechanism& mechanism) {
  return worst_excess(plan, mechanism, plan.groups_changed(), plan.replaces);
}

PlanRequest request_of(std::uint64_t epsilon, const char* delta, std::uint32_t groups,
                       const std::vector<std::int64_t>& bounds) {
  PlanRequest request{.grouped = true,
                      .groups_per_person = groups,
                      .people_min = 5,
                      .price = {epsilon, *parse_delta(delta)}};
  for (const std::int64_t bound : bounds) request.measures.push_back({.per_group = bound});
  return request;
}

std::vector<Plan> small_world() {
  std::vector<Plan> out;
  for (const std::uint64_t epsilon : {500'000u, 1'000'000u, 3'000'000u}) {
    for (const std::uint32_t groups : {1u, 2u, 3u}) {
      for (const char* delta : {"1e-3", "1e-6"}) {
        out.push_back(*make_plan(request_of(epsilon, delta, groups, {})));
        out.push_back(*make_plan(request_of(epsilon, delta, groups, {2})));
      }
    }
  }
  return out;
}

// Selection by a coin, whether persons are released or not.
std::vector<Plan> world_of_coins() {
  std::vector<Plan> out;
  for (const std::uint64_t epsilon : {500'000u, 3'000'000u}) {
    for (const std::uint32_t groups : {1u, 2u}) {
      for (const bool measured : {false, true}) {
        PlanRequest request = request_of(epsilon, "1e-3", groups, {});
        if (measured) request.measures = {{.per_group = 2}};
        request.geometric = true;
        request.persons_asked = false;
        out.push_back(*make_plan(request));
        GBX_CHECK(out.back().selection == Selection::geometric);
      }
    }
  }
  return out;
}

// Public rows, hidden by a margin or always shown, and a tree over three levels.
std::vector<Plan> world_of_open_rows() {
  std::vector<Plan> out;
  for (const OpenRows open_rows : {OpenRows::select, OpenRows::hide, OpenRows::show}) {
    for (const std::uint32_t groups : {1u, 2u}) {
      for (const std::uint32_t bins : {0u, 4096u}) {
        PlanRequest request = request_of(1'000'000, "1e-3", groups, {});
        request.measures = {{.per_group = 1, .bins = bins}};
        request.public_groups = {{{Cell(std::int64_t{1})}, {Cell(std::int64_t{2})}}};
        request.open_rows = open_rows;
        out.push_back(*make_plan(request));
      }
    }
  }
  return out;
}

// A person can move from one group to another.
std::vector<Plan> world_of_moves() {
  std::vector<Plan> out;
  for (const std::uint64_t epsilon : {500'000u, 3'000'000u}) {
    for (const bool by_coin : {false, true}) {
      PlanRequest request = request_of(epsilon, "1e-3", 1, {2});
      request.replaces = true;
      request.geometric = by_coin;
      request.persons_asked = !by_coin;
      out.push_back(*make_plan(request));
    }
  }
  return out;
}

std::string name_of(const Plan& plan) {
  return format_epsilon(plan.price().loss) + " " + format_delta(plan.delta) + " L0 " +
         std::to_string(plan.groups_per_person) + (plan.replaces ? " moving" : "") + ", " +
         std::to_string(plan.statistics.size()) + " statistics, selection " +
         std::to_string(static_cast<int>(plan.selection));
}

// Sums of at most some thousand terms, each good to 2^-50; ratios merged within 1e-9 of each other
// move at most 1e-9 of a mass that is itself near the boundary: 1e-9 of delta is allowed for it.
constexpr double kRounding = 1e-11;

void expect_nothing(const std::vector<Plan>& world) {
  for (const Plan& plan : world) {
    EXPECT_LT(worst_excess(plan, *mechanism_of(plan)), kRounding) << name_of(plan);
  }
}

TEST(Falsifier, FindsNothingInTheMechanism) { expect_nothing(small_world()); }
TEST(Falsifier, FindsNothingInCoins) { expect_nothing(world_of_coins()); }
TEST(Falsifier, FindsNothingInOpenRows) { expect_nothing(world_of_open_rows()); }
TEST(Falsifier, FindsNothingWherePersonsMove) { expect_nothing(world_of_moves()); }

// A mistake must be found in every plan of the world in which it changes something.
template <typename Mistake>
void expect_found_in(const std::vector<Plan>& world, Mistake mistake) {
  int tried = 0;
  for (const Plan& plan : world) {
    Mechanism wrong = *mechanism_of(plan);
    if (!mistake(plan, wrong)) continue;
    tried++;
    EXPECT_GT(worst_excess(plan, wrong), 10 * kRounding) << name_of(plan);
  }
  EXPECT_GT(tried, 0);
}

template <typename Mistake>
void expect_found(Mistake mistake) {
  expect_found_in(small_world(), mistake);
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

// Withheld below k, and from there on the coin of n instead of that of n - (k-1).
TEST(FalsifierFinds, ACoinThatForgetsTheShiftByK) {
  for (const Plan& plan : world_of_coins()) {
    const Mechanism mechanism = *mechanism_of(plan);
    const double kept = keep_coin(mechanism.coin_epsilon, mechanism.coin_delta, plan.people_min);
    const PairOfLaws pair =
        stat::group_pair(plan, mechanism, {{0, kept, true}, {1, 1 - kept, false}}, 1);
    const double epsilon = static_cast<double>(plan.price().loss) / kEpsilonUnit;
    const double delta = static_cast<double>(plan.delta) / static_cast<double>(kDeltaUnit);
    EXPECT_GT(pair.hockey_stick_back(epsilon), delta + 10 * kRounding) << name_of(plan);
  }
}

TEST(FalsifierFinds, ACoinThatForgetsHowManyGroupsAPersonIsIn) {
  expect_found_in(world_of_coins(), [](const Plan& plan, Mechanism& wrong) {
    wrong.coin_epsilon *= plan.groups_per_person;
    wrong.coin_delta *= plan.groups_per_person;
    return plan.groups_per_person > 1;
  });
}

TEST(FalsifierFinds, ACoinWithTwiceItsDelta) {
  expect_found_in(world_of_coins(), [](const Plan&, Mechanism& wrong) {
    wrong.coin_delta *= 2;
    return true;
  });
}

TEST(FalsifierFinds, HalfTheNoiseOnOpenRows) {
  expect_found_in(world_of_open_rows(), [](const Plan&, Mechanism& wrong) {
    halve(wrong, 0);
    return true;
  });
}

TEST(FalsifierFinds, ATreePricedAsOneCounter) {
  expect_found_in(world_of_open_rows(), [](const Plan& plan, Mechanism& wrong) {
    Statistic one = plan.statistics[1];
    one.levels = 1;
    wrong.noises[1] = *noise_of(plan.groups_changed(), one);
    return plan.statistics[1].levels > 1;
  });
}

// Made for L0 groups, while a person of an outer join moves between twice as many.
TEST(FalsifierFinds, AnOuterJoinThatIsNotDoubled) {
  for (Plan plan : world_of_moves()) {
    plan.replaces = false;
    const Mechanism wrong = *mechanism_of(plan);
    EXPECT_LT(worst_excess(plan, wrong, 1), kRounding) << name_of(plan);
    EXPECT_GT(worst_excess(plan, wrong, 2, true), 10 * kRounding) << name_of(plan);
  }
}

// sigma of rho = epsilon^2 / 2, and epsilon charged as if that were pure.
TEST(FalsifierFinds, GaussianNoiseBilledAsLaplace) {
  for (const std::size_t statistic : {std::size_t{0}, std::size_t{1}}) {
    for (const std::uint64_t epsilon : {500'000u, 1'000'000u, 3'000'000u}) {
      const Plan plan = *make_plan(request_of(epsilon, "1e-6", 1, {2}));
      Mechanism wrong = *mechanism_of(plan);
      Statistic gaussian = plan.statistics[statistic];
      gaussian.noise = NoiseKind::gaussian;
      gaussian.share = rho_of_epsilon(gaussian.share);
      wrong.noises[statistic] = *noise_of(1, gaussian);
      EXPECT_GT(worst_excess(plan, wrong), 1e-6) << name_of(plan);
    }
  }
}

}  // namespace
}  // namespace gbx::privacy
