#pragma once

// Steps as the binder makes them, one for each clause, become fewer that mean the same: columns
// that nobody reads go, and a step that only passes rows on gives way to what it reads. So a
// question that is written with sub-selects and one that is written without are one, and the joins
// that engines do fastest are found.

#include <vector>

#include "trusted/sql/step_list.h"

namespace gbx::sql {

struct SimpleSteps {
  std::vector<std::uint32_t> tables;  // of the catalog: those that are needed, ascending
  // Sources are numbered as in task.h: these tables, then the steps, the last of which has the
  // rows. Each is needed, and reads only what comes before it.
  std::vector<Step> steps;
};

// What `source`, a step, is made of. `readers` are the expressions that read its columns, as
// relation 0; their column numbers follow. Fails with invalid_argument (too_many_steps,
// too_many_columns) when it is too large for an engine; `where` is the place of that.
Result<SimpleSteps> simplify(const StepList& list, std::uint32_t source,
                             const std::vector<Expression*>& readers, Span where);

// AND of a join's filter and of its inputs' conditions, as parts.
std::vector<Expression> conjuncts_of(Expression condition);

}  // namespace gbx::sql
