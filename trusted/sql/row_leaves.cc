#include "trusted/sql/row_leaves.h"

#include "trusted/sql/bind_join.h"
#include "trusted/sql/build.h"
#include "trusted/sql/functions.h"

namespace gbx::sql {

namespace {

// `person IS [NOT] NULL` of a relation that may be absent; of another every row has its person.
Result<std::optional<Expression>> absence(const Node& node, const Scope& scope) {
  const bool asks = node.kind == NodeKind::call && node.children.size() == 1 &&
                    (node.text == "is null" || node.text == "is not null");
  if (!asks || node.children[0].kind != NodeKind::column) return std::optional<Expression>();
  Result<Found> found = scope.find(node.children[0]);
  if (!found || !found->person) return std::optional<Expression>();
  if (!found->absent && node.text == "is null") return std::optional<Expression>();
  if (!found->absent) {
    return std::optional<Expression>(make_literal(1, {Type::boolean, 0}, node.where));
  }
  if (node.text == "is not null") return std::optional<Expression>(std::move(found->value));
  if (found->value.op == Op::logical_not) {
    return std::optional<Expression>(Expression(found->value.children[0]));
  }
  GBX_TRY_ASSIGN(Expression none, make_not(std::move(found->value), node.where));
  return std::optional<Expression>(std::move(none));
}

}  // namespace

Result<std::optional<Expression>> RowLeaves::resolve(const Node& node) {
  if (!node.over.empty())
    return Error{ErrorCode::invalid_argument, "window_unsupported", node.where};
  if (is_aggregate(node)) return Error{ErrorCode::invalid_argument, aggregate_reason_, node.where};
  if (node.kind != NodeKind::column) {
    GBX_TRY(check_person_condition(node, *scope_));
    return absence(node, *scope_);
  }
  Result<Found> named = scope_->find(node);
  if (!named && node.path.size() == 1 && is_clock(node.path[0])) {
    return Error{ErrorCode::invalid_argument, "clock_unsupported", node.where};
  }
  GBX_TRY_ASSIGN(Found found, std::move(named));
  if (found.person) {
    return Error{ErrorCode::policy_denied, "person_column_in_expression", node.where};
  }
  return std::optional<Expression>(std::move(found.value));
}

Result<Expression> bind_row(const Node& node, const Scope& scope, Literal aggregate_reason,
                            std::vector<FunctionUse>& functions) {
  RowLeaves leaves(scope, aggregate_reason);
  return ExpressionBinder(leaves, functions).bind(node);
}

Result<Expression> bind_row_condition(const Node& node, const Scope& scope,
                                      Literal aggregate_reason,
                                      std::vector<FunctionUse>& functions) {
  RowLeaves leaves(scope, aggregate_reason);
  return ExpressionBinder(leaves, functions).bind_condition(node);
}

bool is_person(const Node& node, const Scope& scope) {
  if (node.kind != NodeKind::column) return false;
  const Result<Found> found = scope.find(node);
  return found && found->person;
}

}  // namespace gbx::sql
