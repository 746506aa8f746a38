// What random tasks of few rows do not reach: many batches, blocks and threads, limits, and tasks
// that do not fit. That steps mean what they should: merge_test.cc.

#include <gtest/gtest.h>

#include "engine/merge/merge.h"
#include "engine/testing/match.h"
#include "engine/testing/reference.h"

namespace gbx::engine {
namespace {

using sql::Expression;
using sql::JoinKind;
using sql::Step;
using sql::StepKind;

constexpr Error kMisfit{ErrorCode::invalid_argument, "task_misfit"};
constexpr Error kTooMany{ErrorCode::unavailable, "too_many_rows"};

Expression column(std::uint32_t relation, std::uint32_t index) {
  Expression e;
  e.op = sql::Op::column;
  e.relation = relation;
  e.column = index;
  e.type = {index == 1 ? Type::text : Type::integer, 0};
  e.high = index == 1 ? 0 : 1000;
  return e;
}

Expression equal(Expression a, Expression b) {
  Expression e;
  e.op = sql::Op::equal;
  e.type = {Type::boolean, 0};
  e.high = 1;
  e.children = {std::move(a), std::move(b)};
  return e;
}

sql::Input from(std::uint32_t source, JoinKind kind = JoinKind::inner) {
  sql::Input input;
  input.source = source;
  input.kind = kind;
  return input;
}

Token person(std::size_t number) {
  Token out{};
  out[0] = static_cast<std::uint8_t>(number >> 8);
  out[1] = static_cast<std::uint8_t>(number);
  out[2] = static_cast<std::uint8_t>(number * 77);
  return out;
}

// (number, text) of `persons` persons from `first` on, up to three rows each; some NULL.
MemoryTable table(std::size_t first, std::size_t persons, std::size_t block_rows) {
  std::vector<MemoryRow> rows;
  for (std::size_t p = first; p < first + persons; p++) {
    for (std::size_t r = 0; r <= (p * 7 + first) % 3; r++) {
      MemoryRow row{.person = person(p), .cells = {}};
      row.cells.push_back(p % 5 == r ? Cell() : Cell(static_cast<std::int64_t>(p * 13 % 9 + r)));
      row.cells.push_back(p % 7 == r ? Cell() : Cell("t" + std::to_string((p + first) % 11)));
      rows.push_back(std::move(row));
    }
  }
  return MemoryTable({{"n", {Type::integer, 0}, true}, {"t", {Type::text, 0}, true}},
                     std::move(rows), block_rows);
}

// `rows` rows of each of `persons` persons.
MemoryTable square(std::size_t persons, std::size_t rows) {
  std::vector<MemoryRow> made;
  for (std::size_t i = 0; i < persons * rows; i++) {
    made.push_back({.person = person(i / rows), .cells = {std::int64_t{7}, std::string("a")}});
  }
  return MemoryTable({{"n", {Type::integer, 0}, false}, {"t", {Type::text, 0}, false}},
                     std::move(made), 64);
}

// Rows, persons and a sum by the texts of the last step's second column.
sql::Task task_of(std::vector<Step> steps, std::size_t tables) {
  sql::Task task;
  for (std::size_t t = 0; t < tables; t++) task.tables.push_back("t" + std::to_string(t));
  task.steps = std::move(steps);
  task.groups = {column(0, 1)};
  task.measures.resize(2);
  task.measures[0].high = 1'000'000'000;
  task.measures[1] = {.kind = sql::MeasureKind::sum, .argument = column(0, 0)};
  task.measures[1].row_high = task.measures[1].high = 1'000'000'000;
  task.groups_per_person = 3;
  return task;
}

Step join(JoinKind kind) {
  Step step;
  step.inputs = {from(0), from(1, kind)};
  step.inputs[1].has_condition = true;
  step.inputs[1].condition = equal(column(0, 0), column(1, 0));
  step.columns = {column(0, 0), column(kind == JoinKind::right ? 1 : 0, 1)};
  return step;
}

TEST(Steps, OfManyBatchesBlocksAndThreadsEqualTheReference) {
  const MemoryTable a = table(0, 2200, 1000);
  const MemoryTable b = table(900, 2200, 333);
  for (const JoinKind kind : {JoinKind::inner, JoinKind::full, JoinKind::anti}) {
    Step window;
    window.kind = StepKind::window;
    window.inputs = {from(2)};
    window.columns = {column(0, 0), column(0, 1)};
    window.windows.resize(1);
    window.windows[0].value.function = sql::RowFunction::row_number;
    window.windows[0].value.high = 100;
    window.windows[0].order = {{column(0, 1), true, false}};
    sql::Task task = task_of({join(kind), window}, 2);
    task.groups = {column(0, 1), column(0, 0)};  // a person's texts tie, and their numbers decide
    task.measures[1].argument = column(0, 2);
    const auto want = run_reference(task, {&a, &b});
    ASSERT_TRUE(want && want->size() > 5);
    for (const std::uint32_t threads : {1U, 4U}) {
      expect_same(run_merge(task, {&a, &b}, {.threads = threads}), want);
    }
  }
}

TEST(Steps, APersonOverManyBlocksIsOnePerson) {
  const MemoryTable a = square(1, 300);
  for (const JoinKind kind : {JoinKind::inner, JoinKind::full}) {
    const sql::Task task = task_of({join(kind)}, 2);
    const auto got = run_merge(task, {&a, &a}, {.threads = 2});
    ASSERT_TRUE(got && got->size() == 1);
    EXPECT_EQ((*got)[0].persons, 1);
    EXPECT_TRUE((*got)[0].sums[0] == 90'000);
    EXPECT_TRUE((*got)[0].sums[1] == 630'000);
  }
}

// Three times the same table: rows ^ 3 a person.
sql::Task cube() {
  Step step;
  step.inputs = {from(0), from(0), from(0)};
  step.columns = {column(0, 0), column(0, 1)};
  return task_of({step}, 1);
}

TEST(Steps, ManyRowsOfOnePersonAreUnavailable) {
  const MemoryTable few = square(1, 100);
  EXPECT_TRUE(run_merge(cube(), {&few}, {}));
  const MemoryTable many = square(1, 162);  // ^ 3 > 2^22
  EXPECT_EQ(run_merge(cube(), {&many}, {}).error(), kTooMany);
}

// A person with many rows on both sides: pairs are no rows, so nobody can make a query fail by
// them.
TEST(Steps, ManyPartnersOfOneRowAreOnePartner) {
  const MemoryTable many = square(1, 2100);  // ^ 2 > 2^22
  for (const bool conditional : {false, true}) {
    for (const JoinKind kind : {JoinKind::semi, JoinKind::anti}) {
      Step step = join(kind);
      step.inputs[1].has_condition = conditional;
      const auto got = run_merge(task_of({step}, 2), {&many, &many}, {});
      ASSERT_TRUE(got) << static_cast<int>(kind) << conditional;
      if (kind == JoinKind::anti) {
        EXPECT_TRUE(got->empty());
      } else {
        ASSERT_EQ(got->size(), 1U);
        EXPECT_TRUE((*got)[0].sums[0] == 2100);
      }
    }
  }
}

TEST(Steps, ManyRowsOfManyPersonsInABatchAreNot) {
  const MemoryTable table = square(6, 100);  // 6 x 10^6 rows
  const auto got = run_merge(cube(), {&table}, {});
  ASSERT_TRUE(got);
  EXPECT_EQ((*got)[0].persons, 6);
  EXPECT_TRUE((*got)[0].sums[0] == 6'000'000);
}

TEST(Steps, StopWhenToldTo) {
  const MemoryTable table = square(1, 10);
  const std::atomic<bool> stop{true};
  EXPECT_EQ(run_merge(cube(), {&table}, {.stop = &stop}).error(),
            (Error{ErrorCode::unavailable, "engine_stopped"}));
}

using Spoil = void (*)(Step&);

class MisfitStep : public testing::TestWithParam<std::pair<StepKind, Spoil>> {};

TEST_P(MisfitStep, IsRefusedBeforeReading) {
  const MemoryTable some = square(1, 1);
  Step step = join(JoinKind::inner);
  step.kind = GetParam().first;
  if (step.kind != StepKind::join) {
    step.inputs = {from(2)};
    if (step.kind == StepKind::append) step.inputs.push_back(from(2));
  }
  const auto answer = [&] {
    sql::Task task = task_of({join(JoinKind::inner), step}, 2);
    task.groups.clear();
    task.measures.resize(1);
    return run_merge(task, {&some, &some}, {});
  };
  ASSERT_TRUE(answer());
  GetParam().second(step);
  const auto refused = answer();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error(), kMisfit);
}

sql::RowAggregate value(sql::RowFunction function, std::uint32_t of) {
  sql::RowAggregate out;
  out.function = function;
  out.argument = column(0, of);
  out.type = out.argument.type;
  out.high = out.argument.high;
  return out;
}

sql::Window over(sql::RowAggregate value) {
  sql::Window out;
  out.value = std::move(value);
  return out;
}

using enum sql::RowFunction;
const std::pair<StepKind, Spoil> kSpoil[] = {
    {StepKind::join, [](Step& step) { step.inputs.clear(); }},
    {StepKind::join, [](Step& step) { step.inputs.resize(sql::kStepInputsMax + 1); }},
    {StepKind::join, [](Step& step) { step.inputs[0].source = 3; }},
    {StepKind::join, [](Step& step) { step.inputs[0].kind = JoinKind::left; }},
    {StepKind::join, [](Step& step) { step.inputs[1].condition = column(0, 0); }},
    {StepKind::join, [](Step& step) { step.inputs[1].condition.children[1].relation = 2; }},
    {StepKind::join, [](Step& step) { step.columns.resize(sql::kStepColumnsMax + 1); }},
    {StepKind::join, [](Step& step) { step.columns[0].column = 2; }},
    {StepKind::join, [](Step& step) { step.columns[0].type.type = Type::date; }},
    {StepKind::join, [](Step& step) { step.aggregates = {value(sum, 0)}; }},
    {StepKind::join, [](Step& step) { step.windows = {over(value(sum, 0))}; }},
    {StepKind::join,
     [](Step& step) {
       step.inputs[1].kind = JoinKind::semi;
       step.columns[0].relation = 1;
     }},
    {StepKind::join,
     [](Step& step) {
       step.inputs[1].kind = JoinKind::anti;
       step.inputs.push_back(from(0));
       step.inputs[2].has_condition = true;
       step.inputs[2].condition = equal(column(1, 0), column(2, 0));
     }},
    {StepKind::join,
     [](Step& step) {
       step.has_filter = true;
       step.filter = column(0, 0);
     }},
    {StepKind::group, [](Step& step) { step.inputs.push_back(from(0)); }},
    {StepKind::group, [](Step& step) { step.distinct = true; }},
    {StepKind::group, [](Step& step) { step.has_filter = true; }},
    {StepKind::group, [](Step& step) { step.aggregates = {value(row_number, 0)}; }},
    {StepKind::group, [](Step& step) { step.aggregates = {value(lag, 0)}; }},
    {StepKind::group, [](Step& step) { step.aggregates = {value(sum, 1)}; }},
    {StepKind::group, [](Step& step) { step.aggregates = {value(values, 1)}; }},
    {StepKind::group, [](Step& step) { step.aggregates = {value(minimum, 2)}; }},
    {StepKind::group,
     [](Step& step) {
       step.aggregates = {value(sum, 0)};
       step.aggregates[0].low = 1001;
     }},
    {StepKind::group,
     [](Step& step) {
       step.aggregates = {value(maximum, 0)};
       step.aggregates[0].type.type = Type::text;
     }},
    {StepKind::window, [](Step& step) { step.inputs.push_back(from(0)); }},
    {StepKind::window, [](Step& step) { step.windows = {over(value(distinct, 0))}; }},
    {StepKind::window, [](Step& step) { step.windows = {over(value(average, 1))}; }},
    {StepKind::window,
     [](Step& step) {
       step.windows = {over(value(lag, 0))};
       step.windows[0].offset = -1;
     }},
    {StepKind::window,
     [](Step& step) {
       step.windows = {over(value(lead, 0))};
       step.windows[0].offset = sql::kWindowOffsetMax + 1;
     }},
    {StepKind::window,
     [](Step& step) {
       step.windows = {over(value(lead, 0))};
       step.windows[0].partition = {column(1, 0)};
     }},
    {StepKind::window,
     [](Step& step) {
       step.windows = {over(value(lead, 0))};
       step.windows[0].order = {{column(0, 2), false, false}};
     }},
    {StepKind::window, [](Step& step) { step.columns.pop_back(); }},
    {StepKind::window, [](Step& step) { std::swap(step.columns[0], step.columns[1]); }},
    {StepKind::append, [](Step& step) { step.columns.pop_back(); }},
    {StepKind::append, [](Step& step) { step.inputs[1].has_condition = true; }},
    {StepKind::append, [](Step& step) { step.columns[0].relation = 1; }},
    {StepKind::append, [](Step& step) { std::swap(step.columns[0], step.columns[1]); }},
    {StepKind::append,
     [](Step& step) {
       Expression negated = column(0, 0);
       negated.op = sql::Op::negate;
       negated.children = {column(0, 0)};
       step.columns[0] = negated;
     }},
};

INSTANTIATE_TEST_SUITE_P(Each, MisfitStep, testing::ValuesIn(kSpoil));

// What is spoilt above, unspoilt.
TEST(Steps, OfEachKindFit) {
  const MemoryTable some = square(1, 1);
  Step group;
  group.kind = StepKind::group;
  group.inputs = {from(2)};
  group.columns = {column(0, 0), column(0, 1)};
  group.aggregates = {value(sum, 0), value(minimum, 1), value(maximum, 0)};
  Step window = group;
  window.kind = StepKind::window;
  window.aggregates.clear();
  window.windows = {over(value(lag, 0)), over(value(lead, 1)), over(value(average, 0))};
  window.windows[0].offset = sql::kWindowOffsetMax;
  for (const Step& step : {group, window}) {
    EXPECT_TRUE(run_merge(task_of({join(JoinKind::inner), step}, 2), {&some, &some}, {}));
  }
}

TEST(Steps, MoreThanThereMayBeAreRefused) {
  const MemoryTable some = square(1, 1);
  sql::Task task = cube();
  while (task.steps.size() < sql::kStepsMax) task.steps.push_back(task.steps[0]);
  EXPECT_TRUE(run_merge(task, {&some}, {}));
  task.steps.push_back(task.steps[0]);
  EXPECT_EQ(run_merge(task, {&some}, {}).error(), kMisfit);
}

TEST(Steps, AFilterBesideStepsIsRefused) {
  const MemoryTable some = square(1, 1);
  sql::Task task = cube();
  task.has_filter = true;
  task.filter = equal(column(0, 0), column(0, 0));
  EXPECT_EQ(run_merge(task, {&some}, {}).error(), kMisfit);
}

}  // namespace
}  // namespace gbx::engine
