#include "trusted/sql/evaluate.h"

#include <algorithm>
#include <array>
#include <limits>

#include "trusted/sql/text_functions.h"

namespace gbx::sql {
namespace {

constexpr std::int64_t kMicrosPerDay = 86'400'000'000;
constexpr std::array<std::int64_t, kScaleMax + 1> kPowersOfTen = {1,
                                                                  10,
                                                                  100,
                                                                  1'000,
                                                                  10'000,
                                                                  100'000,
                                                                  1'000'000,
                                                                  10'000'000,
                                                                  100'000'000,
                                                                  1'000'000'000,
                                                                  10'000'000'000,
                                                                  100'000'000'000,
                                                                  1'000'000'000'000};

bool is_null(const Cell& cell) { return std::holds_alternative<std::monostate>(cell); }

std::int64_t number(const Cell& cell) {
  const auto* value = std::get_if<std::int64_t>(&cell);
  GBX_CHECK(value != nullptr);
  return *value;
}

const std::string& text(const Cell& cell) {
  const auto* value = std::get_if<std::string>(&cell);
  GBX_CHECK(value != nullptr);
  return *value;
}

Cell boolean(bool value) { return Cell(std::int64_t{value ? 1 : 0}); }

std::int64_t checked(Op op, std::int64_t a, std::int64_t b) {
  std::int64_t out = 0;
  bool overflow = false;
  if (op == Op::add) {
    overflow = __builtin_add_overflow(a, b, &out);
  } else if (op == Op::subtract) {
    overflow = __builtin_sub_overflow(a, b, &out);
  } else {
    overflow = __builtin_mul_overflow(a, b, &out);
  }
  GBX_CHECK(!overflow);
  return out;
}

bool compare(Op op, const Cell& a, const Cell& b) {
  GBX_CHECK(a.index() == b.index());
  if (op == Op::equal) return a == b;
  if (op == Op::not_equal) return a != b;
  if (op == Op::less) return a < b;
  if (op == Op::less_equal) return a <= b;
  if (op == Op::greater) return a > b;
  return a >= b;
}

// AND and OR: `decides` is the operand that settles it whatever the other is.
Cell logical(const Expression& expression, RowView row, std::int64_t decides) {
  bool unknown = false;
  for (const Expression& child : expression.children) {
    const Cell cell = evaluate(child, row);
    if (is_null(cell)) {
      unknown = true;
    } else if (number(cell) == decides) {
      return cell;
    }
  }
  return unknown ? Cell() : Cell(1 - decides);
}

Cell case_when(const Expression& expression, RowView row) {
  const std::size_t count = expression.children.size();
  for (std::size_t i = 0; i + 1 < count; i += 2) {
    const Cell condition = evaluate(expression.children[i], row);
    if (!is_null(condition) && number(condition) != 0) {
      return evaluate(expression.children[i + 1], row);
    }
  }
  return evaluate(expression.children[count - 1], row);
}

Cell coalesce(const Expression& expression, RowView row) {
  for (const Expression& child : expression.children) {
    Cell cell = evaluate(child, row);
    if (!is_null(cell)) return cell;
  }
  return {};
}

std::string joined(const std::vector<Cell>& cells) {
  std::string out;
  for (const Cell& cell : cells) out += text(cell);
  return out;
}

std::int64_t part_of_moment(const Expression& expression, std::int64_t value) {
  const bool timestamp = expression.children[0].type.type == Type::timestamp;
  return date_function(expression.op, timestamp ? day_of_timestamp(value) : value);
}

// The quotient of two numbers, or NULL.
Cell quotient(const Expression& expression, std::int64_t a, std::int64_t b) {
  if (b == 0) return {};
  const auto rounding = static_cast<Rounding>(expression.value % 4);
  if (expression.op == Op::remainder) return remainder(a, b, rounding);
  return divide(a, b, rounding, expression.value / 4);
}

Cell on_values(const Expression& expression, const std::vector<Cell>& cells) {
  switch (expression.op) {
    case Op::add:
    case Op::subtract:
    case Op::multiply: return checked(expression.op, number(cells[0]), number(cells[1]));
    case Op::negate: return checked(Op::subtract, 0, number(cells[0]));
    case Op::absolute: {
      const std::int64_t value = number(cells[0]);
      return value < 0 ? checked(Op::subtract, 0, value) : value;
    }
    case Op::rescale: {
      GBX_CHECK(expression.value >= 0 && expression.value <= kScaleMax);
      return checked(Op::multiply, number(cells[0]),
                     kPowersOfTen[static_cast<std::size_t>(expression.value)]);
    }
    case Op::clamp: return std::clamp(number(cells[0]), number(cells[1]), number(cells[2]));
    case Op::quotient:
    case Op::remainder: return quotient(expression, number(cells[0]), number(cells[1]));
    case Op::equal:
    case Op::not_equal:
    case Op::less:
    case Op::less_equal:
    case Op::greater:
    case Op::greater_equal: return boolean(compare(expression.op, cells[0], cells[1]));
    case Op::logical_not: return Cell(1 - number(cells[0]));
    case Op::in_list:
      return boolean(std::find(cells.begin() + 1, cells.end(), cells[0]) != cells.end());
    case Op::like: return boolean(like_matches(expression, text(cells[0])));
    case Op::year:
    case Op::quarter:
    case Op::month:
    case Op::day:
    case Op::day_of_week: return part_of_moment(expression, number(cells[0]));
    case Op::truncate_year:
    case Op::truncate_quarter:
    case Op::truncate_month:
    case Op::truncate_week: return date_function(expression.op, number(cells[0]));
    case Op::date_of: return day_of_timestamp(number(cells[0]));
    case Op::lower:
    case Op::upper:
    case Op::prefix:
    case Op::suffix:
    case Op::rest:
    case Op::trim:
    case Op::replace:
    case Op::split_part:
    case Op::pad_left:
    case Op::pad_right:
    case Op::reverse:
    case Op::capitals: return text_function(expression, text(cells[0]));
    case Op::length: return text_length(text(cells[0]));
    case Op::position: return text_position(text(cells[0]), text(cells[1]));
    case Op::concat: return joined(cells);
    case Op::to_text: return number_text(expression, number(cells[0]));
    case Op::add_months: return months_later(number(cells[0]), expression.value);
    case Op::column:
    case Op::literal:
    case Op::null:
    case Op::logical_and:
    case Op::logical_or:
    case Op::is_null:
    case Op::case_when:
    case Op::coalesce:
    case Op::output:
    case Op::ratio: break;
  }
  GBX_CHECK(false);
}

}  // namespace

Cell evaluate(const Expression& expression, RowView row) {
  if (expression.op == Op::column || expression.op == Op::output) {
    GBX_CHECK(expression.relation < row.size() &&
              expression.column < row[expression.relation].size());
    return row[expression.relation][expression.column];
  }
  if (expression.op == Op::null) return {};
  if (expression.op == Op::literal) {
    if (expression.type.type == Type::text) return expression.text;
    return expression.value;
  }
  if (expression.op == Op::logical_and) return logical(expression, row, 0);
  if (expression.op == Op::logical_or) return logical(expression, row, 1);
  if (expression.op == Op::case_when) return case_when(expression, row);
  if (expression.op == Op::coalesce) return coalesce(expression, row);
  std::vector<Cell> cells;
  cells.reserve(expression.children.size());
  for (const Expression& child : expression.children) cells.push_back(evaluate(child, row));
  if (expression.op == Op::is_null) return boolean(is_null(cells[0]));
  for (const Cell& cell : cells) {
    if (is_null(cell)) return {};
  }
  return on_values(expression, cells);
}

namespace {

std::int64_t saturated(Int128 value) {
  constexpr Int128 kMost = std::numeric_limits<std::int64_t>::max();
  return static_cast<std::int64_t>(std::clamp(value, -kMost - 1, kMost));
}

// numerator / b, b not 0. As wide as it is: -2^63 / -1 is no int64.
Int128 rounded_quotient(Int128 numerator, std::int64_t b, Rounding rounding) {
  const Int128 quotient = numerator / b;
  const Int128 rest = numerator % b;
  const bool negative = (rest < 0) != (b < 0);
  Int128 away = 0;  // how far from the quotient, which is cut towards zero
  if (rounding == Rounding::half_away) {
    const Int128 size = rest < 0 ? -rest : rest;
    const Int128 whole = b < 0 ? -Int128{b} : Int128{b};
    away = size * 2 < whole ? 0 : 1;
  } else if (rest != 0 && rounding != Rounding::to_zero) {
    away = negative == (rounding == Rounding::down) ? 1 : 0;
  }
  return quotient + (negative ? -away : away);
}

}  // namespace

std::int64_t divide(std::int64_t a, std::int64_t b, Rounding rounding, std::int64_t digits) {
  if (b == 0) return 0;
  const Int128 numerator = Int128{a} * kPowersOfTen[static_cast<std::size_t>(digits)];
  return saturated(rounded_quotient(numerator, b, rounding));
}

std::int64_t remainder(std::int64_t a, std::int64_t b, Rounding rounding) {
  if (b == 0) return 0;
  return saturated(Int128{a} - Int128{b} * rounded_quotient(a, b, rounding));
}

std::int64_t months_later(std::int64_t days, std::int64_t months) {
  CivilDay civil = civil_from_days(days);
  const std::int64_t month = civil.year * 12 + civil.month - 1 + months;
  civil.year = divide(month, 12, Rounding::down);
  civil.month = static_cast<unsigned>(remainder(month, 12, Rounding::down) + 1);
  const std::int64_t first = days_from_civil({civil.year, civil.month, 1});
  const std::int64_t next = civil.month == 12 ? days_from_civil({civil.year + 1, 1, 1})
                                              : days_from_civil({civil.year, civil.month + 1, 1});
  return std::min(first + civil.day - 1, next - 1);
}

std::int64_t day_of_timestamp(std::int64_t micros) {
  return micros / kMicrosPerDay - (micros % kMicrosPerDay < 0 ? 1 : 0);
}

std::int64_t date_function(Op op, std::int64_t days) {
  const std::int64_t from_monday = ((days + 3) % 7 + 7) % 7;
  if (op == Op::day_of_week) return from_monday + 1;
  if (op == Op::truncate_week) return days - from_monday;
  const CivilDay civil = civil_from_days(days);
  const unsigned first_of_quarter = (civil.month - 1) / 3 * 3 + 1;
  if (op == Op::year) return civil.year;
  if (op == Op::quarter) return (civil.month - 1) / 3 + 1;
  if (op == Op::month) return civil.month;
  if (op == Op::day) return civil.day;
  if (op == Op::truncate_year) return days_from_civil({civil.year, 1, 1});
  if (op == Op::truncate_quarter) return days_from_civil({civil.year, first_of_quarter, 1});
  GBX_CHECK(op == Op::truncate_month);
  return days_from_civil({civil.year, civil.month, 1});
}

}  // namespace gbx::sql
