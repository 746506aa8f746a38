#pragma once

// The form of a sub-select in EXISTS and IN, and EXISTS over groups:
//
//   EXISTS (SELECT 1 FROM s WHERE s.person = c.person AND ... GROUP BY s.person HAVING COUNT(*) >
//   3)
//
// says c.person IN (SELECT s.person FROM s WHERE ... GROUP BY s.person HAVING COUNT(*) > 3), and is
// bound as that. Nothing is allowed here.

#include <optional>

#include "trusted/sql/scope.h"
#include "trusted/sql/syntax.h"

namespace gbx::sql {

// Whether a SELECT is items, FROM and WHERE only.
bool is_bare(const Select& select);
// Whether some part of `node` is an aggregate or has a window.
bool holds_window_or_aggregate(const Node& node);
// What matters to EXISTS: neither the order of rows nor a LIMIT that leaves one.
Select for_existence(Select select);

struct PersonGroups {
  Node outer;     // the person column around
  Select select;  // shows the person column first
};
// Nothing when `select` is not of that form; `around` and `inside` are the names outside of the
// sub-select and those of its own FROM, which come first.
std::optional<PersonGroups> groups_of_persons(const Select& select, const Scope& around,
                                              const Scope& inside);

}  // namespace gbx::sql
