#pragma once

// The meaning of a task, written as task.h says it and nothing else: the oracle of the engines.

#include <vector>

#include "engine/testing/memory_table.h"
#include "trusted/sql/task.h"

namespace gbx::engine {

// As run_merge, over small tables.
Result<std::vector<sql::GroupRow>> run_reference(const sql::Task& task,
                                                 const std::vector<const MemoryTable*>& tables);

}  // namespace gbx::engine
