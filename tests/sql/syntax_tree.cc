#include "tests/sql/syntax_tree.h"

#include "trusted/base/result.h"

namespace gbx::testing {

DuckdbParser::DuckdbParser() {
  GBX_CHECK(duckdb_open(nullptr, &database_) == DuckDBSuccess);
  GBX_CHECK(duckdb_connect(database_, &connection_) == DuckDBSuccess);
  GBX_CHECK(duckdb_query(connection_, "SET threads = 1", nullptr) == DuckDBSuccess);
  GBX_CHECK(duckdb_query(connection_, "SET max_expression_depth = 100", nullptr) == DuckDBSuccess);
  GBX_CHECK(duckdb_prepare(connection_, "SELECT json_serialize_sql($1::VARCHAR)", &statement_) ==
            DuckDBSuccess);
}

DuckdbParser::~DuckdbParser() {
  duckdb_destroy_prepare(&statement_);
  duckdb_disconnect(&connection_);
  duckdb_close(&database_);
}

std::string DuckdbParser::tree(const std::string& sql) {
  std::string out = R"({"error":true})";
  duckdb_bind_varchar_length(statement_, 1, sql.data(), sql.size());
  duckdb_result result;
  if (duckdb_execute_prepared(statement_, &result) == DuckDBSuccess) {
    char* text = duckdb_value_varchar(&result, 0, 0);
    if (text != nullptr) out = text;
    duckdb_free(text);
  }
  duckdb_destroy_result(&result);
  return out;
}

}  // namespace gbx::testing
