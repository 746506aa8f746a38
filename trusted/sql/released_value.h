#pragma once

// What expressions over released rows come to: HAVING, ORDER BY, and columns that are computed from
// released ones. Arithmetic is exact: fractions, rounded where the expression says so (ROUND, CAST,
// //) and when the result is shown.
//
// The same rules give a value from values and an interval from intervals: what an expression can be
// when each output it reads is somewhere between two numbers, whatever the others are. So when all
// intervals hold, the one of the expression holds; it may be wider than needed where one output is
// read twice. Ends are exact until they are rounded, outwards.
//
// a / b is NULL where b is 0; and where b is negative though it cannot be (a count, say): then
// noise alone made it. Nothing can fail. Pure; nothing here is secret.

#include <optional>
#include <span>
#include <string>

#include "trusted/sql/expression.h"
#include "trusted/sql/ratio.h"

namespace gbx::sql {

// A number, or what is beyond all of them.
struct End {
  int infinite = 0;  // -1, 0, 1
  Ratio value;       // when it is not
  friend std::strong_ordering operator<=>(const End& a, const End& b);
  friend bool operator==(const End& a, const End& b) { return (a <=> b) == 0; }
};

// What an expression can be.
struct Possible {
  bool null = false;  // NULL
  bool some = false;  // a value: a number (of days, of microseconds; 0 or 1) in [low, high], a text
  End low;
  End high;
  std::optional<std::string> text;  // the one text that it can be; any when there is none

  // Of numbers and conditions, when it can be one value only.
  [[nodiscard]] bool is_point() const { return some && !null && low == high; }
};

// What is known of one output of a released row: between which cells it lies. Equal cells: that
// one, NULL too. As numbers they are units of the type's last digit; the ends of int64 are
// infinite.
struct Known {
  Cell low;
  Cell high;
};

// `expression` is over Op::output, or over the columns of relation 0; formula_fits() it.
Possible possible(const Expression& expression, std::span<const Known> outputs);

// The value of a row of cells; null where SQL says so. Numbers are rounded to the type's digits,
// half away from zero, and cut at +-(2^63 - 1); dates outside of the calendar are NULL.
Cell released_value(const Expression& expression, std::span<const Known> row);
// Every cell, known.
std::vector<Known> known(const std::vector<Cell>& row);

// The ends in units of the last digit of `type`, rounded outwards and cut; nothing when there is no
// value.
struct Ends {
  std::int64_t low = 0;
  std::int64_t high = 0;
};
std::optional<Ends> ends_of(const Possible& possible, ValueType type);

// A column of an answer that is computed: its value, and of a number between which ones it lies
// when each output is in its range; the value does, too. Nothing of NULL.
struct Computed {
  Cell value;
  std::optional<Ends> interval;
};
Computed compute(const Expression& formula, std::span<const Known> values,
                 std::span<const Known> ranges);

// Where a number is that noise moved by `width` at most, to `value`, when it is not below `least`.
Known around(std::int64_t value, std::int64_t width, std::int64_t least);

// Where it is when an end at +-kOutputMax stands for all that is beyond.
Known beyond_output_max(Ends ends);

// A formula is written into answers, two levels of JSON for each of its own.
constexpr std::size_t kFormulaDepthMax = 200;
// Whether no number on the way is longer than 4096 bits, no text is made of more than 16, and no
// part is deeper than that.
bool formula_fits(const Expression& expression);

// What one row takes of a room: its parts, each by the square of how long its numbers may be, and a
// LIKE by its pattern too. All
// formulas of a question together take no more than kFormulasCostMax, or ten thousand rows would
// keep everybody waiting, as often as somebody asks again.
constexpr double kFormulasCostMax = 100'000;
double formula_cost(const Expression& expression);

}  // namespace gbx::sql
