// What a query means: DuckDB runs the analyst's own text over random tables, and what our parser,
// binder and normal form made of it is computed as task.h says, without noise and with bounds that
// do not bite. Both must give the same rows. Statements come from tests/sql/accept and attacks.

#include <duckdb.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <random>

#include "engine/testing/reference.h"
#include "tests/sql/rooms.h"
#include "tests/sql/syntax_tree.h"
#include "trusted/firewall/check.h"

namespace gbx::testing {
namespace {

namespace fs = std::filesystem;

using engine::MemoryRow;
using engine::MemoryTable;
using Rows = std::vector<std::vector<std::string>>;

constexpr int kPersons = 12;
constexpr int kSeeds = 3;
constexpr int kLeavers = 8;  // of these, in turn

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
    case Type::date: return column.low + 20 * row + below(20);
    case Type::timestamp: return (20'000 + row) * std::int64_t{86'400'000'000} + below(1000);
    case Type::integer:
    case Type::decimal: return std::clamp(below(12), column.low, std::max(column.high, column.low));
  }
  return {};
}

// A table of the policy with up to 5 rows of each person; a third of the persons is missing.
std::unique_ptr<MemoryTable> random_table(const policy::Table& table, std::mt19937_64& random) {
  std::vector<snapshot::ColumnInfo> columns;
  for (const policy::Column& column : table.columns) {
    if (column.name != table.person) columns.push_back({column.name, column.type, column.nullable});
  }
  std::vector<MemoryRow> rows;
  for (int person = 0; person < kPersons; person++) {
    if (random() % 3 == 0) continue;
    const int count = 1 + static_cast<int>(random() % 5);
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

class Duckdb {
 public:
  Duckdb() {
    GBX_CHECK(duckdb_open(nullptr, &database_) == DuckDBSuccess);
    GBX_CHECK(duckdb_connect(database_, &connection_) == DuckDBSuccess);
    run("CREATE MACRO clamp(x, a, b) AS CASE WHEN x < a THEN a WHEN x > b THEN b ELSE x END");
  }
  ~Duckdb() {
    duckdb_disconnect(&connection_);
    duckdb_close(&database_);
  }
  Duckdb(const Duckdb&) = delete;
  Duckdb& operator=(const Duckdb&) = delete;
  Duckdb(Duckdb&&) = delete;
  Duckdb& operator=(Duckdb&&) = delete;

  void load(const policy::Table& table, const MemoryTable& data) {
    std::string names = table.person + " VARCHAR";
    for (const auto& column : data.columns())
      names += ", " + column.name + " " + sql_type(column.type);
    run("CREATE TABLE " + table.name + " (" + names + ")");
    run("CREATE SCHEMA " + table.owner);
    run("CREATE VIEW " + table.owner + "." + table.name + " AS SELECT * FROM main." + table.name);
    for (const MemoryRow& row : data.rows()) {
      std::string values = "'p" + std::to_string(row.person[0]) + "'";
      for (std::size_t c = 0; c < row.cells.size(); c++) {
        values += ", " + literal(row.cells[c], data.columns()[c].type);
      }
      run("INSERT INTO " + table.name + " VALUES (" + values + ")");
    }
  }

  Rows run(const std::string& sql) {
    duckdb_result result;
    const bool done = duckdb_query(connection_, sql.c_str(), &result) == DuckDBSuccess;
    EXPECT_TRUE(done) << sql << "\n" << duckdb_result_error(&result);
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
    return out;
  }

 private:
  duckdb_database database_ = nullptr;
  duckdb_connection connection_ = nullptr;
};

std::string shown(const Cell& cell, ValueType type) {
  if (const auto* text = std::get_if<std::string>(&cell)) return *text;
  const auto* number = std::get_if<std::int64_t>(&cell);
  return number == nullptr ? "NULL" : format_value(*number, type);
}

// The columns of an answer, or nothing when some of them are not exact sums and counts.
std::optional<Rows> rows_of(const firewall::CheckedQuery& query,
                            const std::vector<sql::GroupRow>& groups) {
  Rows out;
  for (const sql::GroupRow& group : groups) {
    std::vector<std::string>& row = out.emplace_back();
    for (const sql::Item& item : query.items()) {
      const firewall::Output& output = query.outputs()[item.output];
      const bool sum = output.kind == firewall::OutputKind::sum;
      if (output.kind == firewall::OutputKind::group) {
        row.push_back(shown(group.key[output.index], output.type));
      } else if (output.kind == firewall::OutputKind::persons) {
        row.push_back(std::to_string(group.persons));
      } else if (sum || output.kind == firewall::OutputKind::count) {
        const auto value = static_cast<std::int64_t>(group.sums[output.index - 1]);
        row.push_back(format_value(value, sum ? output.type : ValueType{Type::integer, 0}));
      } else {
        return std::nullopt;
      }
    }
  }
  return out;
}

// A sum of nothing is 0 here and NULL there; date_trunc yields a date here and a timestamp there.
void make_alike(Rows& rows, const firewall::CheckedQuery& query) {
  for (std::vector<std::string>& row : rows) {
    for (std::size_t c = 0; c < row.size(); c++) {
      const firewall::Output& output = query.outputs()[query.items()[c].output];
      if (output.kind != firewall::OutputKind::group && row[c] == "NULL") {
        row[c] = format_value(0, output.type);
      }
      if (output.type.type == Type::date && row[c].size() > 10) row[c].resize(10);
    }
  }
  std::sort(rows.begin(), rows.end());
}

std::vector<std::string> statements() {
  std::vector<std::string> out;
  for (const char* file : {"exists", "grouping_sets", "outer_joins", "self_joins", "subqueries",
                           "unions", "windows"}) {
    std::ifstream in(fs::path(GBX_SOURCE_DIR) / "tests/sql/accept" / (std::string(file) + ".test"));
    for (std::string line; std::getline(in, line);) {
      if (line != "statement accepted") continue;
      std::string sql;
      while (std::getline(in, line) && !line.empty() && line != "----") sql += line + "\n";
      out.push_back(sql);
    }
  }
  std::sort(out.begin(), out.end());
  return out;
}

TEST(Meaning, IsWhatDuckdbMakesOfTheText) {
  const auto policy = room_called("exact");
  ASSERT_TRUE(policy);
  DuckdbParser parser;
  std::size_t compared = 0;
  std::size_t with_steps = 0;
  for (std::uint64_t seed = 0; seed < kSeeds; seed++) {
    std::mt19937_64 random(seed);
    Duckdb duckdb;
    std::map<std::string, std::unique_ptr<MemoryTable>> tables;
    for (const policy::Table& table : policy->policy().tables) {
      tables[table.name] = random_table(table, random);
      duckdb.load(table, *tables[table.name]);
    }
    for (const std::string& sql : statements()) {
      const auto query = firewall::admit(parser.tree(sql), sql, *policy, {"shopgood", 0});
      if (!query || query->post().has_having || query->post().limit) continue;
      if (query->post().offset > 0) continue;
      std::vector<const MemoryTable*> used;
      for (const std::string& table : query->task().tables) used.push_back(tables[table].get());
      const auto groups = engine::run_reference(query->task(), used);
      ASSERT_TRUE(groups) << sql << groups.error().reason.view();
      std::optional<Rows> ours = rows_of(*query, *groups);
      if (!ours) continue;
      Rows theirs = duckdb.run(sql);
      make_alike(*ours, *query);
      make_alike(theirs, *query);
      EXPECT_EQ(*ours, theirs) << "seed " << seed << "\n" << sql << query->canonical();
      compared++;
      if (!query->task().steps.empty()) with_steps++;
    }
  }
  EXPECT_GT(compared, kSeeds * 90U);
  EXPECT_GT(with_steps, kSeeds * 60U);
}

// All rows but those of one person.
std::unique_ptr<MemoryTable> without(const MemoryTable& table, const Token& person) {
  std::vector<MemoryRow> rows;
  for (const MemoryRow& row : table.rows()) {
    if (row.person != person) rows.push_back(row);
  }
  return std::make_unique<MemoryTable>(table.columns(), std::move(rows), 4);
}

// Statistics by group, persons first; distinct values and histograms left out.
using Statistics = std::map<std::vector<Cell>, std::vector<Int128>>;

Statistics statistics_of(const sql::Task& task, const std::vector<const MemoryTable*>& tables) {
  const auto groups = engine::run_reference(task, tables);
  GBX_CHECK(groups.has_value());
  Statistics out;
  for (const sql::GroupRow& group : *groups) {
    std::vector<Int128>& row = out[group.key];
    row.emplace_back(group.persons);
    for (std::size_t i = 0; i < group.sums.size(); i++) {
      row.push_back(sql::keeps_values(task.measures[i].kind) ? Int128{0} : group.sums[i]);
    }
  }
  return out;
}

// By how much each statistic differs, added over groups: L1, in units of its sensitivity; rounded
// up.
std::vector<Int128> distance(const Statistics& a, const Statistics& b, const privacy::Plan& plan) {
  const std::vector<Int128> none(plan.statistics.size(), 0);
  std::vector<Int128> out = none;
  const auto add = [&](const std::vector<Int128>& x, const std::vector<Int128>& y) {
    for (std::size_t i = 0; i < out.size(); i++) out[i] += x[i] < y[i] ? y[i] - x[i] : x[i] - y[i];
  };
  for (const auto& [key, row] : a) add(row, b.contains(key) ? b.find(key)->second : none);
  for (const auto& [key, row] : b) {
    if (!a.contains(key)) add(row, none);
  }
  for (std::size_t i = 0; i < out.size(); i++) {
    const Int128 unit = plan.statistics[i].per_group;
    out[i] = (out[i] + unit - 1) / unit;
  }
  return out;
}

struct Moves {
  Int128 most = 0;     // groups' worth of change, of any statistic
  Int128 allowed = 0;  // by the plan
};

// Every person leaves all tables, or one of them.
Moves moves_of(const firewall::CheckedQuery& query,
               const std::map<std::string, std::unique_ptr<MemoryTable>>& tables) {
  Moves out;
  out.allowed = query.plan().groups_changed();
  const std::vector<std::string>& names = query.task().tables;
  std::vector<const MemoryTable*> used;
  for (const std::string& name : names) used.push_back(tables.find(name)->second.get());
  const Statistics before = statistics_of(query.task(), used);
  for (int person = 0; person < kLeavers; person++) {
    Token token{};
    token[0] = static_cast<std::uint8_t>(person);
    for (std::size_t leaves = 0; leaves <= names.size(); leaves++) {
      std::vector<std::unique_ptr<MemoryTable>> fewer;
      std::vector<const MemoryTable*> left = used;
      for (std::size_t i = 0; i < names.size(); i++) {
        if (leaves < names.size() && leaves != i) continue;
        fewer.push_back(without(*used[i], token));
        left[i] = fewer.back().get();
      }
      for (const Int128 moved : distance(before, statistics_of(query.task(), left), query.plan())) {
        out.most = std::max(out.most, moved);
      }
    }
  }
  return out;
}

// What one person changes stays within what noise is made for, whichever owners it leaves; and the
// doubling is needed: some question exceeds half of it.
TEST(Meaning, NobodyChangesMoreThanThePlanSays) {
  const auto policy = room_called("moving");
  ASSERT_TRUE(policy);
  DuckdbParser parser;
  std::mt19937_64 random(7);
  std::map<std::string, std::unique_ptr<MemoryTable>> tables;
  for (const policy::Table& table : policy->policy().tables) {
    tables[table.name] = random_table(table, random);
  }
  std::size_t compared = 0;
  std::size_t exceeded = 0;
  for (const std::string& sql : statements()) {
    const auto query = firewall::admit(parser.tree(sql), sql, *policy, {"shopgood", 0});
    if (!query || query->task().steps.empty()) continue;
    const Moves moves = moves_of(*query, tables);
    EXPECT_LE(moves.most, moves.allowed) << sql;
    compared++;
    if (query->plan().replaces && 2 * moves.most > moves.allowed) exceeded++;
  }
  EXPECT_GT(compared, 80U);
  EXPECT_GT(exceeded, 3U);
}

}  // namespace
}  // namespace gbx::testing
