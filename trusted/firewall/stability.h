#pragma once

// What can change when one person leaves, derived from a query's steps alone.
//
// Support. Let S(source) be tables without whose rows of p a source has no row of p:
//   a table                {it}
//   join, from the left    inner, semi: S(L) + S(input); left, anti: S(L); right: S(input);
//                          full: what both have
//   group, window          S(input)
//   append                 what all inputs have
// Proof by induction over the definition of each join (step.h): a row of an inner or semi join
// needs a row of both sides, one of a left or anti join a row of L, one of a right join a row of
// the input, one of a full join a row of either; the others make rows from rows only.
//
// p may leave all tables, or those of some owners only (docs/reference/privacy.md). If p leaves a
// table of S(last step), all of p's rows vanish: whatever p contributed is removed. If it leaves
// others only, p's rows are others than before: what p contributed is replaced, so up to L0 groups
// lose and up to L0 groups gain. Hence a query moves persons unless S(last step) is all its tables.

#include <span>
#include <vector>

#include "trusted/sql/query.h"

namespace gbx::firewall {

struct Stability {
  std::vector<bool> support;  // by relation of the query
  bool moves = false;         // persons may move between groups
  std::int64_t rows = 1;      // of one person at most
  // That one person can bring to the joins of all steps at most: an engine looks at each.
  Int128 pairs = 0;
  // That one person's rows have in all steps at most, by column and input: an engine keeps each.
  Int128 cells = 0;
  // What an engine does for one person at most, in steps of an expression on one row or pair.
  Int128 work = 0;
};

// The same for an expression on one row; division and calendar count more.
std::int64_t work_of(const sql::Expression& expression);

// `rows_per_person` of each relation. Rows are cut at `most`, which is below 2^60.
Stability stability_of(const sql::Query& query, std::span<const std::int64_t> rows_per_person,
                       std::int64_t most);

}  // namespace gbx::firewall
