#pragma once

// Bound, typed expressions: the only form in which a query exists past the binder.
//
// Every expression is total: on every row of every snapshot that fits the declared bounds it has a
// value or NULL, and no evaluation can fail. The binder proves it by carrying the interval of
// possible values (`low`..`high`) through arithmetic and refusing what could leave int64. NULL
// follows SQL: three-valued logic, NULL in = NULL out but for AND, OR, IS NULL, CASE and COALESCE.

#include <cstdint>
#include <string>
#include <vector>

#include "trusted/base/value.h"

namespace gbx::sql {

// Children are named c0, c1, ... The enumerator is the name in serialised tasks.
enum class Op : std::uint8_t {
  column,    // relation, column
  literal,   // value, or text when type is text
  null,      // the NULL of `type`
  add,       // c0 + c1, scales made equal by the binder; also date + integer (days)
  subtract,  // c0 - c1; also date - date (days) and date - integer
  multiply,  // c0 * c1, scales add
  negate,
  absolute,
  rescale,  // c0 * 10^value (value >= 0): exact change of decimal scale
  clamp,    // c0, or where it is below c1 that, above c2 that; c1 <= c2 are literals
  // c0 * 10^digits / c1 as integers of whatever scale, rounded and then saturated to int64; NULL
  // where c1 is 0. `value` is 4 * digits + Rounding.
  quotient,
  remainder,  // c0 - c1 * quotient without digits; likewise
  equal,
  not_equal,
  less,
  less_equal,
  greater,
  greater_equal,  // both children of one type; text by bytes
  logical_and,
  logical_or,
  logical_not,
  is_null,    // never NULL itself
  in_list,    // c0 IN (c1, c2, ...), literals only; never holds NULL
  like,       // c0 LIKE text, with % and _ on UTF-8 characters; no escape character
  case_when,  // c0 ? c1 : c2 ? c3 : ... : last
  coalesce,   // first child that is not NULL
  year,
  quarter,
  month,
  day,          // of a date or a timestamp -> integer
  day_of_week,  // ISO: Monday 1 .. Sunday 7
  date_of,      // timestamp -> date (floor)
  truncate_year,
  truncate_quarter,
  truncate_month,
  truncate_week,  // date -> date; ISO week starts on Monday
  lower,
  upper,       // text, ASCII letters only
  prefix,      // text: the first `value` UTF-8 characters
  suffix,      // the last `value`
  rest,        // all but the first `value`
  trim,        // without spaces at the start (`value` 1), the end (2) or both (3)
  length,      // UTF-8 characters -> integer
  add_months,  // date, `value` months later; the last day of that month when it is shorter
  output,      // post-processing only: a released output column (`column`)
  ratio,       // post-processing only: c0 / c1, exact; released_value.h
};

// Text in, text out: lower, upper, prefix, suffix, rest, trim.
bool is_text_function(Op op);

// How quotients are rounded; Expression::value.
enum class Rounding : std::uint8_t { half_away, down, up, to_zero };

constexpr std::int64_t kQuotientDigitsMax = 12;

constexpr std::int64_t kMonthsMax = 119'976;  // of add_months, either way: of 9998 years

std::string_view op_name(Op op);
std::optional<Op> op_from(std::string_view name);
// What SQL writes between the operands, with its spaces: " + "; "" for what is not written so.
std::string_view infix(Op op);

// Whether the expression is over released rows: some part is Op::output.
struct Expression;
bool is_released(const Expression& e);

struct Expression {
  Op op = Op::null;
  ValueType type;
  std::vector<Expression> children;
  std::uint32_t relation = 0;  // column: index into the task's relations
  std::uint32_t column =
      0;                   // column: index into the table's columns, the person column not counted
  std::int64_t value = 0;  // literal (not text), rescale, prefix
  std::string text;        // literal of type text, pattern of like
  std::int64_t low = 0;    // every possible value lies in [low, high]; meaningless for text
  std::int64_t high = 0;
  Span where;  // in the analyst's text
};

// 1 of a leaf.
std::size_t depth_of(const Expression& e);

}  // namespace gbx::sql
