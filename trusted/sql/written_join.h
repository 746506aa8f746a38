#pragma once

// A table that the analyst wrote out (written_tables.h), in the FROM of a SELECT: conditions and
// CASE take its place.

#include <optional>
#include <string>
#include <vector>

#include "trusted/base/result.h"
#include "trusted/sql/syntax.h"

namespace gbx::sql {

struct WrittenTable {
  std::string name;
  std::vector<std::string> columns;
  std::vector<std::vector<Node>> rows;  // none: a name of WITH that is no such table
};

// A function on every expression of a SELECT, and on every part of an expression.
template <typename F>
void each_node(Select& select, const F& f) {
  for (SelectItem& item : select.items) f(item.node);
  for (Join& join : select.joins) {
    if (join.condition) f(*join.condition);
  }
  if (select.filter) f(*select.filter);
  for (Node& group : select.groups) f(group);
  if (select.having) f(*select.having);
  if (select.qualify) f(*select.qualify);
  for (OrderItem& key : select.order) f(key.node);
}
template <typename N, typename F>
void each_part_of(N& node, const F& f) {
  for (auto& child : node.children) f(child);
  for (auto& condition : node.filter) f(condition);
  for (auto& over : node.over) {
    for (auto& key : over.partition) f(key);
    for (auto& key : over.order) f(key.node);
  }
}

// tables[place] of `select` is `table`. Afterwards it is not among them. `copied` counts the nodes
// that one query repeats. Fails with invalid_argument: written_rows_unsupported,
// expression_too_large, expression_too_deep, group_constant.
Status meet(Select& select, std::size_t place, const WrittenTable& table, std::size_t& copied);

}  // namespace gbx::sql
