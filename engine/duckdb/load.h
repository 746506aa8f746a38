#pragma once

// Tables of a task as DuckDB tables t0, t1, ... with the columns that engine/duckdb/render.h names.

#include <memory>
#include <vector>

#include "engine/duckdb/database.h"
#include "trusted/snapshot/table.h"
#include "trusted/sql/task.h"

namespace gbx::engine {

// Appends rows to a table, a column at a time. Fails with kEngineFailed.
class RowAppender {
 public:
  // Columns are BIGINT, INTEGER or VARCHAR.
  static Result<std::unique_ptr<RowAppender>> create(Database& database, const std::string& table,
                                                     const std::vector<duckdb_type>& columns);
  ~RowAppender();
  RowAppender(const RowAppender&) = delete;
  RowAppender& operator=(const RowAppender&) = delete;
  RowAppender(RowAppender&&) = delete;
  RowAppender& operator=(RowAppender&&) = delete;

  // Sets a column of the row that next_row() will end. A column that is not set is NULL.
  void set_number(std::size_t column, std::int64_t value);
  void set_text(std::size_t column, std::string_view value);
  void set_null(std::size_t column);
  Status next_row();
  Status finish();

 private:
  explicit RowAppender(std::vector<duckdb_type> columns) : types_(std::move(columns)) {}
  Status flush_chunk();
  void point_at_chunk();

  std::vector<duckdb_type> types_;
  duckdb_appender appender_ = nullptr;
  duckdb_data_chunk chunk_ = nullptr;
  std::vector<void*> data_;  // of the chunk, by column
  idx_t row_ = 0;
};

// Creates and fills t0, t1, ... with the columns that `task` reads. Persons get ascending numbers:
// equal tokens one number, over all tables. Fails as read_block does, with kEngineFailed, or with
// unavailable ("engine_stopped").
Status load_tables(Database& database, const sql::Task& task,
                   const std::vector<const snapshot::Table*>& tables,
                   const std::atomic<bool>* stop);

}  // namespace gbx::engine
