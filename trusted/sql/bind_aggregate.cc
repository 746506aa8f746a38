#include "trusted/sql/bind_aggregate.h"

#include "trusted/sql/build.h"
#include "trusted/sql/catalog.h"
#include "trusted/sql/row_leaves.h"

namespace gbx::sql {
namespace {

Error refuse(Literal reason, Span where) { return {ErrorCode::invalid_argument, reason, where}; }
Error deny(Literal reason, Span where) { return {ErrorCode::policy_denied, reason, where}; }

// A fraction of the values, written out: 0.5 is 500000 millionths.
std::optional<std::int64_t> millionths(const Node& node) {
  constexpr std::int64_t kMost = 1'000'000;
  if (node.kind != NodeKind::number || node.scale > 6) return std::nullopt;
  if (node.value < 0 || node.value > kMost) return std::nullopt;
  std::int64_t out = node.value;
  for (int i = node.scale; i < 6; i++) out *= 10;
  if (out > kMost) return std::nullopt;
  return out;
}

// COUNT(DISTINCT CASE WHEN c THEN person END): the persons who have a row where c holds.
Node filtered_persons(const Node& node) {
  Node out = node;
  const Node& choice = node.children[0];
  out.children = {choice.children[1]};
  if (node.filter.empty()) {
    out.filter = {choice.children[0]};
    return out;
  }
  Node both;
  both.kind = NodeKind::call;
  both.text = "and";
  both.where = choice.where;
  both.children = {node.filter[0], choice.children[0]};
  out.filter = {std::move(both)};
  return out;
}

class AggregateBinder {
 public:
  AggregateBinder(const Scope& scope, std::vector<FunctionUse>& functions)
      : scope_(&scope), functions_(&functions) {}

  Result<AggregateCall> bind(const Node& node);

 private:
  Result<Expression> where_filtered(const Node& node, Expression value);
  Result<AggregateCall> count(const Node& node);
  Result<AggregateCall> count_rows(const Node& node);
  Result<AggregateCall> count_if(const Node& node);
  Result<AggregateCall> count_bounded(const Node& node);
  Result<AggregateCall> measure(const Node& node, AggregateKind kind);
  Result<AggregateCall> measured(const Node& node, AggregateKind kind);
  Result<AggregateCall> quantile(const Node& node);

  const Scope* scope_;
  std::vector<FunctionUse>* functions_;
};

// What FILTER comes to: `value` where the condition holds, NULL elsewhere.
Result<Expression> AggregateBinder::where_filtered(const Node& node, Expression value) {
  if (node.filter.empty()) return value;
  if (value.op == Op::clamp) {  // stays outside: bounds of a measure are its own
    GBX_TRY_ASSIGN(value.children[0], where_filtered(node, std::move(value.children[0])));
    return value;
  }
  std::vector<Expression> parts;
  GBX_TRY_ASSIGN(Expression condition,
                 bind_row_condition(node.filter[0], *scope_, "aggregate_in_where", *functions_));
  parts.push_back(std::move(condition));
  parts.push_back(std::move(value));
  parts.push_back(make_null(kUntyped, node.where));
  return make_case(std::move(parts), node.where);
}

// COUNT(*), COUNT(1).
Result<AggregateCall> AggregateBinder::count_rows(const Node& node) {
  AggregateCall call;
  call.where = node.where;
  if (node.filter.empty()) return call;
  call.kind = AggregateKind::values;
  GBX_TRY_ASSIGN(call.argument,
                 where_filtered(node, make_literal(1, {Type::integer, 0}, node.where)));
  return call;
}

// COUNT_IF(condition): rows where it holds.
Result<AggregateCall> AggregateBinder::count_if(const Node& node) {
  if (node.distinct) return refuse("distinct_aggregate_unsupported", node.where);
  if (node.children.size() != 1) return refuse("argument_count", node.where);
  std::vector<Expression> parts;
  GBX_TRY_ASSIGN(Expression condition,
                 bind_row_condition(node.children[0], *scope_, "aggregate_nested", *functions_));
  parts.push_back(std::move(condition));
  parts.push_back(make_literal(1, {Type::integer, 0}, node.where));
  parts.push_back(make_null(kUntyped, node.where));
  AggregateCall call;
  call.kind = AggregateKind::values;
  call.where = node.where;
  GBX_TRY_ASSIGN(Expression rows, make_case(std::move(parts), node.where));
  GBX_TRY_ASSIGN(call.argument, where_filtered(node, std::move(rows)));
  return call;
}

// COUNT_BOUNDED(): of the whole answer, so nothing narrows it.
Result<AggregateCall> AggregateBinder::count_bounded(const Node& node) {
  if (node.distinct) return refuse("distinct_aggregate_unsupported", node.where);
  if (!node.children.empty()) return refuse("argument_count", node.where);
  if (!node.filter.empty()) return refuse("aggregate_filter_unsupported", node.where);
  AggregateCall call;
  call.kind = AggregateKind::bounded;
  call.where = node.where;
  return call;
}

Result<AggregateCall> AggregateBinder::count(const Node& node) {
  AggregateCall call;
  call.where = node.where;
  if (node.text == "count_star") {
    if (node.distinct) return refuse("distinct_aggregate_unsupported", node.where);
    return count_rows(node);
  }
  if (node.children.size() != 1) return refuse("argument_count", node.where);
  const Node& argument = node.children[0];
  const bool chosen = argument.kind == NodeKind::case_when && argument.children.size() == 3 &&
                      argument.children[2].kind == NodeKind::null;
  if (node.distinct && chosen && is_person(argument.children[1], *scope_)) {
    return count(filtered_persons(node));
  }
  if (is_person(argument, *scope_)) {
    if (!node.distinct) return deny("person_only_counted_distinct", node.where);
    call.kind = AggregateKind::persons;
    GBX_TRY_ASSIGN(const Found found, scope_->find(argument));
    call.relations = found.relations;
    if (node.filter.empty() && !found.absent) return call;
    Expression one = make_literal(1, {Type::integer, 0}, node.where);
    if (found.absent) {  // persons who have such a row
      std::vector<Expression> parts = {found.value, one, make_null(kUntyped, node.where)};
      GBX_TRY_ASSIGN(one, make_case(std::move(parts), node.where));
    }
    GBX_TRY_ASSIGN(call.argument, where_filtered(node, std::move(one)));
    return call;
  }
  GBX_TRY_ASSIGN(call.argument, bind_row(argument, *scope_, "aggregate_nested", *functions_));
  const bool constant = call.argument.op == Op::literal;
  if (call.argument.op == Op::null || (constant && node.distinct)) {
    return refuse("argument_constant", argument.where);
  }
  if (constant) return count_rows(node);
  GBX_TRY_ASSIGN(call.argument, where_filtered(node, std::move(call.argument)));
  call.kind = node.distinct ? AggregateKind::distinct : AggregateKind::values;
  return call;
}

Result<AggregateCall> AggregateBinder::measure(const Node& node, AggregateKind kind) {
  if (node.distinct) return refuse("distinct_aggregate_unsupported", node.where);
  if (node.children.size() != 1) return refuse("argument_count", node.where);
  return measured(node, kind);
}

Result<AggregateCall> AggregateBinder::quantile(const Node& node) {
  if (node.distinct) return refuse("distinct_aggregate_unsupported", node.where);
  const bool median = node.text == "median";
  if (node.children.size() != (median ? 1 : 2)) return refuse("argument_count", node.where);
  const std::optional<std::int64_t> fraction = median ? 500'000 : millionths(node.children[1]);
  if (!fraction) return refuse("quantile_fraction_malformed", node.children[1].where);
  GBX_TRY_ASSIGN(AggregateCall call, measured(node, AggregateKind::quantile));
  call.fraction = *fraction;
  return call;
}

// The aggregate of a number that is the first argument.
Result<AggregateCall> AggregateBinder::measured(const Node& node, AggregateKind kind) {
  const Node& argument = node.children[0];
  if (is_person(argument, *scope_)) return deny("person_column_in_expression", argument.where);
  AggregateCall call;
  call.kind = kind;
  call.where = node.where;
  GBX_TRY_ASSIGN(call.argument, bind_row(argument, *scope_, "aggregate_nested", *functions_));
  if (!is_numeric(call.argument.type)) return refuse("aggregate_not_numeric", argument.where);
  const Range all = storage_range(call.argument.type);
  if (call.argument.low == all.low && call.argument.high == all.high) {
    return refuse("column_unbounded", argument.where);
  }
  GBX_TRY_ASSIGN(call.argument, where_filtered(node, std::move(call.argument)));
  return call;
}

Result<AggregateCall> AggregateBinder::bind(const Node& node) {
  const std::string& name = node.text;
  if (name == "count_star" || name == "count") return count(node);
  if (name == "count_if" || name == "countif") return count_if(node);
  if (name == "sum") return measure(node, AggregateKind::sum);
  if (name == "avg" || name == "mean") return measure(node, AggregateKind::average);
  if (name == "var_pop") return measure(node, AggregateKind::variance_population);
  if (name == "var_samp" || name == "variance") {
    return measure(node, AggregateKind::variance_sample);
  }
  if (name == "stddev_pop") return measure(node, AggregateKind::deviation_population);
  if (name == "stddev_samp" || name == "stddev") {
    return measure(node, AggregateKind::deviation_sample);
  }
  if (name == "median" || name == "quantile" || name == "quantile_cont" ||
      name == "quantile_disc") {
    return quantile(node);
  }
  if (name == "count_bounded") return count_bounded(node);
  if (name == "approx_bounds_low") return measure(node, AggregateKind::bound_low);
  if (name == "approx_bounds_high") return measure(node, AggregateKind::bound_high);
  if (name == "min" || name == "max" || name == "arg_min" || name == "arg_max") {
    return deny("min_max_not_released", node.where);
  }
  const bool lists = name == "list" || name == "array_agg" || name == "string_agg" ||
                     name == "group_concat" || name == "listagg" || name == "first" ||
                     name == "last" || name == "any_value" || name == "arbitrary";
  if (lists) return deny("rows_not_released", node.where);
  return refuse("aggregate_unsupported", node.where);
}

}  // namespace

Result<AggregateCall> bind_aggregate(const Node& node, const Scope& scope,
                                     std::vector<FunctionUse>& functions) {
  return AggregateBinder(scope, functions).bind(node);
}

}  // namespace gbx::sql
