#pragma once

// Values for the $names of a template.
//
// An attacker chose the values, the members the text around them. A value takes the place of its
// node in the tree: it is never text that is parsed, so it can end no quote, begin no comment and
// name no column. It is a literal of its type from there on, and the binder and the firewall treat
// it as one; only as a position in GROUP BY or ORDER BY a number that was not written counts for
// nothing.

#include <span>

#include "trusted/base/value.h"
#include "trusted/sql/syntax.h"

namespace gbx::sql {

// Every $name of `select`, sub-selects included, becomes its value. Fails with invalid_argument:
// parameter_undeclared (a $name without a value), parameter_unused (a value without a $name).
Status set_parameters(Select& select, std::span<const NamedValue> values);

}  // namespace gbx::sql
