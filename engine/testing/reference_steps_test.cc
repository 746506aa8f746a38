// Each kind of step against an answer worked out by hand, and that what is generated meets them
// all: the definition is what engines are tested against.

#include "engine/testing/reference_steps.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "engine/testing/generator.h"
#include "engine/testing/reference.h"
#include "trusted/sql/task_codec.h"

namespace gbx::engine {
namespace {

using sql::Expression;
using sql::JoinKind;
using sql::RowFunction;
using sql::StepKind;

const Cell kNull;

Cell n(std::int64_t value) { return value; }

Expression column(std::uint32_t relation, std::uint32_t index) {
  Expression e;
  e.op = sql::Op::column;
  e.relation = relation;
  e.column = index;
  e.low = -1000;
  e.high = 1000;
  return e;
}

Expression compare(sql::Op op, Expression a, Expression b) {
  Expression e;
  e.op = op;
  e.type = {Type::boolean, 0};
  e.children = {std::move(a), std::move(b)};
  return e;
}

sql::Input input(std::uint32_t source, JoinKind kind = JoinKind::inner) {
  sql::Input out;
  out.source = source;
  out.kind = kind;
  return out;
}

// The rows of one step over `tables`, ascending.
PlainRows run(const sql::Step& step, const std::vector<PlainRows>& tables) {
  std::vector<PlainSource> sources;
  for (const PlainRows& rows : tables) sources.push_back({rows.empty() ? 1 : rows[0].size(), rows});
  PlainRows out = run_reference_steps({step}, std::move(sources));
  std::sort(out.begin(), out.end());
  return out;
}

PlainRows join(JoinKind kind, const PlainRows& left, const PlainRows& right) {
  sql::Step step;
  step.inputs = {input(0), input(1, kind)};
  step.inputs[1].has_condition = true;
  step.inputs[1].condition = compare(sql::Op::equal, column(0, 0), column(1, 0));
  step.columns = {column(0, 0)};
  const bool half = kind == JoinKind::semi || kind == JoinKind::anti;
  if (!half) step.columns.push_back(column(1, 0));
  return run(step, {left, right});
}

TEST(ReferenceSteps, JoinsOfEveryKind) {
  const PlainRows left = {{n(1)}, {n(2)}, {n(2)}, {kNull}};
  const PlainRows right = {{n(2)}, {n(2)}, {n(3)}, {kNull}};
  const PlainRows pairs = {{n(2), n(2)}, {n(2), n(2)}, {n(2), n(2)}, {n(2), n(2)}};
  EXPECT_EQ(join(JoinKind::inner, left, right), pairs);
  PlainRows want = {{kNull, kNull}, {n(1), kNull}};
  want.insert(want.end(), pairs.begin(), pairs.end());
  EXPECT_EQ(join(JoinKind::left, left, right), want);
  want = {{kNull, kNull}, {kNull, n(3)}};
  want.insert(want.end(), pairs.begin(), pairs.end());
  EXPECT_EQ(join(JoinKind::right, left, right), want);
  want = {{kNull, kNull}, {kNull, kNull}, {kNull, n(3)}, {n(1), kNull}};
  want.insert(want.end(), pairs.begin(), pairs.end());
  EXPECT_EQ(join(JoinKind::full, left, right), want);
  EXPECT_EQ(join(JoinKind::semi, left, right), (PlainRows{{n(2)}, {n(2)}}));
  EXPECT_EQ(join(JoinKind::anti, left, right), (PlainRows{{kNull}, {n(1)}}));
  EXPECT_EQ(join(JoinKind::right, {}, right),
            (PlainRows{{kNull, kNull}, {kNull, n(2)}, {kNull, n(2)}, {kNull, n(3)}}));
}

TEST(ReferenceSteps, WithoutAConditionEveryPairIsAPartner) {
  sql::Step step;
  step.inputs = {input(0), input(1, JoinKind::left)};
  step.columns = {column(0, 0), column(1, 0)};
  EXPECT_EQ(run(step, {{{n(1)}, {n(2)}}, {{n(5)}}}), (PlainRows{{n(1), n(5)}, {n(2), n(5)}}));
  EXPECT_EQ(run(step, {{{n(1)}}, {}}), (PlainRows{{n(1), kNull}}));
}

TEST(ReferenceSteps, AFilterKeepsWhatIsTrueAndDistinctOneOfEach) {
  sql::Step step;
  step.inputs = {input(0)};
  step.columns = {column(0, 1)};
  step.has_filter = true;
  step.filter = compare(sql::Op::less, column(0, 0), column(0, 1));
  const PlainRows rows = {{n(1), n(2)}, {n(0), n(2)}, {n(3), n(2)}, {kNull, n(9)}};
  EXPECT_EQ(run(step, {rows}), (PlainRows{{n(2)}, {n(2)}}));
  step.distinct = true;
  EXPECT_EQ(run(step, {rows}), (PlainRows{{n(2)}}));
}

sql::RowAggregate value(RowFunction function, std::uint8_t scale = 0) {
  sql::RowAggregate out;
  out.function = function;
  out.argument = column(0, 1);
  out.type = {scale > 0 ? Type::decimal : Type::integer, scale};
  out.low = -1000;
  out.high = 10;
  return out;
}

TEST(ReferenceSteps, GroupsAndTheirAggregates) {
  sql::Step step;
  step.kind = StepKind::group;
  step.inputs = {input(0)};
  step.columns = {column(0, 0)};
  step.aggregates = {value(RowFunction::rows),     value(RowFunction::values),
                     value(RowFunction::distinct), value(RowFunction::sum),
                     value(RowFunction::average),  value(RowFunction::average, 2),
                     value(RowFunction::minimum),  value(RowFunction::maximum)};
  const PlainRows rows = {{kNull, n(7)},  {n(1), kNull}, {kNull, n(7)},
                          {kNull, kNull}, {n(2), n(-1)}, {n(2), n(-2)},
                          {n(3), n(1)},   {n(3), n(0)},  {n(3), n(0)}};
  EXPECT_EQ(run(step, {rows}),
            (PlainRows{{kNull, n(3), n(2), n(1), n(10), n(7), n(700), n(7), n(7)},
                       {n(1), n(1), n(0), n(0), kNull, kNull, kNull, kNull, kNull},
                       {n(2), n(2), n(2), n(2), n(-3), n(-2), n(-150), n(-2), n(-1)},
                       {n(3), n(3), n(3), n(2), n(1), n(0), n(33), n(0), n(1)}}));
  step.columns.clear();
  step.aggregates.resize(1);
  EXPECT_EQ(run(step, {rows}), (PlainRows{{n(9)}}));
  EXPECT_EQ(run(step, {{}}), PlainRows{});
}

// One window over the rows (0, 1), (1, 2), (1, 3), (NULL, 4) by the first column, NULL last: its
// values in this order.
std::vector<Cell> window(RowFunction function, sql::Frame frame = sql::Frame::partition,
                         std::int64_t first = 0, std::int64_t last = 0) {
  sql::Step step;
  step.kind = StepKind::window;
  step.inputs = {input(0)};
  step.columns = {column(0, 0), column(0, 1)};
  sql::Window over;
  over.value = value(function);
  over.offset = 1;
  over.order = {{column(0, 0), false, false}};
  over.frame = frame;
  over.first = first;
  over.last = last;
  step.windows = {over};
  std::vector<Cell> out;
  PlainRows rows = run(step, {{{kNull, n(4)}, {n(1), n(3)}, {n(0), n(1)}, {n(1), n(2)}}});
  std::sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) { return a[1] < b[1]; });
  for (const auto& row : rows) out.push_back(row[2]);
  return out;
}

TEST(ReferenceSteps, WindowsOfEveryFunctionAndFrame) {
  using Cells = std::vector<Cell>;
  EXPECT_EQ(window(RowFunction::row_number), (Cells{n(1), n(2), n(3), n(4)}));
  EXPECT_EQ(window(RowFunction::rank), (Cells{n(1), n(2), n(2), n(4)}));
  EXPECT_EQ(window(RowFunction::dense_rank), (Cells{n(1), n(2), n(2), n(3)}));
  EXPECT_EQ(window(RowFunction::lag), (Cells{kNull, n(1), n(2), n(3)}));
  EXPECT_EQ(window(RowFunction::lead), (Cells{n(2), n(3), n(4), kNull}));
  EXPECT_EQ(window(RowFunction::first_value), (Cells{n(1), n(1), n(1), n(1)}));
  EXPECT_EQ(window(RowFunction::last_value), (Cells{n(4), n(4), n(4), n(4)}));
  using sql::Frame;
  EXPECT_EQ(window(RowFunction::last_value, Frame::rows), (Cells{n(1), n(2), n(3), n(4)}));
  EXPECT_EQ(window(RowFunction::last_value, Frame::peers), (Cells{n(1), n(3), n(3), n(4)}));
  EXPECT_EQ(window(RowFunction::sum), (Cells{n(10), n(10), n(10), n(10)}));
  EXPECT_EQ(window(RowFunction::sum, Frame::rows), (Cells{n(1), n(3), n(6), n(10)}));
  EXPECT_EQ(window(RowFunction::sum, Frame::peers), (Cells{n(1), n(6), n(6), n(10)}));
  const auto moving = [](RowFunction function, std::int64_t first, std::int64_t last) {
    return window(function, Frame::offsets, first, last);
  };
  EXPECT_EQ(moving(RowFunction::sum, -1, 1), (Cells{n(3), n(6), n(9), n(7)}));
  EXPECT_EQ(moving(RowFunction::sum, -2, -1), (Cells{kNull, n(1), n(3), n(5)}));
  EXPECT_EQ(moving(RowFunction::rows, 1, 2), (Cells{n(2), n(2), n(1), n(0)}));
  EXPECT_EQ(moving(RowFunction::maximum, -1, 0), (Cells{n(1), n(2), n(3), n(4)}));
  EXPECT_EQ(moving(RowFunction::first_value, 1, 2), (Cells{n(2), n(3), n(4), kNull}));
  EXPECT_EQ(moving(RowFunction::last_value, -std::int64_t{sql::kPersonRowsMax}, -1),
            (Cells{kNull, n(1), n(2), n(3)}));
}

TEST(ReferenceSteps, EqualRowsStandInOneOrderInAllWindows) {
  sql::Step step;
  step.kind = StepKind::window;
  step.inputs = {input(0)};
  step.columns = {column(0, 0)};
  sql::Window over;
  over.value = value(RowFunction::row_number);
  over.order = {{column(0, 0), false, false}};
  step.windows = {over, over};
  step.windows[1].order[0].descending = true;
  EXPECT_EQ(run(step, {{{n(5)}, {n(5)}}}), (PlainRows{{n(5), n(1), n(1)}, {n(5), n(2), n(2)}}));
}

TEST(ReferenceSteps, AppendedRowsAreAllThereOrOneOfEach) {
  sql::Step step;
  step.kind = StepKind::append;
  step.inputs = {input(0), input(1)};
  step.columns = {column(0, 0)};
  EXPECT_EQ(run(step, {{{n(1)}, {kNull}}, {{n(1)}, {kNull}}}),
            (PlainRows{{kNull}, {kNull}, {n(1)}, {n(1)}}));
  step.distinct = true;
  EXPECT_EQ(run(step, {{{n(1)}, {kNull}}, {{n(1)}, {kNull}}}), (PlainRows{{kNull}, {n(1)}}));
}

TEST(GeneratedSteps, MeetEveryKindJoinFunctionAndFrameTravelAndOftenHaveRows) {
  std::set<StepKind> kinds;
  std::set<JoinKind> joins;
  std::set<std::pair<RowFunction, sql::Frame>> windows;
  std::set<RowFunction> aggregates;
  std::size_t answered = 0;
  constexpr std::uint64_t kCases = 400;
  for (std::uint64_t seed = 0; seed < kCases; seed++) {
    const GeneratedCase generated = generate_case_with_steps(seed);
    for (const sql::Step& step : generated.task.steps) {
      kinds.insert(step.kind);
      for (const sql::Input& input : step.inputs) joins.insert(input.kind);
      for (const sql::RowAggregate& value : step.aggregates) aggregates.insert(value.function);
      for (const sql::Window& over : step.windows) {
        windows.insert({over.value.function, over.frame});
      }
    }
    const auto decoded = sql::decode_task(sql::encode_task(generated.task));
    ASSERT_TRUE(decoded) << seed;
    EXPECT_EQ(sql::encode_task(*decoded), sql::encode_task(generated.task)) << seed;
    std::vector<const MemoryTable*> tables;
    for (const auto& table : generated.tables) tables.push_back(table.get());
    const auto rows = run_reference(generated.task, tables);
    answered += rows && !rows->empty() && rows->back().persons > 0 ? 1U : 0U;
  }
  EXPECT_EQ(kinds.size(), 4U);
  EXPECT_EQ(joins.size(), 6U);
  EXPECT_EQ(aggregates.size(), 7U);
  // Eight functions with each of four frames, five with one.
  EXPECT_EQ(windows.size(), 8U * 4 + 5);
  EXPECT_GT(answered, kCases / 2);
}

}  // namespace
}  // namespace gbx::engine
