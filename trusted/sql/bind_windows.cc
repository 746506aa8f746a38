#include "trusted/sql/bind_windows.h"

#include "trusted/sql/build.h"

namespace gbx::sql {
namespace {

constexpr ValueType kInteger{Type::integer, 0};
constexpr std::int64_t kTilesMax = 1000;

Error refuse(Literal reason, Span where) { return {ErrorCode::invalid_argument, reason, where}; }

Expression number(std::int64_t value, Span where) { return make_literal(value, kInteger, where); }

// ROW_NUMBER() over the window of `node`.
Result<Expression> row_number(const Node& node, WindowBinder& windows) {
  Node out = node;
  out.text = "row_number";
  out.children.clear();
  return windows.window(out);
}

// COUNT(*) of its partition.
Result<Expression> row_count(const Node& node, WindowBinder& windows) {
  Node out = node;
  out.text = "count_star";
  out.children.clear();
  out.over[0].order.clear();
  out.over[0].rows = false;
  out.over[0].to_end = true;
  out.over[0].offsets = false;
  return windows.window(out);
}

Result<Expression> whole(Expression a, Expression b, Span where) {
  return make_quotient(std::move(a), std::move(b), {kInteger, Rounding::to_zero}, where);
}

Result<Expression> rest(Expression a, Expression b, Span where) {
  return make_remainder(std::move(a), std::move(b), {kInteger, Rounding::to_zero}, where);
}

Result<Expression> combined(Op op, Expression a, Expression b, Span where) {
  return make_arithmetic(op, std::move(a), std::move(b), where);
}

// LAG or LEAD(x, n, otherwise): `otherwise` where there is no such row.
Result<Expression> moved_or(const Node& node, WindowBinder& windows) {
  GBX_TRY_ASSIGN(Expression otherwise, windows.value(node.children[2]));
  Node plain = node;
  plain.children.resize(2);
  GBX_TRY_ASSIGN(Expression value, windows.window(plain));
  if (otherwise.op == Op::null) return value;
  const Expression offset = number(plain.children[1].value, node.where);  // a number, or refused
  GBX_TRY_ASSIGN(Expression place, row_number(node, windows));
  if (node.text == "lead") {  // counted from the other end, from 1
    GBX_TRY_ASSIGN(Expression count, row_count(node, windows));
    GBX_TRY_ASSIGN(place, combined(Op::subtract, std::move(count), std::move(place), node.where));
    GBX_TRY_ASSIGN(place, combined(Op::add, std::move(place), number(1, node.where), node.where));
  }
  std::vector<Expression> choice;
  GBX_TRY_ASSIGN(Expression is_beyond,
                 make_comparison(Op::less_equal, std::move(place), offset, node.where));
  choice.push_back(std::move(is_beyond));
  choice.push_back(std::move(otherwise));
  choice.push_back(std::move(value));
  return make_case(std::move(choice), node.where);
}

// 1 .. n: parts of equal size in the order of the partition, the first ones larger by one row.
Result<Expression> ntile(const Node& node, WindowBinder& windows) {
  const Span where = node.where;
  const bool one = node.children.size() == 1 && node.filter.empty() && !node.distinct;
  if (!one) return refuse("argument_count", where);
  const Node& tiles = node.children[0];
  const bool is_whole = tiles.kind == NodeKind::number && tiles.scale == 0;
  if (!is_whole || tiles.value < 1 || tiles.value > kTilesMax) {
    return refuse("window_offset_malformed", tiles.where);
  }
  GBX_TRY_ASSIGN(const Expression place, row_number(node, windows));
  GBX_TRY_ASSIGN(const Expression count, row_count(node, windows));
  const Expression parts = number(tiles.value, where);
  // `larger` parts of size + 1 stand first, then those of `size`.
  GBX_TRY_ASSIGN(const Expression size, whole(count, parts, where));
  GBX_TRY_ASSIGN(const Expression larger, rest(count, parts, where));
  GBX_TRY_ASSIGN(const Expression one_more, combined(Op::add, size, number(1, where), where));
  GBX_TRY_ASSIGN(const Expression first_rows, combined(Op::multiply, larger, one_more, where));
  GBX_TRY_ASSIGN(const Expression before, combined(Op::subtract, place, number(1, where), where));
  GBX_TRY_ASSIGN(Expression early, whole(before, one_more, where));
  GBX_TRY_ASSIGN(Expression late, combined(Op::subtract, before, first_rows, where));
  GBX_TRY_ASSIGN(late, whole(std::move(late), size, where));
  GBX_TRY_ASSIGN(late, combined(Op::add, std::move(late), larger, where));
  GBX_TRY_ASSIGN(Expression is_early, make_comparison(Op::less_equal, place, first_rows, where));
  std::vector<Expression> choice;
  choice.push_back(std::move(is_early));
  choice.push_back(std::move(early));
  choice.push_back(std::move(late));
  GBX_TRY_ASSIGN(Expression tile, make_case(std::move(choice), where));
  GBX_TRY_ASSIGN(tile, combined(Op::add, std::move(tile), number(1, where), where));
  return make_clamp({std::move(tile), number(1, where), parts}, where);
}

}  // namespace

Result<Expression> bind_windowed(const Node& node, WindowBinder& windows) {
  if (node.text == "ntile") return ntile(node, windows);
  const bool moved = node.text == "lag" || node.text == "lead";
  return moved && node.children.size() == 3 ? moved_or(node, windows) : windows.window(node);
}

}  // namespace gbx::sql
