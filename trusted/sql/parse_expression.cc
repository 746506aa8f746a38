#include "trusted/sql/parse_expression.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <utility>

#include "trusted/sql/bind_expression.h"
#include "trusted/sql/lexer.h"
#include "trusted/sql/spelling.h"

namespace gbx::sql {
namespace {

struct Refused {
  std::string_view word;
  Literal reason;
};

// Known to DuckDB, not to us.
constexpr std::array kRefusedClasses = {
    Refused{"LAMBDA", "lambda_unsupported"},
    Refused{"COLLATE", "collate_unsupported"},
    Refused{"POSITIONAL_REFERENCE", "positional_reference_unsupported"},
    Refused{"DEFAULT", "expression_unknown"},
};

// Classes that have one type.
constexpr std::array<std::pair<std::string_view, std::string_view>, 8> kOnlyTypes = {{
    {"COLUMN_REF", "COLUMN_REF"},
    {"CONSTANT", "VALUE_CONSTANT"},
    {"FUNCTION", "FUNCTION"},
    {"BETWEEN", "COMPARE_BETWEEN"},
    {"CASE", "CASE_EXPR"},
    {"CAST", "OPERATOR_CAST"},
    {"SUBQUERY", "SUBQUERY"},
    {"PARAMETER", "VALUE_PARAMETER"},
}};

// DuckDB's node type -> our name of the operator.
constexpr std::array<std::pair<std::string_view, std::string_view>, 8> kComparisons = {{
    {"COMPARE_EQUAL", "="},
    {"COMPARE_NOTEQUAL", "<>"},
    {"COMPARE_LESSTHAN", "<"},
    {"COMPARE_LESSTHANOREQUALTO", "<="},
    {"COMPARE_GREATERTHAN", ">"},
    {"COMPARE_GREATERTHANOREQUALTO", ">="},
    {"COMPARE_DISTINCT_FROM", "is distinct from"},
    {"COMPARE_NOT_DISTINCT_FROM", "is not distinct from"},
}};
constexpr std::array<std::pair<std::string_view, std::string_view>, 7> kOperators = {{
    {"OPERATOR_NOT", "not"},
    {"OPERATOR_IS_NULL", "is null"},
    {"OPERATOR_IS_NOT_NULL", "is not null"},
    {"COMPARE_IN", "in"},
    {"COMPARE_NOT_IN", "not in"},
    {"OPERATOR_COALESCE", "coalesce"},
    {"GROUPING_FUNCTION", "grouping"},
}};
constexpr std::array<std::pair<std::string_view, Type>, 9> kCastTypes = {{
    {"BOOLEAN", Type::boolean},
    {"INTEGER", Type::integer},
    {"BIGINT", Type::integer},
    {"SMALLINT", Type::integer},
    {"TINYINT", Type::integer},
    {"HUGEINT", Type::integer},
    {"DATE", Type::date},
    {"TIMESTAMP", Type::timestamp},
    {"VARCHAR", Type::text},
}};

template <typename Table>
auto look_up(const Table& table, std::string_view word) {
  return std::find_if(table.begin(), table.end(),
                      [&](const auto& entry) { return entry.first == word; });
}

constexpr Error kUnknown{ErrorCode::invalid_argument, "syntax_tree_unknown"};

}  // namespace

bool has_keys(const Json& json, std::initializer_list<std::string_view> keys) {
  const Json::Object* members = json.object();
  if (members == nullptr || members->size() != keys.size()) return false;
  return std::all_of(keys.begin(), keys.end(),
                     [&](std::string_view key) { return json.find(key) != nullptr; });
}

std::string_view string_of(const Json& json, std::string_view key) {
  const Json* member = json.find(key);
  if (member == nullptr || member->string() == nullptr) return {};
  return *member->string();
}

bool is_absent(const Json& json, std::string_view key) {
  const Json* member = json.find(key);
  if (member == nullptr) return false;
  if (member->string() != nullptr) return member->string()->empty();
  if (member->array() != nullptr) return member->array()->empty();
  return member->is_null();
}

Span ExpressionParser::place(const Json& json) const {
  const Json* location = json.find("query_location");
  if (location == nullptr || location->integer() == nullptr) return {};
  const std::int64_t begin = *location->integer();
  if (begin < 0 || begin >= static_cast<std::int64_t>(sql_.size())) return {};
  const auto at = static_cast<std::uint32_t>(begin);
  return {at, token_end(sql_, at)};
}

Result<std::vector<std::string>> ExpressionParser::names(const Json& json) const {
  if (json.array() == nullptr || json.array()->size() > kNamesMax) return kUnknown;
  std::vector<std::string> out;
  for (const Json& name : *json.array()) {
    if (name.string() == nullptr) return kUnknown;
    if (name.string()->size() > kNameBytesMax) {
      return Error{ErrorCode::invalid_argument, "name_too_long"};
    }
    out.push_back(*name.string());
  }
  return out;
}

void ExpressionParser::cover(Node& node) {
  for (const Node& child : node.children) {
    if (child.where.end == 0) continue;
    if (node.where.end == 0) node.where = child.where;
    node.where.begin = std::min(node.where.begin, child.where.begin);
    node.where.end = std::max(node.where.end, child.where.end);
  }
}

Result<Node> ExpressionParser::parse(const Json& json, std::size_t depth) {
  if (json.object() == nullptr) return kUnknown;
  if (depth >= kNodeDepthMax) return refuse("expression_too_deep", json);
  if (++nodes_ > kNodesMax) return refuse("expression_too_large", json);
  return by_class(json, depth);
}

Result<Node> ExpressionParser::by_class(const Json& json, std::size_t depth) {
  const std::string_view kind = string_of(json, "class");
  if (string_of(json, "alias").size() > kNameBytesMax) return refuse("name_too_long", json);
  const auto only = look_up(kOnlyTypes, kind);
  if (only != kOnlyTypes.end() && only->second != string_of(json, "type")) {
    return refuse("expression_unknown", json);
  }
  if (kind == "COLUMN_REF") return column(json);
  if (kind == "CONSTANT") return constant(json);
  if (kind == "FUNCTION") return function(json, depth);
  if (kind == "COMPARISON") return comparison(json, depth);
  if (kind == "CONJUNCTION" || kind == "OPERATOR") return operation(json, depth);
  if (kind == "BETWEEN") return between(json, depth);
  if (kind == "CASE") return case_when(json, depth);
  if (kind == "CAST") return cast(json, depth);
  if (kind == "WINDOW") return window(json, depth);
  if (kind == "SUBQUERY") return subselect(json, depth);
  if (kind == "PARAMETER") return parameter(json);
  if (kind == "STAR") return Error{ErrorCode::policy_denied, "star_not_released", place(json)};
  for (const Refused& refused : kRefusedClasses) {
    if (refused.word == kind) return refuse(refused.reason, json);
  }
  return refuse("expression_unknown", json);
}

Status ExpressionParser::children(const Json& json, std::string_view key, std::size_t depth,
                                  Node& node) {
  const Json* member = json.find(key);
  if (member == nullptr || member->array() == nullptr) return kUnknown;
  for (const Json& element : *member->array()) {
    GBX_TRY_ASSIGN(Node parsed, parse(element, depth + 1));
    node.children.push_back(std::move(parsed));
  }
  return {};
}

Status ExpressionParser::child(const Json& json, std::string_view key, std::size_t depth,
                               Node& node) {
  const Json* member = json.find(key);
  if (member == nullptr) return kUnknown;
  GBX_TRY_ASSIGN(Node parsed, parse(*member, depth + 1));
  node.children.push_back(std::move(parsed));
  return {};
}

Result<Node> ExpressionParser::column(const Json& json) {
  if (!has_keys(json, {"class", "type", "alias", "query_location", "column_names"})) {
    return kUnknown;
  }
  const Json::Array* names = json.find("column_names")->array();
  if (names == nullptr || names->empty() || names->size() > 4) return kUnknown;
  Node node;
  node.kind = NodeKind::column;
  for (const Json& name : *names) {
    if (name.string() == nullptr) return kUnknown;
    if (name.string()->size() > kNameBytesMax) return refuse("name_too_long", json);
    node.path.push_back(*name.string());
  }
  node.where = place(json);
  if (node.where.end > 0) node.where.end = path_end(sql_, node.where.begin, node.path.size());
  return node;
}

Result<Node> ExpressionParser::constant(const Json& json) {
  if (!has_keys(json, {"class", "type", "alias", "query_location", "value"})) return kUnknown;
  const Json& holder = *json.find("value");
  const Json* type = holder.find("type");
  const Json* is_null = holder.find("is_null");
  if (type == nullptr || !has_keys(*type, {"id", "type_info"}) || is_null == nullptr ||
      is_null->boolean() == nullptr) {
    return kUnknown;
  }
  Node node;
  node.where = place(json);
  if (*is_null->boolean()) {
    if (!has_keys(holder, {"type", "is_null"})) return kUnknown;
    return node;
  }
  const Json* value = holder.find("value");
  if (value == nullptr || !has_keys(holder, {"type", "is_null", "value"})) return kUnknown;
  const std::string_view id = string_of(*type, "id");
  if (id == "VARCHAR" && value->string() != nullptr) {
    if (value->string()->size() > kTextBytesMax) return refuse("text_too_long", json);
    if (value->string()->find('\0') != std::string::npos) return refuse("text_malformed", json);
    node.kind = NodeKind::text;
    node.text = *value->string();
    return node;
  }
  if (id == "DOUBLE" || id == "FLOAT") {
    // The text says it exactly, the tree does not.
    const auto written = std::string_view(sql_).substr(node.where.begin);
    auto number = exponent_number(written.substr(0, node.where.end - node.where.begin));
    if (!number) return refuse("float_unsupported", json);
    number->where = node.where;
    return std::move(*number);
  }
  if (id == "BOOLEAN" && value->boolean() != nullptr) {
    node.kind = NodeKind::boolean;
    node.value = *value->boolean() ? 1 : 0;
    return node;
  }
  const bool is_decimal = id == "DECIMAL";
  if (!is_decimal && id != "INTEGER" && id != "BIGINT" && id != "HUGEINT") {
    return refuse("literal_unsupported", json);
  }
  if (value->integer() == nullptr) return refuse("number_too_large", json);
  node.kind = NodeKind::number;
  node.value = *value->integer();
  if (!is_decimal) return node;
  const Json& info = *type->find("type_info");
  if (!has_keys(info, {"type", "alias", "extension_info", "width", "scale"})) return kUnknown;
  const std::int64_t* scale = info.find("scale")->integer();
  if (scale == nullptr || *scale < 0 || *scale > 38) return kUnknown;
  std::int64_t digits = *scale;
  while (digits > 0 && node.value % 10 == 0) {  // 1.50 and 1.5 are one number
    node.value /= 10;
    digits--;
  }
  if (digits > kScaleMax) return refuse("number_too_large", json);
  node.scale = static_cast<std::uint8_t>(digits);
  return node;
}

Result<Node> ExpressionParser::function(const Json& json, std::size_t depth) {
  if (!has_keys(json,
                {"class", "type", "alias", "query_location", "function_name", "schema", "children",
                 "filter", "order_bys", "distinct", "is_operator", "export_state", "catalog"})) {
    return kUnknown;
  }
  const std::string_view schema = string_of(json, "schema");
  if (!is_absent(json, "catalog") || (!schema.empty() && schema != "main")) {
    return refuse("function_unsupported", json);
  }
  const Json& order_bys = *json.find("order_bys");
  const Json::Array* within =
      has_keys(order_bys, {"type", "orders"}) ? order_bys.find("orders")->array() : nullptr;
  if (within == nullptr || within->size() > 1) return refuse("aggregate_order_unsupported", json);
  const bool* distinct = json.find("distinct")->boolean();
  const bool* is_operator = json.find("is_operator")->boolean();
  const bool* state = json.find("export_state")->boolean();
  if (distinct == nullptr || is_operator == nullptr || state == nullptr || *state) return kUnknown;
  Node node;
  node.kind = NodeKind::call;
  node.text = string_of(json, "function_name");
  node.distinct = *distinct;
  node.where = place(json);
  if (node.where.end > 0 && !*is_operator) node.where.end = call_end(sql_, node.where.begin);
  GBX_TRY(children(json, "children", depth, node));
  cover(node);
  if (!within->empty()) {
    GBX_TRY_ASSIGN(const std::vector<OrderItem> order, orders(*within, depth + 1));
    std::optional<Node> quantile = within_group(std::move(node), order[0]);
    if (!quantile) return refuse("aggregate_order_unsupported", json);
    node = std::move(*quantile);
  }
  GBX_TRY_ASSIGN(node, interval(std::move(node)));
  GBX_TRY_ASSIGN(node, respell(std::move(node), nodes_));
  if (!is_absent(json, "filter")) {
    if (!is_aggregate(node)) return refuse("aggregate_filter_unsupported", json);
    GBX_TRY_ASSIGN(Node condition, parse(*json.find("filter"), depth + 1));
    node.filter.push_back(std::move(condition));
  }
  return node;
}

// INTERVAL n DAY arrives as to_days(CAST(trunc(CAST(n AS DOUBLE)) AS INTEGER)); n is a number or
// text.
Result<Node> ExpressionParser::interval(Node node) {
  constexpr std::array<std::string_view, 8> kUnits = {"years", "quarters", "months",  "weeks",
                                                      "days",  "hours",    "minutes", "seconds"};
  if (!node.text.starts_with("to_") || node.children.size() != 1) return node;
  const std::string unit = node.text.substr(3);
  if (std::find(kUnits.begin(), kUnits.end(), unit) == kUnits.end()) return node;
  const Node* heart = node.children.data();
  while (heart->kind == NodeKind::cast || heart->text == "trunc" || heart->text == kAsDouble) {
    if (heart->children.size() != 1) break;
    heart = heart->children.data();
  }
  Node out;
  out.kind = NodeKind::interval;
  out.where = node.where;
  out.text = unit;
  out.value = heart->value;
  if (heart->kind == NodeKind::number && heart->scale == 0) return out;
  const std::string& text = heart->text;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), out.value);
  const bool whole = end.ec == std::errc() && end.ptr == text.data() + text.size();
  if (heart->kind == NodeKind::text && whole) return out;
  return Error{ErrorCode::invalid_argument, "interval_unsupported", node.where};
}

// INTERVAL '7 days': one number and its unit.
Result<Node> ExpressionParser::written_interval(const Node& text, Span where) {
  const Error refused{ErrorCode::invalid_argument, "interval_unsupported", where};
  const std::string_view written = text.text;
  Node out;
  out.kind = NodeKind::interval;
  out.where = where;
  const auto end = std::from_chars(written.data(), written.data() + written.size(), out.value);
  const auto length = static_cast<std::size_t>(end.ptr - written.data());
  if (end.ec != std::errc() || length + 1 >= written.size() || written[length] != ' ') {
    return refused;
  }
  out.text = written.substr(length + 1);
  return out;
}

Result<Node> ExpressionParser::comparison(const Json& json, std::size_t depth) {
  if (!has_keys(json, {"class", "type", "alias", "query_location", "left", "right"})) {
    return kUnknown;
  }
  const auto entry = look_up(kComparisons, string_of(json, "type"));
  if (entry == kComparisons.end()) return refuse("operator_unsupported", json);
  Node node;
  node.kind = NodeKind::call;
  node.text = entry->second;
  node.where = place(json);
  GBX_TRY(child(json, "left", depth, node));
  GBX_TRY(child(json, "right", depth, node));
  cover(node);
  // a IS TRUE arrives as CAST(a AS BOOLEAN) IS NOT DISTINCT FROM TRUE.
  Node& left = node.children[0];
  const bool is_truth = node.text.starts_with("is ") && node.children[1].kind == NodeKind::boolean;
  if (is_truth && left.kind == NodeKind::cast && left.type == ValueType{Type::boolean, 0}) {
    left = Node(left.children[0]);
  }
  return node;
}

Result<Node> ExpressionParser::between(const Json& json, std::size_t depth) {
  if (!has_keys(json, {"class", "type", "alias", "query_location", "input", "lower", "upper"})) {
    return kUnknown;
  }
  Node node;
  node.kind = NodeKind::call;
  node.text = "between";
  node.where = place(json);
  GBX_TRY(child(json, "input", depth, node));
  GBX_TRY(child(json, "lower", depth, node));
  GBX_TRY(child(json, "upper", depth, node));
  cover(node);
  return node;
}

Result<Node> ExpressionParser::operation(const Json& json, std::size_t depth) {
  if (!has_keys(json, {"class", "type", "alias", "query_location", "children"})) return kUnknown;
  const std::string_view type = string_of(json, "type");
  Node node;
  node.kind = NodeKind::call;
  if (type == "CONJUNCTION_AND" || type == "CONJUNCTION_OR") {
    node.text = type == "CONJUNCTION_AND" ? "and" : "or";
  } else {
    const auto entry = look_up(kOperators, type);
    if (entry == kOperators.end()) return refuse("operator_unsupported", json);
    node.text = entry->second;
  }
  node.where = place(json);
  GBX_TRY(children(json, "children", depth, node));
  cover(node);
  if (node.text == "in" || node.text == "not in") {
    GBX_TRY_ASSIGN(node, respell(std::move(node), nodes_));
  }
  if (node.where.end == 0) return node;
  if (node.text == "in" || node.text == "not in") {
    const std::uint32_t close = skip_space(sql_, node.where.end);
    if (close < sql_.size() && sql_[close] == ')') node.where.end = close + 1;
  } else if (node.text == "is null" || node.text == "is not null") {
    node.where.end = word_end(sql_, node.where.end, "NOT");
    node.where.end = word_end(sql_, node.where.end, "NULL");
  }
  return node;
}

Result<Node> ExpressionParser::case_when(const Json& json, std::size_t depth) {
  if (!has_keys(json, {"class", "type", "alias", "query_location", "case_checks", "else_expr"})) {
    return kUnknown;
  }
  const Json::Array* checks = json.find("case_checks")->array();
  if (checks == nullptr || checks->empty()) return kUnknown;
  Node node;
  node.kind = NodeKind::case_when;
  node.where = place(json);
  for (const Json& check : *checks) {
    if (!has_keys(check, {"when_expr", "then_expr"})) return kUnknown;
    GBX_TRY(child(check, "when_expr", depth, node));
    GBX_TRY(child(check, "then_expr", depth, node));
  }
  GBX_TRY(child(json, "else_expr", depth, node));
  cover(node);
  if (node.where.end > 0) node.where.end = word_end(sql_, node.where.end, "END");
  return node;
}

Result<Node> ExpressionParser::cast(const Json& json, std::size_t depth) {
  if (!has_keys(json,
                {"class", "type", "alias", "query_location", "child", "cast_type", "try_cast"})) {
    return kUnknown;
  }
  const bool* try_cast = json.find("try_cast")->boolean();
  const Json& type = *json.find("cast_type");
  if (try_cast == nullptr || !has_keys(type, {"id", "type_info"})) return kUnknown;
  if (*try_cast) return refuse("try_cast_unsupported", json);
  Node node;
  node.kind = NodeKind::cast;
  node.where = place(json);
  GBX_TRY(child(json, "child", depth, node));
  if (node.where.end > 0) node.where.end = call_end(sql_, node.where.begin);
  cover(node);
  const std::string_view id = string_of(type, "id");
  const Node& inner = node.children[0];
  if (id == "DECIMAL") {
    const std::int64_t* scale = nullptr;
    if (const Json* found = type.find("type_info")->find("scale")) scale = found->integer();
    if (scale == nullptr || *scale < 0) return kUnknown;
    if (*scale > kScaleMax) return refuse("cast_unsupported", json);
    node.type = {Type::decimal, static_cast<std::uint8_t>(*scale)};
    return node;
  }
  if (id == "DOUBLE" || id == "FLOAT") {  // the exact number
    node.kind = NodeKind::call;
    node.text = kAsDouble;
    return node;
  }
  const bool truth_text = inner.kind == NodeKind::text && (inner.text == "t" || inner.text == "f");
  if (id == "BOOLEAN" && truth_text) {  // TRUE and FALSE
    Node truth;
    truth.kind = NodeKind::boolean;
    truth.value = inner.text == "t" ? 1 : 0;
    truth.where = node.where;
    return truth;
  }
  if (id == "INTERVAL" && inner.kind == NodeKind::text) return written_interval(inner, node.where);
  const auto entry = look_up(kCastTypes, id);
  if (entry == kCastTypes.end()) {
    return refuse(id == "INTERVAL" ? Literal("interval_unsupported") : Literal("cast_unsupported"),
                  json);
  }
  node.type.type = entry->second;
  return node;
}

}  // namespace gbx::sql
