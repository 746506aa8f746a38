#pragma once

// The meaning of steps, written as step.h says it and nothing else.

#include <vector>

#include "trusted/sql/step.h"

namespace gbx::engine {

using PlainRows = std::vector<std::vector<Cell>>;

// What steps read: a table's rows of one person, or those that a step made; in any order.
struct PlainSource {
  std::size_t width = 0;  // columns of a row, also when there is none
  PlainRows rows;
};

// The rows of one person in the last of `steps` (one or more), given those in each table.
PlainRows run_reference_steps(const std::vector<sql::Step>& steps, std::vector<PlainSource> tables);

}  // namespace gbx::engine
