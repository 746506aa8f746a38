#pragma once

// What a query may not ask where no noise is added: the rules beside rule.h of a policy that every
// member has signed as threshold-only.
//
// The attacker asks one question whose row stands for k persons and whose cell stands for one: a
// FILTER, a CASE, NULLs, arithmetic that is zero for all others. What must stay true: every person
// whom a released row counts adds a row to every number in it, so that the k of the row is the k of
// each of its cells. It holds because an aggregate is COUNT(*), the count of persons, or of one
// column as it stands that has a value in every row that counts: bounding keeps at least one row
// (one value) of each person that it counts in a group, and each has a value there.
// Held to instead of counting persons for each cell: a cell that counts persons where a condition
// holds says nothing of CASE WHEN c THEN x ELSE 0 END, whose value is there for everybody.
// A quantile of k persons is one person's value, and a bound is next to one: there is neither.
// Steps (sub-selects, outer joins, windows, unions) are refused whole: a column of one can be NULL,
// or a condition, for all that the rules of tables say of it. What this cannot do: two questions
// whose difference is one person (docs/explanation/privacy.md).

#include "trusted/firewall/rule.h"
#include "trusted/sql/query.h"

namespace gbx::firewall {

// Fails with policy_denied: threshold_only_steps, threshold_only_quantile,
// threshold_only_conditional.
Status check_threshold_only(const sql::Query& query, const RuleCheck& rules);

}  // namespace gbx::firewall
