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

}  // namespace gbx::sql
