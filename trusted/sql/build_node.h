#pragma once

// What build.h's functions are made of; for them alone. Every node that leaves them went through
// within() or has an interval that its operator proves.

#include <limits>
#include <vector>

#include "trusted/base/result.h"
#include "trusted/sql/expression.h"

namespace gbx::sql {

constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kMicrosPerDay = 86'400'000'000;

inline Error refuse(Literal reason, Span where) {
  return {ErrorCode::invalid_argument, reason, where};
}

// A number that may be any of int64: a column without declared bounds.
bool is_unbounded(const Expression& e);

// With the interval of everything that a snapshot can hold of `type`.
Expression node(Op op, ValueType type, std::vector<Expression> children, Span where);

std::vector<Expression> list(Expression a);
std::vector<Expression> list(Expression a, Expression b);

// Sets the interval, unless values could leave int64 or the calendar. Fails with invalid_argument
// (value_may_overflow).
Result<Expression> within(Expression out, Int128 low, Int128 high);

// `e` with as many digits after the point, at least those it has. Fails with invalid_argument.
Result<Expression> rescale(Expression e, std::uint8_t scale);

// Midnight of a date. Fails with invalid_argument.
Result<Expression> to_timestamp(Expression e);

}  // namespace gbx::sql
