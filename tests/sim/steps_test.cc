// Questions with sub-selects and outer joins, through a whole room.

#include <gtest/gtest.h>

#include "tests/sim/world.h"

namespace gbx::sim {
namespace {

// 200 people were shown two campaigns, 101 one.
TEST(Steps, ASubSelectIsAnsweredFromTheRowsOfEachPerson) {
  World world(26);
  ASSERT_TRUE(world.open());
  const auto read = world.read(
      world.ask("SELECT n, COUNT(DISTINCT hashed_email) AS people FROM (SELECT hashed_email, "
                "COUNT(*) AS n FROM exposures GROUP BY hashed_email) GROUP BY n ORDER BY n"));
  ASSERT_TRUE(read);
  EXPECT_FALSE(read->predicate.noise.replaces);
  ASSERT_EQ(read->table.rows.size(), 2U);
  EXPECT_EQ(read->table.rows[0][0].value, Cell(std::int64_t{1}));
  EXPECT_NEAR(static_cast<double>(*std::get_if<std::int64_t>(&read->table.rows[0][1].value)), 101,
              60);
  EXPECT_NEAR(static_cast<double>(*std::get_if<std::int64_t>(&read->table.rows[1][1].value)), 200,
              60);
}

TEST(Steps, AnOuterJoinNeedsThePolicysLeaveAndTwiceTheNoise) {
  const std::string sql =
      "SELECT COUNT(DISTINCT hashed_email) AS people FROM exposures LEFT JOIN purchases USING "
      "(hashed_email) WHERE total_spent IS NULL OR total_spent > 10";
  World strict(27);
  ASSERT_TRUE(strict.open());
  EXPECT_EQ(refusal_of(strict.ask(sql)), "outer_joins_refused");
  World world(27);
  world.policy.privacy.outer_joins = true;
  ASSERT_TRUE(world.open());
  const auto read = world.read(world.ask(sql));
  ASSERT_TRUE(read);
  EXPECT_TRUE(read->predicate.noise.replaces);
}

}  // namespace
}  // namespace gbx::sim
