#pragma once

// Calls of aggregates; the part of bind.h that knows which there are and what each takes.

#include "trusted/sql/query.h"
#include "trusted/sql/scope.h"
#include "trusted/sql/syntax.h"

namespace gbx::sql {

// What `node`, for which is_aggregate() holds, calls over the joined rows. Calls of scalar
// functions inside are appended to `functions`. Fails as bind() does.
Result<AggregateCall> bind_aggregate(const Node& node, const Scope& scope,
                                     std::vector<FunctionUse>& functions);

}  // namespace gbx::sql
