#pragma once

// Answers a task with DuckDB: loads the columns that it needs, runs the SQL that
// engine/duckdb/render.h makes of it, and computes in C++ what SQL cannot (the keys' hashes).
// Bit-equal to run_merge, and its oracle; slower, and it holds all rows in memory.

#include <atomic>
#include <vector>

#include "engine/duckdb/database.h"
#include "trusted/snapshot/table.h"
#include "trusted/sql/task.h"

namespace gbx::engine {

// The rows of the answer, ascending by key. `database` must be fresh, and is of no more use after.
// Fails with unavailable: "engine_failed" for whatever DuckDB says, "too_many_groups",
// "engine_stopped"; and as read_block does.
Result<std::vector<sql::GroupRow>> run_duckdb_in(Database& database, const sql::Task& task,
                                                 const std::vector<const snapshot::Table*>& tables,
                                                 const std::atomic<bool>* stop) noexcept;

// The same over tables that load_tables has made for this task. Leaves tables `partials` and `keys`
// behind when the task has groups.
Result<std::vector<sql::GroupRow>> run_loaded(Database& database, const sql::Task& task,
                                              const std::atomic<bool>* stop);

struct DuckdbOptions {
  DatabaseOptions database;
  const std::atomic<bool>* stop = nullptr;  // true = give up soon
};

// The same in a database of its own.
Result<std::vector<sql::GroupRow>> run_duckdb(const sql::Task& task,
                                              const std::vector<const snapshot::Table*>& tables,
                                              const DuckdbOptions& options) noexcept;

}  // namespace gbx::engine
