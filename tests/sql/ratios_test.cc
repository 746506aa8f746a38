// Columns that are computed of aggregates: DuckDB runs the analyst's own text over random tables,
// and what we make of the same rows without noise must be the same numbers. Then how often
// intervals hold what they should, when there is noise.

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <map>
#include <random>

#include "engine/testing/reference.h"
#include "tests/sql/rooms.h"
#include "tests/sql/small_tables.h"
#include "tests/sql/syntax_tree.h"
#include "trusted/firewall/check.h"
#include "trusted/privacy/confidence.h"
#include "trusted/sql/build.h"
#include "trusted/sql/released_value.h"

namespace gbx::testing {
namespace {

constexpr std::array kItems = {
    "SUM(total_spent) / COUNT(*)",
    "SUM(total_spent) / NULLIF(COUNT(*), 0)",
    "100.0 * COUNT(*) FILTER (WHERE total_spent > 5) / COUNT(*)",
    "ROUND(100.0 * COUNT(*) FILTER (WHERE total_spent > 5) / COUNT(*), 2)",
    "COUNT(*) - COUNT(DISTINCT hashed_email)",
    "SUM(items) * 1.5 + COUNT(*)",
    "(SUM(items) / COUNT(*)) / (COUNT(*) / COUNT(DISTINCT hashed_email)) - 1",
    "CASE WHEN COUNT(*) > 4 THEN 'many' ELSE 'few' END",
    "COALESCE(SUM(items) / NULLIF(COUNT(*) FILTER (WHERE items > 10), 0), -1)",
    "GREATEST(COUNT(*), SUM(items))",
    "LEAST(COUNT(*), SUM(items), 7)",
    "ABS(COUNT(*) - SUM(items))",
    "SUM(items) // COUNT(*)",
    "SUM(items) % COUNT(*)",
    "-SUM(items)",
    "COUNT(*) > 4",
    "COUNT(*) BETWEEN 3 AND 6 AND NOT SUM(items) IN (7, 8)",
    "UPPER(store)",
    "CONCAT_WS('-', store, NULL, COUNT(*), 'x')",
    "CONCAT_WS('', NULL, NULL, UPPER(store))",
    "LENGTH(store) * COUNT(*)",
    "FLOOR(SUM(items) / COUNT(*))",
    "CEIL(SUM(items) / COUNT(*))",
    "CAST(SUM(items) / COUNT(*) AS DECIMAL(10, 2))",
    "SIGN(COUNT(*) - 5)",
    "7",
};

// One computed column of every group, by store.
using Column = std::map<std::string, std::string>;

Column duckdbs(SmallDuckdb& duckdb, const std::string& sql) {
  Column out;
  for (const auto& row : duckdb.run(sql)) out[row[0]] = row[1];
  return out;
}

std::string text_of(const Cell& cell, ValueType type) {
  if (const auto* text = std::get_if<std::string>(&cell)) return *text;
  const auto* number = std::get_if<std::int64_t>(&cell);
  return number == nullptr ? "NULL" : format_value(*number, type);
}

Column ours(const firewall::CheckedQuery& query, const Tables& tables) {
  const auto groups = engine::run_reference(query.task(), tables_of(query.task(), tables));
  GBX_CHECK(groups.has_value());
  Column out;
  const sql::Item& item = query.items()[1];
  for (const sql::GroupRow& group : *groups) {
    std::vector<Int128> statistics = {group.persons};
    statistics.insert(statistics.end(), group.sums.begin(), group.sums.end());
    const std::vector<Cell> row = firewall::assemble(query, group.key, statistics);
    const Cell cell =
        item.formula ? sql::released_value(*item.formula, sql::known(row)) : row[item.output];
    const ValueType type = item.formula ? item.formula->type : query.outputs()[item.output].type;
    out[text_of(group.key[0], {Type::text, 0})] = text_of(cell, type);
  }
  return out;
}

// The same text, or numbers that are as near as six digits and a double can be.
bool alike(const std::string& a, const std::string& b) {
  if (a == b) return true;
  char* end_a = nullptr;
  char* end_b = nullptr;
  const double x = std::strtod(a.c_str(), &end_a);
  const double y = std::strtod(b.c_str(), &end_b);
  return *end_a == 0 && *end_b == 0 && std::abs(x - y) <= 6e-7 + 1e-9 * std::abs(y);
}

TEST(Ratios, AreWhatDuckdbMakesOfTheSameRows) {
  const auto policy = room_called("exact");
  ASSERT_TRUE(policy);
  DuckdbParser parser;
  for (unsigned seed = 0; seed < 4; seed++) {
    std::mt19937_64 random(seed);
    const Tables tables = random_tables(policy->policy(), 5, random);
    SmallDuckdb duckdb;
    duckdb.load(policy->policy(), tables);
    for (const std::string item : kItems) {
      const std::string sql = "SELECT store, " + item + " AS x FROM purchases GROUP BY store";
      const auto query = firewall::admit(parser.tree(sql), sql, *policy, {.member = "newsnow"});
      ASSERT_TRUE(query) << sql << " " << query.error().reason.view();
      const Column theirs = duckdbs(duckdb, sql);
      const Column here = ours(*query, tables);
      ASSERT_EQ(here.size(), theirs.size()) << sql;
      for (const auto& [store, value] : here) {
        EXPECT_TRUE(alike(value, theirs.at(store)))
            << sql << "\n"
            << store << ": " << value << ", DuckDB: " << theirs.at(store);
      }
    }
  }
}

TEST(Ratios, AliasesOrdinalsAndConditionsMeanTheFormula) {
  const auto policy = room_called("exact");
  DuckdbParser parser;
  const std::string sql =
      "SELECT store, COUNT(*) AS n, SUM(items) AS s, s / n AS mean, mean * 2 AS twice FROM "
      "purchases GROUP BY store HAVING mean > 2.5 ORDER BY 5 DESC, store";
  const auto query = firewall::admit(parser.tree(sql), sql, *policy, {.member = "newsnow"});
  ASSERT_TRUE(query) << query.error().reason.view();
  EXPECT_NE(query->canonical().find("HAVING ((SUM("), std::string::npos) << query->canonical();
  EXPECT_EQ(query->items().size(), 5U);  // no input is hidden
  EXPECT_EQ(query->outputs().size(), 3U);
}

// --- intervals ---

std::int64_t laplace(double b, std::mt19937_64& random) {
  std::geometric_distribution<std::int64_t> side(1 - std::exp(-1 / b));
  return side(random) - side(random);
}

sql::Expression output(std::uint32_t column) {
  sql::Expression out;
  out.op = sql::Op::output;
  out.column = column;
  out.type = {Type::integer, 0};
  out.high = sql::kOutputMax;
  return out;
}

// How many of `kRounds` noised answers have the exact value in their interval.
int held(const sql::Expression& formula, const std::vector<std::int64_t>& exact, double b) {
  constexpr int kRounds = 4000;
  std::mt19937_64 random(7);
  const privacy::Scale scale{static_cast<std::uint64_t>(b), 1};
  const std::int64_t width = privacy::half_width(
      privacy::Noise(scale), privacy::kAlpha / static_cast<double>(exact.size()));
  std::vector<Cell> cells(exact.begin(), exact.end());
  const sql::Possible truth = sql::possible(formula, sql::known(cells));
  GBX_CHECK(truth.is_point());
  int out = 0;
  for (int i = 0; i < kRounds; i++) {
    std::vector<sql::Known> values;
    std::vector<sql::Known> ranges;
    for (const std::int64_t value : exact) {
      const std::int64_t noised = value + laplace(b, random);
      values.push_back({noised, noised});
      ranges.push_back(sql::around(noised, width, 0));
    }
    const sql::Computed computed = sql::compute(formula, values, ranges);
    const auto ends = sql::ends_of(truth, formula.type);
    const bool holds = computed.interval && computed.interval->low <= ends->low &&
                       ends->high <= computed.interval->high;
    if (holds || !computed.interval) out++;
  }
  return out * 1000 / kRounds;  // in thousandths
}

TEST(Ratios, IntervalsHoldTheExactValueAsOftenAsTheySay) {
  const sql::Expression share = *sql::make_division(output(0), output(1), {});
  const sql::Expression other = *sql::make_division(output(2), output(3), {});
  const sql::Expression lift =
      *sql::make_arithmetic(sql::Op::subtract, *sql::make_division(share, other, {}),
                            sql::make_literal(1, {Type::integer, 0}, {}), {});
  const sql::Expression less = *sql::make_arithmetic(sql::Op::subtract, output(0), output(1), {});
  EXPECT_GE(held(share, {5'000, 20'000}, 100), 950);
  EXPECT_GE(held(share, {50, 200}, 100), 950);  // more noise than signal
  EXPECT_GE(held(share, {0, 1}, 30), 950);
  EXPECT_GE(held(less, {5'000, 4'000}, 100), 950);
  EXPECT_GE(held(lift, {600, 20'000, 500, 20'000}, 20), 950);
  EXPECT_GE(held(lift, {30, 100, 20, 100}, 30), 950);
}

}  // namespace
}  // namespace gbx::testing
