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
  like,       // c0 LIKE text, with % and _ on UTF-8 characters; `value` 1: \ before one escapes it
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
  upper,   // text, ASCII letters only
  prefix,  // text: the first `value` UTF-8 characters
  suffix,  // the last `value`
  rest,    // all but the first `value`
  trim,    // without spaces, or the characters of c1, at the start (`value` 1), end (2) or both (3)
  length,  // UTF-8 characters -> integer
  add_months,  // date, `value` months later; the last day of that month when it is shorter
  concat,      // texts, one after the other
  // Text; c1, c2 are literals and no text among them is empty.
  replace,     // every c1 in c0 is c2
  split_part,  // what is left of c0 between its c1s: the c2-th, from 1; "" when there are not so
               // many
  pad_left,    // filled at the start with c2, over and over, or cut at the end: c1 characters
  pad_right,   // likewise at the end
  reverse,     // its characters from the last
  capitals,    // ASCII letters small, but those behind none of A-Z, a-z, 0-9 and what is not ASCII
  position,    // where c1 begins in c0, in characters from 1; 0 when nowhere
  // c0 as text: as it is shown (`value` 0), or a moment, c0 units of time after 1970 (TimeUnit),
  // written as the format `text` says.
  to_text,
  output,  // post-processing only: a released output column (`column`)
  ratio,   // post-processing only: c0 / c1, exact; released_value.h
};

// Text in, text out, by literals: lower, upper, prefix, suffix, rest, trim, replace, split_part,
// pad_left, pad_right, reverse, capitals.
bool is_text_function(Op op);

// What to_text counts in; Expression::value. `day` takes a date, or days.
enum class TimeUnit : std::uint8_t { none, second, minute, hour, day, month, year };

// How many texts what is no dictionary, or several of them, may yield: engines list them all.
constexpr std::int64_t kTextsMax = 131'072;

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
  // Every possible value lies in [low, high]. Of text: it has at most `high` different ones (0:
  // nobody knows), none more than -low bytes longer than the columns that it is made of.
  std::int64_t low = 0;
  std::int64_t high = 0;
  Span where;  // in the analyst's text
};

// 1 of a leaf.
std::size_t depth_of(const Expression& e);

}  // namespace gbx::sql
