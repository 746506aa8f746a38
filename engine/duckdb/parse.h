#pragma once

#include <string>
#include <string_view>

#include "engine/duckdb/database.h"

namespace gbx::engine {

// DuckDB's syntax tree of `sql` as JSON text; for what it cannot parse, the JSON object in which it
// says so ("error": true), for trusted/sql to refuse. The text is hostile: the database must hold
// no data, and the process must be one that can be thrown away. Fails with unavailable
// ("engine_failed").
Result<std::string> parse_sql(Database& database, std::string_view sql);

}  // namespace gbx::engine
