#include "trusted/sql/step_codec.h"

#include <gtest/gtest.h>

#include <functional>

#include "tests/spec/examples.h"
#include "trusted/sql/build.h"
#include "trusted/sql/task_codec.h"

namespace gbx::sql {
namespace {

constexpr ValueType kInteger{Type::integer, 0};
constexpr ValueType kMoney{Type::decimal, 2};
constexpr ValueType kText{Type::text, 0};

Expression column(std::uint32_t relation, std::uint32_t index, ValueType type = kInteger) {
  Expression out;
  out.op = Op::column;
  out.type = type;
  out.relation = relation;
  out.column = index;
  if (type != kText) out.high = 9;
  return out;
}

Expression below_five(std::uint32_t relation) {
  return *make_comparison(Op::less, column(relation, 0), make_literal(5, kInteger, {}), {});
}

Input joined(std::uint32_t source, JoinKind kind) {
  Input out;
  out.source = source;
  out.kind = kind;
  out.has_condition = true;
  out.condition = *make_comparison(Op::equal, column(0, 0), column(source, 0), {});
  return out;
}

RowAggregate value(RowFunction function, Expression argument = {}) {
  RowAggregate out;
  out.function = function;
  out.argument = std::move(argument);
  out.type = out.argument.type;
  out.high = 9;
  return out;
}

// A column of every step: an integer, an amount, a text.
Step join_of_tables() {
  Step step;
  Input first;
  step.inputs = {first, joined(1, JoinKind::left), joined(2, JoinKind::semi)};
  step.has_filter = true;
  step.filter = below_five(1);
  step.columns = {column(0, 0), column(1, 1, kMoney), column(0, 2, kText)};
  step.distinct = true;
  return step;
}

Step group_of(std::uint32_t source) {
  Step step;
  step.kind = StepKind::group;
  step.inputs.resize(1);
  step.inputs[0].source = source;
  step.columns = {column(0, 0)};
  RowAggregate average = value(RowFunction::average, column(0, 1, kMoney));
  average.type = {Type::decimal, 4};
  average.high = 900;
  step.aggregates = {average,
                     value(RowFunction::maximum, column(0, 2, kText)),
                     value(RowFunction::rows),
                     value(RowFunction::distinct, column(0, 2, kText)),
                     value(RowFunction::sum, column(0, 1, kMoney)),
                     value(RowFunction::minimum, column(0, 0))};
  step.aggregates[3].type = kInteger;
  return step;
}

Step window_of(std::uint32_t source) {
  Step step;
  step.kind = StepKind::window;
  step.inputs.resize(1);
  step.inputs[0].source = source;
  step.columns = {column(0, 0), column(0, 1, kMoney), column(0, 2, kText)};
  Window lag;
  lag.value = value(RowFunction::lag, column(0, 2, kText));
  lag.offset = 3;
  lag.partition = {column(0, 0)};
  lag.order = {{column(0, 1, kMoney), true, false}, {column(0, 2, kText), false, true}};
  Window sum;
  sum.value = value(RowFunction::sum, column(0, 0));
  sum.frame = Frame::peers;
  Window rank;
  rank.value = value(RowFunction::dense_rank);
  step.windows = {lag, sum, rank};
  return step;
}

Step append_of(std::uint32_t a, std::uint32_t b) {
  Step step;
  step.kind = StepKind::append;
  step.inputs.resize(2);
  step.inputs[0].source = a;
  step.inputs[1].source = b;
  step.columns = {column(0, 0), column(0, 1, kMoney), column(0, 2, kText)};
  return step;
}

// Sources 0 to 2 are tables, 3 the join, 4 the group, 5 the window, 6 all of the join twice.
Task example() {
  Task task;
  task.tables = {"a", "b", "c"};
  task.steps = {join_of_tables(), group_of(3), window_of(3), append_of(3, 3)};
  task.groups = {column(0, 2, kText)};
  return task;
}

TEST(step_codec, what_goes_in_comes_out) {
  const std::string bytes = encode_task(example());
  const auto task = decode_task(bytes);
  ASSERT_TRUE(task);
  EXPECT_EQ(encode_task(*task), bytes);
  ASSERT_EQ(task->steps.size(), 4U);
  EXPECT_EQ(task->steps[0].inputs[2].kind, JoinKind::semi);
  EXPECT_TRUE(task->steps[0].has_filter && task->steps[0].distinct);
  EXPECT_EQ(task->steps[1].aggregates[0].type, (ValueType{Type::decimal, 4}));
  EXPECT_EQ(task->steps[1].aggregates[4].function, RowFunction::sum);
  EXPECT_EQ(task->steps[2].windows[0].offset, 3);
  EXPECT_TRUE(task->steps[2].windows[0].order[0].descending);
  EXPECT_TRUE(task->steps[2].windows[0].order[1].nulls_first);
  EXPECT_EQ(task->steps[2].windows[1].frame, Frame::peers);
  EXPECT_EQ(task->steps[3].inputs[1].source, 3U);
}

TEST(step_codec, the_page_has_a_task_with_every_kind_of_step) {
  const std::vector<Json> examples = spec::examples("query.md");
  ASSERT_EQ(examples.size(), 2U);
  for (const Json& json : examples) {
    const auto task = decode_task(json.canonical());
    ASSERT_TRUE(task);
    EXPECT_EQ(encode_task(*task), json.canonical());
  }
  const auto task = decode_task(examples[1].canonical());
  ASSERT_EQ(task->steps.size(), 4U);
  for (std::size_t i = 0; i < 4; i++) EXPECT_EQ(task->steps[i].kind, static_cast<StepKind>(i));
}

// One thing wrong with the example.
struct Wrong {
  const char* name;
  std::function<void(Task&)> make;
};
// NOLINTNEXTLINE(readability-identifier-naming): the name that gtest looks for
void PrintTo(const Wrong& wrong, std::ostream* out) { *out << wrong.name; }

class WrongStep : public testing::TestWithParam<Wrong> {};

TEST_P(WrongStep, IsRefused) {
  Task task = example();
  GetParam().make(task);
  const auto decoded = decode_task(encode_task(task));
  ASSERT_FALSE(decoded);
  EXPECT_EQ(decoded.error(), kMalformedTask);
}

INSTANTIATE_TEST_SUITE_P(
    Sources, WrongStep,
    testing::Values(
        Wrong{"itself", [](Task& bad) { bad.steps[0].inputs[0].source = 3; }},
        Wrong{"a later one", [](Task& bad) { bad.steps[1].inputs[0].source = 5; }},
        Wrong{"none", [](Task& bad) { bad.steps[0].inputs.clear(); }},
        Wrong{"two of a group", [](Task& bad) { bad.steps[1].inputs.resize(2); }},
        Wrong{"a window's is a table", [](Task& bad) { bad.steps[2].inputs[0].source = 0; }},
        Wrong{"an append's is a table", [](Task& bad) { bad.steps[3].inputs[1].source = 0; }},
        Wrong{"an append's has fewer columns",
              [](Task& bad) {
                bad.steps[3].inputs[1].source = 4;
                bad.steps[1].aggregates.resize(1);
              }},
        Wrong{"an append's has other types", [](Task& bad) { bad.steps[3].inputs[1].source = 4; }},
        Wrong{"too many", [](Task& bad) { bad.steps[3].inputs.resize(kStepInputsMax + 1); }},
        Wrong{"a table that is named twice", [](Task& bad) { bad.tables[1] = "a"; }},
        Wrong{"too many steps",
              [](Task& bad) { bad.steps.insert(bad.steps.end(), kStepsMax - 3, bad.steps[0]); }},
        Wrong{"too many columns",
              [](Task& bad) { bad.steps[0].columns.resize(kStepColumnsMax + 1, column(0, 0)); }},
        Wrong{"too many with its windows", [](Task& bad) {
                bad.steps[2].windows.resize(kStepColumnsMax - 2, bad.steps[2].windows[2]);
              }}));

INSTANTIATE_TEST_SUITE_P(
    Columns, WrongStep,
    testing::Values(
        Wrong{"of an input that comes later",
              [](Task& bad) { bad.steps[0].inputs[1].condition = below_five(2); }},
        Wrong{"of what only has to be there",
              [](Task& bad) { bad.steps[0].columns[0] = column(2, 0); }},
        Wrong{"that is not there", [](Task& bad) { bad.groups[0] = column(0, 3, kText); }},
        Wrong{"of a relation that is not there",
              [](Task& bad) { bad.groups[0] = column(1, 2, kText); }},
        Wrong{"of another type", [](Task& bad) { bad.groups[0] = column(0, 1, kText); }},
        Wrong{"of a narrower interval", [](Task& bad) { bad.steps[1].columns[0].high = 8; }},
        Wrong{"missing from a window", [](Task& bad) { bad.steps[2].columns.pop_back(); }},
        Wrong{"in another order",
              [](Task& bad) { std::swap(bad.steps[2].columns[0], bad.steps[2].columns[1]); }},
        Wrong{"calculated in a window",
              [](Task& bad) { bad.steps[2].columns[0] = make_literal(1, kInteger, {}); }},
        Wrong{"too narrow for an append",
              [](Task& bad) { bad.steps[3].columns[1].low = bad.steps[3].columns[1].high; }},
        Wrong{"a condition that is none",
              [](Task& bad) { bad.steps[0].inputs[1].condition = column(0, 0); }},
        Wrong{"a filter that is none", [](Task& bad) { bad.steps[0].filter = column(0, 0); }},
        Wrong{"a filter of the task", [](Task& bad) {
                bad.has_filter = true;
                bad.filter = below_five(0);
              }}));

INSTANTIATE_TEST_SUITE_P(
    Values, WrongStep,
    testing::Values(
        Wrong{"a window's alone in a group",
              [](Task& bad) { bad.steps[1].aggregates[2].function = RowFunction::rank; }},
        Wrong{"a group's alone in a window",
              [](Task& bad) { bad.steps[2].windows[1].value.function = RowFunction::distinct; }},
        Wrong{"a count that is none",
              [](Task& bad) { bad.steps[1].aggregates[2].type = {Type::date, 0}; }},
        Wrong{"a sum of text",
              [](Task& bad) { bad.steps[1].aggregates[4].argument = column(0, 2, kText); }},
        Wrong{"a sum of another scale",
              [](Task& bad) { bad.steps[1].aggregates[4].type = {Type::decimal, 3}; }},
        Wrong{"an average of text",
              [](Task& bad) { bad.steps[1].aggregates[0].argument = column(0, 2, kText); }},
        Wrong{"an average with fewer digits",
              [](Task& bad) { bad.steps[1].aggregates[0].type = {Type::decimal, 1}; }},
        Wrong{"an average that may be larger",
              [](Task& bad) { bad.steps[1].aggregates[0].high--; }},
        Wrong{"an average that may be smaller",
              [](Task& bad) { bad.steps[1].aggregates[0].low++; }},
        Wrong{"an integer with digits",
              [](Task& bad) { bad.steps[1].aggregates[0].type = {Type::integer, 4}; }},
        Wrong{"the least of another type",
              [](Task& bad) { bad.steps[1].aggregates[5].type = {Type::date, 0}; }},
        Wrong{"the least in a narrower interval",
              [](Task& bad) { bad.steps[1].aggregates[5].high--; }},
        Wrong{"an interval upside down", [](Task& bad) { bad.steps[1].aggregates[2].low = 10; }},
        Wrong{"an offset below 0", [](Task& bad) { bad.steps[2].windows[0].offset = -1; }},
        Wrong{"an offset too large",
              [](Task& bad) { bad.steps[2].windows[0].offset = kWindowOffsetMax + 1; }},
        Wrong{"too many keys of a partition",
              [](Task& bad) { bad.steps[2].windows[0].partition.resize(65, column(0, 0)); }},
        Wrong{"too many keys of an order", [](Task& bad) {
                bad.steps[2].windows[0].order.resize(65, {column(0, 0), false, false});
              }}));

class WrongSpelling : public testing::TestWithParam<std::pair<const char*, const char*>> {};

TEST_P(WrongSpelling, IsRefused) {
  std::string bytes = encode_task(example());
  const std::string from = GetParam().first;
  const std::size_t at = bytes.find(from);
  ASSERT_NE(at, std::string::npos) << from;
  bytes.replace(at, from.size(), GetParam().second);
  const auto task = decode_task(bytes);
  ASSERT_FALSE(task);
  EXPECT_EQ(task.error(), kMalformedTask);
}

INSTANTIATE_TEST_SUITE_P(
    step_codec, WrongSpelling,
    testing::Values(std::pair{R"("kind":"join")", R"("kind":"merge")"},
                    std::pair{R"("kind":"left","source":1)", R"("kind":"outer","source":1)"},
                    std::pair{R"("kind":"left","source":1)", R"("kind":"left","source":-1)"},
                    std::pair{R"({"source":0})", R"({"kind":"inner","source":0})"},
                    std::pair{R"({"source":0})", R"({})"}, std::pair{R"(,"distinct":true)", R"()"},
                    std::pair{R"("distinct":true)", R"("distinct":1)"},
                    std::pair{R"("distinct":true)", R"("distinct":true,"extra":1)"},
                    std::pair{R"("distinct":true)", R"("aggregates":[],"distinct":true)"},
                    std::pair{R"(],"inputs":[{"source":3}],"kind":"group"})",
                              R"(],"distinct":false,"inputs":[{"source":3}],"kind":"group"})"},
                    std::pair{R"("kind":"group")", R"("kind":"group","windows":[])"},
                    std::pair{R"("kind":"group")", R"("kind":"window")"},
                    std::pair{R"("function":"rows")", R"("function":"median")"},
                    std::pair{R"("function":"rows")", R"("function":"values")"},
                    std::pair{R"("function":"sum")", R"("function":"rows")"},
                    std::pair{R"("frame":"peers")", R"("frame":"groups")"},
                    std::pair{R"("function":"dense_rank")",
                              R"("frame":"partition","function":"dense_rank")"},
                    std::pair{R"("function":"dense_rank")", R"("function":"first_value")"},
                    std::pair{R"(,"offset":3)", R"()"},
                    std::pair{R"("function":"lag")", R"("function":"first_value")"},
                    std::pair{R"("descending":true,)", R"()"},
                    std::pair{R"("nulls_first":true)", R"("nulls_first":"true")"},
                    std::pair{R"("order":[],"partition":[])", R"("order":[])"},
                    std::pair{R"("order":[],"partition":[])", R"("partition":[])"}));

// What has no place in bytes has none in memory either.
TEST(well_formed, a_kind_has_its_own_members_alone) {
  std::vector<Source> sources(3);
  const Task task = example();
  sources.push_back(source_of(task.steps[0]));
  for (std::size_t i = 0; i < 3; i++) EXPECT_TRUE(is_well_formed(task.steps[i], sources));
  Step step = task.steps[0];
  step.inputs[0].kind = JoinKind::left;
  EXPECT_FALSE(is_well_formed(step, sources));
  step = task.steps[0];
  step.aggregates = {value(RowFunction::rows)};
  EXPECT_FALSE(is_well_formed(step, sources));
  step = task.steps[1];
  step.distinct = true;
  EXPECT_FALSE(is_well_formed(step, sources));
  step = task.steps[1];
  step.has_filter = true;
  step.filter = below_five(0);
  EXPECT_FALSE(is_well_formed(step, sources));
  step = task.steps[2];
  step.windows[1].offset = 1;
  EXPECT_FALSE(is_well_formed(step, sources));
  step = task.steps[2];
  step.windows[2].frame = Frame::rows;
  EXPECT_FALSE(is_well_formed(step, sources));
  step = task.steps[2];
  step.windows[1].first = -1;  // of another frame than offsets
  EXPECT_FALSE(is_well_formed(step, sources));
  step.windows[1].frame = Frame::offsets;
  EXPECT_TRUE(is_well_formed(step, sources));
  step.windows[1].last = -2;
  EXPECT_FALSE(is_well_formed(step, sources));
  step.windows[1].last = std::int64_t{kPersonRowsMax} + 1;
  EXPECT_FALSE(is_well_formed(step, sources));
  step = task.steps[3];
  step.inputs[1].kind = JoinKind::left;
  EXPECT_FALSE(is_well_formed(step, sources));
}

}  // namespace
}  // namespace gbx::sql
