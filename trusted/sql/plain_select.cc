#include "trusted/sql/plain_select.h"

namespace gbx::sql {
namespace {

Error refuse(Literal reason, Span where = {}) {
  return {ErrorCode::invalid_argument, reason, where};
}

Status check_node(const Node& node) {
  if (node.kind == NodeKind::star) {
    return Error{ErrorCode::policy_denied, "star_not_released", node.where};
  }
  if (!node.over.empty()) return refuse("window_unsupported", node.where);
  if (!node.select.empty()) return refuse("subquery_unsupported", node.where);
  if (node.kind == NodeKind::parameter) return refuse("parameter_unsupported", node.where);
  if (node.kind == NodeKind::call && node.text == "grouping") {
    return refuse("operator_unsupported", node.where);
  }
  for (const Node& child : node.children) GBX_TRY(check_node(child));
  for (const Node& filter : node.filter) GBX_TRY(check_node(filter));
  return {};
}

Status check_from(const Select& select) {
  for (const TableName& table : select.tables) {
    if (!table.select.empty()) return refuse("subquery_unsupported", table.where);
    if (!table.columns.empty()) return refuse("column_alias_unsupported", table.where);
  }
  for (const Join& join : select.joins) {
    if (join.word == JoinWord::left || join.word == JoinWord::right ||
        join.word == JoinWord::full) {
      return refuse("outer_join_unsupported", join.where);
    }
    if (join.word != JoinWord::inner || join.natural) {
      return refuse("join_kind_unsupported", join.where);
    }
    if (join.condition) GBX_TRY(check_node(*join.condition));
  }
  return {};
}

}  // namespace

Status check_plain(const Select& select) {
  if (!select.united.empty()) return refuse("set_operation_unsupported");
  if (!select.with.empty()) return refuse("cte_unsupported");
  if (select.qualify) return refuse("window_unsupported", select.qualify->where);
  GBX_TRY(check_from(select));
  for (const SelectItem& item : select.items) GBX_TRY(check_node(item.node));
  if (select.filter) GBX_TRY(check_node(*select.filter));
  if (!select.grouping_sets.empty()) return refuse("grouping_sets_unsupported");
  for (const Node& group : select.groups) GBX_TRY(check_node(group));
  if (select.having) GBX_TRY(check_node(*select.having));
  for (const OrderItem& item : select.order) GBX_TRY(check_node(item.node));
  if (select.distinct) return refuse("distinct_unsupported");
  return {};
}

}  // namespace gbx::sql
