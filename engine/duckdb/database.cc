#include "engine/duckdb/database.h"

namespace gbx::engine {
namespace {

using Config = Handle<duckdb_config, duckdb_destroy_config>;

bool set(const Config& config, const char* name, const std::string& value) {
  return duckdb_set_config(config.get(), name, value.c_str()) == DuckDBSuccess;
}

}  // namespace

Result<std::unique_ptr<Database>> Database::open(const DatabaseOptions& options) {
  Config config;
  if (duckdb_create_config(config.out()) != DuckDBSuccess) return kEngineFailed;
  const bool configured = set(config, "threads", std::to_string(options.threads)) &&
                          set(config, "memory_limit", std::to_string(options.memory_bytes) + "B") &&
                          set(config, "temp_directory", "") &&
                          set(config, "autoinstall_known_extensions", "false") &&
                          set(config, "autoload_known_extensions", "false") &&
                          set(config, "allow_community_extensions", "false") &&
                          set(config, "allow_persistent_secrets", "false");
  if (!configured) return kEngineFailed;
  std::unique_ptr<Database> out(new Database());
  if (duckdb_open_ext(":memory:", &out->database_, config.get(), nullptr) != DuckDBSuccess ||
      duckdb_connect(out->database_, &out->connection_) != DuckDBSuccess) {
    return kEngineFailed;
  }
  GBX_TRY(out->lock_down(options));
  return out;
}

Status Database::lock_down(const DatabaseOptions& options) {
  GBX_TRY(execute("SET TimeZone = 'UTC'"));
  GBX_TRY(execute("SET max_expression_depth = " + std::to_string(options.expression_depth)));
  GBX_TRY(execute("SET enable_external_access = false"));
  return execute("SET lock_configuration = true");
}

Database::~Database() {
  if (connection_ != nullptr) duckdb_disconnect(&connection_);
  if (database_ != nullptr) duckdb_close(&database_);
}

Status Database::execute(const std::string& sql) {
  QueryResult result;
  if (duckdb_query(connection_, sql.c_str(), result.out()) != DuckDBSuccess) return kEngineFailed;
  return {};
}

Status Database::query(const std::string& sql, const std::atomic<bool>* stop,
                       const std::function<Status(duckdb_data_chunk)>& take) {
  Prepared prepared;
  Pending pending;
  if (duckdb_prepare(connection_, sql.c_str(), prepared.out()) != DuckDBSuccess ||
      duckdb_pending_prepared(prepared.get(), pending.out()) != DuckDBSuccess) {
    return kEngineFailed;
  }
  for (;;) {
    const duckdb_pending_state state = duckdb_pending_execute_task(pending.get());
    if (state == DUCKDB_PENDING_ERROR) return kEngineFailed;
    if (duckdb_pending_execution_is_finished(state)) break;
    if (stop != nullptr && stop->load(std::memory_order_relaxed)) {
      return Error{ErrorCode::unavailable, "engine_stopped"};
    }
  }
  QueryResult result;
  if (duckdb_execute_pending(pending.get(), result.out()) != DuckDBSuccess) return kEngineFailed;
  for (;;) {
    const Chunk chunk(duckdb_fetch_chunk(*result.out()));
    if (chunk.get() == nullptr) return {};
    GBX_TRY(take(chunk.get()));
  }
}

std::string_view text_at(duckdb_vector vector, idx_t row) {
  auto* texts = static_cast<duckdb_string_t*>(duckdb_vector_get_data(vector));
  return {duckdb_string_t_data(&texts[row]), duckdb_string_t_length(texts[row])};
}

}  // namespace gbx::engine
