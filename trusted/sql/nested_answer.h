#pragma once

// A SELECT that only chooses among, filters, orders or computes from the rows of an aggregating
// sub-select in its FROM:
//
//   SELECT store, n FROM (SELECT store, COUNT(*) AS n FROM purchases GROUP BY store) WHERE n > 100
//
// says what one SELECT says, which is then bound and judged as if it had been written so:
//
//   SELECT store, COUNT(*) AS n FROM purchases GROUP BY store HAVING COUNT(*) > 100
//
// Nothing is allowed here. An outer SELECT that does anything else stays, and its sub-select is
// then rows of people, as any.

#include <optional>

#include "trusted/base/result.h"
#include "trusted/sql/syntax.h"

namespace gbx::sql {

// The one SELECT, or nothing when `select` is not of that kind. Fails with invalid_argument
// (expression_too_large, limit_in_subquery) or not_found (column_unknown).
Result<std::optional<Select>> without_nesting(const Select& select);

// SELECT DISTINCT without aggregates is its own GROUP BY. Others stay.
Select with_distinct_groups(Select select);

}  // namespace gbx::sql
