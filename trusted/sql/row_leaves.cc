#include "trusted/sql/row_leaves.h"

#include "trusted/sql/bind_join.h"

namespace gbx::sql {

Result<std::optional<Expression>> RowLeaves::resolve(const Node& node) {
  if (is_aggregate(node)) return Error{ErrorCode::invalid_argument, aggregate_reason_, node.where};
  if (node.kind != NodeKind::column) {
    GBX_TRY(check_person_condition(node, *scope_));
    return std::optional<Expression>();
  }
  GBX_TRY_ASSIGN(const Found found, scope_->find(node));
  if (found.person) {
    return Error{ErrorCode::policy_denied, "person_column_in_expression", node.where};
  }
  const CatalogColumn& column = scope_->table(found.relation).columns[found.column];
  const Range range = column.bounded ? Range{column.low, column.high} : storage_range(column.type);
  Expression out;
  out.op = Op::column;
  out.type = column.type;
  out.relation = found.relation;
  out.column = found.column;
  out.low = range.low;
  out.high = range.high;
  out.where = node.where;
  return std::optional<Expression>(std::move(out));
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
