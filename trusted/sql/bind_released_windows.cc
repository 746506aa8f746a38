#include "trusted/sql/bind_released_windows.h"

#include <algorithm>

#include "trusted/sql/bind.h"
#include "trusted/sql/build.h"
#include "trusted/sql/parse.h"
#include "trusted/sql/released_windows.h"

namespace gbx::sql {
namespace {

constexpr ValueType kInteger{Type::integer, 0};

Error refuse(Literal reason, Span where) { return {ErrorCode::invalid_argument, reason, where}; }

bool holds(const std::vector<Expression>& all, const Expression& one) {
  return std::any_of(all.begin(), all.end(), [&](const Expression& e) { return same(e, one); });
}

// RANK and DENSE_RANK without an order are 1 everywhere, which nobody means.
Status check_order(const Node& node) {
  const bool ranks = node.text == "rank" || node.text == "dense_rank" ||
                     node.text == "rank_dense" || node.text == "percent_rank" ||
                     node.text == "cume_dist";
  if (ranks && node.over[0].order.empty()) return refuse("window_without_order", node.where);
  return {};
}

// Of all rows of its partition.
Node of_partition(Node node) {
  Over& over = node.over[0];
  over.order.clear();
  over.rows = false;
  over.to_end = true;
  over.offsets = false;
  return node;
}

Expression number(std::int64_t value, Span where) { return make_literal(value, kInteger, where); }

}  // namespace

Result<Expression> ReleasedWindows::value(const Node& node) {
  return ExpressionBinder(*leaves_, functions_).bind(node);
}

// A sum by a count: exact, and NULL of nothing.
Result<Expression> ReleasedWindows::average(const Node& node) {
  Node part = node;
  part.text = "sum";
  GBX_TRY_ASSIGN(Expression sum, window(part));
  part.text = "count";
  GBX_TRY_ASSIGN(Expression count, window(part));
  return make_division(std::move(sum), std::move(count), node.where);
}

// PERCENT_RANK: (rank - 1) / (rows - 1), 0 of one row. CUME_DIST: up to its last peer / rows.
Result<Expression> ReleasedWindows::share(const Node& node) {
  const Span where = node.where;
  const bool plain = node.children.empty() && node.filter.empty() && !node.distinct;
  if (!plain) return refuse("argument_count", where);
  const bool ranks = node.text == "percent_rank";
  Node part = node;
  part.over[0].rows = false;
  part.over[0].to_end = false;
  part.over[0].offsets = false;
  part.text = ranks ? "rank" : "count_star";
  GBX_TRY_ASSIGN(Expression place, window(part));
  part = of_partition(node);
  part.text = "count_star";
  GBX_TRY_ASSIGN(Expression rows, window(part));
  if (!ranks) return make_division(std::move(place), std::move(rows), where);
  GBX_TRY_ASSIGN(Expression before,
                 make_arithmetic(Op::subtract, std::move(place), number(1, where), where));
  GBX_TRY_ASSIGN(Expression others,
                 make_arithmetic(Op::subtract, std::move(rows), number(1, where), where));
  std::vector<Expression> choice;
  GBX_TRY_ASSIGN(Expression some, make_comparison(Op::greater, others, number(0, where), where));
  GBX_TRY_ASSIGN(Expression rest, make_division(std::move(before), std::move(others), where));
  choice.push_back(std::move(some));
  choice.push_back(std::move(rest));
  choice.push_back(number(0, where));
  return make_case(std::move(choice), where);
}

Result<Expression> ReleasedWindows::bind(const Node& node) {
  GBX_TRY(check_order(node));
  const bool shares = node.text == "percent_rank" || node.text == "cume_dist";
  return shares ? share(node) : bind_windowed(node, *this);
}

Status ReleasedWindows::bind_over(const Node& node, Window& window) {
  const Over& over = node.over[0];
  if (over.partition.size() > kGroupsMax) return refuse("too_many_groups", node.where);
  if (over.order.size() > kSortKeysMax) return refuse("too_many_sort_keys", node.where);
  for (const Node& part : over.partition) {
    GBX_TRY_ASSIGN(Expression key, value(part));
    if (key.type == kUntyped) return refuse("argument_constant", part.where);
    if (!holds(window.partition, key)) window.partition.push_back(std::move(key));
  }
  for (const OrderItem& item : over.order) {
    GBX_TRY_ASSIGN(Expression key, value(item.node));
    if (key.type == kUntyped) return refuse("argument_constant", item.node.where);
    window.order.push_back({std::move(key), item.descending, item.nulls_first});
  }
  if (window.order.empty() && window.frame == Frame::peers) window.frame = Frame::partition;
  if (needs_ties(window)) add_ties(window);
  return {};
}

void ReleasedWindows::add_ties(Window& window) const {
  for (const Expression& key : keys_) {
    const bool ordered = std::any_of(window.order.begin(), window.order.end(),
                                     [&](const RowOrder& by) { return same(by.key, key); });
    if (ordered || holds(window.partition, key)) continue;
    window.order.push_back({key, false, false});
    window.ties++;
  }
}

Result<Expression> ReleasedWindows::window(const Node& node) {
  if (node.text == "avg" || node.text == "mean") return average(node);
  RowValues values{leaves_, this, &functions_, kOutputMax};
  values.released = true;
  GBX_TRY_ASSIGN(Window made, bind_window_value(node, values));
  GBX_TRY(bind_over(node, made));
  if (!window_fits(made)) return refuse("expression_too_large", node.where);
  std::size_t place = 0;
  while (place < windows_.size() && !same(windows_[place], made)) place++;
  if (place == kReleasedWindowsMax) return refuse("too_many_windows", node.where);
  Expression out;
  out.op = Op::output;
  out.relation = kWindowOutputs;
  out.column = static_cast<std::uint32_t>(place);
  out.type = made.value.type;
  out.low = made.value.low;
  out.high = made.value.high;
  out.where = node.where;
  if (place == windows_.size()) windows_.push_back(std::move(made));
  return out;
}

bool reads_windows(const Expression& e) {
  return (e.op == Op::output && e.relation == kWindowOutputs) ||
         std::any_of(e.children.begin(), e.children.end(), reads_windows);
}

void place_windows(Expression& e, std::uint32_t base) {
  if (e.op == Op::output && e.relation == kWindowOutputs) {
    e.relation = 0;
    e.column += base;
  }
  for (Expression& child : e.children) place_windows(child, base);
}

}  // namespace gbx::sql
