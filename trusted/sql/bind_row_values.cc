#include "trusted/sql/bind_row_values.h"

#include <algorithm>

#include "trusted/sql/bind.h"
#include "trusted/sql/build.h"
#include "trusted/sql/catalog.h"

namespace gbx::sql {
namespace {

constexpr ValueType kInteger{Type::integer, 0};

Error refuse(Literal reason, Span where) { return {ErrorCode::invalid_argument, reason, where}; }
Error deny(Literal reason, Span where) { return {ErrorCode::policy_denied, reason, where}; }

class ValueBinder {
 public:
  explicit ValueBinder(const RowValues& values) : values_(&values) {}

  Result<RowAggregate> aggregate(const Node& node);
  Result<Window> window(const Node& node);

 private:
  Result<Expression> bind(const Node& node);
  Result<Expression> filtered(const Node& node, Expression value);
  [[nodiscard]] RowAggregate counted(RowFunction function, std::int64_t least) const;
  Result<RowAggregate> count(const Node& node);
  Result<RowAggregate> count_rows(const Node& node);
  Result<RowAggregate> sum(const Node& node);
  Result<RowAggregate> average(const Node& node);
  Result<RowAggregate> chosen(const Node& node, RowFunction function);
  Result<Expression> number(const Node& node);
  Result<Window> shifted(const Node& node, RowFunction function);

  const RowValues* values_;
};

Result<Expression> ValueBinder::bind(const Node& node) {
  return ExpressionBinder(*values_->leaves, *values_->functions).bind(node);
}

Result<Expression> ValueBinder::filtered(const Node& node, Expression value) {
  if (node.filter.empty()) return value;
  ExpressionBinder binder(*values_->leaves, *values_->functions);
  GBX_TRY_ASSIGN(Expression condition, binder.bind_condition(node.filter[0]));
  std::vector<Expression> parts;
  parts.push_back(std::move(condition));
  parts.push_back(std::move(value));
  parts.push_back(make_null(kUntyped, node.where));
  return make_case(std::move(parts), node.where);
}

RowAggregate ValueBinder::counted(RowFunction function, std::int64_t least) const {
  RowAggregate out;
  out.function = function;
  out.type = kInteger;
  out.low = least;
  out.high = values_->rows;
  return out;
}

Result<RowAggregate> ValueBinder::count_rows(const Node& node) {
  if (node.filter.empty()) return counted(RowFunction::rows, 1);
  RowAggregate out = counted(RowFunction::values, 0);
  GBX_TRY_ASSIGN(out.argument, filtered(node, make_literal(1, kInteger, node.where)));
  return out;
}

Result<RowAggregate> ValueBinder::count(const Node& node) {
  if (node.text == "count_star") {
    if (node.distinct) return refuse("distinct_aggregate_unsupported", node.where);
    return count_rows(node);
  }
  if (node.children.empty() && !node.distinct) return count_rows(node);  // so in windows
  if (node.children.size() != 1) return refuse("argument_count", node.where);
  const Node& argument = node.children[0];
  RowAggregate out = counted(node.distinct ? RowFunction::distinct : RowFunction::values, 0);
  if (values_->persons->is_person(argument)) {
    if (node.distinct) return deny("person_column_in_expression", argument.where);
    const std::optional<Expression> presence = values_->persons->presence(argument);
    if (!presence) return count_rows(node);
    std::vector<Expression> parts = {*presence, make_literal(1, kInteger, node.where),
                                     make_null(kUntyped, node.where)};
    GBX_TRY_ASSIGN(Expression present, make_case(std::move(parts), node.where));
    GBX_TRY_ASSIGN(out.argument, filtered(node, std::move(present)));
    return out;
  }
  GBX_TRY_ASSIGN(out.argument, bind(argument));
  const bool constant = out.argument.op == Op::literal;
  if (out.argument.op == Op::null || (constant && node.distinct)) {
    return refuse("argument_constant", argument.where);
  }
  if (constant) return count_rows(node);
  GBX_TRY_ASSIGN(out.argument, filtered(node, std::move(out.argument)));
  return out;
}

// An argument that can be computed with.
Result<Expression> ValueBinder::number(const Node& node) {
  if (node.distinct) return refuse("distinct_aggregate_unsupported", node.where);
  if (node.children.size() != 1) return refuse("argument_count", node.where);
  const Node& argument = node.children[0];
  GBX_TRY_ASSIGN(Expression out, bind(argument));
  if (!is_numeric(out.type)) return refuse("aggregate_not_numeric", argument.where);
  const Range all = storage_range(out.type);
  if (out.low == all.low && out.high == all.high && !values_->released) {
    return refuse("column_unbounded", argument.where);
  }
  return filtered(node, std::move(out));
}

Result<RowAggregate> ValueBinder::sum(const Node& node) {
  RowAggregate out;
  out.function = RowFunction::sum;
  GBX_TRY_ASSIGN(out.argument, number(node));
  out.type = out.argument.type;
  const Int128 low = std::min(Int128{out.argument.low}, Int128{out.argument.low} * values_->rows);
  const Int128 high =
      std::max(Int128{out.argument.high}, Int128{out.argument.high} * values_->rows);
  if (values_->released) {
    const Range all = storage_range(out.type);
    out.low = low < 0 ? all.low : 0;
    out.high = all.high;
    return out;
  }
  if (low < -Int128{kOutputMax} || high > Int128{kOutputMax}) {
    return refuse("value_may_overflow", node.where);
  }
  out.low = static_cast<std::int64_t>(low);
  out.high = static_cast<std::int64_t>(high);
  return out;
}

Result<RowAggregate> ValueBinder::average(const Node& node) {
  RowAggregate out;
  out.function = RowFunction::average;
  GBX_TRY_ASSIGN(out.argument, number(node));
  out.type = average_type(out.argument);
  Int128 power = 1;
  for (int i = out.argument.type.scale; i < out.type.scale; i++) power *= 10;
  const Int128 low = out.argument.low * power;
  const Int128 high = out.argument.high * power;
  if (low < -Int128{kOutputMax} || high > Int128{kOutputMax}) {
    return refuse("value_may_overflow", node.where);
  }
  out.low = static_cast<std::int64_t>(low);
  out.high = static_cast<std::int64_t>(high);
  return out;
}

// A value that one of the rows has.
Result<RowAggregate> ValueBinder::chosen(const Node& node, RowFunction function) {
  if (node.children.size() != 1) return refuse("argument_count", node.where);
  RowAggregate out;
  out.function = function;
  GBX_TRY_ASSIGN(out.argument, bind(node.children[0]));
  if (out.argument.op == Op::null) return refuse("argument_constant", node.children[0].where);
  GBX_TRY_ASSIGN(out.argument, filtered(node, std::move(out.argument)));
  out.type = out.argument.type;
  out.low = out.argument.low;
  out.high = out.argument.high;
  return out;
}

Result<RowAggregate> ValueBinder::aggregate(const Node& node) {
  const std::string& name = node.text;
  if (name == "count_star" || name == "count") return count(node);
  if (name == "count_if" || name == "countif") {
    if (node.distinct) return refuse("distinct_aggregate_unsupported", node.where);
    if (node.children.size() != 1) return refuse("argument_count", node.where);
    Node counted_rows = node;
    if (!node.filter.empty()) return refuse("aggregate_filter_unsupported", node.where);
    counted_rows.filter = node.children;
    return count_rows(counted_rows);
  }
  if (name == "sum") return sum(node);
  if (name == "avg" || name == "mean") return average(node);
  if (name == "min" || name == "max") {
    return chosen(node, name == "min" ? RowFunction::minimum : RowFunction::maximum);
  }
  if (name == "bool_and" || name == "bool_or") {
    const auto function = name == "bool_and" ? RowFunction::minimum : RowFunction::maximum;
    GBX_TRY_ASSIGN(RowAggregate out, chosen(node, function));
    if (out.type.type != Type::boolean) return refuse("condition_not_boolean", node.where);
    return out;
  }
  return refuse("aggregate_unsupported", node.where);
}

// LAG(x [, n]), LEAD(x [, n]).
Result<Window> ValueBinder::shifted(const Node& node, RowFunction function) {
  if (node.children.empty() || node.children.size() > 2 || node.distinct || !node.filter.empty()) {
    return refuse("argument_count", node.where);
  }
  Window out;
  out.offset = 1;
  if (node.children.size() == 2) {
    const Node& offset = node.children[1];
    if (offset.kind != NodeKind::number || offset.scale != 0 || offset.value < 0 ||
        offset.value > kWindowOffsetMax) {
      return refuse("window_offset_malformed", offset.where);
    }
    out.offset = offset.value;
  }
  Node plain = node;
  plain.children.resize(1);
  GBX_TRY_ASSIGN(out.value, chosen(plain, function));
  return out;
}

Frame frame_of(const Over& over) {
  if (over.offsets) return Frame::offsets;
  if (over.to_end) return Frame::partition;
  if (over.rows) return Frame::rows;
  return over.order.empty() ? Frame::partition : Frame::peers;
}

Result<Window> ValueBinder::window(const Node& node) {
  const std::string& name = node.text;
  const Over& over = node.over[0];
  const std::pair<std::string_view, RowFunction> numbers[] = {
      {"row_number", RowFunction::row_number},
      {"rank", RowFunction::rank},
      {"rank_dense", RowFunction::dense_rank},
      {"dense_rank", RowFunction::dense_rank}};
  for (const auto& [word, function] : numbers) {
    if (word != name) continue;
    if (!node.children.empty() || !node.filter.empty() || node.distinct) {
      return refuse("argument_count", node.where);
    }
    Window out;
    out.value = counted(function, 1);
    return out;
  }
  if (name == "lag") return shifted(node, RowFunction::lag);
  if (name == "lead") return shifted(node, RowFunction::lead);
  Window out;
  out.frame = frame_of(over);
  if (over.offsets) {
    out.first = over.first;
    out.last = over.last;
  }
  if (name == "first_value" || name == "last_value") {
    if (!node.filter.empty() || node.distinct) return refuse("argument_count", node.where);
    const bool first = name.front() == 'f';
    GBX_TRY_ASSIGN(out.value,
                   chosen(node, first ? RowFunction::first_value : RowFunction::last_value));
    return out;
  }
  Node plain = node;
  plain.over.clear();
  if (!is_aggregate(plain)) return refuse("window_unsupported", node.where);
  if (node.distinct) return refuse("distinct_aggregate_unsupported", node.where);
  RowValues frame = *values_;
  if (over.offsets) frame.rows = std::min(frame.rows, over.last - over.first + 1);
  GBX_TRY_ASSIGN(out.value, ValueBinder(frame).aggregate(plain));
  if (over.offsets && out.value.function == RowFunction::rows) out.value.low = 0;
  return out;
}

}  // namespace

Result<RowAggregate> bind_row_aggregate(const Node& node, const RowValues& values) {
  return ValueBinder(values).aggregate(node);
}

Result<Window> bind_window_value(const Node& node, const RowValues& values) {
  return ValueBinder(values).window(node);
}

}  // namespace gbx::sql
