// Division, rounding and the moving of moments: what has a value or NULL without ever leaving
// int64.

#include <algorithm>

#include "trusted/sql/build.h"
#include "trusted/sql/build_node.h"
#include "trusted/sql/evaluate.h"

namespace gbx::sql {
namespace {

int quotient_depth(const Expression& e) {
  int deepest = 0;
  for (const Expression& child : e.children) deepest = std::max(deepest, quotient_depth(child));
  return deepest + (e.op == Op::quotient || e.op == Op::remainder ? 1 : 0);
}

Result<Expression> divided(Op op, std::vector<Expression> parts, const Division& division,
                           Span where) {
  for (const Expression& part : parts) {
    if (is_unbounded(part)) return refuse("column_unbounded", part.where);
    if (is_released(part)) continue;
    if (quotient_depth(part) >= kQuotientDepthMax) return refuse("expression_too_deep", where);
  }
  Expression out = node(op, division.type, std::move(parts), where);
  out.value = 4 * division.digits + static_cast<std::int64_t>(division.rounding);
  return out;
}

Int128 magnitude(const Expression& e) { return std::max(-Int128{e.low}, Int128{e.high}); }

Expression saturating(Expression out, Int128 low, Int128 high) {
  out.low = static_cast<std::int64_t>(std::clamp(low, Int128{kLeast}, Int128{kMost}));
  out.high = static_cast<std::int64_t>(std::clamp(high, Int128{kLeast}, Int128{kMost}));
  return out;
}

}  // namespace

Result<Expression> make_quotient(Expression a, Expression b, Division division, Span where) {
  GBX_CHECK(division.digits >= 0 && division.digits <= kQuotientDigitsMax);
  // |b| is 1 at least where there is a value.
  Int128 high = magnitude(a);
  for (std::int64_t i = 0; i < division.digits; i++) high *= 10;
  Int128 low = a.low >= 0 && b.low >= 0 ? Int128{0} : -high;
  if (b.op == Op::literal && b.value != 0) {
    const std::int64_t first = divide(a.low, b.value, division.rounding, division.digits);
    const std::int64_t last = divide(a.high, b.value, division.rounding, division.digits);
    low = std::min(first, last);
    high = std::max(first, last);
  }
  GBX_TRY_ASSIGN(Expression out,
                 divided(Op::quotient, list(std::move(a), std::move(b)), division, where));
  return saturating(std::move(out), low, high);
}

Result<Expression> make_remainder(Expression a, Expression b, Division division, Span where) {
  GBX_CHECK(division.digits == 0 &&
            (division.rounding == Rounding::to_zero || division.rounding == Rounding::down));
  const Int128 below = std::max(magnitude(b) - 1, Int128{0});  // |rest| < |b|
  Int128 low = -below;
  Int128 high = below;
  if (division.rounding == Rounding::to_zero) {  // of a's sign, and no larger than it
    low = std::max(low, std::min(Int128{a.low}, Int128{0}));
    high = std::min(high, std::max(Int128{a.high}, Int128{0}));
  } else if (b.low >= 0) {
    low = 0;
  }
  GBX_TRY_ASSIGN(Expression out,
                 divided(Op::remainder, list(std::move(a), std::move(b)), division, where));
  return saturating(std::move(out), low, high);
}

namespace {

// Exact. It shows as many digits as any division.
Expression make_ratio(Expression a, Expression b, Span where) {
  const std::uint8_t scale = std::max(a.type.scale, kDivisionDigits);
  const bool positive = a.low >= 0 && b.low >= 0;
  Expression out = node(Op::ratio, {Type::decimal, scale}, list(std::move(a), std::move(b)), where);
  if (positive) out.low = 0;
  return out;
}

}  // namespace

Result<Expression> make_division(Expression a, Expression b, Span where) {
  if (!is_numeric(a.type) || !is_numeric(b.type)) return refuse("types_differ", where);
  if (is_released(a) || is_released(b)) return make_ratio(std::move(a), std::move(b), where);
  // a * 10^(scale - scale of a + scale of b) / b has `scale` digits after the point.
  const std::uint8_t scale = std::max(a.type.scale, kDivisionDigits);
  const int digits = scale - a.type.scale + b.type.scale;
  if (digits > kQuotientDigitsMax) return refuse("scale_too_large", where);
  return make_quotient(std::move(a), std::move(b),
                       {{Type::decimal, scale}, Rounding::half_away, digits}, where);
}

Result<Expression> make_rounded(Expression a, std::uint8_t scale, Rounding rounding, Span where) {
  if (!is_numeric(a.type)) return refuse("types_differ", where);
  if (a.type.scale <= scale) return a;
  std::int64_t unit = 1;
  for (int i = scale; i < a.type.scale; i++) unit *= 10;
  const ValueType type{scale > 0 ? Type::decimal : Type::integer, scale};
  Expression divisor = make_literal(unit, {Type::integer, 0}, where);
  return make_quotient(std::move(a), std::move(divisor), {type, rounding}, where);
}

Result<Expression> make_micros_later(Expression a, std::int64_t micros, Span where) {
  const ValueType stamp{Type::timestamp, 0};
  if (a.type.type == Type::date) {
    GBX_TRY_ASSIGN(a, to_timestamp(std::move(a)));
  }
  if (a.type != stamp) return refuse("types_differ", where);
  const Int128 low = Int128{a.low} + micros;
  const Int128 high = Int128{a.high} + micros;
  Expression more = make_literal(micros, {Type::integer, 0}, where);
  return within(node(Op::add, stamp, list(std::move(a), std::move(more)), where), low, high);
}

Result<Expression> make_months_later(Expression a, std::int64_t months, Span where) {
  if (months < -kMonthsMax || months > kMonthsMax) return refuse("value_may_overflow", where);
  if (a.type.type == Type::timestamp) {
    // The day moves, the time of day stays.
    const ValueType stamp{Type::timestamp, 0};
    GBX_TRY_ASSIGN(Expression day, make_date_function(Op::date_of, a, where));
    GBX_TRY_ASSIGN(Expression midnight, to_timestamp(day));
    GBX_TRY_ASSIGN(Expression later, make_months_later(std::move(day), months, where));
    GBX_TRY_ASSIGN(later, to_timestamp(std::move(later)));
    Expression time =
        node(Op::subtract, {Type::integer, 0}, list(std::move(a), std::move(midnight)), where);
    time.low = 0;
    time.high = kMicrosPerDay - 1;
    const Int128 low = Int128{later.low};
    const Int128 high = Int128{later.high} + kMicrosPerDay - 1;
    return within(node(Op::add, stamp, list(std::move(later), std::move(time)), where), low, high);
  }
  if (a.type.type != Type::date) return refuse("types_differ", where);
  const Int128 low = months_later(a.low, months);
  const Int128 high = months_later(a.high, months);
  Expression out = node(Op::add_months, {Type::date, 0}, list(std::move(a)), where);
  out.value = months;
  return within(std::move(out), low, high);
}

}  // namespace gbx::sql
