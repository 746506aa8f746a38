#pragma once

// What questions over plain tables have in common, and one kind of them whole: the list of persons
// (docs/spec/audience.md), SELECT DISTINCT of the person and of columns as they stand.
//
// A list shows persons, so it has no shape to hide in: no aggregate stands beside it, nothing is
// computed, cut or ordered, and it reads tables, each once, joined on the person.

#include <optional>
#include <string>
#include <vector>

#include "trusted/sql/catalog.h"
#include "trusted/sql/query.h"
#include "trusted/sql/scope.h"
#include "trusted/sql/syntax.h"

namespace gbx::sql {

// Tables only, each once, joined by INNER JOIN or a comma.
bool is_flat(const Select& select, const Catalog& catalog);

// FROM and WHERE of a flat select: relations, person joins, filter. `scope` is of its tables. Fails
// as join_persons() and ExpressionBinder do.
Status bind_flat_rows(const Select& select, const Scope& scope, const Catalog& catalog, Query& out);

// What an item is called: its alias, or what it is made of, as long as it is free among `items`.
// Fails with invalid_argument (name_malformed, name_repeated).
Result<std::string> item_name(const SelectItem& item, const std::vector<Item>& items);

// A flat SELECT DISTINCT with a person column among its items; nothing for any other select. Groups
// are the columns beside the person. Fails with invalid_argument (list_clause_unsupported,
// list_item_not_column) or as bind() does.
Result<std::optional<Query>> bind_list(const Select& select, const Catalog& catalog);

}  // namespace gbx::sql
