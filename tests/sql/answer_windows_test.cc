// Windows over the rows of an answer: DuckDB runs the analyst's own text over random tables, and
// what we make of the same rows without noise must be the same, row by row. Then what a question
// that has them asks of the rows: nothing more.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <random>

#include "engine/testing/reference.h"
#include "tests/sql/rooms.h"
#include "tests/sql/small_tables.h"
#include "tests/sql/syntax_tree.h"
#include "trusted/firewall/check.h"
#include "trusted/sql/post_process.h"
#include "trusted/sql/released_value.h"

namespace gbx::testing {
namespace {

// A sum of no values is 0 here and NULL there, so there is none; and each has an order that ends
// with the group, where one row must come before another: ours goes by the group then, DuckDB's by
// chance.
constexpr std::array kStatements = {
    "SELECT store, COUNT(*) * 100.0 / SUM(COUNT(*)) OVER () FROM purchases GROUP BY store",
    "SELECT store, purchase_date, SUM(COUNT(*)) OVER (PARTITION BY store), COUNT(*) OVER "
    "(PARTITION BY "
    "store), MIN(COUNT(items)) OVER (PARTITION BY purchase_date), MAX(COUNT(*)) OVER () FROM "
    "purchases GROUP "
    "BY store, purchase_date",
    "SELECT store, purchase_date, RANK() OVER (ORDER BY COUNT(*) DESC), DENSE_RANK() OVER (ORDER "
    "BY "
    "COUNT(*) DESC), PERCENT_RANK() OVER (PARTITION BY store ORDER BY COUNT(*)), CUME_DIST() OVER "
    "(PARTITION BY store ORDER BY COUNT(*)) FROM purchases GROUP BY store, purchase_date",
    "SELECT store, ROW_NUMBER() OVER (ORDER BY COUNT(*) DESC, store), NTILE(3) OVER (ORDER BY "
    "COUNT(items), store) FROM purchases GROUP BY store",
    "SELECT purchase_date, LAG(COUNT(*)) OVER w, LEAD(COUNT(items), 2) OVER w, "
    "COUNT(*) - LAG(COUNT(*), 1, 0) OVER w, LEAD(store, 1, 'none') OVER (ORDER BY "
    "purchase_date, store) FROM purchases GROUP BY purchase_date, store WINDOW w AS (ORDER BY "
    "purchase_date, store) QUALIFY COUNT(*) > 0 AND purchase_date > DATE '2000-01-01'",
    "SELECT purchase_date, SUM(COUNT(*)) OVER (ORDER BY purchase_date), SUM(COUNT(*)) OVER (ORDER "
    "BY purchase_date ROWS "
    "BETWEEN 2 PRECEDING AND 1 FOLLOWING), AVG(COUNT(*)) OVER (ORDER BY purchase_date ROWS 3 "
    "PRECEDING), "
    "MIN(COUNT(*)) OVER (ORDER BY purchase_date DESC ROWS BETWEEN 1 FOLLOWING AND 3 FOLLOWING) "
    "FROM "
    "purchases GROUP BY purchase_date",
    "SELECT store, purchase_date, SUM(COUNT(*)) OVER (ORDER BY store), COUNT(COUNT(items)) OVER "
    "(ORDER BY "
    "purchase_date DESC) FROM purchases GROUP BY store, purchase_date",
    "SELECT store, FIRST_VALUE(store) OVER (ORDER BY COUNT(*) DESC, store), LAST_VALUE(COUNT(*)) "
    "OVER (ORDER BY store ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) FROM purchases "
    "GROUP BY store",
    "SELECT store, AVG(COUNT(*)) OVER (), COUNT(*) > AVG(COUNT(*)) OVER () FROM purchases GROUP BY "
    "store",
    "SELECT store, purchase_date, COUNT(*) FROM purchases GROUP BY store, purchase_date QUALIFY "
    "ROW_NUMBER() OVER "
    "(PARTITION BY store ORDER BY COUNT(*) DESC, purchase_date) <= 2",
    "SELECT store, COUNT(*) AS n FROM purchases GROUP BY store HAVING COUNT(*) > 1 QUALIFY n >= "
    "AVG(n) OVER () ORDER BY SUM(n) OVER (), store LIMIT 2",
    "SELECT store, SUM(COUNT(*)) FILTER (WHERE store <> 'web') OVER () FROM purchases GROUP BY "
    "store",
    "SELECT store, COUNT(*), RANK() OVER (PARTITION BY GROUPING(store) ORDER BY COUNT(*) DESC), "
    "SUM(COUNT(*)) OVER () FROM purchases GROUP BY ROLLUP (store)",
    "SELECT store, n, n * 1.0 / SUM(n) OVER () AS share, RANK() OVER (ORDER BY n) FROM (SELECT "
    "store, COUNT(*) AS n FROM purchases GROUP BY store) AS t WHERE n > 1",
    "WITH n AS (SELECT store, purchase_date, COUNT(*) AS n FROM purchases GROUP BY store, "
    "purchase_date), r AS "
    "(SELECT *, ROW_NUMBER() OVER (PARTITION BY store ORDER BY n DESC, purchase_date) AS place "
    "FROM n) "
    "SELECT store, purchase_date, n, place FROM r WHERE place <= 2 ORDER BY store, place",
    "SELECT COUNT(*), SUM(COUNT(*)) OVER (), RANK() OVER (ORDER BY COUNT(*)) FROM purchases",
    "SELECT store, RANK() OVER (ORDER BY COUNT(items) / COUNT(*)), SUM(CASE WHEN COUNT(*) > 2 THEN "
    "1 "
    "END) OVER () FROM purchases GROUP BY store",
    "SELECT store, RANK() OVER (ORDER BY CASE WHEN COUNT(*) > 2 THEN COUNT(*) END DESC NULLS "
    "FIRST) FROM purchases GROUP BY store",
    "SELECT DATE_TRUNC('month', purchase_date) AS month, SUM(COUNT(items)) OVER (ORDER BY "
    "DATE_TRUNC('month', purchase_date)) FROM purchases GROUP BY 1",
    "SELECT store, LAG(COUNT(*)) OVER w, MAX(COUNT(*)) OVER w FROM purchases GROUP BY store WINDOW "
    "w AS (ORDER BY store DESC)",
};

std::string text_of(const Cell& cell, ValueType type) {
  if (const auto* text = std::get_if<std::string>(&cell)) return *text;
  const auto* number = std::get_if<std::int64_t>(&cell);
  return number == nullptr ? "NULL" : format_value(*number, type);
}

Rows ours(const firewall::CheckedQuery& query, const Tables& tables) {
  const auto groups = engine::run_reference(query.task(), tables_of(query.task(), tables));
  GBX_CHECK(groups.has_value());
  std::vector<std::vector<Cell>> all;
  for (const sql::GroupRow& group : *groups) {
    std::vector<Int128> statistics = {group.persons};
    statistics.insert(statistics.end(), group.sums.begin(), group.sums.end());
    all.push_back(firewall::assemble(query, group.key, statistics));
  }
  const sql::PostProcessed processed = sql::post_process(query.post(), std::move(all));
  Rows out;
  for (const std::size_t place : processed.shown) {
    const std::vector<Cell>& row = processed.rows[place];
    std::vector<std::string>& texts = out.emplace_back();
    for (const sql::Item& item : query.items()) {
      if (item.input) continue;
      const Cell cell =
          item.formula ? sql::released_value(*item.formula, sql::known(row)) : row[item.output];
      const ValueType type = item.formula ? item.formula->type : query.outputs()[item.output].type;
      texts.push_back(text_of(cell, type));
    }
  }
  return out;
}

// The same text, or numbers that are as near as six digits and a double can be.
bool alike(std::string a, std::string b) {
  if (a.size() > 10 && b.substr(0, 10) == a.substr(0, 10)) a.resize(10);  // midnight
  if (b.size() > 10 && a == b.substr(0, 10)) b.resize(10);
  if (a == b) return true;
  char* end_a = nullptr;
  char* end_b = nullptr;
  const double x = std::strtod(a.c_str(), &end_a);
  const double y = std::strtod(b.c_str(), &end_b);
  return *end_a == 0 && *end_b == 0 && std::abs(x - y) <= 6e-7 + 1e-9 * std::abs(y);
}

std::string joined(const std::vector<std::string>& row) {
  std::string out;
  for (const std::string& cell : row) out += cell + " | ";
  return out;
}

// Rows have different groups, and these stand first.
void expect_alike(Rows here, Rows theirs, const std::string& sql) {
  ASSERT_EQ(here.size(), theirs.size()) << sql;
  std::sort(here.begin(), here.end());
  std::sort(theirs.begin(), theirs.end());
  for (std::size_t i = 0; i < here.size(); i++) {
    ASSERT_EQ(here[i].size(), theirs[i].size()) << sql;
    for (std::size_t c = 0; c < here[i].size(); c++) {
      EXPECT_TRUE(alike(here[i][c], theirs[i][c]))
          << sql << "\n"
          << joined(here[i]) << "\nDuckDB: " << joined(theirs[i]);
    }
  }
}

TEST(AnswerWindows, AreWhatDuckdbMakesOfTheSameRows) {
  const auto policy = room_called("exact");
  ASSERT_TRUE(policy);
  DuckdbParser parser;
  std::size_t rows = 0;
  for (unsigned seed = 0; seed < 4; seed++) {
    std::mt19937_64 random(seed);
    const Tables tables = random_tables(policy->policy(), 6, random);
    SmallDuckdb duckdb;
    duckdb.load(policy->policy(), tables);
    for (const std::string sql : kStatements) {
      const auto query = firewall::admit(parser.tree(sql), sql, *policy, {.member = "newsnow"});
      ASSERT_TRUE(query) << sql << " " << query.error().reason.view();
      const Rows here = ours(*query, tables);
      rows += here.size();
      expect_alike(here, duckdb.run(sql), sql);
    }
  }
  EXPECT_GT(rows, 4 * kStatements.size());
}

// Ties go by the groups, in the order of GROUP BY: which of two spellings of one order is written
// makes no difference.
TEST(AnswerWindows, TiesGoByTheGroups) {
  const auto policy = room_called("exact");
  DuckdbParser parser;
  std::mt19937_64 random(11);
  const Tables tables = random_tables(policy->policy(), 6, random);
  const auto rows = [&](const std::string& order) {
    const std::string sql = "SELECT store, purchase_date, ROW_NUMBER() OVER (ORDER BY " + order +
                            "), LAG(purchase_date) OVER (ORDER BY " + order +
                            ") FROM purchases GROUP BY store, purchase_date";
    const auto query = firewall::admit(parser.tree(sql), sql, *policy, {.member = "newsnow"});
    GBX_CHECK(query.has_value());
    return ours(*query, tables);
  };
  EXPECT_EQ(rows("COUNT(*)"), rows("COUNT(*), store, purchase_date"));
  EXPECT_NE(rows("COUNT(*)"), rows("COUNT(*), purchase_date DESC, store"));
}

TEST(AnswerWindows, AskNothingMoreOfTheRows) {
  const auto policy = room_called("two_parties");
  DuckdbParser parser;
  const auto checked = [&](const std::string& sql) {
    auto query = firewall::admit(parser.tree(sql), sql, *policy, {.member = "shopgood"});
    GBX_CHECK(query.has_value());
    return std::move(query).value();
  };
  const auto plain = checked("SELECT store, COUNT(*) FROM purchases GROUP BY store");
  const auto windows = checked(
      "SELECT store, COUNT(*), RANK() OVER (ORDER BY COUNT(*) DESC), COUNT(*) / SUM(COUNT(*)) OVER "
      "() FROM purchases GROUP BY store QUALIFY COUNT(*) > AVG(COUNT(*)) OVER ()");
  EXPECT_EQ(plain.question().outline, windows.question().outline);
  EXPECT_EQ(plain.plan().price(), windows.plan().price());
  EXPECT_EQ(plain.plan().statistics.size(), windows.plan().statistics.size());
  EXPECT_NE(plain.canonical(), windows.canonical());
}

// The outputs behind an aggregate that an owner's minimum adds are still the windows.
TEST(AnswerWindows, KeepTheirPlaceBehindWhatOwnersDemand) {
  const auto policy = room_called("minima");
  DuckdbParser parser;
  const std::string sql =
      "SELECT store, COUNT(*) AS n, SUM(n) OVER () AS total FROM purchases GROUP BY store QUALIFY "
      "n < SUM(n) OVER () ORDER BY total";
  const auto query = firewall::admit(parser.tree(sql), sql, *policy, {.member = "shopgood"});
  ASSERT_TRUE(query);
  const std::size_t last = query->outputs().size() - 1;
  EXPECT_EQ(query->outputs()[last].kind, firewall::OutputKind::window);
  EXPECT_EQ(query->items()[2].output, last);
  EXPECT_EQ(query->post().order[0].key.column, last);
  EXPECT_EQ(query->outputs()[query->post().windows[0].value.argument.column].kind,
            firewall::OutputKind::count);
}

}  // namespace
}  // namespace gbx::testing
