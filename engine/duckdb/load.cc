#include "engine/duckdb/load.h"

#include <algorithm>
#include <numeric>
#include <set>

namespace gbx::engine {
namespace {

using ColumnSet = std::set<std::size_t>;

// By what `sources` says the expression's relations are; steps are beyond the tables.
void collect_columns(const sql::Expression& e, const std::vector<std::uint32_t>& sources,
                     std::vector<ColumnSet>& out) {
  if (e.op == sql::Op::column && e.relation < sources.size()) {
    const std::uint32_t source = sources[e.relation];
    if (source < out.size()) out[source].insert(e.column);
  }
  for (const sql::Expression& child : e.children) collect_columns(child, sources, out);
}

// Windows and appends read no tables.
void collect_columns(const sql::Step& step, std::vector<ColumnSet>& out) {
  std::vector<std::uint32_t> sources;
  for (const sql::Input& input : step.inputs) {
    sources.push_back(input.source);
    if (input.has_condition) collect_columns(input.condition, sources, out);
  }
  if (step.has_filter) collect_columns(step.filter, sources, out);
  for (const sql::Expression& column : step.columns) collect_columns(column, sources, out);
  for (const sql::RowAggregate& value : step.aggregates) {
    if (sql::has_argument(value.function)) collect_columns(value.argument, sources, out);
  }
}

std::vector<ColumnSet> columns_of(const sql::Task& task) {
  std::vector<ColumnSet> out(task.tables.size());
  for (const sql::Step& step : task.steps) collect_columns(step, out);
  if (!task.steps.empty()) return out;
  std::vector<std::uint32_t> sources(task.tables.size());
  std::iota(sources.begin(), sources.end(), 0U);
  if (task.has_filter) collect_columns(task.filter, sources, out);
  for (const sql::Expression& group : task.groups) collect_columns(group, sources, out);
  for (const sql::Measure& measure : task.measures) {
    if (sql::has_argument(measure.kind)) collect_columns(measure.argument, sources, out);
  }
  return out;
}

std::int64_t person_hash(const Token& token) {
  const std::uint32_t word = Reader(token).u32() & 0x7fffffff;
  return word == 0x7fffffff ? 0 : word;
}

// Reads one table in order and appends its rows.
class Feed {
 public:
  static Result<Feed> create(Database& database, const std::string& name,
                             const snapshot::Table& table, const ColumnSet& columns) {
    Feed out(table, columns);
    std::string sql = "CREATE TABLE " + name + " (p BIGINT, h INTEGER";
    std::vector<duckdb_type> types = {DUCKDB_TYPE_BIGINT, DUCKDB_TYPE_INTEGER};
    for (std::size_t column : out.wanted_) {
      if (column >= table.columns().size()) {
        return Error{ErrorCode::invalid_argument, "task_misfit"};
      }
      const bool text = table.columns()[column].type.type == Type::text;
      sql += ", c" + std::to_string(column) + (text ? " VARCHAR" : " BIGINT");
      types.push_back(text ? DUCKDB_TYPE_VARCHAR : DUCKDB_TYPE_BIGINT);
    }
    GBX_TRY(database.execute(sql + ")"));
    GBX_TRY_ASSIGN(out.appender_, RowAppender::create(database, name, types));
    return out;
  }

  // Makes sure that there is a current person; false at the end.
  Result<bool> ready() {
    while (position_ >= block_.persons.size()) {
      if (next_ >= table_->block_count()) return false;
      GBX_TRY(table_->read_block(next_++, wanted_, block_));
      for (const std::size_t column : wanted_) snapshot::unpack(block_.columns[column]);
      position_ = 0;
    }
    return true;
  }
  [[nodiscard]] const Token& person() const { return block_.persons[position_]; }

  // Appends the rows of the current person in this block, and goes on.
  Status append(std::int64_t number) {
    const std::int64_t hash = person_hash(person());
    for (std::uint32_t row = block_.row_begin[position_]; row < block_.row_begin[position_ + 1];
         row++) {
      appender_->set_number(0, number);
      appender_->set_number(1, hash);
      for (std::size_t c = 0; c < wanted_.size(); c++) append_cell(wanted_[c], c + 2, row);
      GBX_TRY(appender_->next_row());
    }
    position_++;
    return {};
  }

  Status finish() { return appender_->finish(); }

 private:
  Feed(const snapshot::Table& table, const ColumnSet& columns)
      : table_(&table), wanted_(columns.begin(), columns.end()) {}

  void append_cell(std::size_t column, std::size_t place, std::size_t row) {
    const snapshot::ColumnData& data = block_.columns[column];
    const bool valid = data.valid.empty() || data.valid[row] != 0;
    if (!valid) {
      appender_->set_null(place);
    } else if (table_->columns()[column].type.type == Type::text) {
      appender_->set_text(place,
                          table_->dictionary(column)[static_cast<std::size_t>(data.values[row])]);
    } else {
      appender_->set_number(place, data.values[row]);
    }
  }

  const snapshot::Table* table_;
  std::vector<std::size_t> wanted_;
  std::unique_ptr<RowAppender> appender_;
  snapshot::Block block_;
  std::size_t next_ = 0;
  std::size_t position_ = 0;
};

}  // namespace

Result<std::unique_ptr<RowAppender>> RowAppender::create(Database& database,
                                                         const std::string& table,
                                                         const std::vector<duckdb_type>& columns) {
  std::unique_ptr<RowAppender> out(new RowAppender(columns));
  if (duckdb_appender_create(database.connection(), nullptr, table.c_str(), &out->appender_) !=
      DuckDBSuccess) {
    return kEngineFailed;
  }
  std::vector<LogicalType> owned;
  std::vector<duckdb_logical_type> types;
  for (duckdb_type type : columns) {
    owned.emplace_back(duckdb_create_logical_type(type));
    types.push_back(owned.back().get());
  }
  out->chunk_ = duckdb_create_data_chunk(types.data(), types.size());
  if (out->chunk_ == nullptr) return kEngineFailed;
  out->point_at_chunk();
  return out;
}

RowAppender::~RowAppender() {
  if (chunk_ != nullptr) duckdb_destroy_data_chunk(&chunk_);
  if (appender_ != nullptr) duckdb_appender_destroy(&appender_);
}

void RowAppender::point_at_chunk() {
  data_.clear();
  for (std::size_t i = 0; i < types_.size(); i++) {
    data_.push_back(duckdb_vector_get_data(duckdb_data_chunk_get_vector(chunk_, i)));
  }
}

void RowAppender::set_number(std::size_t column, std::int64_t value) {
  if (types_[column] == DUCKDB_TYPE_INTEGER) {
    static_cast<std::int32_t*>(data_[column])[row_] = static_cast<std::int32_t>(value);
  } else {
    static_cast<std::int64_t*>(data_[column])[row_] = value;
  }
}

void RowAppender::set_text(std::size_t column, std::string_view value) {
  duckdb_vector_assign_string_element_len(duckdb_data_chunk_get_vector(chunk_, column), row_,
                                          value.data(), value.size());
}

void RowAppender::set_null(std::size_t column) {
  duckdb_vector vector = duckdb_data_chunk_get_vector(chunk_, column);
  duckdb_vector_ensure_validity_writable(vector);
  duckdb_validity_set_row_invalid(duckdb_vector_get_validity(vector), row_);
}

Status RowAppender::next_row() {
  row_++;
  return row_ == duckdb_vector_size() ? flush_chunk() : Status{};
}

Status RowAppender::flush_chunk() {
  duckdb_data_chunk_set_size(chunk_, row_);
  if (duckdb_append_data_chunk(appender_, chunk_) != DuckDBSuccess) return kEngineFailed;
  duckdb_data_chunk_reset(chunk_);
  point_at_chunk();
  row_ = 0;
  return {};
}

Status RowAppender::finish() {
  if (row_ > 0) GBX_TRY(flush_chunk());
  if (duckdb_appender_close(appender_) != DuckDBSuccess) return kEngineFailed;
  return {};
}

Status load_tables(Database& database, const sql::Task& task,
                   const std::vector<const snapshot::Table*>& tables,
                   const std::atomic<bool>* stop) {
  if (task.tables.size() != tables.size() || tables.empty()) {
    return Error{ErrorCode::invalid_argument, "task_misfit"};
  }
  const std::vector<ColumnSet> columns = columns_of(task);
  std::vector<Feed> feeds;
  for (std::size_t r = 0; r < tables.size(); r++) {
    GBX_TRY_ASSIGN(Feed feed,
                   Feed::create(database, "t" + std::to_string(r), *tables[r], columns[r]));
    feeds.push_back(std::move(feed));
  }
  std::vector<Feed*> open;
  for (std::int64_t number = 0;; number++) {
    const Token* least = nullptr;
    for (Feed& feed : feeds) {
      GBX_TRY_ASSIGN(const bool more, feed.ready());
      if (more && (least == nullptr || feed.person() < *least)) least = &feed.person();
    }
    if (least == nullptr) break;
    const Token person = *least;
    for (Feed& feed : feeds) {
      // More than once when the person goes on in the next block.
      for (;;) {
        GBX_TRY_ASSIGN(const bool more, feed.ready());
        if (!more || feed.person() != person) break;
        GBX_TRY(feed.append(number));
      }
    }
    if (stop != nullptr && stop->load(std::memory_order_relaxed)) {
      return Error{ErrorCode::unavailable, "engine_stopped"};
    }
  }
  for (Feed& feed : feeds) GBX_TRY(feed.finish());
  return {};
}

}  // namespace gbx::engine
