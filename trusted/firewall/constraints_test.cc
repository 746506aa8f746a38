#include "trusted/firewall/constraints.h"

#include <gtest/gtest.h>

#include "trusted/firewall/check.h"
#include "trusted/policy/policy_fixture.h"
#include "trusted/sql/build.h"
#include "trusted/sql/post_process.h"
#include "trusted/sql/released_value.h"

namespace gbx::firewall {
namespace {

using policy::OutputConstraint;

// purchases wants so many days, and so many sums; shopgood's table is the second.
policy::Policy wanting(std::vector<OutputConstraint> constraints) {
  policy::Policy out = policy::example_policy();
  policy::make_threshold_only(out.privacy, 100);
  out.tables[1].rule.output_constraints = std::move(constraints);
  return out;
}

// SELECT COUNT(*) FROM purchases, as often as there are relations.
sql::Query counting(std::size_t relations = 1) {
  sql::Query query;
  query.relations.assign(relations, {1, "purchases", "shopgood", {}});
  sql::AggregateCall call;
  query.aggregates = {call};
  query.output_types = {{Type::integer, 0}};
  query.items = {{"x", 0, {}}};
  return query;
}

sql::Query held(const policy::Policy& policy, sql::Query query) {
  auto out = with_minima(std::move(query), policy);
  GBX_CHECK(out.has_value());
  return std::move(out).value();
}

// Which of these rows of outputs are shown.
std::vector<std::size_t> shown(const sql::Query& query,
                               const std::vector<std::vector<Cell>>& rows) {
  return sql::post_process(query.post, rows).shown;
}

TEST(Minima, PeopleAreNoneOfThem) {
  const sql::Query query = held(wanting({{"hashed_email", 90}}), counting());
  EXPECT_FALSE(query.post.has_having);
  EXPECT_EQ(query.aggregates.size(), 1U);
}

TEST(Minima, ARowWithFewerValuesIsNotShown) {
  const sql::Query query = held(wanting({{"purchase_date", 7}}), counting());
  ASSERT_EQ(query.aggregates.size(), 2U);
  EXPECT_EQ(query.aggregates[1].kind, sql::AggregateKind::distinct);
  EXPECT_EQ(query.aggregates[1].argument.column, 0U);
  EXPECT_EQ(query.output_types.size(), 2U);
  EXPECT_EQ(query.items.size(), 1U);
  const Cell many{std::int64_t{100}};
  EXPECT_EQ(shown(query, {{many, Cell{std::int64_t{6}}},
                          {many, Cell{std::int64_t{7}}},
                          {many, Cell()}}),  // withheld
            std::vector<std::size_t>{1});
}

TEST(Minima, AllOfThemHoldAndWhatTheQuestionSays) {
  sql::Query query = counting();
  sql::Expression count;
  count.op = sql::Op::output;
  count.type = {Type::integer, 0};
  count.high = sql::kOutputMax;
  query.post.has_having = true;
  query.post.having = *sql::make_comparison(sql::Op::less, count,
                                            sql::make_literal(50, {Type::integer, 0}, {}), {});
  query = held(wanting({{"purchase_date", 7}, {"total_spent", 3}}), std::move(query));
  ASSERT_EQ(query.aggregates.size(), 3U);
  const auto row = [](std::int64_t n, std::int64_t days, std::int64_t sums) {
    return std::vector<Cell>{Cell{n}, Cell{days}, Cell{sums}};
  };
  EXPECT_EQ(shown(query, {row(10, 7, 3), row(50, 7, 3), row(10, 6, 3), row(10, 7, 2)}),
            std::vector<std::size_t>{0});
}

TEST(Minima, OfATableThatStandsTwiceEachIsHeld) {
  const sql::Query query = held(wanting({{"purchase_date", 7}}), counting(2));
  ASSERT_EQ(query.aggregates.size(), 3U);
  EXPECT_EQ(query.aggregates[1].argument.relation, 0U);
  EXPECT_EQ(query.aggregates[2].argument.relation, 1U);
}

TEST(Minima, WhatTheQuestionCountsIsCountedOnce) {
  const policy::Policy policy = wanting({{"purchase_date", 7}});
  const sql::Query once = held(policy, counting());
  const sql::Query twice = held(policy, once);
  EXPECT_EQ(twice.aggregates.size(), once.aggregates.size());
}

TEST(Minima, AConditionThatGrowsTooLargeIsRefused) {
  sql::Query query = counting();
  sql::Expression deep = sql::make_literal(1, {Type::boolean, 0}, {});
  for (std::size_t i = 0; i <= sql::kFormulaDepthMax; i++) {
    sql::Expression around;
    around.op = sql::Op::logical_not;
    around.type = deep.type;
    around.children = {std::move(deep)};
    deep = std::move(around);
  }
  query.post.has_having = true;
  query.post.having = deep;
  const auto out = with_minima(std::move(query), wanting({{"purchase_date", 7}}));
  ASSERT_FALSE(out);
  EXPECT_EQ(out.error().reason.view(), "expression_too_large");
}

TEST(Minima, AreInWhatIsChecked) {
  const policy::Policy policy = wanting({{"purchase_date", 7}});
  const auto checked =
      check(counting(), *policy::VerifiedPolicy::verify(policy::signed_policy(policy)), {"agency"});
  ASSERT_TRUE(checked) << checked.error().reason.view();
  EXPECT_EQ(checked->items().size(), 1U);
  EXPECT_NE(checked->canonical().find("HAVING (COUNT(DISTINCT t0.purchase_date) >= 7)"),
            std::string::npos)
      << checked->canonical();
}

}  // namespace
}  // namespace gbx::firewall
