#include "engine/engine.h"

namespace gbx::engine {

Result<std::vector<sql::GroupRow>> run(Choice choice, const sql::Task& task,
                                       const std::vector<const snapshot::Table*>& tables,
                                       const Resources& resources) noexcept {
  const Error missing{ErrorCode::invalid_argument, "engine_missing"};
  if (choice == Choice::duckdb) {
    if (resources.database == nullptr) return missing;
    return run_duckdb_in(*resources.database, task, tables, resources.stop);
  }
  if (resources.crew == nullptr) return missing;
  return run_merge(task, tables, {.crew = resources.crew, .stop = resources.stop});
}

}  // namespace gbx::engine
