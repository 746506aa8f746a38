// Calls with OVER, and ORDER BY, which they have in common with a SELECT.

#include "trusted/sql/lexer.h"
#include "trusted/sql/parse_expression.h"
#include "trusted/sql/step.h"

namespace gbx::sql {
namespace {

constexpr Error kUnknown{ErrorCode::invalid_argument, "syntax_tree_unknown"};

}  // namespace

Result<std::vector<OrderItem>> ExpressionParser::orders(const Json::Array& entries,
                                                        std::size_t depth) {
  std::vector<OrderItem> out;
  for (const Json& entry : entries) {
    if (!has_keys(entry, {"type", "null_order", "expression"})) return kUnknown;
    const std::string_view type = string_of(entry, "type");
    const std::string_view nulls = string_of(entry, "null_order");
    if (type != "ORDER_DEFAULT" && type != "ASCENDING" && type != "DESCENDING") return kUnknown;
    if (nulls != "ORDER_DEFAULT" && nulls != "NULLS FIRST" && nulls != "NULLS LAST") {
      return kUnknown;
    }
    const Json& expression = *entry.find("expression");
    if (string_of(expression, "class") == "STAR") {
      return refuse("order_by_all_unsupported", expression);
    }
    GBX_TRY_ASSIGN(Node parsed, parse(expression, depth));
    out.push_back({std::move(parsed), type == "DESCENDING", nulls == "NULLS FIRST"});
  }
  return out;
}

Result<Node> ExpressionParser::window(const Json& json, std::size_t depth) {
  if (!has_keys(json,
                {"class",        "type",         "alias",       "query_location", "function_name",
                 "schema",       "catalog",      "children",    "partitions",     "orders",
                 "start",        "end",          "start_expr",  "end_expr",       "offset_expr",
                 "default_expr", "ignore_nulls", "filter_expr", "exclude_clause", "distinct",
                 "arg_orders"})) {
    return kUnknown;
  }
  const std::string_view schema = string_of(json, "schema");
  if (!is_absent(json, "catalog") || (!schema.empty() && schema != "main")) {
    return refuse("function_unsupported", json);
  }
  const bool* ignores = json.find("ignore_nulls")->boolean();
  const bool* distinct = json.find("distinct")->boolean();
  if (ignores == nullptr || distinct == nullptr) return kUnknown;
  if (*ignores || !is_absent(json, "arg_orders")) return refuse("window_unsupported", json);
  Node node;
  node.kind = NodeKind::call;
  node.text = string_of(json, "function_name");
  node.distinct = *distinct;
  node.where = place(json);
  if (node.where.end > 0) node.where.end = call_end(sql_, node.where.begin);
  GBX_TRY(window_values(json, depth, node));
  cover(node);
  GBX_TRY_ASSIGN(Over parsed, over(json, depth));
  node.over.push_back(std::move(parsed));
  return node;
}

// The arguments, with what LAG and LEAD keep apart, and the FILTER.
Status ExpressionParser::window_values(const Json& json, std::size_t depth, Node& node) {
  GBX_TRY(children(json, "children", depth, node));
  if (!is_absent(json, "offset_expr")) GBX_TRY(child(json, "offset_expr", depth, node));
  if (!is_absent(json, "default_expr")) {
    if (is_absent(json, "offset_expr")) return kUnknown;
    GBX_TRY(child(json, "default_expr", depth, node));
  }
  if (is_absent(json, "filter_expr")) return {};
  GBX_TRY_ASSIGN(Node condition, parse(*json.find("filter_expr"), depth + 1));
  node.filter.push_back(std::move(condition));
  return {};
}

// Where a frame of rows begins or ends: rows after this one.
Result<std::int64_t> ExpressionParser::frame_end(const Json& json, bool start, std::size_t depth) {
  constexpr std::int64_t kAll = kPersonRowsMax;
  const std::string_view kind = string_of(json, start ? "start" : "end");
  const std::string_view key = start ? "start_expr" : "end_expr";
  const bool none = is_absent(json, key);
  if (kind == "UNBOUNDED_PRECEDING" && start && none) return -kAll;
  if (kind == "UNBOUNDED_FOLLOWING" && !start && none) return kAll;
  if (kind == "CURRENT_ROW_ROWS" && none) return 0;
  const bool before = kind == "EXPR_PRECEDING_ROWS";
  if (none || (!before && kind != "EXPR_FOLLOWING_ROWS")) {
    return refuse("window_frame_unsupported", json);
  }
  GBX_TRY_ASSIGN(const Node rows, parse(*json.find(key), depth + 1));
  const bool whole = rows.kind == NodeKind::number && rows.scale == 0;
  if (!whole || rows.value < 0 || rows.value > kWindowOffsetMax) {
    return Error{ErrorCode::invalid_argument, "window_frame_unsupported", rows.where};
  }
  return before ? -rows.value : rows.value;
}

Result<Over> ExpressionParser::over(const Json& json, std::size_t depth) {
  const std::string_view end = string_of(json, "end");
  const bool known =
      end == "CURRENT_ROW_RANGE" || end == "CURRENT_ROW_ROWS" || end == "UNBOUNDED_FOLLOWING";
  if (string_of(json, "exclude_clause") != "NO_OTHER") {
    return refuse("window_frame_unsupported", json);
  }
  Over out;
  out.where = place(json);
  out.offsets = string_of(json, "start") != "UNBOUNDED_PRECEDING" || !known;
  if (out.offsets) {
    GBX_TRY_ASSIGN(out.first, frame_end(json, true, depth));
    GBX_TRY_ASSIGN(out.last, frame_end(json, false, depth));
    if (out.first > out.last) return refuse("window_frame_unsupported", json);
  } else if (!is_absent(json, "start_expr") || !is_absent(json, "end_expr")) {
    return refuse("window_frame_unsupported", json);
  }
  out.rows = end == "CURRENT_ROW_ROWS";
  out.to_end = end == "UNBOUNDED_FOLLOWING";
  Node partition;
  GBX_TRY(children(json, "partitions", depth, partition));
  out.partition = std::move(partition.children);
  const Json::Array* entries = json.find("orders")->array();
  if (entries == nullptr) return kUnknown;
  GBX_TRY_ASSIGN(out.order, orders(*entries, depth + 1));
  return out;
}

}  // namespace gbx::sql
