#include "trusted/firewall/threshold_only.h"

#include <algorithm>

namespace gbx::firewall {
namespace {

using sql::AggregateKind;
using sql::Op;

// True when `condition` says `column` IS NOT NULL, alone or with AND.
bool demands(const sql::Expression& condition, const sql::Expression& column) {
  if (condition.op == Op::logical_and) {
    return std::any_of(condition.children.begin(), condition.children.end(),
                       [&](const sql::Expression& part) { return demands(part, column); });
  }
  return condition.op == Op::logical_not && condition.children.front().op == Op::is_null &&
         sql::same(condition.children.front().children.front(), column);
}

// A column as it stands that is never NULL in a row that counts.
bool is_whole(const sql::Expression& argument, const sql::Query& query, const RuleCheck& rules) {
  bool nullable = true;
  if (argument.op != Op::column || rules.passed(argument, nullable) == nullptr) return false;
  if (!nullable) return true;
  return query.has_filter && demands(query.filter, argument);
}

}  // namespace

Status check_threshold_only(const sql::Query& query, const RuleCheck& rules) {
  if (!query.steps.empty()) return Error{ErrorCode::policy_denied, "threshold_only_steps"};
  for (const sql::AggregateCall& call : query.aggregates) {
    const bool one_value = call.kind == AggregateKind::quantile ||
                           call.kind == AggregateKind::bound_low ||
                           call.kind == AggregateKind::bound_high;
    if (one_value) {
      return Error{ErrorCode::policy_denied, "threshold_only_quantile", call.where};
    }
    const bool counts_all = call.kind == AggregateKind::rows || call.kind == AggregateKind::persons;
    const bool whole =
        counts_all ? call.argument.op == Op::null : is_whole(call.argument, query, rules);
    if (!whole) return Error{ErrorCode::policy_denied, "threshold_only_conditional", call.where};
  }
  return {};
}

}  // namespace gbx::firewall
