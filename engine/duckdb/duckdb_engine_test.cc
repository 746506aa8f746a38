#include "engine/duckdb/duckdb_engine.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "engine/duckdb/load.h"
#include "engine/merge/merge.h"
#include "engine/testing/generator.h"
#include "engine/testing/match.h"
#include "engine/testing/reference.h"

namespace gbx::engine {
namespace {

// The two engines and the definition, bit by bit, on tables and tasks that nobody chose.
class EnginesAgree : public testing::TestWithParam<std::uint64_t> {};

TEST_P(EnginesAgree, OnGeneratedTasks) {
  constexpr std::uint64_t kCases = 100;
  for (std::uint64_t i = 0; i < kCases; i++) {
    const std::uint64_t seed = 1000 + GetParam() * kCases + i;
    SCOPED_TRACE(seed);
    const GeneratedCase generated = i % 5 == 0 ? generate_list_case(seed) : generate_case(seed);
    std::vector<const MemoryTable*> memory;
    std::vector<const snapshot::Table*> tables;
    for (const auto& table : generated.tables) {
      memory.push_back(table.get());
      tables.push_back(table.get());
    }
    const auto want = run_reference(generated.task, memory);
    expect_same(run_merge(generated.task, tables, {.threads = 2}), want);
    expect_same(run_duckdb(generated.task, tables, {.database = {.threads = 2}}), want);
    if (HasFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, EnginesAgree, testing::Range<std::uint64_t>(0, 5));

// For the next task: opening a database costs more than a small task.
void clear(Database& database) {
  std::vector<std::string> names;
  ASSERT_TRUE(database.query("SELECT table_name FROM duckdb_tables()", nullptr,
                             [&](duckdb_data_chunk chunk) {
                               duckdb_vector vector = duckdb_data_chunk_get_vector(chunk, 0);
                               for (idx_t i = 0; i < duckdb_data_chunk_get_size(chunk); i++) {
                                 names.emplace_back(text_at(vector, i));
                               }
                               return Status{};
                             }));
  for (const std::string& name : names) ASSERT_TRUE(database.execute("DROP TABLE " + name));
}

// Forty times as many cases under `ctest -L long`.
class StepsAgree : public testing::TestWithParam<std::uint64_t> {};

TEST_P(StepsAgree, OnGeneratedTasks) {
  const bool many = std::getenv("GBX_MANY_CASES") != nullptr;
  const std::uint64_t cases = many ? 4000 : 100;
  const auto database = Database::open({});
  ASSERT_TRUE(database);
  for (std::uint64_t i = 0; i < cases; i++) {
    const std::uint64_t seed = GetParam() * 1'000'000 + i;
    SCOPED_TRACE(seed);
    const GeneratedCase generated = generate_case_with_steps(seed);
    std::vector<const MemoryTable*> memory;
    std::vector<const snapshot::Table*> tables;
    for (const auto& table : generated.tables) {
      memory.push_back(table.get());
      tables.push_back(table.get());
    }
    const auto want = run_reference(generated.task, memory);
    expect_same(run_duckdb_in(**database, generated.task, tables, nullptr), want);
    expect_same(
        run_merge(generated.task, tables, {.threads = static_cast<std::uint32_t>(1 + i % 3)}),
        want);
    clear(**database);
    if (HasFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, StepsAgree, testing::Range<std::uint64_t>(0, 5));

sql::Expression number(std::uint32_t relation) {
  sql::Expression e;
  e.op = sql::Op::column;
  e.relation = relation;
  e.high = 9;
  return e;
}

// One person with `rows` rows; the rows of the one step are every pair of them.
struct Pairs {
  explicit Pairs(std::size_t rows)
      : table({{"c", {Type::integer, 0}, false}},
              std::vector<MemoryRow>(rows, {.person = {1}, .cells = {std::int64_t{1}}}), 1000) {
    task.tables = {"t"};
    task.steps.resize(1);
    task.steps[0].inputs.resize(2);
    task.steps[0].columns = {number(0), number(1)};
    task.measures = {{.argument = {}, .low = 0, .high = 1'000'000'000}};
  }
  MemoryTable table;
  sql::Task task;
};

TEST(DuckdbSteps, MoreRowsOfOnePersonThanAStepMayHaveFail) {
  const Pairs few(2040);
  const auto rows = run_duckdb(few.task, {&few.table}, {});
  ASSERT_TRUE(rows);
  EXPECT_TRUE((*rows)[0].sums[0] == Int128{2040} * 2040);
  const Pairs many(2060);
  static_assert(2060 * 2060 > sql::kPersonRowsMax);
  EXPECT_EQ(run_duckdb(many.task, {&many.table}, {}).error(),
            (Error{ErrorCode::unavailable, "too_many_rows"}));
}

TEST(DuckdbSteps, WhatDoesNotFitIntoMemoryFails) {
  const Pairs pairs(2040);
  const DuckdbOptions options{.database = {.memory_bytes = std::uint64_t{16} << 20}};
  EXPECT_EQ(run_duckdb(pairs.task, {&pairs.table}, options).error(), kEngineFailed);
}

TEST(DuckdbSteps, StopWhenToldTo) {
  const Pairs pairs(60'000);
  const auto database = Database::open({});
  ASSERT_TRUE(database);
  ASSERT_TRUE(load_tables(**database, pairs.task, {&pairs.table}, nullptr));
  const std::atomic<bool> stop{true};
  EXPECT_EQ(run_loaded(**database, pairs.task, &stop).error(),
            (Error{ErrorCode::unavailable, "engine_stopped"}));
}

// Of rows that are equal, the first of one order is the first of the other: numbers go up together.
TEST(DuckdbSteps, EqualRowsStandInOneOrderInAllWindows) {
  std::vector<MemoryRow> rows;
  for (std::int64_t i = 0; i < 400'000; i++) rows.push_back({.person = {1}, .cells = {i % 3}});
  const MemoryTable table({{"c", {Type::integer, 0}, false}}, std::move(rows), 10'000);
  sql::Task task;
  task.tables = {"t"};
  task.steps.resize(2);
  task.steps[0].inputs.resize(1);
  task.steps[0].columns = {number(0)};
  task.steps[1].kind = sql::StepKind::window;
  task.steps[1].inputs.resize(1);
  task.steps[1].inputs[0].source = 1;
  task.steps[1].columns = {number(0)};
  sql::Window window;
  window.value.function = sql::RowFunction::row_number;
  window.value.high = sql::kPersonRowsMax;
  window.partition = {number(0)};
  task.steps[1].windows = {window, window};
  task.steps[1].windows[1].partition.clear();
  task.steps[1].windows[1].order = {{number(0), true, false}};
  // The difference of the two is the same for all rows of a partition, so it is one of three.
  sql::Expression difference = number(0);
  difference.op = sql::Op::subtract;
  difference.low = -sql::kWindowOffsetMax;
  difference.high = sql::kWindowOffsetMax;
  difference.children = {number(0), number(0)};
  difference.children[0].column = 2;
  difference.children[1].column = 1;
  task.measures = {
      {.kind = sql::MeasureKind::distinct, .argument = difference, .low = 0, .high = 1000}};
  const auto got = run_duckdb(task, {&table}, {.database = {.threads = 2}});
  ASSERT_TRUE(got);
  EXPECT_TRUE((*got)[0].sums[0] == 3);
}

}  // namespace
}  // namespace gbx::engine
