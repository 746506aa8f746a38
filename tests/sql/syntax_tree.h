#pragma once

// DuckDB as the parser, as a room's worker uses it: text in, JSON tree out.

#include <string>

#include <duckdb.h>

namespace gbx::testing {

class DuckdbParser {
 public:
  DuckdbParser();
  ~DuckdbParser();
  DuckdbParser(const DuckdbParser&) = delete;
  DuckdbParser& operator=(const DuckdbParser&) = delete;

  // json_serialize_sql(sql), or what an engine that failed says: {"error":true}.
  std::string tree(const std::string& sql);

 private:
  duckdb_database database_ = nullptr;
  duckdb_connection connection_ = nullptr;
  duckdb_prepared_statement statement_ = nullptr;
};

}  // namespace gbx::testing
