#include "trusted/room/engine.h"

#include <gtest/gtest.h>

#include <limits>

#include "trusted/room/possible.h"

namespace gbx::room {
namespace {

// SELECT text, number; one measure with partials in [-5, 10].
sql::Task task() {
  sql::Task task;
  task.tables = {"purchases"};
  sql::Expression text;
  text.op = sql::Op::column;
  text.type = {Type::text, 0};
  sql::Expression number = text;
  number.type = {Type::integer, 0};
  number.low = 1;
  number.high = 7;
  task.groups = {text, number};
  sql::Measure measure;
  measure.low = -5;
  measure.high = 10;
  task.measures = {measure};
  task.groups_max = 3;
  task.groups_per_person = 2;
  return task;
}

// 10 persons; its first column is the text.
class Words final : public snapshot::Table {
 public:
  [[nodiscard]] const std::vector<snapshot::ColumnInfo>& columns() const override {
    return columns_;
  }
  [[nodiscard]] std::size_t block_count() const override { return 0; }
  [[nodiscard]] Token first_person(std::size_t) const override { return {}; }
  [[nodiscard]] Token last_person(std::size_t) const override { return {}; }
  [[nodiscard]] const std::vector<std::string>& dictionary(std::size_t) const override {
    return words_;
  }
  Status read_block(std::size_t, const std::vector<std::size_t>&,
                    snapshot::Block&) const noexcept override {
    return Error{ErrorCode::unavailable, "source_unreadable"};
  }

 private:
  std::vector<snapshot::ColumnInfo> columns_;
  std::vector<std::string> words_{"a", "b", "cd"};
};

Status check(const sql::Task& task, const std::vector<sql::GroupRow>& rows) {
  const Words words;
  Dataset dataset;
  dataset.table = &words;
  dataset.persons = 10;
  return check_groups(task, {&dataset, 1}, rows);
}

bool fits(const sql::Task& task, const std::vector<sql::GroupRow>& rows) {
  return check(task, rows).has_value();
}

sql::GroupRow row(std::string text, std::int64_t number) {
  return {{std::move(text), number}, 4, {40}};
}

bool fits(const std::vector<sql::GroupRow>& rows) { return fits(task(), rows); }

TEST(CheckGroups, WhatTheTaskAllowsPasses) {
  sql::GroupRow nulls = row("b", 2);
  nulls.key = {std::monostate{}, std::monostate{}};
  nulls.sums = {-20};
  EXPECT_TRUE(fits({row("a", 1), row("a", 7), nulls}));
  EXPECT_TRUE(fits({}));
}

// Of 4 persons, each with at most 10 rows in 16 bins.
bool fits(const Histogram& histogram, std::int64_t rows) {
  sql::Task counted = task();
  counted.measures[0].low = 0;
  counted.measures[0].kind = sql::MeasureKind::histogram;
  counted.measures[0].bins = 16;
  sql::GroupRow made = row("a", 1);
  made.sums = {rows};
  made.histograms = {histogram};
  return fits(counted, {made});
}

TEST(CheckGroups, AHistogramHasAscendingBinsThatAddUp) {
  EXPECT_TRUE(fits({}, 0));
  EXPECT_TRUE(fits({{0, 3}, {7, 1}, {15, 36}}, 40));
  EXPECT_FALSE(fits({{0, 3}}, 4)) << "rows in no bin";
  EXPECT_FALSE(fits({{0, 5}}, 4)) << "more rows than counted";
  EXPECT_FALSE(fits({{0, 41}}, 41)) << "more rows than persons have";
  EXPECT_FALSE(fits({{7, 1}, {3, 1}}, 2)) << "descending";
  EXPECT_FALSE(fits({{7, 1}, {7, 1}}, 2)) << "twice";
  EXPECT_FALSE(fits({{16, 2}}, 2)) << "no such bin";
  EXPECT_FALSE(fits({{1, 0}}, 0)) << "empty";
  EXPECT_FALSE(fits({{1, -1}, {2, 3}}, 2)) << "negative";
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  EXPECT_FALSE(fits({{1, kMost}, {2, kMost}, {3, 4}}, 2)) << "wrapped";
}

TEST(CheckGroups, AHistogramOfNoMeasureAndAMissingOneAreRefused) {
  sql::GroupRow more = row("a", 1);
  more.histograms = {{{1, 40}}};
  EXPECT_FALSE(fits({more}));
  sql::Task counted = task();
  counted.measures[0].kind = sql::MeasureKind::histogram;
  counted.measures[0].bins = 16;
  EXPECT_FALSE(fits(counted, {row("a", 1)}));
}

TEST(CheckGroups, ARefusalIsOneConstant) {
  const auto refused = check(task(), {row("a", 1), row("a", 1)});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error(), (Error{ErrorCode::unavailable, "engine_failed"}));
}

Result<Texts> possible(const sql::Expression& group, std::size_t bytes) {
  static const Words words;  // what is returned can show it
  Dataset dataset;
  dataset.table = &words;
  const sql::Task asked = task();
  return PossibleTexts(asked, {&dataset, 1}, bytes).of_group(group);
}

// The dictionary's texts padded to 4,096 bytes.
sql::Expression padded() {
  sql::Expression width;
  width.op = sql::Op::literal;
  width.type = {Type::integer, 0};
  width.value = 4096;
  sql::Expression fill = width;
  fill.type = {Type::text, 0};
  fill.text = "x";
  sql::Expression out = task().groups[0];
  out.op = sql::Op::pad_left;
  out.children = {task().groups[0], width, fill};
  return out;
}

TEST(PossibleTexts, OfADictionaryAreShownAndOfAFunctionMade) {
  EXPECT_EQ((*possible(task().groups[0], 0))->size(), 3) << "nothing is copied";
  const auto made = possible(padded(), kPossibleBytesMax);
  ASSERT_TRUE(made);
  ASSERT_EQ((*made)->size(), 3);
  EXPECT_EQ((*made)->front().size(), 4096);
}

// A statement of a few bytes can make 4 KiB of every text of a dictionary.
TEST(PossibleTexts, MoreBytesThanTheRoomHasForThemAreAnEngineThatFailed) {
  constexpr std::size_t kEach = sizeof(std::string) + 4096;
  EXPECT_TRUE(possible(padded(), 3 * kEach));
  const auto refused = possible(padded(), 3 * kEach - 1);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error(), (Error{ErrorCode::unavailable, "engine_failed"}));
}

TEST(PossibleTexts, TheSameTextsInEveryBranchAreCountedOnce) {
  sql::Expression any = task().groups[0];
  any.op = sql::Op::coalesce;
  any.children.assign(100, task().groups[0]);
  EXPECT_TRUE(possible(any, 0));
  sql::Expression other = any.children.back();
  other.op = sql::Op::literal;
  other.text = "e";
  any.children.back() = other;
  EXPECT_EQ((*possible(any, 4096))->size(), 4);
}

TEST(CheckGroups, AKeyTwiceIsRefused) { EXPECT_FALSE(fits({row("a", 1), row("a", 1)})); }

TEST(CheckGroups, TooManyGroupsAreRefused) {
  EXPECT_FALSE(fits({row("a", 1), row("a", 2), row("a", 3), row("a", 4)}));
}

TEST(CheckGroups, AKeyOfAnotherShapeIsRefused) {
  sql::GroupRow short_key = row("a", 1);
  short_key.key.pop_back();
  EXPECT_FALSE(fits({short_key}));
  sql::GroupRow long_key = row("a", 1);
  long_key.key.emplace_back(std::int64_t{1});
  EXPECT_FALSE(fits({long_key}));
}

TEST(CheckGroups, AKeyOfAnotherTypeIsRefused) {
  sql::GroupRow swapped = row("a", 1);
  std::swap(swapped.key[0], swapped.key[1]);
  EXPECT_FALSE(fits({swapped}));
}

TEST(CheckGroups, AKeyOutsideItsIntervalIsRefused) {
  EXPECT_FALSE(fits({row("a", 0)}));
  EXPECT_FALSE(fits({row("a", 8)}));
}

TEST(CheckGroups, AGroupOfNobodyIsRefused) {
  sql::GroupRow nobody = row("a", 1);
  nobody.persons = 0;
  nobody.sums = {0};
  EXPECT_FALSE(fits({nobody}));
  nobody.persons = -1;
  EXPECT_FALSE(fits({nobody}));
}

TEST(CheckGroups, MorePersonsThanThereCanBeAreRefused) {
  sql::GroupRow crowd = row("a", 1);
  crowd.persons = 10;
  EXPECT_TRUE(fits({crowd}));
  crowd.persons = 11;
  EXPECT_FALSE(fits({crowd}));
  crowd.persons = std::int64_t{1} << 62;
  EXPECT_FALSE(fits({crowd}));
}

TEST(CheckGroups, MoreGroupsOfAPersonThanItKeepsAreRefused) {
  std::vector<sql::GroupRow> rows{row("a", 1), row("a", 2), row("a", 3)};
  for (sql::GroupRow& each : rows) each.persons = 7;  // 21 of 10 persons with 2 groups each
  EXPECT_FALSE(fits(rows));
  rows[0].persons = 6;
  EXPECT_TRUE(fits(rows));
}

TEST(CheckGroups, ATextThatNoRowHasIsRefused) {
  EXPECT_FALSE(fits({row("c", 1)}));
  EXPECT_FALSE(fits({row("what one row said", 1)}));
}

TEST(CheckGroups, ATextThatNoRowCanYieldIsRefused) {
  sql::Task upper = task();
  upper.groups[0].op = sql::Op::upper;
  upper.groups[0].children = {task().groups[0]};
  EXPECT_TRUE(fits(upper, {row("CD", 1)}));
  EXPECT_FALSE(fits(upper, {row("cd", 1)}));
  sql::Task either = task();
  either.groups[0].op = sql::Op::coalesce;
  sql::Expression none = task().groups[0];
  none.op = sql::Op::literal;
  none.text = "none";
  either.groups[0].children = {upper.groups[0], none};
  EXPECT_TRUE(fits(either, {row("none", 1), row("A", 1)}));
  EXPECT_FALSE(fits(either, {row("a", 1)}));
}

TEST(CheckGroups, TextsThatAreComposedAreThoseOfTheirParts) {
  sql::Task both = task();
  sql::Expression& pair = both.groups[0];
  pair.op = sql::Op::concat;
  sql::Expression dash = task().groups[0];
  dash.op = sql::Op::literal;
  dash.text = "-";
  pair.children = {task().groups[0], dash, task().groups[0]};
  EXPECT_TRUE(fits(both, {row("a-cd", 1)}));
  EXPECT_FALSE(fits(both, {row("a-c", 1)}));
  EXPECT_FALSE(fits(both, {row("a", 1)}));
  sql::Task written = task();
  written.groups[0].op = sql::Op::to_text;
  written.groups[0].children = {task().groups[1]};
  const std::int64_t high = task().groups[1].high;
  EXPECT_TRUE(fits(written, {row(std::to_string(high).c_str(), 1)}));
  EXPECT_FALSE(fits(written, {row(std::to_string(high + 1).c_str(), 1)}));
  EXPECT_FALSE(fits(written, {row("a", 1)}));
}

TEST(CheckGroups, ASumBeyondTheClampIsRefused) {
  sql::GroupRow high = row("a", 1);
  high.sums = {41};
  EXPECT_FALSE(fits({high}));
  sql::GroupRow low = row("a", 1);
  low.sums = {-21};
  EXPECT_FALSE(fits({low}));
}

TEST(CheckGroups, AMissingSumIsRefused) {
  sql::GroupRow missing = row("a", 1);
  missing.sums.clear();
  EXPECT_FALSE(fits({missing}));
}

TEST(CheckGroups, AnUngroupedAnswerIsExactlyOneRowAndMayBeOfNobody) {
  sql::Task ungrouped = task();
  ungrouped.groups.clear();
  EXPECT_TRUE(fits(ungrouped, {{{}, 0, {0}}}));
  EXPECT_FALSE(fits(ungrouped, {}));
  EXPECT_FALSE(fits(ungrouped, {{{}, 0, {0}}, {{}, 0, {0}}}));
}

// Two tables of 10 and 4 persons, joined in one step that `kind` says, by text and number.
sql::Task joined(sql::JoinKind kind) {
  sql::Task out = task();
  out.tables = {"purchases", "members"};
  sql::Step step;
  step.inputs.resize(2);
  step.inputs[1].source = 1;
  step.inputs[1].kind = kind;
  step.columns = out.groups;
  out.steps = {step};
  return out;
}

bool fits_two(const sql::Task& task, const std::vector<sql::GroupRow>& rows) {
  const Words words;
  std::vector<Dataset> datasets(2);
  for (Dataset& dataset : datasets) dataset.table = &words;
  datasets[0].persons = 10;
  datasets[1].persons = 4;
  return check_groups(task, datasets, rows).has_value();
}

// Whether an answer can have so many persons, and no more.
bool at_most(const sql::Task& task, std::int64_t persons) {
  sql::GroupRow crowd = row("a", 1);
  crowd.persons = persons;
  if (!fits_two(task, {crowd})) return false;
  crowd.persons++;
  return !fits_two(task, {crowd});
}

TEST(CheckGroups, PersonsOfStepsAreNoMoreThanTheTablesThatTheyMustBeInHave) {
  using enum sql::JoinKind;
  EXPECT_TRUE(at_most(joined(inner), 4));
  EXPECT_TRUE(at_most(joined(semi), 4));
  EXPECT_TRUE(at_most(joined(left), 10));
  EXPECT_TRUE(at_most(joined(anti), 10));
  EXPECT_TRUE(at_most(joined(right), 4));
  EXPECT_TRUE(at_most(joined(full), 14));
  sql::Task appended = joined(inner);
  appended.steps[0].kind = sql::StepKind::append;
  EXPECT_TRUE(at_most(appended, 14));
  appended.steps.push_back(appended.steps[0]);  // and once more the same persons
  appended.steps[1].inputs = {sql::Input(), sql::Input()};
  appended.steps[1].inputs[0].source = 2;
  appended.steps[1].inputs[1].source = 2;
  EXPECT_TRUE(at_most(appended, 14));
}

TEST(CheckGroups, TextsOfStepsAreThoseThatTheirColumnsCanYield) {
  sql::Task grouped = joined(sql::JoinKind::inner);
  sql::Expression upper = task().groups[0];
  upper.op = sql::Op::upper;
  upper.children = {task().groups[0]};
  grouped.steps[0].columns[0] = upper;
  EXPECT_TRUE(fits_two(grouped, {row("CD", 1)}));
  EXPECT_FALSE(fits_two(grouped, {row("cd", 1)}));
  sql::Step group;
  group.kind = sql::StepKind::group;
  group.inputs.resize(1);
  group.inputs[0].source = 2;
  group.aggregates.resize(1);
  group.aggregates[0].function = sql::RowFunction::minimum;
  group.aggregates[0].argument = task().groups[0];
  grouped.steps.push_back(group);
  EXPECT_TRUE(fits_two(grouped, {row("CD", 1)}));
  EXPECT_FALSE(fits_two(grouped, {row("cd", 1)}));
  sql::Step append;
  append.kind = sql::StepKind::append;
  append.inputs.resize(2);
  append.inputs[0].source = 3;
  append.inputs[1].source = 0;
  append.columns = {task().groups[0]};
  grouped.steps.push_back(append);
  EXPECT_TRUE(fits_two(grouped, {row("CD", 1), row("cd", 1)}));
  EXPECT_FALSE(fits_two(grouped, {row("Cd", 1)}));
  sql::Step window;
  window.kind = sql::StepKind::window;
  window.inputs.resize(1);
  window.inputs[0].source = 4;
  window.windows.resize(1);
  window.windows[0].value.function = sql::RowFunction::lag;
  window.windows[0].value.argument = upper;
  grouped.steps.push_back(window);
  EXPECT_TRUE(fits_two(grouped, {row("CD", 1)}));
  EXPECT_FALSE(fits_two(grouped, {row("cd", 1)}));
}

TEST(CheckGroups, TextsOfManyStepsAreFoundInTimeAndMemory) {
  sql::Task doubled = joined(sql::JoinKind::inner);
  sql::Expression either = task().groups[0];
  either.op = sql::Op::coalesce;
  either.children = {task().groups[0], task().groups[0]};
  while (doubled.steps.size() < sql::kStepsMax) {
    sql::Step next;
    next.inputs.resize(1);
    next.inputs[0].source = static_cast<std::uint32_t>(doubled.steps.size() + 1);
    next.columns = {either};
    doubled.steps.push_back(next);
  }
  EXPECT_TRUE(fits_two(doubled, {row("cd", 1)}));
  EXPECT_FALSE(fits_two(doubled, {row("c", 1)}));
}

}  // namespace
}  // namespace gbx::room
