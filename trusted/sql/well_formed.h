#pragma once

// Whether expressions and steps that came from outside have the shape that their words mean.

#include <span>

#include "trusted/sql/step.h"

namespace gbx::sql {

// What may be read under one number.
struct Source {
  bool readable = true;
  bool known = false;  // `columns` are all there are; else a table's, which only engines know
  std::vector<StepColumn> columns;
  bool released = false;  // released rows: there may be Op::ratio
};
using Sources = std::span<const Source>;

Source source_of(const Step& step);

// The operator, the number and types of `expression`'s direct children, and its own fields. A
// column that is known has its type, and lies in its interval. No Op::output.
// Op::ratio only over what is released.
bool is_well_formed(const Expression& expression, Sources relations);
// The same over so many tables.
bool is_well_formed(const Expression& expression, std::size_t tables);

// A window but for the inside of its expressions; `ties` are the caller's.
bool is_well_formed(const Window& window);

// Everything of a step but the inside of its expressions. `sources` are the tables and the steps
// before it.
bool is_well_formed(const Step& step, Sources sources);

}  // namespace gbx::sql
