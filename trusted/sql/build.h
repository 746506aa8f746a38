#pragma once

// Typed expressions from typed expressions. Each function either yields an expression that has a
// value or NULL on every row, with the interval its values lie in, or refuses with a reason. This
// is where totality is proved: by interval arithmetic in 128 bits, refused when the result can
// leave int64.

#include <optional>
#include <string>
#include <vector>

#include "trusted/sql/expression.h"

namespace gbx::sql {

// The type of a bare NULL, until something beside it has one. No column has it.
constexpr ValueType kUntyped{Type::text, 1};

constexpr std::uint8_t kDivisionDigits = 6;
constexpr int kQuotientDepthMax = 4;  // quotients of quotients: rendered SQL doubles with each

// A prefix may have so many characters: more than any text has, and inside what engines take.
constexpr std::int64_t kPrefixMax = 1'000'000'000;

constexpr std::size_t kConcatMax = 16;
constexpr std::int64_t kPartsMax = 1000;       // of split_part; characters of pads
constexpr std::int64_t kPaddedMax = 256;       // of lpad and rpad, and a longer REPLACE is cut
constexpr std::int64_t kTextGrowthMax = 4096;  // bytes

bool is_numeric(ValueType type);  // integer or decimal

Expression make_literal(std::int64_t value, ValueType type, Span where);
Expression make_text(std::string text, Span where);
Expression make_null(ValueType type, Span where);

// + - *. Numbers, date + integer, date - integer, date - date.
Result<Expression> make_arithmetic(Op op, Expression a, Expression b, Span where);
Result<Expression> make_negate(Expression a, Span where);
Result<Expression> make_absolute(Expression a, Span where);
// CLAMP(a, low, high): literals, low <= high. Bounds what has none.
Result<Expression> make_clamp(std::vector<Expression> parts, Span where);
// 2 y^2 - w^2 with y = 2a - (low + high), w = high - low over a's own interval: an integer in
// [-w^2, w^2], whatever a's scale. Refused (value_may_overflow) when a part could leave int64.
Result<Expression> make_centred_square(Expression a);
// a * 10^digits / b as integers, rounded, of the scale that `type` has, which the caller makes
// right; or what is left of a / b. NULL where b is 0, saturated to int64.
struct Division {
  ValueType type;
  Rounding rounding = Rounding::half_away;
  std::int64_t digits = 0;  // 0 .. kQuotientDigitsMax
};
Result<Expression> make_quotient(Expression a, Expression b, Division division, Span where);
Result<Expression> make_remainder(Expression a, Expression b, Division division, Span where);
// a / b with kDivisionDigits digits after the point, or as many as `a` has, rounded half away from
// zero.
Result<Expression> make_division(Expression a, Expression b, Span where);
// `a` at fewer digits after the point; itself when it has no more.
Result<Expression> make_rounded(Expression a, std::uint8_t scale, Rounding rounding, Span where);
// A timestamp so much later; a date or timestamp some months later.
Result<Expression> make_micros_later(Expression a, std::int64_t micros, Span where);
Result<Expression> make_months_later(Expression a, std::int64_t months, Span where);
// = <> < <= > >= on two values that unify() made alike.
Result<Expression> make_comparison(Op op, Expression a, Expression b, Span where);
// AND, OR.
Result<Expression> make_logical(Op op, std::vector<Expression> parts, Span where);
Result<Expression> make_not(Expression a, Span where);
Expression make_is_null(Expression a, Span where);
Result<Expression> make_in(std::vector<Expression> value_and_list, Span where);
Result<Expression> make_like(Expression a, Expression pattern, Span where);
// The same, where \ in the pattern stands before a character that is meant itself.
Result<Expression> make_escaped_like(Expression a, std::string pattern, Span where);
Result<Expression> make_case(std::vector<Expression> parts, Span where);
Result<Expression> make_coalesce(std::vector<Expression> parts, Span where);
// year .. truncate_week of a date or timestamp; date_of of a timestamp.
Result<Expression> make_date_function(Op op, Expression a, Span where);
Result<Expression> make_text_function(Op op, Expression a, std::int64_t count, Span where);
// trim (`sides`), replace, split_part, pad_left, pad_right, reverse, capitals, position: a text,
// then literals. Refused: text_argument_malformed, and text_may_grow when results could be more
// than kTextGrowthMax bytes longer than any text.
Result<Expression> make_text_call(Op op, std::vector<Expression> parts, std::int64_t sides,
                                  Span where);
// Texts, one after the other; NULL when one is. More than one that is no literal: refused with
// concat_too_many_texts where that may be more than kTextsMax different ones, but of released rows.
Result<Expression> make_concat(std::vector<Expression> parts, Span where);
// A number or date as it is shown, a condition as true or false; a text stays. Refused:
// cast_unsupported for timestamps, texts_too_many beyond kTextsMax values.
Result<Expression> make_shown(Expression a, Span where);
// `a`, units of time after 1970 or a date, as `format` says, which format_unit() knows. Refused:
// texts_too_many.
Result<Expression> make_formatted(Expression a, TimeUnit unit, std::string format, Span where);
// How many different texts two that have so many (0: nobody knows) make, one or the other.
std::int64_t texts_together(std::int64_t a, std::int64_t b);
// Equal types, integer -> decimal, decimal to more digits or fewer (rounded half away from zero),
// date -> timestamp, timestamp -> date (its floor), literals of text.
Result<Expression> make_cast(Expression a, ValueType type, Span where);

// Makes the values of `parts` one type, for comparison or choice: literals of text become dates and
// timestamps, dates become timestamps, scales grow, NULL takes the others' type. `parts` are at the
// places `from`, from + step, ...
Status unify(std::vector<Expression>& parts, std::size_t from, std::size_t step);

}  // namespace gbx::sql
