#include "trusted/sql/evaluate.h"

#include <gtest/gtest.h>

#include <limits>

#include "trusted/sql/build.h"
#include "trusted/sql/catalog.h"
#include "trusted/sql/task.h"

namespace gbx::sql {
namespace {

Expression number(std::int64_t value) {
  Expression out;
  out.op = Op::literal;
  out.value = value;
  return out;
}

Expression word(std::string text) {
  Expression out;
  out.op = Op::literal;
  out.type.type = Type::text;
  out.text = std::move(text);
  return out;
}

Expression truth(bool value) {
  Expression out = number(value ? 1 : 0);
  out.type.type = Type::boolean;
  return out;
}

Expression nothing() { return {}; }

Expression make(Op op, std::vector<Expression> children) {
  Expression out;
  out.op = op;
  out.children = std::move(children);
  return out;
}

Cell value(const Expression& expression) { return evaluate(expression, {}); }

TEST(evaluate, names_of_operators_go_both_ways) {
  for (int i = 0; i <= static_cast<int>(Op::output); i++) {
    const auto op = static_cast<Op>(i);
    ASSERT_TRUE(op_from(op_name(op)).has_value());
    EXPECT_EQ(*op_from(op_name(op)), op);
  }
  EXPECT_EQ(op_name(Op::day_of_week), "day_of_week");
  EXPECT_EQ(op_name(Op::prefix), "prefix");
  EXPECT_FALSE(op_from("division").has_value());
}

TEST(evaluate, arithmetic) {
  EXPECT_EQ(value(make(Op::add, {number(2), number(3)})), Cell(std::int64_t{5}));
  EXPECT_EQ(value(make(Op::subtract, {number(2), number(3)})), Cell(std::int64_t{-1}));
  EXPECT_EQ(value(make(Op::multiply, {number(2), number(-3)})), Cell(std::int64_t{-6}));
  EXPECT_EQ(value(make(Op::negate, {number(2)})), Cell(std::int64_t{-2}));
  EXPECT_EQ(value(make(Op::absolute, {number(-2)})), Cell(std::int64_t{2}));
  Expression scaled = make(Op::rescale, {number(7)});
  scaled.value = 12;
  EXPECT_EQ(value(scaled), Cell(std::int64_t{7'000'000'000'000}));
  EXPECT_EQ(value(make(Op::add, {number(2), nothing()})), Cell());
}

TEST(evaluateDeathTest, overflow_is_a_bug) {
  const auto most = std::numeric_limits<std::int64_t>::max();
  EXPECT_DEATH(value(make(Op::add, {number(most), number(1)})), "invariant broken");
}

// Whatever the interval of a result says: an engine fails where a value lies outside, and who can
// make one person's value do so can tell whether that person is there.
TEST(evaluate, quotients_stay_in_their_interval_at_the_ends_of_int64) {
  constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();
  constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
  constexpr ValueType kInteger{Type::integer, 0};
  const auto holds = [](Result<Expression> made, std::int64_t a, std::int64_t b) {
    if (!made) return;  // refused before it has a value
    const std::vector<Cell> row = {Cell(a), Cell(b)};
    const Cell cell = evaluate(*made, RowView(&row, 1));
    if (const auto* value = std::get_if<std::int64_t>(&cell)) {
      EXPECT_TRUE(*value >= made->low && *value <= made->high) << a << " " << b << " " << *value;
    }
  };
  const auto column = [&](std::uint32_t index, std::int64_t value) {
    Expression out;
    out.op = Op::column;
    out.type = kInteger;
    out.column = index;
    out.low = std::min(value, std::int64_t{0});  // one end only: both would be refused
    out.high = std::max(value, std::int64_t{0});
    return out;
  };
  for (const std::int64_t a : {kMin, kMin + 1, std::int64_t{-1}, std::int64_t{1}, kMax - 1, kMax}) {
    for (const std::int64_t b :
         {kMin, kMin + 1, std::int64_t{-2}, std::int64_t{-1}, std::int64_t{1}, kMax}) {
      for (const Rounding kept : {Rounding::to_zero, Rounding::down}) {
        holds(make_remainder(column(0, a), column(1, b), {kInteger, kept}, {}), a, b);
        const Expression literal = make_literal(b, kInteger, {});
        holds(make_remainder(column(0, a), literal, {kInteger, kept}, {}), a, b);
      }
      for (const auto rounding :
           {Rounding::half_away, Rounding::down, Rounding::up, Rounding::to_zero}) {
        for (const std::int64_t digits : {0, 12}) {
          holds(make_quotient(column(0, a), column(1, b), {kInteger, rounding, digits}, {}), a, b);
        }
      }
    }
  }
  EXPECT_EQ(remainder(kMin, -1, Rounding::to_zero), 0);
  EXPECT_EQ(divide(kMin, -1, Rounding::to_zero), kMax);
}

TEST(evaluate, comparison_of_numbers_and_text) {
  EXPECT_EQ(value(make(Op::less, {number(-5), number(3)})), Cell(std::int64_t{1}));
  EXPECT_EQ(value(make(Op::greater_equal, {number(3), number(3)})), Cell(std::int64_t{1}));
  EXPECT_EQ(value(make(Op::less, {word("a"), word("B")})), Cell(std::int64_t{0}));
  EXPECT_EQ(value(make(Op::less, {word("z"), word("\xC3\xA4")})), Cell(std::int64_t{1}));
  EXPECT_EQ(value(make(Op::equal, {word("a"), nothing()})), Cell());
}

TEST(evaluate, three_valued_logic) {
  EXPECT_EQ(value(make(Op::logical_and, {nothing(), truth(false)})), Cell(std::int64_t{0}));
  EXPECT_EQ(value(make(Op::logical_and, {nothing(), truth(true)})), Cell());
  EXPECT_EQ(value(make(Op::logical_or, {nothing(), truth(true)})), Cell(std::int64_t{1}));
  EXPECT_EQ(value(make(Op::logical_or, {nothing(), truth(false)})), Cell());
  EXPECT_EQ(value(make(Op::logical_not, {nothing()})), Cell());
  EXPECT_EQ(value(make(Op::logical_not, {truth(true)})), Cell(std::int64_t{0}));
  EXPECT_EQ(value(make(Op::is_null, {nothing()})), Cell(std::int64_t{1}));
  EXPECT_EQ(value(make(Op::is_null, {truth(false)})), Cell(std::int64_t{0}));
}

TEST(evaluate, lists_cases_and_defaults) {
  EXPECT_EQ(value(make(Op::in_list, {number(2), number(1), number(2)})), Cell(std::int64_t{1}));
  EXPECT_EQ(value(make(Op::in_list, {number(3), number(1), number(2)})), Cell(std::int64_t{0}));
  EXPECT_EQ(value(make(Op::in_list, {nothing(), number(1)})), Cell());
  EXPECT_EQ(value(make(Op::case_when, {nothing(), number(1), truth(true), number(2), number(3)})),
            Cell(std::int64_t{2}));
  EXPECT_EQ(value(make(Op::case_when, {truth(false), number(1), nothing()})), Cell());
  EXPECT_EQ(value(make(Op::coalesce, {nothing(), word("x"), word("y")})), Cell(std::string("x")));
  EXPECT_EQ(value(make(Op::coalesce, {nothing(), nothing()})), Cell());
}

TEST(evaluate, calendar) {
  const std::int64_t leap = *parse_date("2024-02-29");
  EXPECT_EQ(date_function(Op::year, leap), 2024);
  EXPECT_EQ(date_function(Op::quarter, leap), 1);
  EXPECT_EQ(date_function(Op::month, leap), 2);
  EXPECT_EQ(date_function(Op::day, leap), 29);
  EXPECT_EQ(date_function(Op::day_of_week, leap), 4);
  EXPECT_EQ(format_date(date_function(Op::truncate_week, leap)), "2024-02-26");
  EXPECT_EQ(format_date(date_function(Op::truncate_month, leap)), "2024-02-01");
  EXPECT_EQ(format_date(date_function(Op::truncate_quarter, *parse_date("2024-12-31"))),
            "2024-10-01");
  EXPECT_EQ(format_date(date_function(Op::truncate_year, leap)), "2024-01-01");
  EXPECT_EQ(date_function(Op::day_of_week, *parse_date("1969-12-28")), 7);
  EXPECT_EQ(day_of_timestamp(-1), -1);
  EXPECT_EQ(day_of_timestamp(0), 0);
  EXPECT_EQ(day_of_timestamp(86'400'000'000 - 1), 0);
  EXPECT_EQ(day_of_timestamp(-86'400'000'000), -1);
}

TEST(evaluate, part_of_a_timestamp_is_that_of_its_day) {
  Expression moment = number(*parse_timestamp("1969-12-31 23:59:59"));
  moment.type.type = Type::timestamp;
  EXPECT_EQ(value(make(Op::year, {moment})), Cell(std::int64_t{1969}));
  EXPECT_EQ(value(make(Op::date_of, {moment})), Cell(std::int64_t{-1}));
}

TEST(evaluate, columns_are_found_by_relation) {
  Expression column;
  column.op = Op::column;
  column.relation = 1;
  column.column = 2;
  const std::vector<std::vector<Cell>> row = {{}, {Cell(), Cell(), std::string("here")}};
  EXPECT_EQ(evaluate(column, row), Cell(std::string("here")));
}

TEST(catalog, storage_range_is_the_calendar) {
  EXPECT_EQ(storage_range({Type::date, 0}).low, *parse_date("0001-01-01"));
  EXPECT_EQ(storage_range({Type::date, 0}).high, *parse_date("9999-12-31"));
  EXPECT_EQ(storage_range({Type::timestamp, 0}).low, *parse_timestamp("0001-01-01 00:00:00"));
  EXPECT_EQ(storage_range({Type::timestamp, 0}).high,
            *parse_timestamp("9999-12-31 23:59:59.999999"));
}

TEST(task, group_keys_encode_injectively) {
  const std::vector<std::vector<Cell>> keys = {{},
                                               {Cell()},
                                               {std::int64_t{0}},
                                               {std::string()},
                                               {std::string("ab"), std::string("c")},
                                               {std::string("a"), std::string("bc")},
                                               {std::string("abc")},
                                               {Cell(), Cell()}};
  for (std::size_t i = 0; i < keys.size(); i++) {
    for (std::size_t j = 0; j < keys.size(); j++) {
      EXPECT_EQ(encode_group_key(keys[i]) == encode_group_key(keys[j]), i == j) << i << " " << j;
    }
  }
  EXPECT_EQ(to_hex(encode_group_key({std::string("a"), std::int64_t{1}, Cell()})),
            "020100000061"
            "010100000000000000"
            "00");
}

}  // namespace
}  // namespace gbx::sql
