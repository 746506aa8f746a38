#include "trusted/sql/exists_groups.h"

#include <algorithm>

#include "trusted/sql/bind_expression.h"
#include "trusted/sql/row_leaves.h"

namespace gbx::sql {
namespace {

bool is_call(const Node& node, std::string_view name) {
  return node.kind == NodeKind::call && node.text == name;
}

// The terms of WHERE that AND connects.
std::vector<Node> terms_of(const Select& select) {
  std::vector<Node> out;
  if (!select.filter) return out;
  std::vector<const Node*> open = {&*select.filter};
  while (!open.empty()) {
    const Node& next = *open.back();
    open.pop_back();
    if (!is_call(next, "and")) {
      out.push_back(next);
      continue;
    }
    for (std::size_t i = next.children.size(); i > 0; i--) open.push_back(&next.children[i - 1]);
  }
  return out;
}

// WHERE without its term `at`.
std::optional<Node> without(std::vector<Node> terms, std::size_t at) {
  terms.erase(terms.begin() + static_cast<std::ptrdiff_t>(at));
  if (terms.empty()) return std::nullopt;
  if (terms.size() == 1) return std::move(terms[0]);
  Node all;
  all.kind = NodeKind::call;
  all.text = "and";
  all.where = {terms.front().where.begin, terms.back().where.end};
  all.children = std::move(terms);
  return all;
}

}  // namespace

bool is_bare(const Select& select) {
  return select.with.empty() && select.united.empty() && select.groups.empty() &&
         select.grouping_sets.empty() && !select.having && !select.qualify &&
         select.order.empty() && !select.limit && select.offset == 0;
}

bool holds_window_or_aggregate(const Node& node) {
  return !node.over.empty() || is_aggregate(node) ||
         std::any_of(node.children.begin(), node.children.end(), holds_window_or_aggregate);
}

Select for_existence(Select select) {
  select.order.clear();
  if (select.offset == 0 && select.limit && *select.limit > 0) select.limit.reset();
  return select;
}

std::optional<PersonGroups> groups_of_persons(const Select& select, const Scope& around,
                                              const Scope& inside) {
  const std::vector<Node> terms = terms_of(select);
  for (std::size_t i = 0; i < terms.size(); i++) {
    if (!is_call(terms[i], "=") || terms[i].children.size() != 2) continue;
    for (std::size_t side = 0; side < 2; side++) {
      const Node& own = terms[i].children[side];
      const Node& other = terms[i].children[1 - side];
      if (!is_person(own, inside) || other.kind != NodeKind::column) continue;
      if (inside.find(other) || !is_person(other, around)) continue;
      PersonGroups out{other, select};
      out.select.filter = without(terms, i);
      out.select.items.insert(out.select.items.begin(), {own, ""});
      out.select.groups.push_back(own);
      return out;
    }
  }
  return std::nullopt;
}

}  // namespace gbx::sql
