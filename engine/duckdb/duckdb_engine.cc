#include "engine/duckdb/duckdb_engine.h"

#include <algorithm>

#include "engine/duckdb/load.h"
#include "trusted/crypto/hash.h"
#include "trusted/sql/render.h"

namespace gbx::engine {
namespace {

using Key = std::vector<Cell>;

// One column of a chunk.
class ColumnView {
 public:
  ColumnView(duckdb_data_chunk chunk, idx_t column)
      : vector_(duckdb_data_chunk_get_vector(chunk, column)),
        validity_(duckdb_vector_get_validity(vector_)) {}

  [[nodiscard]] Cell cell(idx_t row, bool text) const {
    if (validity_ != nullptr && !duckdb_validity_row_is_valid(validity_, row)) return {};
    if (text) return std::string(text_at(vector_, row));
    return number(row);
  }
  [[nodiscard]] std::int64_t number(idx_t row) const {
    return static_cast<const std::int64_t*>(duckdb_vector_get_data(vector_))[row];
  }
  [[nodiscard]] Int128 huge(idx_t row) const {
    const auto& value = static_cast<const duckdb_hugeint*>(duckdb_vector_get_data(vector_))[row];
    return (Int128{value.upper} << 64) | Int128{value.lower};
  }

 private:
  duckdb_vector vector_;
  std::uint64_t* validity_;
};

class Run {
 public:
  Run(Database& database, const sql::Task& task, const std::atomic<bool>* stop)
      : database_(database), task_(task), stop_(stop) {
    for (const sql::Expression& group : task.groups) {
      text_.push_back(group.type.type == Type::text);
    }
  }

  Result<std::vector<sql::GroupRow>> ungrouped() { return rows(sql::render_ungrouped(task_)); }

  Result<std::vector<sql::GroupRow>> grouped() {
    const auto ignore = [](duckdb_data_chunk) { return Status{}; };
    GBX_TRY(
        database_.query("CREATE TABLE partials AS " + sql::render_partials(task_), stop_, ignore));
    GBX_TRY(make_keys());
    return rows(sql::render_groups(task_));
  }

 private:
  Key key_of(duckdb_data_chunk chunk, idx_t row) const {
    Key key;
    for (std::size_t g = 0; g < text_.size(); g++) {
      key.push_back(ColumnView(chunk, g).cell(row, text_[g]));
    }
    return key;
  }

  // The table `keys`: what SQL cannot compute about each group.
  Status make_keys() {
    std::vector<std::pair<Bytes, Key>> keys;
    GBX_TRY(database_.query(sql::render_keys(task_), stop_, [&](duckdb_data_chunk chunk) -> Status {
      const idx_t size = duckdb_data_chunk_get_size(chunk);
      if (keys.size() + size > task_.groups_max) {
        return Error{ErrorCode::unavailable, "too_many_groups"};
      }
      for (idx_t row = 0; row < size; row++) {
        Key key = key_of(chunk, row);
        Bytes encoded = sql::encode_group_key(key);
        keys.emplace_back(std::move(encoded), std::move(key));
      }
      return {};
    }));
    std::sort(keys.begin(), keys.end());
    std::string columns;
    std::vector<duckdb_type> types;
    for (std::size_t g = 0; g < text_.size(); g++) {
      columns += "g" + std::to_string(g) + (text_[g] ? " VARCHAR, " : " BIGINT, ");
      types.push_back(text_[g] ? DUCKDB_TYPE_VARCHAR : DUCKDB_TYPE_BIGINT);
    }
    types.insert(types.end(), {DUCKDB_TYPE_INTEGER, DUCKDB_TYPE_BIGINT});
    GBX_TRY(database_.execute("CREATE TABLE keys (" + columns + "hg INTEGER, ord BIGINT)"));
    GBX_TRY_ASSIGN(const auto appender, RowAppender::create(database_, "keys", types));
    for (std::size_t i = 0; i < keys.size(); i++) GBX_TRY(append_key(*appender, keys[i], i));
    return appender->finish();
  }

  Status append_key(RowAppender& appender, const std::pair<Bytes, Key>& entry, std::size_t place) {
    const auto& [encoded, key] = entry;
    for (std::size_t g = 0; g < key.size(); g++) {
      if (const auto* number = std::get_if<std::int64_t>(&key[g])) {
        appender.set_number(g, *number);
      } else if (const auto* text = std::get_if<std::string>(&key[g])) {
        appender.set_text(g, *text);
      } else {
        appender.set_null(g);
      }
    }
    const Hash digest = crypto::sha256(encoded);
    const std::uint32_t word = Reader(digest).u32() & 0x7fffffff;
    appender.set_number(key.size(), word == 0x7fffffff ? 0 : word);
    appender.set_number(key.size() + 1, static_cast<std::int64_t>(place));
    return appender.next_row();
  }

  Result<std::vector<sql::GroupRow>> rows(const std::string& sql) {
    std::vector<sql::GroupRow> out;
    GBX_TRY(database_.query(sql, stop_, [&](duckdb_data_chunk chunk) {
      const idx_t size = duckdb_data_chunk_get_size(chunk);
      for (idx_t row = 0; row < size; row++) {
        sql::GroupRow group;
        group.key = key_of(chunk, row);
        group.persons = ColumnView(chunk, text_.size()).number(row);
        for (std::size_t m = 0; m < task_.measures.size(); m++) {
          group.sums.push_back(ColumnView(chunk, text_.size() + 1 + m).huge(row));
        }
        out.push_back(std::move(group));
      }
      return Status{};
    }));
    std::sort(out.begin(), out.end(),
              [](const sql::GroupRow& a, const sql::GroupRow& b) { return a.key < b.key; });
    return out;
  }

  Database& database_;
  const sql::Task& task_;
  const std::atomic<bool>* stop_;
  std::vector<bool> text_;  // by group expression
};

}  // namespace

Result<std::vector<sql::GroupRow>> run_loaded(Database& database, const sql::Task& task,
                                              const std::atomic<bool>* stop) {
  Run run(database, task, stop);
  return task.groups.empty() ? run.ungrouped() : run.grouped();
}

Result<std::vector<sql::GroupRow>> run_duckdb_in(Database& database, const sql::Task& task,
                                                 const std::vector<const snapshot::Table*>& tables,
                                                 const std::atomic<bool>* stop) noexcept {
  try {
    GBX_TRY(load_tables(database, task, tables, stop));
    return run_loaded(database, task, stop);
  } catch (...) {
    return kEngineFailed;
  }
}

Result<std::vector<sql::GroupRow>> run_duckdb(const sql::Task& task,
                                              const std::vector<const snapshot::Table*>& tables,
                                              const DuckdbOptions& options) noexcept {
  try {
    GBX_TRY_ASSIGN(const auto database, Database::open(options.database));
    return run_duckdb_in(*database, task, tables, options.stop);
  } catch (...) {
    return kEngineFailed;
  }
}

}  // namespace gbx::engine
