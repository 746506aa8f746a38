#pragma once

// Whether an expression that came from outside has the shape that its operators mean.

#include "trusted/sql/expression.h"

namespace gbx::sql {

// The operator, the number and types of `expression`'s direct children, and its own fields. No
// Op::output. `relations` is how many there are.
bool is_well_formed(const Expression& expression, std::size_t relations);

}  // namespace gbx::sql
