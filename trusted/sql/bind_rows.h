#pragma once

// A SELECT inside a query, as steps: its rows for one person.
//
// What must stay true is that a row belongs to one person and is made from that person's rows
// alone. So it shows the person column; when it groups, it groups by the person; windows are
// partitioned by it; nothing orders or limits across persons.

#include "trusted/sql/bind_from.h"

namespace gbx::sql {

// `where` is the place of the sub-select, if it has none of its own. Fails with policy_denied,
// not_found or invalid_argument, a reason of docs/reference/sql.md and its place.
Result<NamedRows> bind_rows(const Select& select, Binding& binding, Span where);
// The same of one that is no UNION and has no WITH.
Result<NamedRows> bind_select_rows(const Select& select, Binding& binding, Span where);
// `rows` as an entry of FROM, under the names that it gives them. Fails with invalid_argument.
Result<NamedRelation> relation_of(const TableName& written, const NamedRows& rows);
// The tables of WITH, appended to binding.with.
Status bind_with(const Select& select, Binding& binding);

}  // namespace gbx::sql
