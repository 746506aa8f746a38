#pragma once

// Tables whose rows the analyst wrote out: VALUES, and SELECTs of literals without FROM, also
// united. A list of campaigns, say, with the group that each belongs to:
//
//   WITH scope (id, team) AS (VALUES ('a', 'x'), ('b', 'y'))
//   SELECT scope.team, COUNT(*) FROM purchases p JOIN scope ON p.store = scope.id GROUP BY 1
//
// says what IN and CASE say, and is bound and judged as if it had been written so:
//
//   SELECT CASE WHEN p.store = 'a' THEN 'x' ELSE 'y' END, COUNT(*)
//   FROM purchases p WHERE p.store IN ('a', 'b') GROUP BY 1
//
// An attacker wrote all of it. Nothing is allowed here; what comes out holds no such table, counts
// against the limits of parse.h, and can only say what a query of today could say at more length.

#include "trusted/base/result.h"
#include "trusted/sql/syntax.h"

namespace gbx::sql {

// Fails with invalid_argument: written_rows_unsupported where such a table stands where none can,
// or meets rows otherwise than by an inner or left join, by equality with different literals;
// expression_too_large, expression_too_deep, group_constant.
Status without_written_tables(Select& select);

}  // namespace gbx::sql
