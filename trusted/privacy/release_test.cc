#include "trusted/privacy/release.h"

#include <gtest/gtest.h>

#include <set>

#include "tests/stat/exact.h"
#include "trusted/privacy/confidence.h"
#include "trusted/privacy/mechanism.h"

namespace gbx::privacy {
namespace {

using stat::reservation_for;
using stat::SeededEntropy;

std::vector<MeasureBound> measures_of(const std::vector<std::int64_t>& bounds) {
  std::vector<MeasureBound> out;
  for (const std::int64_t bound : bounds) out.push_back({.per_group = bound});
  return out;
}

// So much epsilon that the noise is 0, and selection shows what has k persons.
Plan almost_exact(bool grouped, const std::vector<std::int64_t>& bounds = {}) {
  return *make_plan({.grouped = grouped,
                     .groups_per_person = 1,
                     .people_min = 2,
                     .measures = measures_of(bounds),
                     .price = {kEpsilonMax, kDeltaPlanMax}});
}

Plan noisy(const std::vector<std::int64_t>& bounds = {}) {
  return *make_plan({.grouped = true,
                     .groups_per_person = 1,
                     .people_min = 2,
                     .measures = measures_of(bounds),
                     .price = {100'000, *parse_delta("1e-6")}});
}

Cell text(const char* value) { return std::string(value); }

Result<Released> run(std::vector<ExactGroup> groups, const Plan& plan, std::uint64_t seed = 1) {
  SeededEntropy entropy(seed);
  return Releaser::release(room::Engine::make(std::move(groups)), plan, reservation_for(plan),
                           entropy);
}

TEST(Release, GivesGroupsInOrderOfKeyWhateverTheEngineDid) {
  const Plan plan = almost_exact(true, {10});
  const auto released = run({{{text("b")}, {500, 1}},
                             {{std::monostate{}}, {600, 2}},
                             {{text("a")}, {700, 3}},
                             {{Cell(std::int64_t{9})}, {800, -4}}},
                            plan);
  ASSERT_TRUE(released);
  ASSERT_EQ(released->groups().size(), 4u);
  EXPECT_EQ(released->groups()[0].key[0], Cell());
  EXPECT_EQ(released->groups()[1].key[0], Cell(std::int64_t{9}));
  EXPECT_EQ(released->groups()[1].values, (std::vector<std::int64_t>{800, -4}));
  EXPECT_EQ(released->groups()[2].key[0], text("a"));
  EXPECT_EQ(released->groups()[3].key[0], text("b"));
}

TEST(Release, TheEnginesOrderDoesNotMoveTheNoise) {
  const Plan plan = noisy();
  const auto one = run({{{text("a")}, {5000}}, {{text("b")}, {6000}}}, plan);
  const auto two = run({{{text("b")}, {6000}}, {{text("a")}, {5000}}}, plan);
  ASSERT_EQ(one->groups().size(), 2u);
  EXPECT_EQ(one->groups()[0].values, two->groups()[0].values);
  EXPECT_EQ(one->groups()[1].values, two->groups()[1].values);
}

TEST(Release, WithholdsFewerThanKWhateverTheNoise) {
  const Plan plan = almost_exact(true);
  for (std::uint64_t seed = 0; seed < 200; seed++) {
    const auto released = run({{{text("a")}, {1}}, {{text("b")}, {0}}}, plan, seed);
    EXPECT_TRUE(released->groups().empty());
  }
  EXPECT_TRUE(run({}, plan)->groups().empty());
}

TEST(Release, WithholdsTheNumbersOfTheOnlyRow) {
  const Plan plan = almost_exact(false, {1});
  for (const std::int64_t persons : {0, 1}) {
    const auto withheld = run({{{}, {persons, persons}}}, plan);
    ASSERT_EQ(withheld->groups().size(), 1u);
    EXPECT_TRUE(withheld->groups()[0].values.empty());
  }
  const auto shown = run({{{}, {90, 70}}}, plan);
  ASSERT_EQ(shown->groups().size(), 1u);
  EXPECT_EQ(shown->groups()[0].values, (std::vector<std::int64_t>{90, 70}));
}

TEST(Release, EveryStatisticHasItsOwnNoise) {
  const auto released = run({{{text("a")}, {9000, 9000, 9000}}}, noisy({1, 1}));
  const std::vector<std::int64_t>& values = released->groups().at(0).values;
  for (const std::int64_t value : values) EXPECT_NE(value, 9000);
  EXPECT_NE(values[0], values[1]);
  EXPECT_NE(values[1], values[2]);
}

// One buffer of random bytes would do for what is shown; the second is for what evens the work out.
TEST(Release, WorksMoreThanItsNoiseNeeds) {
  const Plan plan = noisy(std::vector<std::int64_t>(40, 10'000'000'000));
  std::vector<Int128> statistics(41, 1000);
  stat::FailingEntropy one_buffer(4096);
  const auto released = Releaser::release(room::Engine::make({{{text("a")}, statistics}}), plan,
                                          reservation_for(plan), one_buffer);
  EXPECT_EQ(released.error().code, ErrorCode::unavailable);
  stat::FailingEntropy again(4096);
  RandomBits bits(again);
  EXPECT_TRUE(noise_group(bits, *mechanism_of(plan), statistics));
}

TEST(Release, Saturates) {
  const Plan plan = almost_exact(true, {1, 1});
  const auto released = run({{{text("a")}, {100, Int128{1} << 100, -(Int128{1} << 100)}}}, plan);
  EXPECT_EQ(released->groups()[0].values[1], kNoisedMax);
  EXPECT_EQ(released->groups()[0].values[2], -kNoisedMax);
}

TEST(Release, RefusesAnAnswerOfTheWrongShape) {
  const Plan grouped = almost_exact(true, {1});
  const auto failed = [](std::vector<ExactGroup> groups, const Plan& plan) {
    const auto released = run(std::move(groups), plan);
    return !released && released.error() == Error{ErrorCode::unavailable, "engine_failed"};
  };
  EXPECT_FALSE(failed({{{text("a")}, {5, 5}}}, grouped));
  EXPECT_TRUE(failed({{{text("a")}, {5}}}, grouped));
  EXPECT_TRUE(failed({{{text("a")}, {5, 5, 5}}}, grouped));
  EXPECT_TRUE(failed({{{text("a")}, {-1, 5}}}, grouped));
  EXPECT_TRUE(failed({{{text("a")}, {5, Int128{1} << 121}}}, grouped));
  EXPECT_TRUE(failed({{{text("a")}, {5, -(Int128{1} << 121)}}}, grouped));
  EXPECT_TRUE(failed({{{}, {5, 5}}}, grouped));
  EXPECT_TRUE(failed({{{text("a")}, {5, 5}}, {{text("a")}, {6, 5}}}, grouped));
  const Plan single = almost_exact(false, {1});
  EXPECT_FALSE(failed({{{}, {5, 5}}}, single));
  EXPECT_TRUE(failed({}, single));
  EXPECT_TRUE(failed({{{text("a")}, {5, 5}}}, single));
  EXPECT_TRUE(failed({{{}, {5, 5}}, {{}, {5, 5}}}, single));
}

// Groups 1, 2 and 3, and so much epsilon that the noise is 0; `margin` then is 0 too.
Plan listed(OpenRows open_rows, const std::vector<std::int64_t>& bounds = {}) {
  return *make_plan(
      {.grouped = true,
       .public_groups = {{{Cell(std::int64_t{1})}, {Cell(std::int64_t{2})}, {text("x")}}},
       .open_rows = open_rows,
       .people_min = 5,
       .measures = measures_of(bounds),
       .price = {kEpsilonMax, kDeltaPlanMax}});
}

using Values = std::vector<std::int64_t>;

TEST(Release, GivesEveryListedGroupARowAndNoOther) {
  const auto released = run({{{text("x")}, {7, 70}},
                             {{Cell(std::int64_t{-1})}, {100, 1}},
                             {{Cell(std::int64_t{3})}, {100, 1}},
                             {{text("y")}, {100, 1}},
                             {{Cell(std::int64_t{1})}, {3, 30}}},
                            listed(OpenRows::show, {10}));
  ASSERT_TRUE(released);
  const std::vector<ReleasedGroup>& groups = released->groups();
  ASSERT_EQ(groups.size(), 3u);
  EXPECT_EQ(groups[0].key[0], Cell(std::int64_t{1}));
  EXPECT_EQ(groups[0].values, (Values{3, 30}));  // fewer than k, and shown
  EXPECT_EQ(groups[1].key[0], Cell(std::int64_t{2}));
  EXPECT_EQ(groups[1].values, (Values{0, 0}));  // empty, and shown
  EXPECT_EQ(groups[2].key[0], text("x"));
  EXPECT_EQ(groups[2].values, (Values{7, 70}));
}

TEST(Release, LeavesTheNumbersOfListedGroupsBelowKOut) {
  for (const OpenRows open_rows : {OpenRows::select, OpenRows::hide}) {
    const auto released =
        run({{{Cell(std::int64_t{1})}, {4}}, {{Cell(std::int64_t{2})}, {90}}}, listed(open_rows));
    ASSERT_EQ(released->groups().size(), 3u);
    EXPECT_EQ(released->groups()[0].values, Values{});
    EXPECT_EQ(released->groups()[1].values, Values{90});
    EXPECT_EQ(released->groups()[2].values, Values{});
  }
}

// An empty listed group has noise like any other, so it does not tell that nobody is in it.
TEST(Release, EmptyListedGroupsAreNoised) {
  Plan plan = listed(OpenRows::show);
  plan.statistics[0].share = 10'000;
  const auto released = run({}, plan);
  ASSERT_EQ(released->groups().size(), 3u);
  for (const ReleasedGroup& group : released->groups()) EXPECT_NE(group.values, Values{0});
  EXPECT_NE(released->groups()[0].values, released->groups()[1].values);
}

TEST(Release, AnUngroupedRowCanAlwaysBeShown) {
  const Plan plan = *make_plan({.open_rows = OpenRows::show,
                                .people_min = 1000,
                                .measures = measures_of({1}),
                                .price = {kEpsilonMax, 0}});
  EXPECT_EQ(run({{{}, {0, 0}}}, plan)->groups().at(0).values, (Values{0, 0}));
  EXPECT_EQ(run({{{}, {3, 2}}}, plan)->groups().at(0).values, (Values{3, 2}));
}

TEST(Release, ACoinNeverReleasesPersons) {
  const Plan plan = *make_plan({.geometric = true,
                                .grouped = true,
                                .people_min = 2,
                                .persons_asked = false,
                                .measures = measures_of({1}),
                                .price = {4'000'000, kDeltaPlanMax}});
  ASSERT_EQ(plan.selection, Selection::geometric);
  for (std::uint64_t seed = 0; seed < 200; seed++) {
    const auto released =
        run({{{text("a")}, {1, 9}}, {{text("b")}, {777, 50}}, {{text("c")}, {2, 2}}}, plan, seed);
    bool b_is_there = false;
    for (const ReleasedGroup& group : released->groups()) {
      EXPECT_EQ(group.values.at(0), 0);
      EXPECT_NE(group.key[0], text("a"));
      b_is_there = b_is_there || group.key[0] == text("b");
    }
    EXPECT_TRUE(b_is_there);
  }
}

TEST(Release, GaussianNoiseIsFreshForEachStatisticAndGroup) {
  const Plan plan = *make_plan({.accounting = Accounting::zcdp,
                                .laplace = false,
                                .grouped = true,
                                .people_min = 2,
                                .measures = measures_of({1}),
                                .price = {kRhoUnit / 100'000, *parse_delta("1e-6")}});
  const auto released =
      run({{{text("a")}, {900'000, 900'000}}, {{text("b")}, {900'000, 900'000}}}, plan);
  ASSERT_EQ(released->groups().size(), 2u);
  std::set<std::int64_t> values;
  for (const ReleasedGroup& group : released->groups()) {
    for (const std::int64_t value : group.values) values.insert(value);
  }
  EXPECT_EQ(values.size(), 4u);
  EXPECT_EQ(values.count(900'000), 0u);
}

Plan without_noise(bool grouped, std::int64_t people_min = 20) {
  return *make_plan({.accounting = Accounting::queries,
                     .grouped = grouped,
                     .groups_per_person = 3,
                     .people_min = people_min,
                     .measures = measures_of({10})});
}

TEST(Release, WithoutNoiseKDecidesAloneAndNumbersAreExact) {
  const Plan plan = without_noise(true);
  EXPECT_EQ(plan.price(), (Price{1, 0}));
  const auto released =
      run({{{text("a")}, {19, 7}}, {{text("b")}, {20, -8}}, {{text("c")}, {21, 9}}}, plan);
  ASSERT_TRUE(released);
  ASSERT_EQ(released->groups().size(), 2u);
  EXPECT_EQ(released->groups()[0].key[0], text("b"));
  EXPECT_EQ(released->groups()[0].values, (std::vector<std::int64_t>{20, -8}));
  EXPECT_EQ(released->groups()[1].values, (std::vector<std::int64_t>{21, 9}));
}

TEST(Release, WithoutNoiseTheOnlyRowHasNumbersFromKOn) {
  const Plan plan = without_noise(false);
  EXPECT_TRUE(run({{{}, {0, 0}}}, plan)->groups()[0].values.empty());
  EXPECT_TRUE(run({{{}, {19, 5}}}, plan)->groups()[0].values.empty());
  EXPECT_EQ(run({{{}, {20, 5}}}, plan)->groups()[0].values, (std::vector<std::int64_t>{20, 5}));
}

TEST(Release, WithoutNoiseListedGroupsBelowKStandThereWithoutNumbers) {
  const Plan plan =
      *make_plan({.accounting = Accounting::queries,
                  .grouped = true,
                  .public_groups = std::vector<std::vector<Cell>>{{text("a")}, {text("b")}},
                  .people_min = 20});
  const auto released = run({{{text("b")}, {20}}, {{text("zz")}, {500}}}, plan);
  ASSERT_EQ(released->groups().size(), 2u);
  EXPECT_TRUE(released->groups()[0].values.empty());
  EXPECT_EQ(released->groups()[1].values, (std::vector<std::int64_t>{20}));
}

TEST(Release, RefusesABadPlan) {
  Plan plan = noisy();
  Reservation reservation = reservation_for(plan);
  plan.statistics[0].per_group = 0;
  SeededEntropy entropy(1);
  const auto released =
      Releaser::release(room::Engine::make({}), plan, std::move(reservation), entropy);
  EXPECT_EQ(released.error().code, ErrorCode::invalid_argument);
}

TEST(Release, WithoutEntropyThereIsNothingHoweverLateItFails) {
  const Plan plan = noisy({3, 5});
  std::vector<ExactGroup> groups;
  groups.reserve(300);
  for (std::int64_t i = 0; i < 300; i++) groups.push_back({{Cell(i)}, {1000, 1000, 1000}});
  std::uint64_t bytes = 0;
  bool done = false;
  for (; !done; bytes++) {
    ASSERT_LT(bytes, 200'000u);
    stat::FailingEntropy entropy(bytes);
    const auto released =
        Releaser::release(room::Engine::make(groups), plan, reservation_for(plan), entropy);
    done = released.has_value();
    if (!done) {
      ASSERT_EQ(released.error(), (Error{ErrorCode::unavailable, "entropy_failed"})) << bytes;
    }
    if (!done && bytes % 64 == 0) bytes += 63;  // around every 64th byte
  }
  EXPECT_GT(bytes, 2 * 4096u);
}

TEST(ReleaseDeathTest, APlanThatIsNotPaidForEndsTheProcess) {
  const Plan cheap = noisy();
  const Plan dear = noisy({1});
  Plan dearer = dear;
  dearer.statistics[1].share += 1;
  SeededEntropy entropy(1);
  Reservation small = reservation_for(cheap);
  EXPECT_DEATH((void)Releaser::release(room::Engine::make({}), dearer, std::move(small), entropy),
               "invariant");
  Plan more_delta = cheap;
  more_delta.delta += 1;
  Reservation less_delta = reservation_for(cheap);
  EXPECT_DEATH(
      (void)Releaser::release(room::Engine::make({}), more_delta, std::move(less_delta), entropy),
      "invariant");
}

TEST(ReleaseDeathTest, AReservationIsUsedOnce) {
  const Plan plan = noisy();
  SeededEntropy entropy(1);
  Reservation reservation = reservation_for(plan);
  ASSERT_TRUE(Releaser::release(room::Engine::make({}), plan, std::move(reservation), entropy));
  // NOLINTNEXTLINE(bugprone-use-after-move): the point of the test.
  EXPECT_DEATH(
      (void)Releaser::release(room::Engine::make({}), plan, std::move(reservation), entropy),
      "invariant");
}

}  // namespace
}  // namespace gbx::privacy
