// docs/spec/computed-vectors.json: formulas of computed columns as they stand in answers, with
// cells and what they are good for. Here it is what the room and the verifier say; a second reading
// of the page says the same (computed_vectors_test.py). GLOVEBOX_BLESS=1 writes the file.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "tests/sql/rooms.h"
#include "tests/sql/syntax_tree.h"
#include "trusted/firewall/check.h"
#include "trusted/sql/expression_codec.h"
#include "trusted/sql/released_value.h"
#include "trusted/sql/released_windows.h"
#include "trusted/sql/step_codec.h"

namespace gbx::testing {
namespace {

const std::string kFile = GBX_SOURCE_DIR "/docs/spec/computed-vectors.json";

// Over two counts and two sums of purchases; numbers, so that there is an interval.
constexpr std::array kItems = {
    "SUM(total_spent) / COUNT(*)",
    "ROUND(COUNT(*) / COUNT(DISTINCT hashed_email), 2)",
    "ROUND(100.0 * COUNT(items) / COUNT(*), 1)",
    "(COUNT(items) / COUNT(*)) / (COUNT(total_spent) / COUNT(DISTINCT hashed_email)) - 1",
    "SUM(balance) / COUNT(*)",
    "COUNT(*) / SUM(balance)",
    "SUM(items) * 1.5 - SUM(balance)",
    "SUM(items) / NULLIF(COUNT(*) - COUNT(DISTINCT hashed_email), 0)",
    "COALESCE(SUM(items) / NULLIF(COUNT(items), 0), -1)",
    "GREATEST(COUNT(*), SUM(items))",
    "CASE WHEN COUNT(*) > 100 THEN SUM(balance) ELSE -SUM(items) END",
    "ABS(SUM(balance)) / 7",
    "SUM(total_spent) // COUNT(*)",
    "FLOOR(SUM(balance) / COUNT(*))",
    "CEIL(SUM(balance) / COUNT(*))",
};

// As in an answer: of columns.
void over_columns(sql::Expression& e) {
  if (e.op == sql::Op::output) e.op = sql::Op::column;
  for (sql::Expression& child : e.children) over_columns(child);
}

std::string spelled(std::int64_t units, ValueType type) { return format_value(units, type); }

// What a formula makes of numbers that are good to within `width` units.
Json row_of(const sql::Expression& formula, const firewall::CheckedQuery& query,
            std::int64_t number, std::int64_t width) {
  std::vector<sql::Known> values;
  std::vector<sql::Known> ranges;
  Json said{Json::Array()};
  Json between{Json::Array()};
  for (const firewall::Output& output : query.outputs()) {
    // Different numbers in each column, in no order.
    const std::int64_t value = number * (7 - static_cast<std::int64_t>(values.size()) * 2);
    const bool counts =
        output.kind == firewall::OutputKind::count || output.kind == firewall::OutputKind::persons;
    const std::int64_t cell = counts ? std::max<std::int64_t>(value, 0) : value;
    const std::int64_t low = counts ? std::max<std::int64_t>(cell - width, 0) : cell - width;
    values.push_back({Cell(cell), Cell(cell)});
    ranges.push_back({Cell(low), Cell(cell + width)});
    said.push(spelled(cell, output.type));
    between.push(Json(Json::Array{spelled(low, output.type), spelled(cell + width, output.type)}));
  }
  const sql::Computed computed = sql::compute(formula, values, ranges);
  Json cell{Json::Array()};
  if (const auto* value = std::get_if<std::int64_t>(&computed.value)) {
    cell.push(spelled(*value, formula.type));
    cell.push(spelled(computed.interval->low, formula.type));
    cell.push(spelled(computed.interval->high, formula.type));
  }
  return Json::object(
      {{"cell", std::move(cell)}, {"ranges", std::move(between)}, {"values", std::move(said)}});
}

Json vectors() {
  const auto policy = room_called("exact");
  GBX_CHECK(policy);
  DuckdbParser parser;
  Json out{Json::Array()};
  for (const std::string item : kItems) {
    const std::string sql = "SELECT " + item + " AS x FROM purchases";
    const auto query = firewall::admit(parser.tree(sql), sql, *policy, {.member = "newsnow"});
    EXPECT_TRUE(query) << sql << " " << query.error().reason.view();
    sql::Expression formula = *query->items()[0].formula;
    over_columns(formula);
    // As a verifier reads it.
    const Json written = sql::encode_expression(formula);
    const auto read = sql::decode_formula(written);
    EXPECT_TRUE(read) << sql;
    Json rows{Json::Array()};
    for (const std::int64_t number : {100, 3, 0, -40}) {
      for (const std::int64_t width : {0, 12}) rows.push(row_of(*read, *query, number, width));
    }
    out.push(Json::object({{"formula", written}, {"rows", std::move(rows)}, {"sql", item}}));
  }
  return out;
}

// --- windows ---

const std::string kWindowFile = GBX_SOURCE_DIR "/docs/spec/window-vectors.json";

constexpr std::array kWindows = {
    "SUM(COUNT(*)) OVER ()",
    "SUM(SUM(balance)) OVER (PARTITION BY store)",
    "COUNT(*) OVER (PARTITION BY store ORDER BY SUM(balance))",
    "COUNT(SUM(balance)) OVER (ORDER BY loyal DESC)",
    "MIN(COUNT(*)) OVER (PARTITION BY loyal)",
    "MAX(store) OVER (ORDER BY COUNT(*) ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING)",
    "MIN(SUM(balance)) OVER (ORDER BY store ROWS BETWEEN 2 FOLLOWING AND 3 FOLLOWING)",
    "SUM(COUNT(*)) OVER (ORDER BY COUNT(*) DESC)",
    "SUM(COUNT(*)) OVER (ORDER BY COUNT(*) DESC ROWS UNBOUNDED PRECEDING)",
    "SUM(COUNT(*) / 3) OVER (PARTITION BY store)",
    "SUM(COUNT(*)) FILTER (WHERE COUNT(*) > 4) OVER ()",
    "ROW_NUMBER() OVER (ORDER BY COUNT(*))",
    "ROW_NUMBER() OVER ()",
    "RANK() OVER (ORDER BY COUNT(*) DESC)",
    "DENSE_RANK() OVER (ORDER BY SUM(balance) DESC NULLS FIRST)",
    "RANK() OVER (PARTITION BY store ORDER BY SUM(balance) / COUNT(*))",
    "LAG(COUNT(*)) OVER (ORDER BY store)",
    "LEAD(SUM(balance), 2) OVER (PARTITION BY loyal ORDER BY COUNT(*) DESC)",
    "FIRST_VALUE(store) OVER (ORDER BY COUNT(*))",
    "LAST_VALUE(COUNT(*)) OVER (ORDER BY store)",
    "LAST_VALUE(SUM(balance)) OVER (PARTITION BY loyal)",
};

// Groups and numbers in no order, some equal, some NULL.
std::vector<std::vector<Cell>> window_rows() {
  const auto row = [](const char* store, std::optional<std::int64_t> loyal, std::int64_t count,
                      std::optional<std::int64_t> balance) {
    std::vector<Cell> out(4);
    if (store != nullptr) out[0] = std::string(store);
    if (loyal) out[1] = *loyal;
    out[2] = count;
    if (balance) out[3] = *balance;
    return out;
  };
  return {row("b", 1, 5, -250),
          row("a", 0, 7, 1000),
          row("b", 0, 5, std::nullopt),
          row(nullptr, 1, 0, 33),
          row("a", std::nullopt, 5, 1000),
          row("\xc3\xa4", 1, -2, 0),
          row("b", std::nullopt, 9, 7)};
}

Json cell_of(const Cell& cell, ValueType type) {
  Json out{Json::Array()};
  if (const auto* text = std::get_if<std::string>(&cell)) out.push(*text);
  if (const auto* number = std::get_if<std::int64_t>(&cell)) out.push(spelled(*number, type));
  return out;
}

// The window as an answer has it that shows both groups and both numbers.
Json window_vector(const std::string& item, const firewall::CheckedQuery& query) {
  sql::Window window = query.post().windows.front();
  sql::each_of_window(window, [](sql::Expression& e) { over_columns(e); });
  const Json written = sql::encode_released_window(window);
  const auto read = sql::decode_released_window(written);
  EXPECT_TRUE(read) << item;
  const std::vector<std::vector<Cell>> cells = window_rows();
  Json columns{Json::Array()};
  for (std::size_t i = 0; i < cells[0].size(); i++) {
    const ValueType type = query.outputs()[i].type;
    columns.push(Json::object({{"scale", int{type.scale}}, {"type", type_name(type.type)}}));
  }
  Json rows{Json::Array()};
  for (const std::vector<Cell>& row : cells) {
    Json said{Json::Array()};
    for (std::size_t i = 0; i < row.size(); i++) {
      said.push(cell_of(row[i], query.outputs()[i].type));
    }
    rows.push(std::move(said));
  }
  Json values{Json::Array()};
  for (const Cell& value : sql::window_values(*read, cells)) {
    values.push(cell_of(value, read->value.type));
  }
  return Json::object({{"columns", std::move(columns)},
                       {"rows", std::move(rows)},
                       {"sql", item},
                       {"values", std::move(values)},
                       {"window", written}});
}

Json window_vectors() {
  const auto policy = room_called("exact");
  GBX_CHECK(policy);
  DuckdbParser parser;
  Json out{Json::Array()};
  for (const std::string item : kWindows) {
    const std::string sql = "SELECT store, loyal, COUNT(*), SUM(balance), " + item +
                            " AS x FROM purchases GROUP BY store, loyal";
    const auto query = firewall::admit(parser.tree(sql), sql, *policy, {.member = "newsnow"});
    EXPECT_TRUE(query) << sql << " " << query.error().reason.view();
    out.push(window_vector(item, *query));
  }
  return out;
}

TEST(WindowVectors, AreWhatTheRoomAndTheVerifierCompute) {
  const std::string text = window_vectors().canonical();
  if (std::getenv("GLOVEBOX_BLESS") != nullptr) std::ofstream(kWindowFile) << text << "\n";
  std::ifstream in(kWindowFile);
  std::stringstream said;
  said << in.rdbuf();
  EXPECT_TRUE(said.str() == text + "\n") << "GLOVEBOX_BLESS=1 writes " << kWindowFile;
}

TEST(ComputedVectors, AreWhatTheRoomAndTheVerifierCompute) {
  const std::string text = vectors().canonical();
  if (std::getenv("GLOVEBOX_BLESS") != nullptr) std::ofstream(kFile) << text << "\n";
  std::ifstream in(kFile);
  std::stringstream said;
  said << in.rdbuf();
  EXPECT_TRUE(said.str() == text + "\n") << "GLOVEBOX_BLESS=1 writes " << kFile;
}

}  // namespace
}  // namespace gbx::testing
