#include "trusted/firewall/comparisons.h"

#include <algorithm>

namespace gbx::firewall {
namespace {

using sql::Expression;
using sql::Op;

bool is_binary(Op op) {
  return op == Op::equal || op == Op::not_equal || op == Op::less || op == Op::less_equal ||
         op == Op::greater || op == Op::greater_equal;
}

// What looks for a literal in its first child: how long the rest is says whether it was there.
bool looks_for_literal(const Expression& e) {
  return e.op == Op::in_list || e.op == Op::like || e.op == Op::position || e.op == Op::replace ||
         e.op == Op::split_part || (e.op == Op::trim && e.children.size() == 2);
}

class Walker {
 public:
  Walker(const Lineage& lineage, const sql::Step* at) : lineage_(&lineage), at_(at) {}

  // `condition`: what `e` says decides.
  void walk(const Expression& e, bool condition, std::vector<Comparison>& out) const {
    if (e.op == Op::column) {
      if (condition) with_literal(e, out);
      return;
    }
    if (is_binary(e.op)) compare(e, out);
    if (looks_for_literal(e) || e.op == Op::is_null) with_literal(e.children[0], out);
    const bool connects =
        e.op == Op::logical_and || e.op == Op::logical_or || e.op == Op::logical_not;
    const bool passes = condition && (e.op == Op::case_when || e.op == Op::coalesce);
    for (std::size_t i = 0; i < e.children.size(); i++) {
      const bool chooses = e.op == Op::case_when && i % 2 == 0 && i + 1 < e.children.size();
      walk(e.children[i], connects || chooses || passes, out);
    }
  }

 private:
  void compare(const Expression& e, std::vector<Comparison>& out) const {
    const std::vector<Origin> left = lineage_->origins(e.children[0], at_);
    const std::vector<Origin> right = lineage_->origins(e.children[1], at_);
    const bool columns = !left.empty() && !right.empty();
    add(left, columns, out);
    add(right, columns, out);
  }

  void with_literal(const Expression& e, std::vector<Comparison>& out) const {
    add(lineage_->origins(e, at_), false, out);
  }

  static void add(const std::vector<Origin>& origins, bool with_column,
                  std::vector<Comparison>& out) {
    for (const Origin& origin : origins) {
      if (!origin.rows) out.push_back({origin, with_column});
    }
  }

  const Lineage* lineage_;
  const sql::Step* at_;
};

}  // namespace

std::vector<Comparison> comparisons_of(const sql::Query& query, const Lineage& lineage) {
  std::vector<Comparison> out;
  const Walker rows(lineage, nullptr);
  if (query.has_filter) rows.walk(query.filter, true, out);
  for (const Expression& group : query.groups) rows.walk(group, false, out);
  for (const sql::AggregateCall& call : query.aggregates) rows.walk(call.argument, false, out);
  for (const sql::Step& step : query.steps) {
    const Walker inside(lineage, &step);
    for (const sql::Input& input : step.inputs) {
      if (input.has_condition) inside.walk(input.condition, true, out);
    }
    if (step.has_filter) inside.walk(step.filter, true, out);
    sql::each_expression(step, [&](const Expression& e) { inside.walk(e, false, out); });
  }
  return out;
}

}  // namespace gbx::firewall
