#pragma once

// FROM and WHERE: which conditions join persons, and what is left as a filter.

#include <vector>

#include "trusted/sql/query.h"
#include "trusted/sql/scope.h"

namespace gbx::sql {

struct JoinedRows {
  std::vector<PersonJoin> person_joins;
  std::vector<const Node*> filters;  // top-level conditions that join nothing; point into `select`
};

// Every table must be tied to the others by equality of person columns, at the top level of ON,
// USING or WHERE. Fails with policy_denied (join_not_on_person, join_same_table) or as
// Scope::find().
Result<JoinedRows> join_persons(const Select& select, const Scope& scope);

// The reason why a condition on a person column is refused, when one side of it is one.
Status check_person_condition(const Node& node, const Scope& scope);

// Every AND and OR in the ON of a join, in sub-selects too.
std::vector<JoinOperator> join_operators_of(const Select& select);

}  // namespace gbx::sql
