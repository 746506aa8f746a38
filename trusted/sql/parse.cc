#include "trusted/sql/parse.h"

#include <array>
#include <charconv>
#include <utility>

#include "trusted/base/json.h"
#include "trusted/sql/lexer.h"
#include "trusted/sql/parse_expression.h"

namespace gbx::sql {
namespace {

constexpr Error kUnknown{ErrorCode::invalid_argument, "syntax_tree_unknown"};

// One SELECT, clause by clause, in the order in which a reader meets the clauses.
class SelectParser {
 public:
  explicit SelectParser(std::string_view sql) : sql_(sql), expressions_(sql) {}

  Result<Select> parse(const Json& statement);

 private:
  Status check_node(const Json& node);
  Status items(const Json& node);
  Status tables(const Json& from, std::size_t depth);
  Status base_table(const Json& from);
  Status join(const Json& from, std::size_t depth);
  Status groups(const Json& node);
  Status modifiers(const Json& node);
  Status order(const Json& modifier);
  Status limit(const Json& modifier);
  Result<std::int64_t> row_count(const Json& modifier, std::string_view key, std::int64_t absent);
  Result<std::optional<Node>> clause(const Json& node, std::string_view key);

  std::string_view sql_;
  ExpressionParser expressions_;
  Select select_;
};

Result<Select> SelectParser::parse(const Json& statement) {
  if (!has_keys(statement, {"node", "named_param_map"})) return kUnknown;
  const Json& node = *statement.find("node");
  GBX_TRY(check_node(node));
  if (!is_absent(statement, "named_param_map")) {
    return Error{ErrorCode::invalid_argument, "parameter_unsupported"};
  }
  GBX_TRY(tables(*node.find("from_table"), 0));
  GBX_TRY(items(node));
  GBX_TRY_ASSIGN(select_.filter, clause(node, "where_clause"));
  GBX_TRY(groups(node));
  GBX_TRY_ASSIGN(select_.having, clause(node, "having"));
  GBX_TRY(modifiers(node));
  return std::move(select_);
}

Status SelectParser::check_node(const Json& node) {
  const std::string_view type = string_of(node, "type");
  if (type == "SET_OPERATION_NODE") {
    return Error{ErrorCode::invalid_argument, "set_operation_unsupported"};
  }
  if (type == "RECURSIVE_CTE_NODE" || type == "CTE_NODE") {
    return Error{ErrorCode::invalid_argument, "cte_unsupported"};
  }
  if (type != "SELECT_NODE" ||
      !has_keys(node, {"type", "modifiers", "cte_map", "select_list", "from_table", "where_clause",
                       "group_expressions", "group_sets", "aggregate_handling", "having", "sample",
                       "qualify"})) {
    return kUnknown;
  }
  const Json& cte = *node.find("cte_map");
  if (!has_keys(cte, {"map"})) return kUnknown;
  if (!is_absent(cte, "map")) return Error{ErrorCode::invalid_argument, "cte_unsupported"};
  if (!is_absent(node, "sample")) return Error{ErrorCode::invalid_argument, "sample_unsupported"};
  if (!is_absent(node, "qualify")) return Error{ErrorCode::invalid_argument, "window_unsupported"};
  return {};
}

Status SelectParser::items(const Json& node) {
  const Json::Array* list = node.find("select_list")->array();
  if (list == nullptr || list->empty()) return kUnknown;
  for (const Json& item : *list) {
    GBX_TRY_ASSIGN(Node parsed, expressions_.parse(item));
    select_.items.push_back({std::move(parsed), std::string(string_of(item, "alias"))});
  }
  return {};
}

Status SelectParser::tables(const Json& from, std::size_t depth) {
  const std::string_view type = string_of(from, "type");
  if (type == "BASE_TABLE") return base_table(from);
  if (type == "JOIN" && depth < kTablesMax) return join(from, depth);
  if (type == "JOIN") return expressions_.refuse("too_many_tables", from);
  if (type == "EMPTY") return expressions_.refuse("from_missing", from);
  if (type == "SUBQUERY") return expressions_.refuse("subquery_unsupported", from);
  if (type == "TABLE_FUNCTION") return expressions_.refuse("table_function_unsupported", from);
  if (type == "SHOW_REF" || type == "EXPRESSION_LIST") {  // SHOW, DESCRIBE; VALUES
    return expressions_.refuse("not_a_select", from);
  }
  return expressions_.refuse("from_unsupported", from);
}

Status SelectParser::base_table(const Json& from) {
  if (!has_keys(from, {"type", "alias", "sample", "query_location", "schema_name", "table_name",
                       "column_name_alias", "catalog_name", "at_clause"})) {
    return kUnknown;
  }
  if (!is_absent(from, "sample")) return expressions_.refuse("sample_unsupported", from);
  if (!is_absent(from, "at_clause")) return expressions_.refuse("time_travel_unsupported", from);
  if (!is_absent(from, "column_name_alias")) {
    return expressions_.refuse("column_alias_unsupported", from);
  }
  if (!is_absent(from, "catalog_name")) {
    return Error{ErrorCode::not_found, "table_unknown", expressions_.place(from)};
  }
  TableName table;
  table.schema = string_of(from, "schema_name");
  table.name = string_of(from, "table_name");
  table.alias = string_of(from, "alias");
  table.where = expressions_.place(from);
  if (table.schema.size() > kNameBytesMax || table.name.size() > kNameBytesMax ||
      table.alias.size() > kNameBytesMax) {
    return expressions_.refuse("name_too_long", from);
  }
  if (table.where.end > 0) {
    table.where.end = path_end(sql_, table.where.begin, table.schema.empty() ? 1 : 2);
  }
  if (select_.tables.size() >= kTablesMax) return expressions_.refuse("too_many_tables", from);
  select_.tables.push_back(std::move(table));
  return {};
}

Status SelectParser::join(const Json& from, std::size_t depth) {
  if (!has_keys(from, {"type", "alias", "sample", "query_location", "left", "right", "condition",
                       "join_type", "ref_type", "using_columns", "delim_flipped",
                       "duplicate_eliminated_columns"})) {
    return kUnknown;
  }
  const std::string_view kind = string_of(from, "join_type");
  const std::string_view ref = string_of(from, "ref_type");
  if (kind == "LEFT" || kind == "RIGHT" || kind == "OUTER" || kind == "FULL") {
    return expressions_.refuse("outer_join_unsupported", from);
  }
  if (kind != "INNER" || (ref != "REGULAR" && ref != "CROSS")) {
    return expressions_.refuse("join_kind_unsupported", from);
  }
  if (!is_absent(from, "alias") || !is_absent(from, "sample") ||
      !is_absent(from, "duplicate_eliminated_columns")) {
    return kUnknown;
  }
  GBX_TRY(tables(*from.find("left"), depth + 1));
  const Json& right = *from.find("right");
  if (string_of(right, "type") == "JOIN")
    return expressions_.refuse("nested_join_unsupported", right);
  GBX_TRY(tables(right, depth + 1));
  Join out;
  out.right = select_.tables.size() - 1;
  out.where = expressions_.place(from);
  GBX_TRY_ASSIGN(out.condition, clause(from, "condition"));
  const Json::Array* columns = from.find("using_columns")->array();
  if (columns == nullptr || columns->size() > kTablesMax) return kUnknown;
  for (const Json& column : *columns) {
    if (column.string() == nullptr || column.string()->size() > kNameBytesMax) return kUnknown;
    out.using_columns.push_back(*column.string());
  }
  select_.joins.push_back(std::move(out));
  return {};
}

Status SelectParser::groups(const Json& node) {
  const Json::Array* list = node.find("group_expressions")->array();
  const Json::Array* sets = node.find("group_sets")->array();
  if (list == nullptr || sets == nullptr) return kUnknown;
  if (string_of(node, "aggregate_handling") != "STANDARD_HANDLING") {
    return Error{ErrorCode::invalid_argument, "group_by_all_unsupported"};
  }
  const Json::Array none;
  const Json::Array* set = sets->size() == 1 ? sets->front().array() : &none;
  if (sets->size() > 1 || set == nullptr || set->size() != list->size()) {
    return Error{ErrorCode::invalid_argument, "grouping_sets_unsupported"};
  }
  for (const Json& group : *list) {
    GBX_TRY_ASSIGN(Node parsed, expressions_.parse(group));
    select_.groups.push_back(std::move(parsed));
  }
  return {};
}

Status SelectParser::modifiers(const Json& node) {
  const Json::Array* list = node.find("modifiers")->array();
  if (list == nullptr || list->size() > 3) return kUnknown;
  for (const Json& modifier : *list) {
    const std::string_view type = string_of(modifier, "type");
    if (type == "ORDER_MODIFIER") {
      GBX_TRY(order(modifier));
    } else if (type == "LIMIT_MODIFIER") {
      GBX_TRY(limit(modifier));
    } else if (type == "DISTINCT_MODIFIER") {
      return Error{ErrorCode::invalid_argument, "distinct_unsupported"};
    } else if (type == "LIMIT_PERCENT_MODIFIER") {
      return Error{ErrorCode::invalid_argument, "limit_malformed"};
    } else {
      return kUnknown;
    }
  }
  return {};
}

Status SelectParser::order(const Json& modifier) {
  if (!has_keys(modifier, {"type", "orders"}) || modifier.find("orders")->array() == nullptr) {
    return kUnknown;
  }
  for (const Json& entry : *modifier.find("orders")->array()) {
    if (!has_keys(entry, {"type", "null_order", "expression"})) return kUnknown;
    const std::string_view type = string_of(entry, "type");
    const std::string_view nulls = string_of(entry, "null_order");
    if (type != "ORDER_DEFAULT" && type != "ASCENDING" && type != "DESCENDING") return kUnknown;
    if (nulls != "ORDER_DEFAULT" && nulls != "NULLS FIRST" && nulls != "NULLS LAST") {
      return kUnknown;
    }
    const Json& expression = *entry.find("expression");
    if (string_of(expression, "class") == "STAR") {
      return expressions_.refuse("order_by_all_unsupported", expression);
    }
    GBX_TRY_ASSIGN(Node parsed, expressions_.parse(expression));
    select_.order.push_back({std::move(parsed), type == "DESCENDING", nulls == "NULLS FIRST"});
  }
  return {};
}

Status SelectParser::limit(const Json& modifier) {
  if (!has_keys(modifier, {"type", "limit", "offset"})) return kUnknown;
  if (!is_absent(modifier, "limit")) {
    GBX_TRY_ASSIGN(const std::int64_t rows, row_count(modifier, "limit", 0));
    select_.limit = rows;
  }
  GBX_TRY_ASSIGN(select_.offset, row_count(modifier, "offset", 0));
  return {};
}

Result<std::int64_t> SelectParser::row_count(const Json& modifier, std::string_view key,
                                             std::int64_t absent) {
  if (is_absent(modifier, key)) return absent;
  GBX_TRY_ASSIGN(const Node node, expressions_.parse(*modifier.find(key)));
  if (node.kind != NodeKind::number || node.scale != 0 || node.value < 0) {
    return Error{ErrorCode::invalid_argument, "limit_malformed", node.where};
  }
  return node.value;
}

Result<std::optional<Node>> SelectParser::clause(const Json& node, std::string_view key) {
  if (is_absent(node, key)) return std::optional<Node>();
  GBX_TRY_ASSIGN(Node parsed, expressions_.parse(*node.find(key)));
  return std::optional<Node>(std::move(parsed));
}

// DuckDB's own refusal. Its message is dropped; where it stopped is kept.
Error syntax_error(const Json& root, std::string_view sql) {
  if (string_of(root, "error_type") == "not implemented") {
    return {ErrorCode::invalid_argument, "not_a_select"};
  }
  const std::string_view position = string_of(root, "position");
  std::uint32_t at = 0;
  const auto end = std::from_chars(position.data(), position.data() + position.size(), at);
  if (position.empty() || end.ec != std::errc() || at > sql.size()) {
    return {ErrorCode::invalid_argument, "syntax_error"};
  }
  return {ErrorCode::invalid_argument, "syntax_error", {at, token_end(sql, at)}};
}

}  // namespace

Status check_text(std::string_view sql) {
  if (sql.empty()) return Error{ErrorCode::invalid_argument, "query_empty"};
  if (sql.size() > kSqlBytesMax) return Error{ErrorCode::invalid_argument, "query_too_long"};
  if (sql.find('\0') != std::string_view::npos) {
    return Error{ErrorCode::invalid_argument, "text_malformed"};
  }
  return {};
}

Result<Select> parse(std::string_view ast, std::string_view sql) {
  GBX_TRY(check_text(sql));
  if (ast.size() > kAstBytesMax) return Error{ErrorCode::invalid_argument, "expression_too_large"};
  const Result<Json> parsed = Json::parse(ast);
  if (!parsed) return kUnknown;
  const Json& root = *parsed;
  const Json* error = root.find("error");
  if (error == nullptr || error->boolean() == nullptr) return kUnknown;
  if (*error->boolean()) return syntax_error(root, sql);
  if (!has_keys(root, {"error", "statements"})) return kUnknown;
  const Json::Array* statements = root.find("statements")->array();
  if (statements == nullptr) return kUnknown;
  if (statements->empty()) return Error{ErrorCode::invalid_argument, "query_empty"};
  if (statements->size() != 1) return Error{ErrorCode::invalid_argument, "several_statements"};
  SelectParser parser(sql);
  return parser.parse(statements->front());
}

}  // namespace gbx::sql
