#include "trusted/firewall/stability.h"

#include <gtest/gtest.h>

namespace gbx::firewall {
namespace {

using sql::JoinKind;
using sql::Step;
using sql::StepKind;

sql::Input input(std::uint32_t source, JoinKind kind = JoinKind::inner) {
  sql::Input out;
  out.source = source;
  out.kind = kind;
  return out;
}

Step step(StepKind kind, std::vector<sql::Input> inputs) {
  Step out;
  out.kind = kind;
  out.inputs = std::move(inputs);
  return out;
}

// Of a query over three tables of 2, 3 and 5 rows a person; tables that nobody reads count, too.
Stability of(std::vector<Step> steps) {
  sql::Query query;
  query.relations.resize(3);
  query.steps = std::move(steps);
  const std::vector<std::int64_t> rows = {2, 3, 5};
  return stability_of(query, rows, 1000);
}

std::string support(const std::vector<Step>& steps) {
  std::string out;
  for (const bool has : of(steps).support) out += has ? '1' : '0';
  return out;
}

TEST(Stability, WithoutStepsEveryTableIsNeeded) {
  EXPECT_EQ(support({}), "111");
  EXPECT_FALSE(of({}).moves);
  EXPECT_EQ(of({}).rows, 30);
}

TEST(Stability, PairsAreThoseOfAllJoins) {
  const Step asked = step(StepKind::join, {input(0), input(1), input(2, JoinKind::anti)});
  EXPECT_TRUE(of({asked}).pairs == 2 * 3 + 6 * 5);  // of which 6 are rows
  EXPECT_EQ(of({asked}).rows, 6);
  EXPECT_TRUE(of({asked, step(StepKind::join, {input(3), input(0)})}).pairs == 36 + 6 * 2);
  EXPECT_TRUE(of({step(StepKind::append, {input(0), input(1)})}).pairs == 0);
  EXPECT_TRUE(of({}).pairs == 0);
  const std::vector<sql::Input> wide(16, input(2));  // 5 ^ 16, cut at 1000
  EXPECT_TRUE(of({step(StepKind::join, wide)}).pairs == 25 + 125 + 625 + 3125 + 11 * 5000);
}

TEST(Stability, WorkIsThatOfEachPairAndRow) {
  Step joined = step(StepKind::join, {input(0), input(1)});
  EXPECT_TRUE(of({joined}).work == 6);
  joined.inputs[1].has_condition = true;
  joined.inputs[1].condition.children.resize(2);
  EXPECT_TRUE(of({joined}).work == 6 * (1 + 3));
  joined.columns.resize(1);
  joined.columns[0].op = sql::Op::quotient;
  EXPECT_TRUE(of({joined}).work == 6 * (1 + 3) + 6 * 20);
  Step window = step(StepKind::window, {input(3)});
  window.windows.resize(1);
  EXPECT_TRUE(of({joined, window}).work == of({joined}).work + 6 * (24 + 1));
}

TEST(Stability, CellsAreThoseOfAllSteps) {
  Step joined = step(StepKind::join, {input(0), input(1)});
  joined.columns.resize(4);
  Step window = step(StepKind::window, {input(3)});
  window.columns.resize(4);
  window.windows.resize(2);
  Step group = step(StepKind::group, {input(4)});
  group.aggregates.resize(3);
  EXPECT_TRUE(of({joined}).cells == 6 * (4 + 2));
  EXPECT_TRUE(of({joined, window, group}).cells == 36 + 6 * (4 + 2 + 1) + 1 * (3 + 1));
  EXPECT_TRUE(of({}).cells == 0);
}

TEST(Stability, OfEachJoin) {
  const auto joined = [](JoinKind kind) {
    return std::vector<Step>{step(StepKind::join, {input(0), input(1, kind)})};
  };
  EXPECT_EQ(support(joined(JoinKind::inner)), "110");
  EXPECT_EQ(support(joined(JoinKind::semi)), "110");
  EXPECT_EQ(support(joined(JoinKind::left)), "100");
  EXPECT_EQ(support(joined(JoinKind::anti)), "100");
  EXPECT_EQ(support(joined(JoinKind::right)), "010");
  EXPECT_EQ(support(joined(JoinKind::full)), "000");
  EXPECT_EQ(of(joined(JoinKind::inner)).rows, 6);
  EXPECT_EQ(of(joined(JoinKind::left)).rows, 6);
  EXPECT_EQ(of(joined(JoinKind::semi)).rows, 2);
  EXPECT_EQ(of(joined(JoinKind::anti)).rows, 2);
  EXPECT_EQ(of(joined(JoinKind::right)).rows, 6);
  EXPECT_EQ(of(joined(JoinKind::full)).rows, 6);
}

TEST(Stability, InputsInTurn) {
  const auto all = [](JoinKind second, JoinKind third) {
    return support({step(StepKind::join, {input(0), input(1, second), input(2, third)})});
  };
  EXPECT_EQ(all(JoinKind::inner, JoinKind::inner), "111");
  EXPECT_EQ(all(JoinKind::left, JoinKind::inner), "101");
  EXPECT_EQ(all(JoinKind::inner, JoinKind::right), "001");
  EXPECT_EQ(all(JoinKind::left, JoinKind::full), "000");
  EXPECT_EQ(all(JoinKind::semi, JoinKind::anti), "110");
}

TEST(Stability, ThroughStepsOfSteps) {
  // (0 left 1) inner 1: without rows in 1 nothing is left after all.
  EXPECT_EQ(support({step(StepKind::join, {input(0), input(1, JoinKind::left)}),
                     step(StepKind::join, {input(3), input(1)})}),
            "110");
  EXPECT_EQ(support({step(StepKind::group, {input(2)})}), "001");
  EXPECT_EQ(support({step(StepKind::window, {input(2)})}), "001");
  // What all have: 0 and 1 joined, followed by 0 alone.
  EXPECT_EQ(support({step(StepKind::join, {input(0), input(1)}),
                     step(StepKind::append, {input(3), input(0)})}),
            "100");
  EXPECT_EQ(support({step(StepKind::append, {input(0), input(1)})}), "000");
}

TEST(Stability, AQueryMovesUnlessAllItsTablesAreNeeded) {
  sql::Query query;
  query.relations.resize(1);
  query.steps = {step(StepKind::join, {input(0), input(0, JoinKind::left)})};
  const std::vector<std::int64_t> rows = {7};
  EXPECT_FALSE(stability_of(query, rows, 1000).moves);
  query.steps = {step(StepKind::join, {input(0), input(0, JoinKind::anti)})};
  EXPECT_FALSE(stability_of(query, rows, 1000).moves);
  EXPECT_TRUE(of({step(StepKind::join, {input(0), input(1, JoinKind::left), input(2)})}).moves);
}

TEST(Stability, RowsAreBoundedThroughSteps) {
  EXPECT_EQ(of({step(StepKind::append, {input(0), input(1)})}).rows, 5);
  Step keyed = step(StepKind::group, {input(2)});
  EXPECT_EQ(of({keyed}).rows, 1);
  keyed.columns.resize(1);
  EXPECT_EQ(of({keyed}).rows, 5);
  std::vector<Step> wide = {
      step(StepKind::join, {input(2), input(2), input(2), input(2), input(2)})};
  EXPECT_EQ(of(wide).rows, 1000);  // 3125, cut
}

}  // namespace
}  // namespace gbx::firewall
