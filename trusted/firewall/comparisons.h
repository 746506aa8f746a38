#pragma once

// What the conditions of a query compare: of each column of a table, whether it meets a literal or
// another column, anywhere in the query but on released values.
//
// An attacker hides a comparison: in a CASE, a FILTER, a join's condition, a sub-select's column,
// or as a bare boolean. What must stay true: every operator whose answer is true or false for
// chosen values of a column is seen, on whatever step it stands, and is put down to the columns of
// tables that its operands come from. Functions that choose by comparing (NULLIF, GREATEST, SIGN)
// have been bound to comparisons by then. Not comparisons: the equality of persons, groups,
// DISTINCT, the order and partition of windows, arithmetic, CLAMP.

#include "trusted/firewall/lineage.h"

namespace gbx::firewall {

struct Comparison {
  Origin column;
  bool with_column = false;  // or with what is made of columns and rows; else with a literal
};

// =, <>, <, <=, >, >=, IN and LIKE; IS NULL, and a boolean where a condition stands, are
// comparisons with a literal.
std::vector<Comparison> comparisons_of(const sql::Query& query, const Lineage& lineage);

}  // namespace gbx::firewall
