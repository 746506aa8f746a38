#pragma once

// A condition over the rows of one table, as policies carry it: no other rows exist for a query.
//
// Whoever writes the policy is the attacker; all members sign the same tree. It is what the author
// wrote, by name and untyped: what it means is decided here, by the binder of queries, so it is
// total and typed as a WHERE is, and no parser stands between the signature and the meaning. It
// reads one table's columns, never the person's, and nothing but the row at hand: so which rows of
// a person are kept depends on that person's own rows alone (docs/reference/privacy.md).
// docs/spec/policy.md has the format. Pure.

#include "trusted/base/json.h"
#include "trusted/sql/catalog.h"
#include "trusted/sql/expression.h"
#include "trusted/sql/query.h"
#include "trusted/sql/syntax.h"

namespace gbx::sql {

constexpr std::size_t kRowFilterNodesMax = 1000;
constexpr std::size_t kRowFilterDepthMax = 50;

// Whether a condition has a form: columns by their name alone, literals, operators and functions.
// Fails with invalid_argument (policy_row_filter_malformed): a sub-select, a window, a parameter,
// DISTINCT or FILTER, or more nodes than the limits.
Status check_row_filter(const Node& node);

// `node` passes check_row_filter().
Json encode_row_filter(const Node& node);
// What encode_row_filter() gives for it is `json` again. Fails with invalid_argument
// (policy_row_filter_malformed).
Result<Node> decode_row_filter(const Json& json);

// The condition over relation 0, which is `table`; it has no places. Fails as a WHERE does.
Result<Expression> bind_row_filter(const Node& node, const CatalogTable& table);

// `query` over those rows of its tables for which `filters`, by relation, is true; a null has none.
// Fails with invalid_argument (too_many_steps).
Result<Query> with_row_filters(Query query, const std::vector<std::optional<Expression>>& filters);

}  // namespace gbx::sql
