#include "trusted/sql/parse.h"

#include <array>
#include <charconv>
#include <utility>

#include "trusted/base/json.h"
#include "trusted/sql/lexer.h"
#include "trusted/sql/parse_expression.h"
#include "trusted/sql/spelling.h"
#include "trusted/sql/written_tables.h"

namespace gbx::sql {
namespace {

constexpr Error kUnknown{ErrorCode::invalid_argument, "syntax_tree_unknown"};

// All SELECTs of a text: how many and how deep.
class StatementParser final : public SelectReader {
 public:
  explicit StatementParser(std::string_view sql) : sql_(sql), expressions_(sql, *this) {}

  // `statement` is {node, named_param_map}.
  Result<Select> read(const Json& statement) override;
  Result<Select> read_node(const Json& node);
  [[nodiscard]] std::string_view sql() const { return sql_; }
  [[nodiscard]] ExpressionParser& expressions() { return expressions_; }
  [[nodiscard]] bool is_inside() const { return depth_ > 1; }

 private:
  std::string_view sql_;
  ExpressionParser expressions_;
  std::size_t selects_ = 0;
  std::size_t depth_ = 0;
};

// One SELECT, clause by clause, in the order in which a reader meets the clauses.
class SelectParser {
 public:
  explicit SelectParser(StatementParser& statement)
      : sql_(statement.sql()), statement_(statement), expressions_(statement.expressions()) {}

  Result<Select> parse(const Json& node);

 private:
  Status check_node(const Json& node);
  Status with(const Json& node);
  Status united(const Json& node);
  void unite(Select part, bool distinct);
  Status select(const Json& node);
  Result<bool> written_rows(const Json& node);
  Status items(const Json& node);
  Status tables(const Json& from, std::size_t depth);
  Status base_table(const Json& from);
  Status subselect(const Json& from);
  Status name_columns(const Json& from, TableName& table);
  Status join(const Json& from, std::size_t depth);
  Status join_kind(const Json& from, Join& out);
  Status comma_before(const Json& from, Join comma, std::size_t depth);
  Status groups(const Json& node);
  Status grouping_sets(const Json::Array& sets);
  Status modifiers(const Json& node);
  Status limit(const Json& modifier);
  Result<std::int64_t> row_count(const Json& modifier, std::string_view key, std::int64_t absent);
  Result<std::optional<Node>> clause(const Json& node, std::string_view key);

  std::string_view sql_;
  StatementParser& statement_;
  ExpressionParser& expressions_;
  Select select_;
};

Result<Select> StatementParser::read(const Json& statement) {
  if (!has_keys(statement, {"node", "named_param_map"})) return kUnknown;
  return read_node(*statement.find("node"));
}

Result<Select> StatementParser::read_node(const Json& node) {
  const Error too_many{ErrorCode::invalid_argument, "too_many_subqueries"};
  if (depth_ >= kSelectDepthMax || ++selects_ > kSelectsMax) return too_many;
  depth_++;
  Result<Select> out = SelectParser(*this).parse(node);
  depth_--;
  return out;
}

Result<Select> SelectParser::parse(const Json& node) {
  if (string_of(node, "type") == "SET_OPERATION_NODE") {
    GBX_TRY(united(node));
  } else {
    GBX_TRY(select(node));
  }
  return std::move(select_);
}

Status SelectParser::select(const Json& node) {
  GBX_TRY(check_node(node));
  GBX_TRY(with(node));
  GBX_TRY_ASSIGN(const bool written, written_rows(node));
  if (written) return modifiers(node);
  GBX_TRY(tables(*node.find("from_table"), 0));
  GBX_TRY(items(node));
  GBX_TRY_ASSIGN(select_.filter, clause(node, "where_clause"));
  GBX_TRY(groups(node));
  GBX_TRY_ASSIGN(select_.having, clause(node, "having"));
  GBX_TRY_ASSIGN(select_.qualify, clause(node, "qualify"));
  return modifiers(node);
}

// Of a sub-select: whether it is VALUES, or literals without FROM, and nothing else.
Result<bool> SelectParser::written_rows(const Json& node) {
  const Json& from = *node.find("from_table");
  const bool values = string_of(from, "type") == "EXPRESSION_LIST";
  const bool empty = string_of(from, "type") == "EMPTY";
  if (!statement_.is_inside() || (!values && !empty)) return false;
  for (const std::string_view key : {"where_clause", "group_expressions", "having", "qualify"}) {
    if (!is_absent(node, key)) return false;
  }
  if (string_of(node, "aggregate_handling") != "STANDARD_HANDLING") return false;
  GBX_TRY(items(node));
  std::vector<SelectItem> items = std::exchange(select_.items, {});
  if (values) {
    if (items.size() != 1 || items[0].node.kind != NodeKind::star) return kUnknown;
    GBX_TRY_ASSIGN(select_.rows, expressions_.rows(from));
    for (std::size_t i = 0; i < select_.rows[0].size(); i++) {
      select_.row_names.push_back("col" + std::to_string(i));
    }
    return true;
  }
  std::vector<Node>& row = select_.rows.emplace_back();
  for (SelectItem& item : items) {
    if (!is_literal(item.node)) return expressions_.refuse("from_missing", from);
    row.push_back(std::move(item.node));
    select_.row_names.push_back(std::move(item.alias));
  }
  return true;
}

Status SelectParser::check_node(const Json& node) {
  const std::string_view type = string_of(node, "type");
  if (type == "RECURSIVE_CTE_NODE" || type == "CTE_NODE") {
    return Error{ErrorCode::invalid_argument, "cte_unsupported"};
  }
  if (type != "SELECT_NODE" ||
      !has_keys(node, {"type", "modifiers", "cte_map", "select_list", "from_table", "where_clause",
                       "group_expressions", "group_sets", "aggregate_handling", "having", "sample",
                       "qualify"})) {
    return kUnknown;
  }
  if (!is_absent(node, "sample")) return Error{ErrorCode::invalid_argument, "sample_unsupported"};
  return {};
}

Status SelectParser::with(const Json& node) {
  const Json* map = node.find("cte_map");
  if (map == nullptr || !has_keys(*map, {"map"})) return kUnknown;
  const Json::Array* entries = map->find("map")->array();
  if (entries == nullptr) return kUnknown;
  for (const Json& entry : *entries) {
    const Json* value = entry.find("value");
    if (!has_keys(entry, {"key", "value"}) || value == nullptr ||
        !has_keys(*value, {"aliases", "query", "materialized", "key_targets"})) {
      return kUnknown;
    }
    if (!is_absent(*value, "key_targets")) {
      return Error{ErrorCode::invalid_argument, "cte_unsupported"};
    }
    WithTable table;
    table.name = string_of(entry, "key");
    GBX_TRY_ASSIGN(table.columns, expressions_.names(*value->find("aliases")));
    if (table.name.size() > kNameBytesMax) return expressions_.refuse("name_too_long", entry);
    GBX_TRY_ASSIGN(Select inner, statement_.read(*value->find("query")));
    table.select.push_back(std::move(inner));
    select_.with.push_back(std::move(table));
  }
  return {};
}

// a UNION b UNION c is one union of three.
void SelectParser::unite(Select part, bool distinct) {
  const bool plain = part.with.empty() && part.order.empty() && !part.limit && part.offset == 0;
  if (!plain || part.united.empty() || part.distinct != distinct) {
    select_.united.push_back(std::move(part));
    return;
  }
  for (Select& inner : part.united) select_.united.push_back(std::move(inner));
}

Status SelectParser::united(const Json& node) {
  if (!has_keys(node,
                {"type", "modifiers", "cte_map", "setop_type", "left", "right", "setop_all"})) {
    return kUnknown;
  }
  const bool* all = node.find("setop_all")->boolean();
  if (all == nullptr) return kUnknown;
  const std::string_view type = string_of(node, "setop_type");
  const bool among = type == "INTERSECT" || type == "EXCEPT";
  if ((type != "UNION" && !among) || (among && *all)) {
    return Error{ErrorCode::invalid_argument, "set_operation_unsupported"};
  }
  GBX_TRY(with(node));
  GBX_TRY_ASSIGN(Select left, statement_.read_node(*node.find("left")));
  GBX_TRY_ASSIGN(Select right, statement_.read_node(*node.find("right")));
  if (among) {
    std::vector<WithTable> tables = std::move(select_.with);
    GBX_TRY_ASSIGN(select_, set_operation(std::move(left), std::move(right), type == "EXCEPT"));
    select_.with = std::move(tables);
    return modifiers(node);
  }
  unite(std::move(left), !*all);
  unite(std::move(right), !*all);
  GBX_TRY(modifiers(node));
  select_.distinct = select_.distinct || !*all;
  return {};
}

Status SelectParser::items(const Json& node) {
  const Json::Array* list = node.find("select_list")->array();
  if (list == nullptr || list->empty()) return kUnknown;
  for (const Json& item : *list) {
    GBX_TRY_ASSIGN(Node parsed, expressions_.parse_item(item));
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
  if (type == "SUBQUERY") return subselect(from);
  if (type == "TABLE_FUNCTION") return expressions_.refuse("table_function_unsupported", from);
  if (type == "EXPRESSION_LIST" && !select_.tables.empty()) {  // VALUES
    return expressions_.refuse("from_unsupported", from);
  }
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
  GBX_TRY(name_columns(from, table));
  select_.tables.push_back(std::move(table));
  return {};
}

// Of a table or sub-select: its alias (a, b, ...). Also holds the number of tables.
Status SelectParser::name_columns(const Json& from, TableName& table) {
  if (select_.tables.size() >= kTablesMax) return expressions_.refuse("too_many_tables", from);
  GBX_TRY_ASSIGN(table.columns, expressions_.names(*from.find("column_name_alias")));
  return {};
}

Status SelectParser::subselect(const Json& from) {
  if (!has_keys(from,
                {"type", "alias", "sample", "query_location", "subquery", "column_name_alias"})) {
    return kUnknown;
  }
  if (!is_absent(from, "sample")) return expressions_.refuse("sample_unsupported", from);
  TableName table;
  table.alias = string_of(from, "alias");
  table.where = expressions_.place(from);
  if (table.alias.size() > kNameBytesMax) return expressions_.refuse("name_too_long", from);
  GBX_TRY(name_columns(from, table));
  GBX_TRY_ASSIGN(Select inner, statement_.read(*from.find("subquery")));
  table.select.push_back(std::move(inner));
  select_.tables.push_back(std::move(table));
  return {};
}

Status SelectParser::join(const Json& from, std::size_t depth) {
  if (!has_keys(from, {"type", "alias", "sample", "query_location", "left", "right", "condition",
                       "join_type", "ref_type", "using_columns", "delim_flipped",
                       "duplicate_eliminated_columns"})) {
    return kUnknown;
  }
  Join out;
  GBX_TRY(join_kind(from, out));
  if (!is_absent(from, "alias") || !is_absent(from, "sample") ||
      !is_absent(from, "duplicate_eliminated_columns")) {
    return kUnknown;
  }
  GBX_TRY(tables(*from.find("left"), depth + 1));
  const Json& right = *from.find("right");
  if (string_of(right, "type") == "JOIN") return comma_before(from, std::move(out), depth);
  GBX_TRY(tables(right, depth + 1));
  out.right = select_.tables.size() - 1;
  out.where = expressions_.place(from);
  GBX_TRY_ASSIGN(out.condition, clause(from, "condition"));
  GBX_TRY_ASSIGN(out.using_columns, expressions_.names(*from.find("using_columns")));
  select_.joins.push_back(std::move(out));
  return {};
}

// a, b JOIN c ON ...: a and the pair of b and c. From left to right it is the same.
Status SelectParser::comma_before(const Json& from, Join comma, std::size_t depth) {
  const Json& right = *from.find("right");
  const Error nested = expressions_.refuse("nested_join_unsupported", right);
  const bool plain = string_of(from, "ref_type") == "CROSS" && is_absent(from, "condition") &&
                     is_absent(from, "using_columns");
  if (!plain) return nested;
  const std::size_t before = select_.joins.size();
  comma.right = select_.tables.size();
  comma.where = expressions_.place(from);
  GBX_TRY(join(right, depth + 1));
  for (std::size_t i = before; i < select_.joins.size(); i++) {
    const Join& inside = select_.joins[i];
    const bool keeps = inside.word == JoinWord::right || inside.word == JoinWord::full;
    if (keeps || inside.natural || !inside.using_columns.empty()) return nested;
  }
  select_.joins.insert(select_.joins.begin() + static_cast<std::ptrdiff_t>(before),
                       std::move(comma));
  return {};
}

Status SelectParser::join_kind(const Json& from, Join& out) {
  constexpr std::array<std::pair<std::string_view, JoinWord>, 7> kWords = {{
      {"INNER", JoinWord::inner},
      {"LEFT", JoinWord::left},
      {"RIGHT", JoinWord::right},
      {"FULL", JoinWord::full},
      {"OUTER", JoinWord::full},
      {"SEMI", JoinWord::semi},
      {"ANTI", JoinWord::anti},
  }};
  const std::string_view ref = string_of(from, "ref_type");
  out.natural = ref == "NATURAL";
  for (const auto& [word, meaning] : kWords) {
    if (word != string_of(from, "join_type")) continue;
    if (ref != "REGULAR" && ref != "NATURAL" && (ref != "CROSS" || word != "INNER")) break;
    out.word = meaning;
    return {};
  }
  return expressions_.refuse("join_kind_unsupported", from);
}

Status SelectParser::groups(const Json& node) {
  const Json::Array* list = node.find("group_expressions")->array();
  const Json::Array* sets = node.find("group_sets")->array();
  if (list == nullptr || sets == nullptr) return kUnknown;
  const std::string_view handling = string_of(node, "aggregate_handling");
  if (handling == "FORCE_AGGREGATES" && list->empty()) {  // GROUP BY ALL
    select_.groups = groups_of_all(select_.items);
    return {};
  }
  if (handling != "STANDARD_HANDLING") return kUnknown;
  for (const Json& group : *list) {
    GBX_TRY_ASSIGN(Node parsed, expressions_.parse(group));
    select_.groups.push_back(std::move(parsed));
  }
  return grouping_sets(*sets);
}

// Sets of indices into the groups. One set of all, in order, is what GROUP BY a, b gives.
Status SelectParser::grouping_sets(const Json::Array& sets) {
  if (sets.size() > kGroupingSetsMax) {
    return Error{ErrorCode::invalid_argument, "grouping_sets_unsupported"};
  }
  const std::size_t count = select_.groups.size();
  bool plain = sets.size() == 1 || count == 0;
  for (const Json& set : sets) {
    if (set.array() == nullptr || set.array()->size() > count) return kUnknown;
    std::vector<std::size_t> places;
    for (const Json& place : *set.array()) {
      const std::int64_t* index = place.integer();
      if (index == nullptr || *index < 0 || static_cast<std::size_t>(*index) >= count) {
        return kUnknown;
      }
      plain = plain && static_cast<std::size_t>(*index) == places.size();
      places.push_back(static_cast<std::size_t>(*index));
    }
    plain = plain && places.size() == count;
    select_.grouping_sets.push_back(std::move(places));
  }
  if (sets.empty() && count > 0) return kUnknown;
  if (plain && sets.size() <= 1) select_.grouping_sets.clear();
  return {};
}

Status SelectParser::modifiers(const Json& node) {
  const Json::Array* list = node.find("modifiers")->array();
  if (list == nullptr || list->size() > 3) return kUnknown;
  for (const Json& modifier : *list) {
    const std::string_view type = string_of(modifier, "type");
    if (type == "ORDER_MODIFIER") {
      const Json* orders = modifier.find("orders");
      if (!has_keys(modifier, {"type", "orders"}) || orders->array() == nullptr) return kUnknown;
      GBX_TRY_ASSIGN(select_.order, expressions_.orders(*orders->array(), 0));
    } else if (type == "LIMIT_MODIFIER") {
      GBX_TRY(limit(modifier));
    } else if (type == "DISTINCT_MODIFIER") {
      if (!has_keys(modifier, {"type", "distinct_on_targets"})) return kUnknown;
      if (!is_absent(modifier, "distinct_on_targets")) {
        return Error{ErrorCode::invalid_argument, "distinct_unsupported"};
      }
      select_.distinct = true;
    } else if (type == "LIMIT_PERCENT_MODIFIER") {
      return Error{ErrorCode::invalid_argument, "limit_malformed"};
    } else {
      return kUnknown;
    }
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
  GBX_TRY_ASSIGN(Select out, StatementParser(sql).read(statements->front()));
  GBX_TRY(without_written_tables(out));
  return out;
}

}  // namespace gbx::sql
