// The guarantee over the whole chain, exactly: SQL text is parsed, bound, admitted, priced; the
// engine answers it on every pair of neighbours of a small world; and of each pair the exact
// distributions of what is released are compared: the smallest delta at the price's epsilon. After
// Google's stochastic tester, without its samples.
//
// What is taken from elsewhere: that noise and selection have the closed forms used here
// (falsifier_stat.cc, bounds_stat.cc, sampler_stat.cc hold them against the code bit by bit), and
// that the table of an answer is a function of what is released (types; chain_stat.cc samples it).
// Each planted mistake must be found by the same search.

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <set>

#include "tests/stat/chain.h"
#include "tests/stat/group_law.h"
#include "trusted/privacy/bounds.h"
#include "trusted/privacy/tree.h"

namespace gbx::stat {
namespace {

using privacy::Mechanism;
using privacy::Plan;

// A mistake in one place of the chain; nothing set: none.
struct Mistake {
  std::function<void(sql::Task&)> task = {};
  std::function<void(Plan&)> plan = {};
  std::function<void(const Plan&, Mechanism&)> mechanism = {};
};

// --- the world ---

constexpr std::uint64_t kPerson = 999'999;

// Who leaves: the person with all rows, or with those of one owner alone.
struct Neighbours {
  Data without;
  Data with;
};

// The others: so many who saw "a" and bought for one cent, "b" for two, and nothing for none.
Data crowd(std::int64_t a, std::int64_t b, std::int64_t none) {
  Data out;
  std::uint64_t person = 1;
  const auto add = [&](std::int64_t count, const char* campaign, std::int64_t cents) {
    for (std::int64_t i = 0; i < count; i++, person++) {
      if (campaign != nullptr) out.exposures.push_back({person, campaign});
      out.purchases.push_back({person, cents});
    }
  };
  add(a, "a", 1);
  add(b, "b", 2);
  add(none, nullptr, 0);
  return out;
}

// Every set of rows that one person may have in a world of three campaigns and cents of 0 to 2.
std::vector<Data> persons() {
  std::vector<std::vector<Exposure>> seen;
  for (const int often : {0, 1, 3}) {
    for (int others = 0; others < 4; others++) {
      std::vector<Exposure>& rows = seen.emplace_back();
      for (int i = 0; i < often; i++) rows.push_back({kPerson, "a"});
      if ((others & 1) != 0) rows.push_back({kPerson, "b"});
      if ((others & 2) != 0) rows.push_back({kPerson, "c"});
    }
  }
  std::vector<Data> out;
  for (const auto& exposures : seen) {
    for (const std::vector<std::int64_t>& cents :
         std::vector<std::vector<std::int64_t>>{{}, {0}, {2}, {0, 2}, {1, 2}, {2, 2, 2}}) {
      Data person{exposures, {}};
      for (const std::int64_t amount : cents) person.purchases.push_back({kPerson, amount});
      out.push_back(std::move(person));
    }
  }
  return out;
}

Data joined(Data data, const Data& more) {
  data.exposures.insert(data.exposures.end(), more.exposures.begin(), more.exposures.end());
  data.purchases.insert(data.purchases.end(), more.purchases.begin(), more.purchases.end());
  return data;
}

// Sizes of groups on both sides of every threshold.
std::vector<Neighbours> neighbours(const Plan& plan, const Mechanism& mechanism) {
  const std::int64_t k = plan.people_min;
  const bool by_threshold = plan.selection == privacy::Selection::threshold;
  const std::int64_t middle = k - 1 + (by_threshold ? mechanism.threshold : 4);
  std::vector<std::int64_t> second = {0, k - 1, middle - 1};
  for (const privacy::Quantiles& q : plan.quantiles) {
    if (!q.bounds) continue;
    const privacy::Noise& noise = mechanism.noises[q.statistic];
    second.push_back(privacy::bounds_threshold(noise, {{}, q.bins, k}) - 1);
  }
  // The first: nobody who bought for anything, so that a person brings every value anew.
  std::vector<Data> worlds = {crowd(0, 0, middle)};
  for (const std::int64_t a : {k - 2, k - 1, k, middle - 1, middle}) {
    for (const std::int64_t b : second) worlds.push_back(crowd(a, b, middle));
  }
  std::vector<Neighbours> out;
  for (const Data& others : worlds) {
    for (const Data& person : persons()) {
      const Data all = joined(others, person);
      out.push_back({others, all});
      out.push_back({joined(others, {person.exposures, {}}), all});
      out.push_back({joined(others, {{}, person.purchases}), all});
    }
  }
  return out;
}

// --- exact distributions ---

// One group on both neighbours.
struct Change {
  std::int64_t from = 0;  // persons
  std::int64_t to = 0;
  std::vector<std::int64_t> shifts;  // of measures without a histogram; 0 for others
  std::vector<std::vector<std::int64_t>> bins_from;
  std::vector<std::vector<std::int64_t>> bins_to;
  friend auto operator<=>(const Change&, const Change&) = default;
};

const sql::GroupRow* find(const std::vector<sql::GroupRow>& rows, const std::vector<Cell>& key) {
  for (const sql::GroupRow& row : rows) {
    if (row.key == key) return &row;
  }
  return nullptr;
}

std::vector<std::vector<std::int64_t>> bins_of(const Plan& plan, const sql::GroupRow* row) {
  std::vector<std::vector<std::int64_t>> out;
  for (std::size_t i = 0; i < plan.quantiles.size(); i++) {
    std::vector<std::int64_t>& bins = out.emplace_back(plan.quantiles[i].bins);
    if (row == nullptr) continue;
    for (const auto& bin : row->histograms[i]) bins[bin.bin] = bin.count;
  }
  return out;
}

Change change_of(const Plan& plan, const sql::GroupRow* from, const sql::GroupRow* to) {
  Change out;
  out.from = from == nullptr ? 0 : from->persons;
  out.to = to == nullptr ? 0 : to->persons;
  for (std::size_t i = 0; i + 1 < plan.statistics.size(); i++) {
    const Int128 before = from == nullptr ? Int128{0} : from->sums[i];
    const Int128 after = to == nullptr ? Int128{0} : to->sums[i];
    out.shifts.push_back(static_cast<std::int64_t>(after - before));
  }
  for (const privacy::Quantiles& quantiles : plan.quantiles) {
    out.shifts[quantiles.statistic - 1] = 0;  // shown by its histogram alone
  }
  out.bins_from = bins_of(plan, from);
  out.bins_to = bins_of(plan, to);
  return out;
}

// The groups that differ; of a public list, those that are on it.
std::vector<Change> changes(const Plan& plan, const std::vector<sql::GroupRow>& without,
                            const std::vector<sql::GroupRow>& with) {
  std::set<std::vector<Cell>> keys;
  for (const auto* rows : {&without, &with}) {
    for (const sql::GroupRow& row : *rows) keys.insert(row.key);
  }
  std::vector<Change> out;
  for (const std::vector<Cell>& key : keys) {
    const auto& listed = plan.public_groups;
    const bool dropped =
        plan.open && plan.grouped && std::find(listed.begin(), listed.end(), key) == listed.end();
    if (dropped) continue;
    Change change = change_of(plan, find(without, key), find(with, key));
    const bool same = change.from == change.to && change.bins_from == change.bins_to &&
                      std::all_of(change.shifts.begin(), change.shifts.end(),
                                  [](std::int64_t shift) { return shift == 0; });
    if (!same) out.push_back(std::move(change));
  }
  std::sort(out.begin(), out.end());
  return out;
}

// A quantile's tree: every node of every level with its noise, whether a walk looks at it or not.
// What the walks show is a function of these nodes, each drawn once (tree_test.cc).
PairOfLaws tree_pair(const privacy::Noise& noise, std::vector<std::int64_t> from,
                     std::vector<std::int64_t> to) {
  PairOfLaws out = PairOfLaws::equal();
  while (from.size() > 1) {
    std::vector<std::int64_t> from_parents(from.size() / privacy::kTreeFanOut);
    std::vector<std::int64_t> to_parents(from_parents.size());
    for (std::size_t i = 0; i < from.size(); i++) {
      if (from[i] != to[i]) out = out.times(shifted(noise, to[i] - from[i]));
      from_parents[i / privacy::kTreeFanOut] += from[i];
      to_parents[i / privacy::kTreeFanOut] += to[i];
    }
    from = std::move(from_parents);
    to = std::move(to_parents);
  }
  return out;
}

PairOfLaws pair_of(const Plan& plan, const Mechanism& mechanism, const Change& change) {
  PairOfLaws measures = PairOfLaws::equal();
  for (std::size_t i = 0; i < change.shifts.size(); i++) {
    if (change.shifts[i] == 0) continue;
    measures = measures.times(shifted(mechanism.noises[i + 1], change.shifts[i]));
  }
  for (std::size_t i = 0; i < plan.quantiles.size(); i++) {
    const privacy::Quantiles& quantiles = plan.quantiles[i];
    const privacy::Noise& noise = mechanism.noises[quantiles.statistic];
    if (!quantiles.bounds) {
      measures = measures.times(tree_pair(noise, change.bins_from[i], change.bins_to[i]));
      continue;
    }
    const std::int64_t threshold =
        privacy::bounds_threshold(noise, {{}, quantiles.bins, plan.people_min});
    measures =
        measures.times(bounds_pair(noise, threshold, change.bins_from[i], change.bins_to[i]));
  }
  return group_pair(group_outcomes(mechanism, change.from, change.to), measures);
}

// --- the search ---

struct Found {
  double excess = -1;  // the largest over delta, of all neighbours and both directions
  std::size_t pairs = 0;
  std::size_t most_groups = 0;  // that one person changed
};

Found search(const std::string& sql, const Terms& terms, const Mistake& mistake = {}) {
  const Chain chain(sql, {}, terms);
  Plan plan = chain.query().plan();
  const double epsilon = static_cast<double>(plan.price().loss) / privacy::kEpsilonUnit;
  const double delta = static_cast<double>(plan.delta) / static_cast<double>(privacy::kDeltaUnit);
  const Mechanism right = *mechanism_of(plan);
  if (mistake.plan) mistake.plan(plan);
  Mechanism mechanism = *mechanism_of(plan);
  if (mistake.mechanism) mistake.mechanism(plan, mechanism);
  sql::Task task = chain.query().task();
  if (mistake.task) mistake.task(task);
  Found out;
  std::map<std::vector<Change>, double> known;
  for (const Neighbours& pair : neighbours(plan, right)) {
    for (const sql::SamplingKey key : {sql::SamplingKey{3, 5, 7}, sql::SamplingKey{11, 2, 1}}) {
      task.sampling = key;
      const auto differs =
          changes(plan, Chain::exact(task, pair.without), Chain::exact(task, pair.with));
      out.pairs++;
      out.most_groups = std::max(out.most_groups, differs.size());
      const auto [at, is_new] = known.try_emplace(differs, -1);
      if (is_new) {
        PairOfLaws laws = PairOfLaws::equal();
        for (const Change& change : differs) laws = laws.times(pair_of(plan, mechanism, change));
        at->second = std::max(laws.hockey_stick(epsilon), laws.hockey_stick_back(epsilon)) - delta;
      }
      out.excess = std::max(out.excess, at->second);
    }
  }
  return out;
}

// As in falsifier_stat.cc.
constexpr double kRounding = 1e-11;

Terms small(std::uint32_t groups = 1) {
  return {.groups_per_person = groups, .cents_max = 2, .outer_joins = true};
}

const std::string kCount =
    "SELECT campaign_id, COUNT(DISTINCT hashed_email) AS n FROM exposures GROUP BY campaign_id";
const std::string kSum =
    "SELECT COUNT(DISTINCT hashed_email) AS n, SUM(total_spent) AS s FROM purchases";
const std::string kAverage = "SELECT AVG(total_spent) AS a FROM purchases";
const std::string kVariance =
    "SELECT VARIANCE(total_spent) AS v, STDDEV(total_spent) AS d FROM purchases";
const std::string kValues = "SELECT COUNT(DISTINCT total_spent) AS n FROM purchases";
const std::string kMedian =
    "SELECT MEDIAN(total_spent) AS m, QUANTILE_CONT(total_spent, 0.9) AS q FROM purchases";
const std::string kBounds = "SELECT APPROX_BOUNDS_HIGH(total_spent) AS high FROM purchases";
const std::string kCutOff =
    "SELECT COUNT(DISTINCT hashed_email) AS n, COUNT_BOUNDED() AS cut, SUM(total_spent) AS s "
    "FROM purchases";
const std::string kJoin =
    "SELECT campaign_id, COUNT(DISTINCT hashed_email) AS n, SUM(total_spent) AS s "
    "FROM exposures JOIN purchases USING (hashed_email) GROUP BY campaign_id";
const std::string kOuterJoin =
    "SELECT campaign_id, COUNT(DISTINCT hashed_email) AS n, SUM(total_spent) AS s "
    "FROM purchases LEFT JOIN exposures USING (hashed_email) GROUP BY campaign_id";
const std::string kAntiJoin =
    "SELECT COUNT(DISTINCT hashed_email) AS n, SUM(total_spent) AS s FROM purchases p WHERE NOT "
    "EXISTS (SELECT 1 FROM exposures e WHERE e.hashed_email = p.hashed_email)";
const std::string kRows = "SELECT campaign_id, COUNT(*) AS n FROM exposures GROUP BY campaign_id";

Terms by_coin() {
  Terms out = small();
  out.geometric = true;
  return out;
}

Terms listed(privacy::OpenRows open_rows) {
  Terms out = small(2);
  out.campaigns = {"a", "b", "c"};
  out.open_rows = open_rows;
  return out;
}

void expect_nothing(const std::string& sql, const Terms& terms, std::size_t groups) {
  const Found found = search(sql, terms);
  EXPECT_LT(found.excess, kRounding) << sql;
  EXPECT_EQ(found.most_groups, groups) << sql;  // as many as may: the world reaches the bound
  EXPECT_GE(found.pairs, 2000U);
}

TEST(Pipeline, NothingInCounts) { expect_nothing(kCount, small(2), 2); }
TEST(Pipeline, NothingInSums) { expect_nothing(kSum, small(), 1); }
TEST(Pipeline, NothingInAverages) { expect_nothing(kAverage, small(), 1); }
TEST(Pipeline, NothingInVariances) { expect_nothing(kVariance, small(), 1); }
TEST(Pipeline, NothingInDistinctValues) { expect_nothing(kValues, small(), 1); }
TEST(Pipeline, NothingInQuantiles) { expect_nothing(kMedian, small(), 1); }
TEST(Pipeline, NothingInAutomaticBounds) { expect_nothing(kBounds, small(), 1); }
TEST(Pipeline, NothingInWhoWasCutOff) { expect_nothing(kCutOff, small(), 1); }
TEST(Pipeline, NothingInJoins) { expect_nothing(kJoin, small(), 1); }
TEST(Pipeline, NothingInOuterJoins) { expect_nothing(kOuterJoin, small(), 2); }
TEST(Pipeline, NothingInAntiJoins) { expect_nothing(kAntiJoin, small(), 1); }
TEST(Pipeline, NothingByCoin) { expect_nothing(kRows, by_coin(), 1); }

TEST(Pipeline, NothingInPublicGroups) {
  for (const auto open_rows :
       {privacy::OpenRows::select, privacy::OpenRows::hide, privacy::OpenRows::show}) {
    expect_nothing(kCount, listed(open_rows), 2);
  }
}

// --- and what is wrong is found ---

void expect_found(const std::string& sql, const Terms& terms, const Mistake& mistake) {
  EXPECT_GT(search(sql, terms, mistake).excess, 10 * kRounding) << sql;
}

void halve(privacy::Noise& noise) {
  auto* scale = std::get_if<privacy::Scale>(&noise);
  GBX_CHECK(scale != nullptr);
  scale->denominator *= 2;
}

TEST(PipelineFinds, APersonInAllGroups) {
  const Mistake mistake{.task = [](sql::Task& task) { task.groups_per_person = 1'000'000; }};
  expect_found(kCount, small(), mistake);
  expect_found(kJoin, small(), mistake);
}

TEST(PipelineFinds, ASumThatIsNotClamped) {
  const Mistake mistake{.task = [](sql::Task& task) {
    for (sql::Measure& measure : task.measures) {
      measure.low = -(std::int64_t{1} << 40);
      measure.high = std::int64_t{1} << 40;
    }
  }};
  expect_found(kSum, small(), mistake);
  expect_found(kAverage, small(), mistake);
  expect_found(kJoin, small(), mistake);
}

TEST(PipelineFinds, AThresholdOneTooLow) {
  const Mistake mistake{.mechanism = [](const Plan&, Mechanism& wrong) { wrong.threshold -= 1; }};
  expect_found(kCount, small(), mistake);
  expect_found(kJoin, small(), mistake);
  // Not of an outer join: its delta is for two groups that appear, and one that moves leaves one.
}

TEST(PipelineFinds, HalfTheSensitivity) {
  for (const std::size_t statistic : {0U, 1U}) {
    const Mistake mistake{
        .mechanism = [&](const Plan&, Mechanism& wrong) { halve(wrong.noises.at(statistic)); }};
    expect_found(kSum, small(), mistake);
    expect_found(kBounds, small(), mistake);
    expect_found(kVariance, small(), mistake);
    expect_found(kValues, small(), mistake);
    expect_found(kMedian, small(), mistake);
    expect_found(kJoin, small(), mistake);
    expect_found(kOuterJoin, small(), mistake);
  }
}

TEST(PipelineFinds, AnOuterJoinThatIsNotDoubled) {
  const Mistake mistake{.plan = [](Plan& plan) {
    ASSERT_TRUE(plan.replaces);
    plan.replaces = false;
  }};
  expect_found(kOuterJoin, small(), mistake);
}

TEST(PipelineFinds, GaussianNoiseBilledAsLaplace) {
  const Mistake mistake{.mechanism = [](const Plan& plan, Mechanism& wrong) {
    privacy::Statistic gaussian = plan.statistics[0];
    gaussian.noise = privacy::NoiseKind::gaussian;
    gaussian.share = privacy::rho_of_epsilon(gaussian.share);
    wrong.noises[0] = *noise_of(plan.groups_changed(), gaussian);
  }};
  expect_found(kCount, small(), mistake);
}

TEST(PipelineFinds, DeltaThatIsNotSplitOverTheGroups) {
  const Mistake mistake{.mechanism = [](const Plan& plan, Mechanism& wrong) {
    const double delta = static_cast<double>(plan.delta) / static_cast<double>(privacy::kDeltaUnit);
    wrong.threshold = privacy::selection_threshold(wrong.noises[0], delta);
  }};
  expect_found(kCount, small(2), mistake);
}

// Two questions, of which one counts the person, and one draw for both: their difference is exact.
TEST(PipelineFinds, NoiseThatIsUsedAgain) {
  const std::string all = "SELECT COUNT(DISTINCT hashed_email) AS n FROM exposures";
  const Chain first(all, {}, small());
  const Chain second(all + " WHERE campaign_id <> 'c'", {}, small());
  const Data others = crowd(20, 0, 0);
  const Data with = joined(others, {{{kPerson, "c"}}, {}});
  const privacy::Noise noise = (*mechanism_of(first.query().plan())).noises[0];
  const NoiseLaw law(noise);
  const auto persons = [](const Chain& chain, const Data& data) {
    return Chain::exact(chain.query().task(), data).at(0).persons;
  };
  std::map<std::pair<std::int64_t, std::int64_t>, Outcome> again;
  PairOfLaws fresh = PairOfLaws::equal();
  for (std::int64_t x = -law.reach(); x <= law.reach(); x++) {
    again[{persons(first, others) + x, persons(second, others) + x}].p += law.mass(x);
  }
  for (std::int64_t x = -law.reach(); x <= law.reach(); x++) {
    again[{persons(first, with) + x, persons(second, with) + x}].q += law.mass(x);
  }
  fresh = fresh.times(shifted(noise, persons(first, with) - persons(first, others)));
  fresh = fresh.times(shifted(noise, persons(second, with) - persons(second, others)));
  PairOfLaws reused;
  for (const auto& [shown, outcome] : again) {
    reused.add(static_cast<double>(outcome.p), static_cast<double>(outcome.q));
  }
  const double epsilon = 2 * static_cast<double>(first.price().loss) / privacy::kEpsilonUnit;
  EXPECT_LT(fresh.hockey_stick(epsilon), kRounding);
  EXPECT_GT(reused.hockey_stick(epsilon), 0.99);
}

}  // namespace
}  // namespace gbx::stat
