#include "tests/sql/small_tables.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "engine/testing/reference.h"

namespace gbx::testing {
namespace {

using engine::MemoryRow;
using engine::MemoryTable;

Cell random_cell(const policy::Column& column, int row, std::mt19937_64& random) {
  const auto below = [&](std::int64_t n) {
    return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(n));
  };
  if (column.nullable && below(4) == 0) return {};
  switch (column.type.type) {
    case Type::boolean: return below(2);
    case Type::text: {
      constexpr const char* kTexts[] = {"a", "b", "tv", "x", "A", "none"};
      if (!column.domain.empty()) {
        return column.domain[static_cast<std::size_t>(
            below(static_cast<std::int64_t>(column.domain.size())))];
      }
      return std::string(kTexts[below(6)]);
    }
    // Different for each row of a person: what windows order by.
    case Type::date: return column.low + std::int64_t{20} * row + below(20);
    case Type::timestamp: return (20'000 + row) * std::int64_t{86'400'000'000} + below(1000);
    case Type::integer:
    case Type::decimal: return std::clamp(below(12), column.low, std::max(column.high, column.low));
  }
  return {};
}

std::unique_ptr<MemoryTable> random_table(const policy::Table& table, int rows_max,
                                          std::mt19937_64& random) {
  std::vector<snapshot::ColumnInfo> columns;
  for (const policy::Column& column : table.columns) {
    if (column.name != table.person) columns.push_back({column.name, column.type, column.nullable});
  }
  std::vector<MemoryRow> rows;
  for (int person = 0; person < kPersons; person++) {
    if (random() % 3 == 0) continue;
    const int count = 1 + static_cast<int>(random() % static_cast<unsigned>(rows_max));
    for (int row = 0; row < count; row++) {
      MemoryRow next;
      next.person[0] = static_cast<std::uint8_t>(person);
      for (const policy::Column& column : table.columns) {
        if (column.name != table.person) next.cells.push_back(random_cell(column, row, random));
      }
      rows.push_back(std::move(next));
    }
  }
  return std::make_unique<MemoryTable>(std::move(columns), std::move(rows), 4);
}

std::string sql_type(ValueType type) {
  switch (type.type) {
    case Type::boolean: return "BOOLEAN";
    case Type::integer: return "BIGINT";
    case Type::decimal: return "DECIMAL(18," + std::to_string(type.scale) + ")";
    case Type::date: return "DATE";
    case Type::timestamp: return "TIMESTAMP";
    case Type::text: return "VARCHAR";
  }
  return "";
}

std::string literal(const Cell& cell, ValueType type) {
  if (const auto* text = std::get_if<std::string>(&cell)) return "'" + *text + "'";
  const auto* number = std::get_if<std::int64_t>(&cell);
  if (number == nullptr) return "NULL";
  return "CAST('" + format_value(*number, type) + "' AS " + sql_type(type) + ")";
}

// All rows but those of one person.
std::unique_ptr<MemoryTable> without(const MemoryTable& table, const Token& person) {
  std::vector<MemoryRow> rows;
  for (const MemoryRow& row : table.rows()) {
    if (row.person != person) rows.push_back(row);
  }
  return std::make_unique<MemoryTable>(table.columns(), std::move(rows), 4);
}

// One released number before noise: a statistic of a group, or a node of its tree.
struct Counter {
  std::vector<Cell> key;
  std::size_t statistic = 0;
  std::uint32_t level = 0;  // from the leaves; 0 where there is no histogram
  std::uint32_t node = 0;
  friend auto operator<=>(const Counter&, const Counter&) = default;
};
using Counters = std::map<Counter, Int128>;

void add_tree(const sql::GroupRow& group, std::size_t statistic, std::uint32_t levels,
              const Histogram& histogram, Counters& out) {
  for (std::uint32_t level = 0; level < levels; level++) {
    for (const Bin& bin : histogram) {
      out[{group.key, statistic, level + 1, bin.bin >> (4 * level)}] += bin.count;
    }
  }
}

Counters counters_of(const firewall::CheckedQuery& query,
                     const std::vector<const MemoryTable*>& tables) {
  const auto groups = engine::run_reference(query.task(), tables);
  GBX_CHECK(groups.has_value());
  Counters out;
  for (const sql::GroupRow& group : *groups) {
    out[{group.key, 0, 0, 0}] = group.persons;
    std::size_t histogram = 0;
    for (std::size_t m = 0; m < group.sums.size(); m++) {
      if (sql::has_bins(query.task().measures[m].kind)) {
        add_tree(group, m + 1, query.plan().statistics[m + 1].levels, group.histograms[histogram++],
                 out);
      } else {
        out[{group.key, m + 1, 0, 0}] = group.sums[m];
      }
    }
  }
  return out;
}

Int128 in_units(Int128 change, Int128 unit) { return (change + unit - 1) / unit; }

// Raises `out` to what differs between two answers.
void compare(const Counters& a, const Counters& b, const privacy::Plan& plan, Moves& out) {
  std::map<std::pair<std::size_t, std::uint32_t>, Int128> change;  // by statistic and level
  std::map<std::size_t, Int128> squares;
  std::set<std::vector<Cell>> groups;
  const auto differ = [&](const Counter& at, Int128 by) {
    if (by == 0) return;
    change[{at.statistic, at.level}] += by < 0 ? -by : by;
    squares[at.statistic] += by * by;
    groups.insert(at.key);
  };
  for (const auto& [at, value] : a) differ(at, value - (b.contains(at) ? b.find(at)->second : 0));
  for (const auto& [at, value] : b) {
    if (!a.contains(at)) differ(at, value);
  }
  out.groups = std::max(out.groups, static_cast<Int128>(groups.size()));
  for (const auto& [at, by] : change) {
    out.most = std::max(out.most, in_units(by, plan.statistics[at.first].per_group));
  }
  for (const auto& [statistic, by] : squares) {
    const privacy::Statistic& s = plan.statistics[statistic];
    out.squares = std::max(out.squares, in_units(by, Int128{s.per_group} * s.per_group * s.levels));
  }
}

}  // namespace

Tables random_tables(const policy::Policy& policy, int rows_max, std::mt19937_64& random) {
  Tables out;
  for (const policy::Table& table : policy.tables) {
    out[table.name] = random_table(table, rows_max, random);
  }
  return out;
}

std::vector<const MemoryTable*> tables_of(const sql::Task& task, const Tables& tables) {
  std::vector<const MemoryTable*> out;
  for (const std::string& name : task.tables) out.push_back(tables.find(name)->second.get());
  return out;
}

SmallDuckdb::SmallDuckdb() {
  GBX_CHECK(duckdb_open(nullptr, &database_) == DuckDBSuccess);
  GBX_CHECK(duckdb_connect(database_, &connection_) == DuckDBSuccess);
  run("SET threads = 1");
  run("CREATE MACRO clamp(x, a, b) AS CASE WHEN x < a THEN a WHEN x > b THEN b ELSE x END");
  run("CREATE MACRO iff(c, a, b) AS CASE WHEN c THEN a ELSE b END");
  run("CREATE MACRO nvl2(x, a, b) AS CASE WHEN x IS NOT NULL THEN a ELSE b END");
  run("CREATE MACRO zeroifnull(x) AS coalesce(x, 0)");
  run("CREATE MACRO nullifzero(x) AS nullif(x, 0)");
  run("CREATE MACRO square(x) AS x * x");
  run("CREATE MACRO width_bucket(x, a, b, n) AS CASE WHEN x < a THEN 0 WHEN x >= b THEN n + 1 "
      "WHEN x IS NOT NULL THEN CAST(floor((x - a) * n / (b - a)) AS BIGINT) + 1 END");
}

SmallDuckdb::~SmallDuckdb() {
  duckdb_disconnect(&connection_);
  duckdb_close(&database_);
}

void SmallDuckdb::load(const policy::Policy& policy, const Tables& tables) {
  for (const policy::Table& table : policy.tables) {
    load_table(table, *tables.find(table.name)->second);
  }
}

void SmallDuckdb::load_table(const policy::Table& table, const MemoryTable& data) {
  std::string names = table.person + " VARCHAR";
  for (const auto& column : data.columns())
    names += ", " + column.name + " " + sql_type(column.type);
  run("CREATE TABLE " + table.name + " (" + names + ")");
  run("CREATE SCHEMA IF NOT EXISTS " + table.owner);
  run("CREATE VIEW " + table.owner + "." + table.name + " AS SELECT * FROM main." + table.name);
  std::string rows;
  for (const MemoryRow& row : data.rows()) {
    rows += (rows.empty() ? "('p" : ", ('p") + std::to_string(row.person[0]) + "'";
    for (std::size_t c = 0; c < row.cells.size(); c++) {
      rows += ", " + literal(row.cells[c], data.columns()[c].type);
    }
    rows += ")";
  }
  if (!rows.empty()) run("INSERT INTO " + table.name + " VALUES " + rows);
}

std::optional<Rows> SmallDuckdb::run_if_it_can(const std::string& sql) {
  duckdb_result result;
  const bool done = duckdb_query(connection_, sql.c_str(), &result) == DuckDBSuccess;
  const char* error = done ? nullptr : duckdb_result_error(&result);
  const std::string why = error == nullptr ? "" : error;
  const bool cannot = why.starts_with("Not implemented Error");
  EXPECT_TRUE(done || cannot) << sql << "\n" << why;
  Rows out;
  for (idx_t r = 0; done && r < duckdb_row_count(&result); r++) {
    std::vector<std::string>& row = out.emplace_back();
    for (idx_t c = 0; c < duckdb_column_count(&result); c++) {
      char* text = duckdb_value_varchar(&result, c, r);
      row.emplace_back(text == nullptr ? "NULL" : text);
      duckdb_free(text);
    }
  }
  duckdb_destroy_result(&result);
  if (cannot) return std::nullopt;
  return out;
}

Rows SmallDuckdb::run(const std::string& sql) {
  const std::optional<Rows> out = run_if_it_can(sql);
  EXPECT_TRUE(out) << sql << "\nis not implemented";
  return out.value_or(Rows());
}

Moves moves_of(const firewall::CheckedQuery& query, const Tables& tables, int leavers) {
  Moves out;
  out.allowed = query.plan().groups_changed();
  const std::vector<const MemoryTable*> used = tables_of(query.task(), tables);
  const Counters before = counters_of(query, used);
  for (int person = 0; person < leavers; person++) {
    Token token{};
    token[0] = static_cast<std::uint8_t>(person);
    for (std::size_t leaves = 0; leaves <= used.size(); leaves++) {
      std::vector<std::unique_ptr<MemoryTable>> fewer;
      std::vector<const MemoryTable*> left = used;
      for (std::size_t i = 0; i < used.size(); i++) {
        if (leaves < used.size() && leaves != i) continue;
        fewer.push_back(without(*used[i], token));
        left[i] = fewer.back().get();
      }
      compare(before, counters_of(query, left), query.plan(), out);
    }
  }
  return out;
}

}  // namespace gbx::testing
