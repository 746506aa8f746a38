#pragma once

// Conditions in a form that decides more rows early: what every branch of an OR demands is demanded
// once, outside of it.

#include "trusted/sql/expression.h"

namespace gbx::engine {

// True, false and NULL exactly where `e` is: (a AND x) OR (b AND x) is (a OR b) AND x in
// three-valued logic too.
sql::Expression factored(const sql::Expression& e);

}  // namespace gbx::engine
