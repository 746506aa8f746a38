#pragma once

// Minima of different values, of columns other than the person: a row with fewer is not shown.
//
// What must stay true: a minimum holds for every relation of every question about its table,
// whatever the question names. Numbers are exact where such a minimum can be (the policy is
// threshold-only, check_rule.cc), so it is a HAVING that the owner has written: what is counted is
// what persons add to the row within their bounds, never more than is there, and a row whose
// numbers are withheld has none, so it is not shown either.

#include "trusted/policy/policy.h"
#include "trusted/sql/query.h"

namespace gbx::firewall {

// `query` with HAVING COUNT(DISTINCT column) >= minimum for each such minimum of the tables that it
// reads; what HAVING it has holds too. The query has no steps when there is one (threshold_only.h).
// Fails with invalid_argument (expression_too_large).
Result<sql::Query> with_minima(sql::Query query, const policy::Policy& policy);

}  // namespace gbx::firewall
