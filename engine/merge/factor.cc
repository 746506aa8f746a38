#include "engine/merge/factor.h"

#include <algorithm>
#include <vector>

#include "engine/merge/compile.h"

namespace gbx::engine {
namespace {

using sql::Expression;
using sql::Op;

bool same(const Expression& a, const Expression& b) {
  return a.op == b.op && a.type == b.type && a.relation == b.relation && a.column == b.column &&
         a.value == b.value && a.text == b.text && std::ranges::equal(a.children, b.children, same);
}

bool holds(const std::vector<const Expression*>& list, const Expression& e) {
  return std::ranges::any_of(list, [&](const Expression* one) { return same(*one, e); });
}

Expression connected(Op op, const Expression& like, std::vector<Expression> parts) {
  if (parts.size() == 1) return std::move(parts[0]);
  Expression out;
  out.op = op;
  out.type = like.type;
  out.low = like.low;
  out.high = like.high;
  out.children = std::move(parts);
  return out;
}

Expression factored_or(const Expression& e) {
  std::vector<std::vector<const Expression*>> branches;
  for (const Expression& child : e.children) branches.push_back(conjuncts_of(child));
  std::vector<const Expression*> common;
  for (const Expression* one : branches[0]) {
    const bool everywhere =
        std::ranges::all_of(branches, [&](const auto& branch) { return holds(branch, *one); });
    if (everywhere && !holds(common, *one)) common.push_back(one);
  }
  if (common.empty()) return e;
  std::vector<Expression> all;
  for (const Expression* one : common) all.push_back(*one);
  std::vector<Expression> rests;
  for (const auto& branch : branches) {
    std::vector<Expression> rest;
    for (const Expression* one : branch) {
      if (!holds(common, *one)) rest.push_back(*one);
    }
    // A branch that demands nothing else: x OR (b AND x) is x.
    if (rest.empty()) return connected(Op::logical_and, e, std::move(all));
    rests.push_back(connected(Op::logical_and, e, std::move(rest)));
  }
  all.push_back(connected(Op::logical_or, e, std::move(rests)));
  return connected(Op::logical_and, e, std::move(all));
}

}  // namespace

Expression factored(const Expression& e) {
  if (e.op == Op::logical_or && !e.children.empty()) return factored_or(e);
  if (e.op != Op::logical_and) return e;
  Expression out = e;
  for (Expression& child : out.children) child = factored(child);
  return out;
}

}  // namespace gbx::engine
