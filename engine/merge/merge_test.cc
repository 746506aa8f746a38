#include "engine/merge/merge.h"

#include <gtest/gtest.h>

#include "engine/testing/generator.h"
#include "engine/testing/match.h"
#include "engine/testing/reference.h"

namespace gbx::engine {
namespace {

TEST(MergeProperty, EqualsTheReference) {
  for (std::uint64_t seed = 1; seed <= 500; seed++) {
    SCOPED_TRACE(seed);
    const GeneratedCase generated = generate_case(seed);
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
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace gbx::engine
