#pragma once

// Window functions over released rows: shares of a total, ranks, the row before, running sums. They
// read what was noised and selected, so they cost nothing and can leak nothing.
//
// A window is that of a step (step.h), but of all rows at once: its argument, partition and order
// are formulas over one row (released_value.h). Partitions and orders are of exact values, NULL
// being one; an argument is a value as a column of its own would show it. SUM is exact and cut at
// +-(2^63 - 1) units; COUNT, SUM, MIN and MAX leave NULLs out, LAG, LEAD, FIRST_VALUE and
// LAST_VALUE do not. There is no average: it is a sum by a count.
//
// Rows that are equal in all of `order` but the last `ties` keys are peers. Whoever makes a window
// adds the keys of groups as such, where it matters which of them comes first: no two released rows
// have the same, so that one order is possible. What comes from outside may lack them; then the
// place in `rows` decides.

#include <span>
#include <vector>

#include "trusted/base/value.h"
#include "trusted/sql/step.h"

namespace gbx::sql {

// The window's value for each of `rows`, in their order; rows have one cell per output (or column)
// that its expressions name. is_well_formed(window), all of its expressions formula_fits() and are
// over Op::output or the columns of relation 0. Takes O(n log n) comparisons.
std::vector<Cell> window_values(const Window& window, std::span<const std::vector<Cell>> rows);

// Whether rows that are equal in `order` must be told apart: by a row's own place, not by its
// peers.
bool needs_ties(const Window& window);

// What one row costs, as formula_cost().
double window_cost(const Window& window);
// Whether each of its expressions formula_fits().
bool window_fits(const Window& window);

}  // namespace gbx::sql
