#pragma once

// The end of binding a query that is more than tables joined on the person: its rows as steps.

#include "trusted/sql/bind_from.h"
#include "trusted/sql/query.h"

namespace gbx::sql {

// Of tables that a query with steps reads: an engine takes no more (engine/merge/plan.h).
constexpr std::size_t kQueryTablesMax = 16;

// For each of GROUPING SETS the places in Query::groups that it has. Of such a query the last group
// is a number, the set's.
using GroupingSets = std::vector<std::vector<std::uint32_t>>;

// Sets relations, person_joins and steps of `query`, whose groups and aggregates read the relations
// of `from` so far; filter instead of steps when they come to tables joined on the person. Fails
// with policy_denied or invalid_argument.
Status set_steps(FromRows from, Binding& binding, const GroupingSets& sets, Query& query);

// GROUPING of these groups: for each a bit, the last one lowest, that is 1 where the set of a row,
// whose number is `set`, does not have it. 0 without sets.
Result<Expression> grouping_bits(const GroupingSets& sets, const std::vector<std::uint32_t>& groups,
                                 const Expression& set);

}  // namespace gbx::sql
