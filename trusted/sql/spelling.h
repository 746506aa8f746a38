#pragma once

// What other warehouses call things, said in the words that the binder knows. DATEADD(day, 7, d)
// becomes d + INTERVAL 7 DAY, IFF(a, b, c) a CASE, APPROX_COUNT_DISTINCT(x) COUNT(DISTINCT x).
//
// An attacker controls every node. Nothing is allowed here: what comes out is bound, typed and
// judged like the same question in our own words, so a spelling can never reach further than they
// do. What is not known stays as it is, and is refused by the binder.

#include <optional>
#include <string_view>
#include <vector>

#include "trusted/base/result.h"
#include "trusted/sql/syntax.h"

namespace gbx::sql {

// CAST(x AS DOUBLE), as a call with one argument: x itself, which is exact.
constexpr std::string_view kAsDouble = "as double";

// A call, in our words. `nodes` counts what a copy adds. Fails with invalid_argument
// (expression_too_large).
Result<Node> respell(Node call, std::size_t& nodes);

// PERCENTILE_CONT(q) WITHIN GROUP (ORDER BY x), which arrives as a call with the one argument q:
// quantile_cont(x, q), or of DESC that of 1 - q. Nothing for a call of anything else.
std::optional<Node> within_group(Node call, const OrderItem& order);

// A number with an exponent, as it is written: 1e3, -2.5E-2. Nothing when it is none, or beyond 64
// bits or 12 digits after the point.
std::optional<Node> exponent_number(std::string_view written);

// GROUP BY ALL: the items that aggregate nothing and read a column.
std::vector<Node> groups_of_all(const std::vector<SelectItem>& items);

// a INTERSECT b, a EXCEPT b (`negated`) of two SELECTs with one column, as the different values of
// the first that are, or are not, among those of the second. Fails with invalid_argument
// (set_operation_unsupported).
Result<Select> set_operation(Select a, Select b, bool negated);

}  // namespace gbx::sql
