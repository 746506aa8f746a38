#include "trusted/sql/build_node.h"

#include <algorithm>

#include "trusted/sql/build.h"
#include "trusted/sql/catalog.h"

namespace gbx::sql {

bool is_unbounded(const Expression& e) {
  return is_numeric(e.type) && e.low == kLeast && e.high == kMost && !is_released(e);
}

Expression node(Op op, ValueType type, std::vector<Expression> children, Span where) {
  Expression out;
  out.op = op;
  out.type = type;
  out.children = std::move(children);
  out.where = where;
  const Range range = storage_range(type);
  out.low = range.low;
  out.high = range.high;
  return out;
}

std::vector<Expression> list(Expression a) {
  std::vector<Expression> out;
  out.push_back(std::move(a));
  return out;
}

std::vector<Expression> list(Expression a, Expression b) {
  std::vector<Expression> out = list(std::move(a));
  out.push_back(std::move(b));
  return out;
}

Result<Expression> within(Expression out, Int128 low, Int128 high) {
  if (is_numeric(out.type) && is_released(out)) {  // exact, and cut when it is shown
    low = std::clamp(low, Int128{kLeast}, Int128{kMost});
    high = std::clamp(high, Int128{kLeast}, Int128{kMost});
  }
  if (low < kLeast || high > kMost) return refuse("value_may_overflow", out.where);
  out.low = static_cast<std::int64_t>(low);
  out.high = static_cast<std::int64_t>(high);
  if (out.type.type == Type::date ||
      out.type.type == Type::timestamp) {  // calendar functions are defined for the calendar only
    const Range range = storage_range(out.type);
    if (out.low < range.low || out.high > range.high) {
      return refuse("value_may_overflow", out.where);
    }
  }
  return out;
}

Result<Expression> rescale(Expression e, std::uint8_t scale) {
  const int digits = scale - e.type.scale;
  GBX_CHECK(digits >= 0);
  if (digits == 0) {
    e.type = {scale > 0 ? Type::decimal : e.type.type, scale};
    return e;
  }
  if (is_unbounded(e)) return refuse("column_unbounded", e.where);
  Int128 factor = 1;
  for (int i = 0; i < digits; i++) factor *= 10;
  const Int128 low = e.low * factor;
  const Int128 high = e.high * factor;
  const ValueType type{Type::decimal, scale};
  if (e.op == Op::literal) {
    if (low < kLeast || low > kMost) return refuse("number_too_large", e.where);
    return make_literal(static_cast<std::int64_t>(low), type, e.where);
  }
  Expression out = node(Op::rescale, type, {}, e.where);
  out.value = digits;
  out.children = list(std::move(e));
  return within(std::move(out), low, high);
}

Result<Expression> to_timestamp(Expression e) {
  const ValueType type{Type::timestamp, 0};
  if (e.op == Op::literal) return make_literal(e.value * kMicrosPerDay, type, e.where);
  const Span where = e.where;
  const Int128 low = Int128{e.low} * kMicrosPerDay;
  const Int128 high = Int128{e.high} * kMicrosPerDay;
  Expression factor = make_literal(kMicrosPerDay, {Type::integer, 0}, where);
  return within(node(Op::multiply, type, list(std::move(e), std::move(factor)), where), low, high);
}

}  // namespace gbx::sql
