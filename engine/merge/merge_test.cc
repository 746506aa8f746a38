#include "engine/merge/merge.h"

#include <gtest/gtest.h>

#include <array>
#include <limits>

#include "engine/merge/plan.h"
#include "engine/testing/generator.h"
#include "engine/testing/match.h"
#include "engine/testing/reference.h"

namespace gbx::engine {
namespace {

void expect_the_reference(const GeneratedCase& generated) {
  std::vector<const MemoryTable*> memory;
  std::vector<const snapshot::Table*> tables;
  for (const auto& table : generated.tables) {
    memory.push_back(table.get());
    tables.push_back(table.get());
  }
  const auto want = run_reference(generated.task, memory);
  for (const std::uint32_t threads : {1U, 3U}) {
    expect_same(run_merge(generated.task, tables, {.threads = threads}), want);
  }
}

TEST(MergeProperty, EqualsTheReference) {
  for (std::uint64_t seed = 1; seed <= 500; seed++) {
    SCOPED_TRACE(seed);
    expect_the_reference(generate_case(seed));
    if (HasFailure()) return;
  }
}

TEST(MergeProperty, EqualsTheReferenceListingPersons) {
  for (std::uint64_t seed = 1; seed <= 300; seed++) {
    SCOPED_TRACE(seed);
    expect_the_reference(generate_list_case(seed));
    if (HasFailure()) return;
  }
}

TEST(MergeProperty, EqualsTheReferenceWithSteps) {
  for (std::uint64_t seed = 1; seed <= 600; seed++) {
    SCOPED_TRACE(seed);
    expect_the_reference(generate_case_with_steps(seed));
    if (HasFailure()) return;
  }
}

sql::Expression column(std::uint32_t relation, std::uint32_t index, Type type, std::int64_t low = 0,
                       std::int64_t high = 100) {
  sql::Expression e;
  e.op = sql::Op::column;
  e.relation = relation;
  e.column = index;
  e.type = {type, 0};
  e.low = low;
  e.high = high;
  return e;
}

// SELECT a.c, count(*) FROM t0 a, t1 b GROUP BY a.c, unbounded.
sql::Task count_by_first_column(std::size_t tables) {
  sql::Task task;
  for (std::size_t i = 0; i < tables; i++) task.tables.push_back("t" + std::to_string(i));
  task.groups = {column(0, 0, Type::integer)};
  task.measures = {{.argument = {}, .low = 0, .high = 1'000'000'000}};
  task.groups_per_person = 1000;
  return task;
}

MemoryTable numbers(const std::vector<std::pair<std::uint8_t, std::int64_t>>& rows,
                    std::size_t block_rows) {
  std::vector<MemoryRow> made;
  for (const auto& [person, value] : rows) made.push_back({.person = {person}, .cells = {value}});
  return MemoryTable({{"c", {Type::integer, 0}, false}}, std::move(made), block_rows);
}

const Error kMisfit{ErrorCode::invalid_argument, "task_misfit"};

TEST(Merge, APersonOverManyBlocksOfBothTablesMeetsAllItsRows) {
  std::vector<std::pair<std::uint8_t, std::int64_t>> rows = {{1, 0}};
  for (int i = 0; i < 50; i++) rows.push_back({7, i % 2});
  rows.push_back({9, 1});
  for (const std::size_t block : {1U, 2U, 3U, 7U, 51U, 100U}) {
    const MemoryTable a = numbers(rows, block);
    const MemoryTable b = numbers(rows, 4);
    const auto got = run_merge(count_by_first_column(2), {&a, &b}, {.threads = 2});
    ASSERT_TRUE(got);
    ASSERT_EQ(got->size(), 2U);
    EXPECT_EQ((*got)[0].persons, 2);
    EXPECT_TRUE((*got)[0].sums[0] == 1 + 25 * 50) << block;
    EXPECT_TRUE((*got)[1].sums[0] == 1 + 25 * 50) << block;
  }
}

TEST(Merge, TextsOfTextsAreKeptOnce) {
  std::vector<MemoryRow> rows;
  for (std::uint8_t i = 0; i < 9; i++) rows.push_back({{i}, {std::string(1, char('a' + i))}});
  const MemoryTable table({{"c", {Type::text, 0}, false}}, std::move(rows), 4);
  sql::Task task = count_by_first_column(1);
  sql::Expression text = column(0, 0, Type::text);
  for (int i = 0; i < 60; i++) {
    sql::Expression next;
    next.op = i % 2 == 0 ? sql::Op::upper : sql::Op::lower;
    next.type = text.type;
    next.children = {std::move(text)};
    text = std::move(next);
  }
  task.groups = {text};
  const auto plan = make_plan(task, {&table});
  ASSERT_TRUE(plan);
  EXPECT_EQ((*plan)->texts.size(), 18U);
}

TEST(Merge, APersonWithMoreJoinedRowsThanABatchIsOnePerson) {
  std::vector<std::pair<std::uint8_t, std::int64_t>> rows;
  for (int i = 0; i < 300; i++) rows.push_back({7, 1});
  const MemoryTable a = numbers(rows, 64);
  sql::Task task = count_by_first_column(2);
  task.measures[0].high = 50'000;
  const auto got = run_merge(task, {&a, &a}, {});
  ASSERT_TRUE(got);
  EXPECT_EQ((*got)[0].persons, 1);
  EXPECT_TRUE((*got)[0].sums[0] == 50'000);  // clamped once, of 90,000
}

// More different values than are held before they are cut, twice over, in any order.
TEST(Merge, OfManyValuesOfOnePersonThoseOfSmallestRankCount) {
  std::vector<std::pair<std::uint8_t, std::int64_t>> rows;
  for (int i = 0; i < 900; i++) rows.push_back({static_cast<std::uint8_t>(1 + i % 2), i * 7 % 450});
  const MemoryTable table = numbers(rows, 64);
  sql::Task task = count_by_first_column(1);
  task.groups.clear();
  task.measures[0].kind = sql::MeasureKind::distinct;
  task.measures[0].argument = column(0, 0, Type::integer);
  for (const std::int64_t most : {0, 1, 3, 40, 400}) {
    task.measures[0].high = most;
    task.sampling.b = static_cast<std::uint32_t>(77'777 + most);
    const auto want = run_reference(task, {&table});
    expect_same(run_merge(task, {&table}, {}), want);
    expect_same(run_merge(task, {&table}, {.threads = 4}), want);
    EXPECT_GE((*want)[0].sums[0], Int128{most});
    EXPECT_LE((*want)[0].sums[0], Int128{2 * most});
  }
}

TEST(Merge, OfManyRowsOfOnePersonThoseInBinsOfSmallestRankCount) {
  std::vector<std::pair<std::uint8_t, std::int64_t>> rows;
  for (int i = 0; i < 900; i++) rows.push_back({static_cast<std::uint8_t>(1 + i % 2), i * 7 % 300});
  const MemoryTable table = numbers(rows, 64);
  sql::Task task = count_by_first_column(1);
  task.groups.clear();
  task.measures[0].kind = sql::MeasureKind::histogram;
  task.measures[0].argument = column(0, 0, Type::integer);
  task.measures[0].row_low = 10;
  task.measures[0].row_high = 280;
  for (const std::uint32_t bins : {16U, 256U, 4096U, 65536U}) {
    task.measures[0].bins = bins;
    for (const std::int64_t most : {0, 1, 5, 70, 449, 1000}) {
      task.measures[0].high = most;
      const auto want = run_reference(task, {&table});
      expect_same(run_merge(task, {&table}, {}), want);
      expect_same(run_merge(task, {&table}, {.threads = 4}), want);
      EXPECT_EQ((*want)[0].sums[0], Int128{2 * std::min<std::int64_t>(most, 450)});
    }
  }
}

// Sums of rows that do not fit into 64 bits together, in several groups of one person.
TEST(Merge, SumsOfTheLargestNumbersAreExact) {
  constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min();
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  std::vector<std::pair<std::uint8_t, std::int64_t>> rows;
  for (int i = 0; i < 60; i++) {
    rows.push_back({static_cast<std::uint8_t>(1 + i % 3),
                    std::array{kLeast, kMost, kMost - 1, kLeast / 2,
                               std::int64_t{-1}}[static_cast<std::size_t>(i % 5)]});
  }
  const MemoryTable table = numbers(rows, 16);
  sql::Task task = count_by_first_column(1);
  task.groups[0] = column(0, 0, Type::integer, kLeast, kMost);
  sql::Measure sum;
  sum.kind = sql::MeasureKind::sum;
  sum.argument = task.groups[0];
  sum.low = kLeast;
  sum.high = kMost;
  sql::Measure centred = sum;
  centred.kind = sql::MeasureKind::centred;
  for (const std::int64_t row_high : {std::int64_t{5}, kMost / 5, kMost / 2, kMost}) {
    sum.row_low = row_high == kMost ? kLeast : -row_high;
    sum.row_high = row_high;
    centred.row_low = -(row_high / 2);
    centred.row_high = row_high / 2;
    task.measures = {sum, centred};
    expect_same(run_merge(task, {&table}, {}), run_reference(task, {&table}));
    sql::Task whole = task;
    whole.groups.clear();
    expect_same(run_merge(whole, {&table}, {.threads = 2}), run_reference(whole, {&table}));
  }
}

// Persons 1: nothing. 2: a value above its bound. 3: a sum. 4: two values where one counts.
TEST(Merge, PeopleOfWhomSomethingWasCutOffAreCounted) {
  const MemoryTable table = numbers({{1, 5}, {2, 50}, {3, 7}, {3, 7}, {4, 1}, {4, 2}}, 64);
  sql::Task task = count_by_first_column(1);
  task.groups.clear();
  sql::Measure sum;
  sum.kind = sql::MeasureKind::sum;
  sum.argument = column(0, 0, Type::integer);
  sum.row_high = sum.high = 10;
  sql::Measure distinct;
  distinct.kind = sql::MeasureKind::distinct;
  distinct.argument = column(0, 0, Type::integer);
  distinct.high = 1;
  sql::Measure bounded;
  bounded.kind = sql::MeasureKind::bounded;
  bounded.high = 1;
  task.measures = {sum, bounded, distinct};
  using Watched = std::vector<std::uint32_t>;
  for (const auto& [watched, people] :
       std::vector<std::pair<Watched, int>>{{{}, 0}, {{0}, 2}, {{2}, 1}, {{0, 2}, 3}}) {
    task.measures[1].watched = watched;
    const auto got = run_merge(task, {&table}, {});
    ASSERT_TRUE(got);
    EXPECT_EQ((*got)[0].sums[1], Int128{people});
    expect_same(got, run_reference(task, {&table}));
  }
  task.measures[1].watched = {1};
  EXPECT_FALSE(run_merge(task, {&table}, {}));
}

TEST(Merge, WhoIsInMoreGroupsThanCountIsCutInEachThatDoes) {
  const MemoryTable table = numbers({{1, 1}, {2, 1}, {2, 2}, {2, 3}}, 64);
  sql::Task task = count_by_first_column(1);
  task.measures[0] = {};
  task.measures[0].kind = sql::MeasureKind::bounded;
  task.measures[0].high = 1;
  for (const std::uint32_t most : {1U, 2U, 3U}) {
    task.groups_per_person = most;
    const auto got = run_merge(task, {&table}, {});
    ASSERT_TRUE(got);
    Int128 cut = 0;
    for (const sql::GroupRow& row : *got) cut += row.sums[0];
    EXPECT_EQ(cut, Int128{most < 3 ? most : 0});
    expect_same(got, run_reference(task, {&table}));
  }
}

sql::Expression connect(sql::Op op, std::vector<sql::Expression> children) {
  sql::Expression e;
  e.op = op;
  e.type = {Type::boolean, 0};
  e.high = 1;
  e.children = std::move(children);
  return e;
}

sql::Expression text(std::string value) {
  sql::Expression e;
  e.op = sql::Op::literal;
  e.type = {Type::text, 0};
  e.text = std::move(value);
  return e;
}

// A nullable number and a nullable text, a few of each for nine persons.
MemoryTable keyed(std::uint64_t seed, std::size_t block_rows) {
  std::vector<MemoryRow> rows;
  std::uint64_t state = seed;
  const auto below = [&](std::uint64_t n) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    return (state >> 33) % n;
  };
  for (std::uint8_t person = 0; person < 9; person++) {
    for (std::uint64_t i = below(12); i > 0; i--) {
      MemoryRow row{.person = {person}, .cells = {Cell(), Cell()}};
      if (below(4) != 0) row.cells[0] = static_cast<std::int64_t>(below(4));
      if (below(4) != 0) row.cells[1] = std::string(1, static_cast<char>('a' + below(4)));
      rows.push_back(std::move(row));
    }
  }
  return MemoryTable({{"n", {Type::integer, 0}, true}, {"t", {Type::text, 0}, true}},
                     std::move(rows), block_rows);
}

void expect_filtered(std::size_t relations, const sql::Expression& filter) {
  for (std::uint64_t seed = 1; seed <= 20; seed++) {
    SCOPED_TRACE(seed);
    std::vector<MemoryTable> made;
    for (std::size_t r = 0; r < relations; r++) made.push_back(keyed(seed * 10 + r, 1 + seed % 9));
    std::vector<const MemoryTable*> memory;
    std::vector<const snapshot::Table*> tables;
    for (const MemoryTable& table : made) {
      memory.push_back(&table);
      tables.push_back(&table);
    }
    sql::Task task = count_by_first_column(relations);
    task.has_filter = true;
    task.filter = filter;
    expect_same(run_merge(task, tables, {.threads = 2}), run_reference(task, memory));
  }
}

// What the joiner compares pair by pair: the first equality with the last relation; NULL is equal
// to nothing.
TEST(Merge, AnEqualityOfTheJoinIsOneWhereverItStands) {
  const auto equal = [](std::uint32_t a, std::uint32_t b) {
    return connect(sql::Op::equal, {column(a, 0, Type::integer), column(b, 0, Type::integer)});
  };
  const sql::Expression texts =
      connect(sql::Op::equal, {column(0, 1, Type::text), column(1, 1, Type::text)});
  expect_filtered(2, equal(0, 1));
  expect_filtered(2, equal(1, 0));
  expect_filtered(2, texts);
  expect_filtered(2, connect(sql::Op::logical_and, {texts, equal(0, 1)}));
  expect_filtered(3, equal(0, 1));
  expect_filtered(3, equal(0, 2));
  expect_filtered(3, connect(sql::Op::logical_and, {equal(2, 1), equal(0, 2)}));
}

// Decided by text of the dictionary, where NULL is none of them.
TEST(Merge, ConditionsOnOneTextColumnHoldForItsTexts) {
  const sql::Expression t = column(0, 1, Type::text);
  const sql::Expression is_b = connect(sql::Op::equal, {t, text("b")});
  const sql::Expression in = connect(sql::Op::in_list, {t, text("a"), text("x"), text("d")});
  expect_filtered(1, is_b);
  expect_filtered(2, in);
  expect_filtered(1, connect(sql::Op::logical_not, {is_b}));
  expect_filtered(1, connect(sql::Op::logical_or, {connect(sql::Op::less, {text("c"), t}), is_b}));
  expect_filtered(2, connect(sql::Op::logical_and,
                             {connect(sql::Op::greater_equal, {column(1, 1, Type::text), t}), in}));
}

TEST(Merge, EmptyTablesGiveNoGroupsAndOneUngroupedRow) {
  const MemoryTable none = numbers({}, 10);
  const MemoryTable some = numbers({{1, 1}}, 10);
  sql::Task task = count_by_first_column(2);
  EXPECT_TRUE(run_merge(task, {&none, &some}, {})->empty());
  task.groups.clear();
  const auto got = run_merge(task, {&some, &none}, {});
  ASSERT_TRUE(got);
  ASSERT_EQ(got->size(), 1U);
  EXPECT_EQ((*got)[0].persons, 0);
}

TEST(Merge, MoreGroupsThanAllowedAreUnavailable) {
  const MemoryTable table = numbers({{1, 1}, {2, 2}, {3, 3}}, 10);
  sql::Task task = count_by_first_column(1);
  const Error many{ErrorCode::unavailable, "too_many_groups"};
  for (const std::int64_t high : {std::int64_t{100}, std::int64_t{1} << 40}) {  // dense, looked up
    task.groups[0].high = high;
    task.groups_max = 3;
    EXPECT_TRUE(run_merge(task, {&table}, {}));
    task.groups_max = 2;
    EXPECT_EQ(run_merge(task, {&table}, {}).error(), many);
  }
}

TEST(Merge, AValueOutsideItsIntervalIsUnavailable) {
  for (const std::int64_t value : {-1, 101}) {  // the task says 0..100
    for (const bool with_null : {false, true}) {
      std::vector<MemoryRow> rows = {{.person = {1}, .cells = {value}}};
      if (with_null) rows.push_back({.person = {2}, .cells = {Cell()}});
      const MemoryTable table({{"c", {Type::integer, 0}, true}}, std::move(rows), 10);
      EXPECT_EQ(run_merge(count_by_first_column(1), {&table}, {}).error(),
                (Error{ErrorCode::unavailable, "engine_failed"}))
          << value << with_null;
    }
  }
}

TEST(Merge, StopsWhenToldTo) {
  const MemoryTable table = numbers({{1, 1}}, 10);
  const std::atomic<bool> stop{true};
  EXPECT_EQ(run_merge(count_by_first_column(1), {&table}, {.stop = &stop}).error(),
            (Error{ErrorCode::unavailable, "engine_stopped"}));
}

TEST(Merge, AFailingTableFailsTheRun) {
  class Broken final : public snapshot::Table {
   public:
    [[nodiscard]] const std::vector<snapshot::ColumnInfo>& columns() const override {
      return columns_;
    }
    [[nodiscard]] std::size_t block_count() const override { return 4; }
    [[nodiscard]] Token first_person(std::size_t block) const override {
      return {static_cast<std::uint8_t>(2 * block)};
    }
    [[nodiscard]] Token last_person(std::size_t block) const override {
      return {static_cast<std::uint8_t>(2 * block + 1)};
    }
    [[nodiscard]] const std::vector<std::string>& dictionary(std::size_t) const override {
      return texts_;
    }
    Status read_block(std::size_t, const std::vector<std::size_t>&,
                      snapshot::Block&) const noexcept override {
      return Error{ErrorCode::unverified, "stream_changed"};
    }

   private:
    std::vector<snapshot::ColumnInfo> columns_{{"c", {Type::integer, 0}, false}};
    std::vector<std::string> texts_;
  };
  const Broken table;
  for (const std::uint32_t threads : {1U, 4U}) {
    EXPECT_EQ(run_merge(count_by_first_column(1), {&table}, {.threads = threads}).error(),
              (Error{ErrorCode::unverified, "stream_changed"}));
  }
}

class MisfitTask : public testing::TestWithParam<void (*)(sql::Task&)> {};

TEST_P(MisfitTask, IsRefusedBeforeReading) {
  const MemoryTable table = numbers({{1, 1}}, 10);
  sql::Task task = count_by_first_column(1);
  GetParam()(task);
  EXPECT_EQ(run_merge(task, {&table}, {}).error(), kMisfit);
}

using Spoil = void (*)(sql::Task&);
const Spoil kSpoil[] = {[](sql::Task& task) { task.tables.push_back("t1"); },
                        [](sql::Task& task) { task.tables.clear(); },
                        [](sql::Task& task) { task.groups_per_person = 0; },
                        [](sql::Task& task) { task.groups[0].relation = 1; },
                        [](sql::Task& task) { task.groups[0].column = 1; },
                        [](sql::Task& task) { task.groups[0].type.type = Type::text; },
                        [](sql::Task& task) { task.groups[0].op = sql::Op::output; },
                        [](sql::Task& task) { task.groups[0].op = sql::Op::add; },
                        [](sql::Task& task) { task.measures[0].low = 2'000'000'000; },
                        [](sql::Task& task) { task.measures[0].row_low = 1; },
                        [](sql::Task& task) {
                          task.measures[0].kind = sql::MeasureKind::distinct;
                          task.measures[0].argument = task.groups[0];
                          task.measures[0].high = sql::kValuesPerPersonMax + 1;
                        },
                        [](sql::Task& task) {
                          task.measures[0].kind = sql::MeasureKind::distinct;
                          task.measures[0].argument = task.groups[0];
                          task.measures[0].high = 5;
                          task.measures[0].low = -1;
                        },
                        [](sql::Task& task) {
                          task.measures[0].kind = sql::MeasureKind::histogram;
                          task.measures[0].argument = task.groups[0];
                          task.measures[0].high = 5;  // and no bins
                        },
                        [](sql::Task& task) {
                          task.measures[0].kind = sql::MeasureKind::centred;
                          task.measures[0].argument = task.groups[0];
                          task.measures[0].row_low = -9'000'000'000'000'000'000;
                          task.measures[0].row_high = 9'000'000'000'000'000'000;
                        },
                        [](sql::Task& task) {
                          for (int i = 0; i < 300; i++) {
                            sql::Expression parent;
                            parent.op = sql::Op::negate;
                            parent.children = {task.groups[0]};
                            task.groups[0] = parent;
                          }
                        },
                        [](sql::Task& task) { task.groups.resize(33, task.groups[0]); }};

INSTANTIATE_TEST_SUITE_P(Each, MisfitTask, testing::ValuesIn(kSpoil));

TEST(Merge, NoTablesAreRefused) { EXPECT_EQ(run_merge({}, {}, {}).error(), kMisfit); }

}  // namespace
}  // namespace gbx::engine
