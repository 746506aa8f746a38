#pragma once

// One task, one answer, whichever engine gives it (docs/explanation/engine.md).

#include "engine/choice.h"
#include "engine/duckdb/duckdb_engine.h"
#include "engine/merge/merge.h"

namespace gbx::engine {

// What the engines may use; whoever may start no threads makes both before.
struct Resources {
  Crew* crew = nullptr;          // merge
  Database* database = nullptr;  // duckdb; fresh
  const std::atomic<bool>* stop = nullptr;
};

// Answers with run_merge or run_duckdb_in, and fails as they do; with invalid_argument
// ("engine_missing") when the resources of the one that is to answer are not there.
Result<std::vector<sql::GroupRow>> run(Choice choice, const sql::Task& task,
                                       const std::vector<const snapshot::Table*>& tables,
                                       const Resources& resources) noexcept;

}  // namespace gbx::engine
