#pragma once

// Random tables and random tasks over them, from a seed: NULLs, skew, persons over block borders,
// values at the edges of int64, texts of several scripts, tokens that collide in h(p).

#include <memory>
#include <vector>

#include "engine/testing/memory_table.h"
#include "trusted/sql/task.h"

namespace gbx::engine {

struct GeneratedCase {
  std::vector<std::unique_ptr<MemoryTable>> tables;
  sql::Task task;
};

// The same seed gives the same case.
GeneratedCase generate_case(std::uint64_t seed);
// The same, listing persons.
GeneratedCase generate_list_case(std::uint64_t seed);
// The same, of few persons, with steps: persons are missing from tables, rows tie.
GeneratedCase generate_case_with_steps(std::uint64_t seed);

}  // namespace gbx::engine
