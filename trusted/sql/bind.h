#pragma once

// Names and types: from what was written to a Query. Says nothing about what a policy allows, but
// for what no policy can: a person column may only join persons and be counted, rows are never
// released, and every expression must be total (build.h).

#include "trusted/sql/catalog.h"
#include "trusted/sql/query.h"
#include "trusted/sql/syntax.h"

namespace gbx::sql {

constexpr std::size_t kGroupsMax = 16;
constexpr std::size_t kAggregatesMax = 31;
constexpr std::size_t kItemsMax = 64;
constexpr std::size_t kSortKeysMax = 16;
constexpr std::size_t kConjunctsMax = 1000;
constexpr std::size_t kItemNameBytesMax = 63;

// Fails with not_found, invalid_argument or policy_denied, a reason of docs/reference/sql.md and
// its place. Pure: depends on nothing but its arguments.
Result<Query> bind(const Select& select, const Catalog& catalog);

// The type of what an aggregate is released as.
ValueType type_of(const AggregateCall& call);
// The type of an average of `argument`: up to four more digits, as far as they fit kOutputMax.
ValueType average_type(const Expression& argument);
// Of a variance: twice the digits and up to four more, as far as there are so many and they fit;
// fewer when x^2 has more digits than a type can. Of a standard deviation: as an average.
ValueType variance_type(const Expression& argument);
ValueType deviation_type(const Expression& argument);

}  // namespace gbx::sql
