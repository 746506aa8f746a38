#pragma once

// DuckDB in memory, locked down, through its C API: the one place (with the worker) that meets it.
//
// DuckDB is not a sandbox: SQL given to it must be ours (rendered from a bound task), values are
// the owners'. It is opened without files, extensions, temporary storage and settings that can
// change. What it says about errors can carry values and is thrown away: every failure is one
// constant, unavailable "engine_failed".

#include <duckdb.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "trusted/base/result.h"

namespace gbx::engine {

struct DatabaseOptions {
  std::uint32_t threads = 1;
  std::uint64_t memory_bytes = std::uint64_t{1} << 30;  // string heaps are not counted by DuckDB
  std::uint32_t expression_depth = 1000;
};

constexpr Error kEngineFailed{ErrorCode::unavailable, "engine_failed"};

// A locked database with one connection. One thread at a time.
class Database {
 public:
  static Result<std::unique_ptr<Database>> open(const DatabaseOptions& options);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  Database(Database&&) = delete;
  Database& operator=(Database&&) = delete;

  Status execute(const std::string& sql);
  // Runs `sql` and hands on its chunks. Gives up soon after *stop becomes true; `stop` may be null.
  Status query(const std::string& sql, const std::atomic<bool>* stop,
               const std::function<Status(duckdb_data_chunk)>& take);
  [[nodiscard]] duckdb_connection connection() const { return connection_; }

 private:
  Database() = default;
  Status lock_down(const DatabaseOptions& options);
  duckdb_database database_ = nullptr;
  duckdb_connection connection_ = nullptr;
};

// Owners of what the C API hands out.
template <typename T, void (*Destroy)(T*)>
class Handle {
 public:
  Handle() = default;
  explicit Handle(T value) : value_(value) {}
  ~Handle() {
    if (value_ != nullptr) Destroy(&value_);
  }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  Handle(Handle&& other) noexcept : value_(other.value_) { other.value_ = nullptr; }
  Handle& operator=(Handle&&) = delete;
  [[nodiscard]] T get() const { return value_; }
  T* out() { return &value_; }

 private:
  T value_ = nullptr;
};
using Chunk = Handle<duckdb_data_chunk, duckdb_destroy_data_chunk>;
using LogicalType = Handle<duckdb_logical_type, duckdb_destroy_logical_type>;
using Prepared = Handle<duckdb_prepared_statement, duckdb_destroy_prepare>;
using Pending = Handle<duckdb_pending_result, duckdb_destroy_pending>;

class QueryResult {
 public:
  QueryResult() = default;
  ~QueryResult() { duckdb_destroy_result(&result_); }
  QueryResult(const QueryResult&) = delete;
  QueryResult& operator=(const QueryResult&) = delete;
  QueryResult(QueryResult&&) = delete;
  QueryResult& operator=(QueryResult&&) = delete;
  duckdb_result* out() { return &result_; }

 private:
  duckdb_result result_ = {};
};

// The bytes of row `row` of a VARCHAR vector; until its chunk goes.
std::string_view text_at(duckdb_vector vector, idx_t row);

}  // namespace gbx::engine
