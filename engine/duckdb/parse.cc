#include "engine/duckdb/parse.h"

namespace gbx::engine {

Result<std::string> parse_sql(Database& database, std::string_view sql) {
  Prepared prepared;
  QueryResult result;
  if (duckdb_prepare(database.connection(), "SELECT json_serialize_sql($1::VARCHAR)",
                     prepared.out()) != DuckDBSuccess ||
      duckdb_bind_varchar_length(prepared.get(), 1, sql.data(), sql.size()) != DuckDBSuccess ||
      duckdb_execute_prepared(prepared.get(), result.out()) != DuckDBSuccess) {
    return kEngineFailed;
  }
  const Chunk chunk(duckdb_fetch_chunk(*result.out()));
  if (chunk.get() == nullptr || duckdb_data_chunk_get_size(chunk.get()) != 1) return kEngineFailed;
  return std::string(text_at(duckdb_data_chunk_get_vector(chunk.get(), 0), 0));
}

}  // namespace gbx::engine
