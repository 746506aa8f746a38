#include "trusted/sql/query.h"

namespace gbx::sql {

bool same(const Expression& a, const Expression& b) {
  if (a.op != b.op || a.type != b.type || a.relation != b.relation || a.column != b.column ||
      a.value != b.value || a.text != b.text || a.children.size() != b.children.size()) {
    return false;
  }
  for (std::size_t i = 0; i < a.children.size(); i++) {
    if (!same(a.children[i], b.children[i])) return false;
  }
  return true;
}

bool same(const AggregateCall& a, const AggregateCall& b) {
  return a.kind == b.kind && a.fraction == b.fraction && same(a.argument, b.argument);
}

bool same(const RowAggregate& a, const RowAggregate& b) {
  return a.function == b.function && same(a.argument, b.argument);
}

bool same(const Window& a, const Window& b) {
  if (!same(a.value, b.value) || a.offset != b.offset || a.frame != b.frame || a.first != b.first ||
      a.last != b.last || a.ties != b.ties || a.partition.size() != b.partition.size() ||
      a.order.size() != b.order.size()) {
    return false;
  }
  for (std::size_t i = 0; i < a.partition.size(); i++) {
    if (!same(a.partition[i], b.partition[i])) return false;
  }
  for (std::size_t i = 0; i < a.order.size(); i++) {
    const RowOrder& x = a.order[i];
    const RowOrder& y = b.order[i];
    if (!same(x.key, y.key) || x.descending != y.descending || x.nulls_first != y.nulls_first) {
      return false;
    }
  }
  return true;
}

}  // namespace gbx::sql
