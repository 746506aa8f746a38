// Windows over the rows of an answer, in a whole room: what they cost, which rows stand beside
// them, and that whoever verifies computes the same.

#include <gtest/gtest.h>

#include "client/query/verify_computed.h"
#include "tests/sim/world.h"

namespace gbx::sim {
namespace {

const std::string kCounts =
    "SELECT campaign_id, COUNT(DISTINCT hashed_email) AS n FROM exposures GROUP BY campaign_id";
const std::string kShares =
    "SELECT campaign_id, COUNT(DISTINCT hashed_email) AS n, SUM(n) OVER () AS total, n / total AS "
    "share, ROW_NUMBER() OVER (ORDER BY n DESC) AS place FROM exposures GROUP BY campaign_id";

std::int64_t number(const packet::OutputCell& cell) {
  const auto* value = std::get_if<std::int64_t>(&cell.value);
  return value == nullptr ? -1 : *value;
}

std::string verdict(const World::Read& read) {
  privacy::Plan plan;
  plan.accounting = read.predicate.noise.accounting;
  plan.selection = read.predicate.noise.selection;
  plan.groups_per_person = read.predicate.noise.groups_per_person;
  for (const packet::NoisedStatistic& entry : read.predicate.noise.statistics) {
    plan.statistics.push_back(entry.statistic);
  }
  const Status known = client::verify_computed(read.table, plan);
  return known ? "" : std::string(known.error().reason.view());
}

TEST(Windows, ReadTheReleasedRowsAndCostNothing) {
  World plain(41);
  World world(41);
  ASSERT_TRUE(plain.open());
  ASSERT_TRUE(world.open());
  const auto counts = plain.read(plain.ask(kCounts));
  const auto shares = world.read(world.ask(kShares));
  ASSERT_TRUE(counts);
  ASSERT_TRUE(shares);
  EXPECT_EQ(counts->predicate.noise.price, shares->predicate.noise.price);
  ASSERT_EQ(shares->table.rows.size(), 2U);
  EXPECT_TRUE(shares->table.others.empty());
  const auto& rows = shares->table.rows;
  EXPECT_EQ(number(rows[0][2]), number(rows[0][1]) + number(rows[1][1]));
  EXPECT_EQ(number(rows[0][2]), number(rows[1][2]));
  EXPECT_NEAR(static_cast<double>(number(rows[0][3]) + number(rows[1][3])), 1e6, 1.0);
  EXPECT_EQ(number(rows[0][4]) + number(rows[1][4]), 3);
  for (const std::size_t column : {2U, 3U, 4U}) EXPECT_FALSE(rows[0][column].interval);
  EXPECT_EQ(verdict(*shares), "");
}

// Another look at the same release: a repeat, or what it was released as before.
TEST(Windows, OverARepeatAreOfTheSameRelease) {
  World world(42);
  ASSERT_TRUE(world.open());
  const auto first = world.read(world.ask(kShares));
  const auto again = world.read(world.ask(kShares));
  ASSERT_TRUE(first);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->predicate.repeat_of, first->predicate.request_digest);
  EXPECT_EQ(packet::answer_digest(first->table), packet::answer_digest(again->table));
}

TEST(Windows, RowsThatAreNotShownStandBeside) {
  World world(43);
  ASSERT_TRUE(world.open());
  for (const std::string end :
       {" ORDER BY place LIMIT 1", " QUALIFY place = 1", " ORDER BY place DESC LIMIT 5 OFFSET 1"}) {
    const auto read = world.read(world.ask(kShares + end));
    ASSERT_TRUE(read) << end;
    ASSERT_EQ(read->table.rows.size(), 1U) << end;
    ASSERT_EQ(read->table.others.size(), 1U) << end;
    EXPECT_EQ(number(read->table.rows[0][4]), 1) << end;
    EXPECT_EQ(number(read->table.others[0][4]), 2) << end;
    EXPECT_EQ(verdict(*read), "") << end;
  }
  // Where no column is a window, nothing needs them.
  const auto best = world.read(world.ask(kCounts + " QUALIFY RANK() OVER (ORDER BY n DESC) = 1"));
  ASSERT_TRUE(best);
  EXPECT_EQ(best->table.rows.size(), 1U);
  EXPECT_TRUE(best->table.others.empty());
}

TEST(Windows, OverRowsThatThePolicyCutsAreNotShown) {
  World world(44);
  world.policy.limits.result_rows = 1;
  ASSERT_TRUE(world.open());
  const auto read = world.read(world.ask(kShares + " ORDER BY n DESC"));
  ASSERT_TRUE(read);
  ASSERT_EQ(read->table.rows.size(), 1U);
  EXPECT_EQ(read->table.rows_cut, 1);
  EXPECT_EQ(read->table.rows[0][0].value, Cell(std::string("autumn")));
  for (const std::size_t column : {2U, 3U, 4U}) {
    EXPECT_EQ(read->table.rows[0][column].value, Cell()) << column;
  }
  EXPECT_EQ(verdict(*read), "");
  // None of what is shown is a window: it may choose among all.
  const auto best = world.read(world.ask(kCounts + " QUALIFY RANK() OVER (ORDER BY n) = 1"));
  ASSERT_TRUE(best);
  EXPECT_EQ(best->table.rows_cut, 0);
  EXPECT_EQ(best->table.rows[0][0].value, Cell(std::string("spring")));
}

TEST(Windows, OfADryRunAreColumnsWithoutRows) {
  World world(45);
  ASSERT_TRUE(world.open());
  const auto read = world.read(world.ask(kShares + " LIMIT 1", true));
  ASSERT_TRUE(read);
  EXPECT_TRUE(read->table.dry_run);
  EXPECT_TRUE(read->table.others.empty());
  EXPECT_EQ(read->table.columns[2].kind, packet::OutputKind::window);
}

}  // namespace
}  // namespace gbx::sim
