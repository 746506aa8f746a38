#include "engine/duckdb/duckdb_engine.h"

#include <algorithm>

#include "engine/duckdb/load.h"
#include "engine/duckdb/render.h"
#include "engine/listing.h"
#include "engine/rank.h"

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

  Result<std::vector<sql::GroupRow>> run() {
    for (std::size_t i = 0; i < task_.steps.size(); i++) GBX_TRY(make_step(i));
    std::vector<sql::GroupRow> out;
    if (task_.groups.empty()) {
      GBX_TRY_ASSIGN(out, rows(render_ungrouped(task_)));
    } else {
      GBX_TRY(run_each("CREATE TABLE partials AS " + render_partials(task_)));
      GBX_TRY_ASSIGN(const std::vector<Key> keys,
                     distinct(render_keys(task_), text_, task_.groups_max));
      GBX_TRY(make_ranks("keys", "g", text_, keys));
      GBX_TRY_ASSIGN(out, rows(render_groups(task_)));
    }
    for (std::size_t m = 0; m < task_.measures.size(); m++) {
      if (sql::keeps_values(task_.measures[m].kind)) GBX_TRY(count_values(m, out));
    }
    return out;
  }

 private:
  Status run_each(const std::string& sql) {
    return database_.query(sql, stop_, [](duckdb_data_chunk) { return Status{}; });
  }

  // The rows of a step as a table; those that nobody reads any more go.
  Status make_step(std::size_t index) {
    for (const std::string& sql : render_step(task_, index)) GBX_TRY(run_each(sql));
    std::int64_t most = 0;
    GBX_TRY(database_.query(render_person_rows(index), stop_, [&](duckdb_data_chunk chunk) {
      if (duckdb_data_chunk_get_size(chunk) > 0) most = ColumnView(chunk, 0).number(0);
      return Status{};
    }));
    if (most > sql::kPersonRowsMax) return Error{ErrorCode::unavailable, "too_many_rows"};
    for (const std::string& sql : render_drops(task_, index)) GBX_TRY(run_each(sql));
    return {};
  }

  static Key key_of(duckdb_data_chunk chunk, idx_t row, const std::vector<bool>& text) {
    Key key;
    for (std::size_t g = 0; g < text.size(); g++) {
      key.push_back(ColumnView(chunk, g).cell(row, text[g]));
    }
    return key;
  }

  // All rows of a statement that yields keys; more than `most` are too many groups.
  Result<std::vector<Key>> distinct(const std::string& sql, const std::vector<bool>& text,
                                    std::size_t most) {
    std::vector<Key> out;
    GBX_TRY(database_.query(sql, stop_, [&](duckdb_data_chunk chunk) -> Status {
      const idx_t size = duckdb_data_chunk_get_size(chunk);
      if (size > most - out.size()) return Error{ErrorCode::unavailable, "too_many_groups"};
      for (idx_t row = 0; row < size; row++) out.push_back(key_of(chunk, row, text));
      return {};
    }));
    return out;
  }

  // The table `name`: what SQL cannot compute about each key, whose cells are g0, g1, ... or v.
  Status make_ranks(const std::string& name, const std::string& cell, const std::vector<bool>& text,
                    const std::vector<Key>& keys) {
    std::vector<std::pair<Bytes, const Key*>> sorted;
    sorted.reserve(keys.size());
    for (const Key& key : keys) sorted.emplace_back(sql::encode_group_key(key), &key);
    std::sort(sorted.begin(), sorted.end());
    std::string columns;
    std::vector<duckdb_type> types;
    for (std::size_t g = 0; g < text.size(); g++) {
      columns +=
          (cell == "v" ? cell : cell + std::to_string(g)) + (text[g] ? " VARCHAR, " : " BIGINT, ");
      types.push_back(text[g] ? DUCKDB_TYPE_VARCHAR : DUCKDB_TYPE_BIGINT);
    }
    types.insert(types.end(), {DUCKDB_TYPE_INTEGER, DUCKDB_TYPE_BIGINT});
    GBX_TRY(database_.execute("CREATE TABLE " + name + " (" + columns + "h" + cell +
                              " INTEGER, ord BIGINT)"));
    GBX_TRY_ASSIGN(const auto appender, RowAppender::create(database_, name, types));
    for (std::size_t i = 0; i < sorted.size(); i++) GBX_TRY(append_key(*appender, sorted[i], i));
    return appender->finish();
  }

  static Status append_key(RowAppender& appender, const std::pair<Bytes, const Key*>& entry,
                           std::size_t place) {
    const Key& key = *entry.second;
    for (std::size_t g = 0; g < key.size(); g++) {
      if (const auto* number = std::get_if<std::int64_t>(&key[g])) {
        appender.set_number(g, *number);
      } else if (const auto* text = std::get_if<std::string>(&key[g])) {
        appender.set_text(g, *text);
      } else {
        appender.set_null(g);
      }
    }
    appender.set_number(key.size(), encoded_key_hash(entry.first));
    appender.set_number(key.size() + 1, static_cast<std::int64_t>(place));
    return appender.next_row();
  }

  // Fills in what persons keep of a measure's values; `out` is ascending by key.
  Status count_values(std::size_t measure, std::vector<sql::GroupRow>& out) {
    const std::string number = std::to_string(measure);
    const bool histogram = sql::has_bins(task_.measures[measure].kind);
    GBX_TRY(run_each("CREATE TABLE values" + number + " AS " + render_values(task_, measure)));
    const std::vector<bool> text = {!histogram &&
                                    task_.measures[measure].argument.type.type == Type::text};
    GBX_TRY_ASSIGN(const std::vector<Key> values,
                   distinct(render_value_keys(measure), text, SIZE_MAX));
    GBX_TRY(make_ranks("ranks" + number, "v", text, values));
    if (histogram) {
      for (sql::GroupRow& row : out) row.histograms.emplace_back();
    }
    const auto take = [&](duckdb_data_chunk chunk) {
      const idx_t size = duckdb_data_chunk_get_size(chunk);
      for (idx_t row = 0; row < size; row++) {
        const Key key = key_of(chunk, row, text_);
        const auto found =
            std::lower_bound(out.begin(), out.end(), key,
                             [](const sql::GroupRow& a, const Key& b) { return a.key < b; });
        if (found == out.end() || found->key != key) return Status(kEngineFailed);
        const std::int64_t count =
            ColumnView(chunk, text_.size() + (histogram ? 1 : 0)).number(row);
        found->sums[measure] += count;
        if (!histogram) continue;
        const std::int64_t bin = ColumnView(chunk, text_.size()).number(row);
        found->histograms.back().push_back({static_cast<std::uint32_t>(bin), count});
      }
      return Status{};
    };
    GBX_TRY(database_.query(render_chosen(task_, measure), stop_, take));
    if (!histogram) return {};
    for (sql::GroupRow& row : out) {
      std::sort(row.histograms.back().begin(), row.histograms.back().end(),
                [](const Bin& a, const Bin& b) { return a.bin < b.bin; });
    }
    return {};
  }

  Result<std::vector<sql::GroupRow>> rows(const std::string& sql) {
    std::vector<sql::GroupRow> out;
    GBX_TRY(database_.query(sql, stop_, [&](duckdb_data_chunk chunk) {
      const idx_t size = duckdb_data_chunk_get_size(chunk);
      for (idx_t row = 0; row < size; row++) {
        sql::GroupRow group;
        group.key = key_of(chunk, row, text_);
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
  return Run(database, task, stop).run();
}

Result<std::vector<sql::GroupRow>> run_duckdb_in(Database& database, const sql::Task& task,
                                                 const std::vector<const snapshot::Table*>& tables,
                                                 const std::atomic<bool>* stop) noexcept {
  try {
    if (task.lists && !task.steps.empty()) {
      return Error{ErrorCode::invalid_argument, "task_misfit"};
    }
    const Listing listing(task, tables);
    GBX_TRY(load_tables(database, listing.task(), listing.tables(), stop));
    return run_loaded(database, listing.task(), stop);
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
