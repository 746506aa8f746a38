#include "engine/duckdb/duckdb_engine.h"

#include <gtest/gtest.h>

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
    const GeneratedCase generated = generate_case(seed);
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

}  // namespace
}  // namespace gbx::engine
