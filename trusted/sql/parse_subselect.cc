// Items and conditions that are more than expressions: stars, sub-selects, parameters.

#include "trusted/sql/parse_expression.h"

namespace gbx::sql {
namespace {

constexpr Error kUnknown{ErrorCode::invalid_argument, "syntax_tree_unknown"};

}  // namespace

Result<Node> ExpressionParser::parse_item(const Json& json) {
  if (string_of(json, "class") != "STAR") return parse(json);
  const Error refused{ErrorCode::policy_denied, "star_not_released", place(json)};
  const Json* columns = json.find("columns");
  if (columns == nullptr || columns->boolean() == nullptr || *columns->boolean()) return refused;
  if (!has_keys(json,
                {"class", "type", "alias", "query_location", "relation_name", "exclude_list",
                 "replace_list", "columns", "expr", "qualified_exclude_list", "rename_list"})) {
    return kUnknown;
  }
  for (const std::string_view key :
       {"exclude_list", "replace_list", "expr", "qualified_exclude_list", "rename_list", "alias"}) {
    if (!is_absent(json, key)) return refused;
  }
  Node node;
  node.kind = NodeKind::star;
  node.where = place(json);
  const std::string_view table = string_of(json, "relation_name");
  if (table.size() > kNameBytesMax) return refuse("name_too_long", json);
  if (!table.empty()) node.path.emplace_back(table);
  return node;
}

Result<Node> ExpressionParser::subselect(const Json& json, std::size_t depth) {
  if (!has_keys(json, {"class", "type", "alias", "query_location", "subquery_type", "subquery",
                       "child", "comparison_type"})) {
    return kUnknown;
  }
  const std::string_view type = string_of(json, "subquery_type");
  const std::string_view comparison = string_of(json, "comparison_type");
  Node node;
  node.where = place(json);
  if (type == "EXISTS" && is_absent(json, "child")) {
    node.kind = NodeKind::exists;
  } else if (type == "ANY" && comparison == "COMPARE_EQUAL") {
    node.kind = NodeKind::in_select;
    GBX_TRY(child(json, "child", depth, node));
    cover(node);
  } else {
    return refuse(type == "SCALAR" ? Literal("subquery_as_value") : Literal("subquery_unsupported"),
                  json);
  }
  GBX_TRY_ASSIGN(Select select, selects_->read(*json.find("subquery")));
  node.select.push_back(std::move(select));
  return node;
}

bool is_literal(const Node& node) {
  if (node.kind == NodeKind::cast) return is_literal(node.children[0]);
  return node.kind == NodeKind::number || node.kind == NodeKind::text ||
         node.kind == NodeKind::boolean || node.kind == NodeKind::null ||
         node.kind == NodeKind::parameter;
}

Result<std::vector<std::vector<Node>>> ExpressionParser::rows(const Json& from) {
  if (!has_keys(from, {"type", "alias", "sample", "query_location", "expected_names",
                       "expected_types", "values"})) {
    return kUnknown;
  }
  const Json::Array* written = from.find("values")->array();
  if (written == nullptr || written->empty()) return kUnknown;
  std::vector<std::vector<Node>> out;
  for (const Json& values : *written) {
    if (values.array() == nullptr || values.array()->empty()) return kUnknown;
    std::vector<Node>& row = out.emplace_back();
    for (const Json& value : *values.array()) {
      GBX_TRY_ASSIGN(Node parsed, parse(value, 0));
      if (!is_literal(parsed)) return refuse("from_unsupported", value);
      row.push_back(std::move(parsed));
    }
    if (row.size() != out[0].size()) return refuse("union_columns_differ", from);
  }
  return out;
}

// $name. A bare ? comes as a number.
Result<Node> ExpressionParser::parameter(const Json& json) {
  if (!has_keys(json, {"class", "type", "alias", "query_location", "identifier"})) return kUnknown;
  Node node;
  node.kind = NodeKind::parameter;
  node.where = place(json);
  node.text = string_of(json, "identifier");
  if (node.text.size() > kNameBytesMax) return refuse("name_too_long", json);
  if (node.text.empty() || (node.text[0] >= '0' && node.text[0] <= '9')) {
    return refuse("parameter_unsupported", json);
  }
  return node;
}

}  // namespace gbx::sql
