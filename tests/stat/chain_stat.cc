// The guarantee, end to end: SQL text in, released table out, on data with and without one person.
// tests/stat/falsifier_stat.cc has the exact distributions of noise and selection; here everything
// that leads to them is in the loop, so that a mistake between the steps cannot hide: whom the
// engine counts, which bound it applies, what the plan says of it, what the answer shows.
//
// A test that holds the real chain fails by chance with probability at most kAlpha (audit.h has the
// derivation); the seed is fixed, or GBX_STAT_SEED. A pass proves nothing that is rarer than the
// tolerance. Each planted fault must be found through the same chain, or the search finds nothing.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "tests/stat/audit.h"
#include "tests/stat/chain.h"
#include "tests/stat/seams.h"

namespace gbx::stat {
namespace {

constexpr double kAlpha = 1e-6;  // of one test: both directions together
constexpr std::uint64_t kDraws = 20'000;

std::uint64_t environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

// Where a release is looked at: a number's place in [from, to], in `steps` steps.
struct Probe {
  std::string group;  // the row whose first cell this is; "" = the only row, "NULL" = of NULL
  std::size_t column = 0;
  std::int64_t from = 0;
  std::int64_t to = 1;
  std::int64_t steps = 1;
  bool falls = false;  // counted from `to` down: where the person makes the number smaller
};

// Data and somebody whose rows are all of D' that is not in D, too.
struct Neighbours {
  std::string sql;
  Data others;
  Data person;
  std::vector<Probe> probes;
  Terms terms = {};
};

std::int64_t steps_of(const std::vector<Probe>& probes) {
  std::int64_t sum = 0;
  for (const Probe& probe : probes) sum += probe.steps;
  return sum;
}

std::size_t buckets_of(const std::vector<Probe>& probes) {
  return (probes.size() + 1) * static_cast<std::size_t>(steps_of(probes) + 1);
}

const std::vector<packet::OutputCell>* find_row(const packet::AnswerTable& table,
                                                const std::string& group) {
  const Cell wanted = group == "NULL" ? Cell() : Cell(group);
  for (const auto& row : table.rows) {
    if (group.empty() || row.front().value == wanted) return &row;
  }
  return nullptr;
}

// How many of the probes are withheld, and the places of the others added up: with steps in
// proportion to each statistic's epsilon, the likelihood ratio of Laplace noise is a function of
// the sum, so nothing is lost by it.
std::size_t bucket_of(const packet::AnswerTable& table, const std::vector<Probe>& probes) {
  std::int64_t hidden = 0;
  std::int64_t places = 0;
  for (const Probe& probe : probes) {
    const auto* row = find_row(table, probe.group);
    const auto* number =
        row == nullptr ? nullptr : std::get_if<std::int64_t>(&(*row)[probe.column].value);
    if (number == nullptr) {  // no row, or one without numbers
      hidden++;
      continue;
    }
    const std::int64_t value = *number;
    const std::int64_t inside = std::clamp(value, probe.from, probe.to) - probe.from;
    const std::int64_t place = inside * probe.steps / (probe.to - probe.from);
    places += probe.falls ? probe.steps - place : place;
  }
  return static_cast<std::size_t>(hidden * (steps_of(probes) + 1) + places);
}

Counts draw(const Chain& chain, const std::vector<Probe>& probes, std::uint64_t n,
            std::uint64_t seed) {
  SeededEntropy entropy(seed);
  Counts counts(buckets_of(probes));
  for (std::uint64_t i = 0; i < n; i++) counts[bucket_of(chain.release(entropy), probes)]++;
  return counts;
}

Data joined(Data data, const Data& more) {
  data.exposures.insert(data.exposures.end(), more.exposures.begin(), more.exposures.end());
  data.purchases.insert(data.purchases.end(), more.purchases.begin(), more.purchases.end());
  return data;
}

struct Claim {
  double epsilon = 0;
  double delta = 0;
};

// What a price promises. In zcdp every delta of the conversion makes a claim; the one with an
// epsilon near 1/2 shows a wrong noise best.
Claim claim_of(privacy::Price price, bool zcdp) {
  constexpr double kConversion = 0.4;
  const double delta = std::ldexp(static_cast<double>(price.delta), -60);
  if (!zcdp) return {static_cast<double>(price.loss) / 1e6, delta};
  const double rho = std::ldexp(static_cast<double>(price.loss), -40);
  return {privacy::epsilon_of_rho(rho, kConversion), kConversion + delta};
}

// By how much the larger of both directions passes delta and what chance explains.
double excess(const Neighbours& neighbours, Fault fault) {
  Terms terms = neighbours.terms;
  terms.fault = fault;
  const Chain without(neighbours.sql, neighbours.others, terms);
  const Chain with(neighbours.sql, joined(neighbours.others, neighbours.person), terms);
  const std::uint64_t n = kDraws * environment("GBX_STAT_TIMES", 1);
  const std::uint64_t seed = environment("GBX_STAT_SEED", 20261121);
  const Counts a = draw(without, neighbours.probes, n, 2 * seed);
  const Counts b = draw(with, neighbours.probes, n, 2 * seed + 1);
  const auto [epsilon, delta] = claim_of(without.price(), terms.gaussian);
  const double larger = std::max(divergence(a, b, epsilon, n), divergence(b, a, epsilon, n));
  const double allowed = delta + tolerance(a.size(), epsilon, n, kAlpha / 2);
  ::testing::Test::RecordProperty("divergence", std::to_string(larger));
  ::testing::Test::RecordProperty("allowed", std::to_string(allowed));
  return larger - allowed;
}

// --- the neighbours ---

constexpr std::string_view kCount =
    "SELECT campaign_id, COUNT(DISTINCT hashed_email) AS n FROM exposures GROUP BY campaign_id";
constexpr std::uint64_t kPerson = 999'999;

void add_crowd(Data& data, const std::string& campaign, std::uint64_t people) {
  const std::uint64_t first = data.exposures.size() + 1;
  for (std::uint64_t i = 0; i < people; i++) data.exposures.push_back({first + i, campaign});
}

Neighbours one_in_a_crowd() {
  Neighbours out{
      .sql = std::string(kCount), .others = {}, .person = {}, .probes = {{"autumn", 1, 60, 61, 1}}};
  add_crowd(out.others, "autumn", 60);
  out.person.exposures = {{kPerson, "autumn"}};
  return out;
}

// k - 1 persons without, k with.
Neighbours at_k() {
  Neighbours out{
      .sql = std::string(kCount), .others = {}, .person = {}, .probes = {{"edge", 1, 10, 20, 1}}};
  add_crowd(out.others, "edge", kPeopleMin - 1);
  add_crowd(out.others, "autumn", 60);
  out.person.exposures = {{kPerson, "edge"}};
  return out;
}

// Eight groups, of which two may count.
Neighbours in_many_groups() {
  Neighbours out{.sql = std::string(kCount),
                 .others = {},
                 .person = {},
                 .probes = {},
                 .terms = {.groups_per_person = 2}};
  for (char name = 'a'; name <= 'h'; name++) {
    add_crowd(out.others, std::string(1, name), 50);
    out.person.exposures.push_back({kPerson, std::string(1, name)});
    out.probes.push_back({std::string(1, name), 1, 50, 51, 1});
  }
  return out;
}

void add_buyers(Data& data, std::uint64_t people) {
  for (std::uint64_t i = 1; i <= people; i++) data.purchases.push_back({i, 0});
}

void add_purchases(Data& data, int rows, std::int64_t cents) {
  for (int i = 0; i < rows; i++) data.purchases.push_back({kPerson, cents});
}

// Twenty rows of the largest value, of which two may count: a step is a quarter of epsilon.
Neighbours of_many_large_rows() {
  Neighbours out{.sql =
                     "SELECT COUNT(DISTINCT hashed_email) AS n, SUM(total_spent) AS s "
                     "FROM purchases",
                 .others = {},
                 .person = {},
                 .probes = {{"", 0, 60, 61, 2}, {"", 1, 0, 400'000, 8}}};
  add_buyers(out.others, 60);
  add_purchases(out.person, 20, 50'000);
  return out;
}

// As many others at the largest value as noise alone needs to let the bound reach it or not; of the
// person's twenty rows one counts.
Neighbours in_automatic_bounds(std::uint64_t others) {
  Neighbours out{.sql =
                     "SELECT COUNT(DISTINCT hashed_email) AS n, "
                     "APPROX_BOUNDS_HIGH(total_spent) AS high FROM purchases",
                 .others = {},
                 .person = {},
                 .probes = {}};
  add_buyers(out.others, 60);
  for (std::uint64_t i = 1; i <= others; i++) out.others.purchases.push_back({60 + i, 50'000});
  add_purchases(out.person, 20, 50'000);
  const auto people = static_cast<std::int64_t>(60 + others);
  out.probes = {{"", 0, people, people + 1, 1}, {"", 1, 0, 50'000, 1}};
  return out;
}

// The one of whom most is cut off, as counted.
Neighbours among_the_bounded() {
  Neighbours out = of_many_large_rows();
  out.sql =
      "SELECT COUNT(DISTINCT hashed_email) AS n, COUNT_BOUNDED() AS cut, SUM(total_spent) AS s "
      "FROM purchases";
  out.probes = {{"", 0, 60, 61, 2}, {"", 1, 0, 1, 2}, {"", 2, 0, 100'000, 2}};
  return out;
}

Neighbours in_an_average() {
  Neighbours out{.sql = "SELECT AVG(total_spent) AS a FROM purchases",
                 .others = {},
                 .person = {},
                 .probes = {{"", 0, 0, 250'000'000, 10}}};
  add_buyers(out.others, 60);
  add_purchases(out.person, 20, 50'000);
  return out;
}

Neighbours behind_having() {
  Neighbours out = one_in_a_crowd();
  out.sql += " HAVING COUNT(DISTINCT hashed_email) > 60";
  return out;
}

// Two groups of a join, and the product of one's rows in both tables.
Neighbours in_a_join() {
  Neighbours out{.sql =
                     "SELECT campaign_id, COUNT(DISTINCT hashed_email) AS n, "
                     "SUM(total_spent) AS s FROM exposures JOIN purchases "
                     "USING (hashed_email) GROUP BY campaign_id",
                 .others = {},
                 .person = {},
                 .probes = {{"autumn", 1, 70, 71, 2},
                            {"autumn", 2, 0, 100'000, 2},
                            {"spring", 1, 70, 71, 2},
                            {"spring", 2, 0, 100'000, 2}},
                 .terms = {.groups_per_person = 2}};
  add_crowd(out.others, "autumn", 70);
  add_crowd(out.others, "spring", 70);
  add_buyers(out.others, 140);
  for (const char* campaign : {"autumn", "spring", "autumn", "winter"}) {
    out.person.exposures.push_back({kPerson, campaign});
  }
  add_purchases(out.person, 20, 50'000);
  return out;
}

// A buyer's exposure, the one row that its owner has of this person, moves it from those who saw
// nothing to those who saw "autumn".
Neighbours who_moves_in_an_outer_join() {
  Neighbours out{.sql =
                     "SELECT campaign_id, COUNT(DISTINCT hashed_email) AS n FROM purchases "
                     "LEFT JOIN exposures USING (hashed_email) GROUP BY campaign_id",
                 .others = {},
                 .person = {},
                 .probes = {{"NULL", 1, 60, 61, 1, true}, {"autumn", 1, 60, 61, 1}},
                 .terms = {.outer_joins = true}};
  add_crowd(out.others, "autumn", 60);
  add_buyers(out.others, 120);
  add_purchases(out.others, 1, 0);
  out.person.exposures = {{kPerson, "autumn"}};
  return out;
}

Neighbours with_gaussian_noise(Neighbours neighbours) {
  neighbours.terms.gaussian = true;
  return neighbours;
}

// Rows are counted and persons are not, so a coin may select: shown or not is all that is looked
// at.
Neighbours at_k_by_coin() {
  Neighbours out = at_k();
  out.sql = "SELECT campaign_id, COUNT(*) AS n FROM exposures GROUP BY campaign_id";
  out.terms.geometric = true;
  return out;
}

// A list of campaigns, and nobody else in this one.
Neighbours alone_in_a_public_group(privacy::OpenRows open_rows) {
  Neighbours out{
      .sql = std::string(kCount), .others = {}, .person = {}, .probes = {{"empty", 1, 0, 1, 1}}};
  add_crowd(out.others, "autumn", 60);
  out.person.exposures = {{kPerson, "empty"}};
  out.terms.open_rows = open_rows;
  out.terms.campaigns = {"autumn", "empty"};
  return out;
}

// --- the chain keeps what it promises ---

TEST(Chain, HidesOneInACrowd) { EXPECT_LE(excess(one_in_a_crowd(), Fault::none), 0); }
TEST(Chain, HidesWhoMakesAGroupReachK) { EXPECT_LE(excess(at_k(), Fault::none), 0); }
TEST(Chain, HidesOneInManyGroups) { EXPECT_LE(excess(in_many_groups(), Fault::none), 0); }
TEST(Chain, HidesManyLargeRows) { EXPECT_LE(excess(of_many_large_rows(), Fault::none), 0); }
TEST(Chain, HidesOneInAutomaticBounds) {
  EXPECT_LE(excess(in_automatic_bounds(19), Fault::none), 0);
}
TEST(Chain, HidesOneAmongTheBounded) { EXPECT_LE(excess(among_the_bounded(), Fault::none), 0); }
TEST(Chain, HidesOneInAnAverage) { EXPECT_LE(excess(in_an_average(), Fault::none), 0); }
TEST(Chain, HidesOneBehindHaving) { EXPECT_LE(excess(behind_having(), Fault::none), 0); }
TEST(Chain, HidesOneInAJoin) { EXPECT_LE(excess(in_a_join(), Fault::none), 0); }

TEST(Chain, HidesWhoMovesInAnOuterJoin) {
  EXPECT_LE(excess(who_moves_in_an_outer_join(), Fault::none), 0);
}

TEST(Chain, HidesOneInACrowdWithGaussianNoise) {
  EXPECT_LE(excess(with_gaussian_noise(one_in_a_crowd()), Fault::none), 0);
}

TEST(Chain, HidesOneInManyGroupsWithGaussianNoise) {
  EXPECT_LE(excess(with_gaussian_noise(in_many_groups()), Fault::none), 0);
}

TEST(Chain, HidesManyLargeRowsWithGaussianNoise) {
  EXPECT_LE(excess(with_gaussian_noise(of_many_large_rows()), Fault::none), 0);
}

TEST(Chain, HidesWhoMakesAGroupReachKByCoin) { EXPECT_LE(excess(at_k_by_coin(), Fault::none), 0); }

TEST(Chain, HidesOneAloneInAPublicGroup) {
  for (const auto open_rows :
       {privacy::OpenRows::select, privacy::OpenRows::hide, privacy::OpenRows::show}) {
    EXPECT_LE(excess(alone_in_a_public_group(open_rows), Fault::none), 0);
  }
}

// Two queries, of which one counts the person; what tells them apart is the difference.
double excess_of_two(bool noise_again) {
  Data without;
  add_crowd(without, "autumn", 60);
  Data with = without;
  with.exposures.push_back({kPerson, "spring"});
  const std::string all = "SELECT COUNT(DISTINCT hashed_email) AS n FROM exposures";
  const std::string but_one = all + " WHERE campaign_id <> 'spring'";
  const auto count = [&](const Data& data, std::uint64_t seed) {
    const Chain one(all, data, {});
    const Chain other(but_one, data, {});
    Counts out(2);
    for (std::uint64_t i = 0; i < kDraws; i++) {
      SeededEntropy entropy(seed + 2 * i);
      SeededEntropy next(seed + 2 * i + (noise_again ? 0 : 1));
      const auto a = one.release(entropy).rows.front().front();
      const auto b = other.release(next).rows.front().front();
      const auto* n = std::get_if<std::int64_t>(&a.value);
      const auto* m = std::get_if<std::int64_t>(&b.value);
      out[n != nullptr && m != nullptr && *n - *m >= 1 ? 1 : 0]++;
    }
    return out;
  };
  const Counts a = count(without, 1'000'000);
  const Counts b = count(with, 2'000'000);
  const Claim claim = claim_of(Chain(all, with, {}).price(), false);
  const double larger = std::max(divergence(a, b, 2 * claim.epsilon, kDraws),
                                 divergence(b, a, 2 * claim.epsilon, kDraws));
  return larger - 2 * claim.delta - tolerance(2, 2 * claim.epsilon, kDraws, kAlpha / 2);
}

TEST(Chain, TwoReleasesHaveNoiseOfTheirOwn) { EXPECT_LE(excess_of_two(false), 0); }

TEST(Chain, NeverShowsAGroupBelowK) {
  const Neighbours neighbours = at_k();
  const Chain chain(neighbours.sql, neighbours.others, {});
  SeededEntropy entropy(3);
  for (int i = 0; i < 2000; i++) {
    ASSERT_EQ(find_row(chain.release(entropy), "edge"), nullptr);
  }
}

// With the same random bytes DuckDB's chain releases the same bytes, so its distribution is the one
// that is tested above.
TEST(Chain, IsTheSameWithDuckdb) {
  for (const Neighbours& neighbours :
       {one_in_a_crowd(), at_k(), in_many_groups(), of_many_large_rows(), in_an_average(),
        in_automatic_bounds(19), among_the_bounded(), behind_having(), in_a_join(),
        with_gaussian_noise(one_in_a_crowd()), at_k_by_coin(),
        alone_in_a_public_group(privacy::OpenRows::show), who_moves_in_an_outer_join()}) {
    const Data data = joined(neighbours.others, neighbours.person);
    Terms terms = neighbours.terms;
    const Chain merge(neighbours.sql, data, terms);
    terms.answerer = Answerer::duckdb;
    const Chain duckdb(neighbours.sql, data, terms);
    for (std::uint64_t seed = 0; seed < 5; seed++) {
      SeededEntropy one(seed);
      SeededEntropy other(seed);
      EXPECT_EQ(packet::answer_digest(merge.release(one)),
                packet::answer_digest(duckdb.release(other)))
          << neighbours.sql;
    }
  }
}

// --- and what does not is found ---

TEST(ChainFinds, HalfTheNoise) { EXPECT_GT(excess(one_in_a_crowd(), Fault::noise_halved), 0); }

TEST(ChainFinds, HalfTheNoiseOnASum) {
  EXPECT_GT(excess(of_many_large_rows(), Fault::noise_halved), 0);
}

TEST(ChainFinds, HalfTheNoiseOnAutomaticBounds) {
  EXPECT_GT(excess(in_automatic_bounds(10), Fault::noise_halved), 0);
}

TEST(ChainFinds, HalfTheNoiseOnTheBounded) {
  EXPECT_GT(excess(among_the_bounded(), Fault::noise_halved), 0);
}

TEST(ChainFinds, APersonInAllGroups) {
  EXPECT_GT(excess(in_many_groups(), Fault::groups_unbounded), 0);
}

TEST(ChainFinds, ASumThatIsNotClamped) {
  EXPECT_GT(excess(of_many_large_rows(), Fault::partials_unclamped), 0);
}

TEST(ChainFinds, AnAverageOverAllRowsOfAPerson) {
  EXPECT_GT(excess(in_an_average(), Fault::partials_unclamped), 0);
}

TEST(ChainFinds, HalfTheNoiseBehindHaving) {
  EXPECT_GT(excess(behind_having(), Fault::noise_halved), 0);
}

TEST(ChainFinds, SelectionThatForgetsTheShiftByK) {
  EXPECT_GT(excess(at_k(), Fault::selection_without_k), 0);
}

TEST(ChainFinds, HalfTheGaussianNoise) {
  EXPECT_GT(excess(with_gaussian_noise(one_in_a_crowd()), Fault::noise_halved), 0);
}

TEST(ChainFinds, ACoinThatForgetsTheShiftByK) {
  EXPECT_GT(excess(at_k_by_coin(), Fault::selection_without_k), 0);
}

TEST(ChainFinds, HalfTheNoiseInAPublicGroup) {
  EXPECT_GT(excess(alone_in_a_public_group(privacy::OpenRows::show), Fault::noise_halved), 0);
}

TEST(ChainFinds, AnOuterJoinThatIsNotDoubled) {
  EXPECT_GT(excess(who_moves_in_an_outer_join(), Fault::moves_not_doubled), 0);
}

TEST(ChainFinds, NoiseThatIsUsedAgain) { EXPECT_GT(excess_of_two(true), 0); }

TEST(ChainFinds, SelectionThatIsSkipped) {
  Neighbours neighbours = at_k();
  neighbours.others.exposures.erase(neighbours.others.exposures.begin(),
                                    neighbours.others.exposures.begin() + kPeopleMin - 1);
  EXPECT_GT(excess(neighbours, Fault::selection_skipped), 0);
}

}  // namespace
}  // namespace gbx::stat
