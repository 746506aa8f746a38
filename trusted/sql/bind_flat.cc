#include "trusted/sql/bind_flat.h"

#include <algorithm>

#include "trusted/sql/bind.h"
#include "trusted/sql/bind_expression.h"
#include "trusted/sql/bind_join.h"
#include "trusted/sql/build.h"
#include "trusted/sql/formula.h"
#include "trusted/sql/row_leaves.h"

namespace gbx::sql {
namespace {

Error refuse(Literal reason, Span where) { return {ErrorCode::invalid_argument, reason, where}; }

bool holds_select(const Node& node) {
  return !node.select.empty() ||
         std::any_of(node.children.begin(), node.children.end(), holds_select);
}

// Whatever cuts, orders or groups a list would show a part of it that is smaller than the least.
Status check_list_clauses(const Select& select) {
  const Literal reason = "list_clause_unsupported";
  if (!select.groups.empty()) return refuse(reason, select.groups.front().where);
  if (select.having) return refuse(reason, select.having->where);
  if (select.qualify) return refuse(reason, select.qualify->where);
  if (!select.order.empty()) return refuse(reason, select.order.front().node.where);
  if (select.limit || select.offset != 0) return refuse(reason, {});
  if (select.items.size() > kGroupsMax) {
    return refuse("too_many_items", select.items.back().node.where);
  }
  return {};
}

Result<Item> list_item(const Node& node, const Scope& scope, Query& query) {
  Item out;
  out.where = node.where;
  out.person = is_person(node, scope);
  if (out.person) return out;
  if (node.kind != NodeKind::column) return refuse("list_item_not_column", node.where);
  GBX_TRY_ASSIGN(Expression column, bind_row(node, scope, "list_item_not_column", query.functions));
  while (out.output < query.groups.size() && !same(query.groups[out.output], column)) out.output++;
  if (out.output < query.groups.size()) return out;
  query.output_types.push_back(column.type);
  query.groups.push_back(std::move(column));
  return out;
}

}  // namespace

bool is_flat(const Select& select, const Catalog& catalog) {
  if (!select.with.empty() || !select.united.empty() || !select.grouping_sets.empty()) return false;
  if (select.filter && holds_select(*select.filter)) return false;
  for (const Join& join : select.joins) {
    if (join.word != JoinWord::inner || join.natural || join.using_columns.size() > 1) return false;
    if (join.condition && holds_select(*join.condition)) return false;
  }
  std::vector<std::uint32_t> tables;
  for (const TableName& table : select.tables) {
    if (!table.select.empty() || !table.columns.empty()) return false;
    const Result<std::uint32_t> found = find_table(table, catalog);
    if (!found) continue;
    if (std::find(tables.begin(), tables.end(), *found) != tables.end()) return false;
    tables.push_back(*found);
  }
  return true;
}

Status bind_flat_rows(const Select& select, const Scope& scope, const Catalog& catalog,
                      Query& out) {
  for (const NamedRelation& relation : scope.relations()) {
    const CatalogTable& table = catalog.tables[relation.source];
    out.relations.push_back({relation.source, table.name, table.owner, relation.written.where});
  }
  GBX_TRY_ASSIGN(JoinedRows joined, join_persons(select, scope));
  out.person_joins = std::move(joined.person_joins);
  std::vector<Expression> parts;
  for (const Node* node : joined.filters) {
    GBX_TRY_ASSIGN(Expression part,
                   bind_row_condition(*node, scope, "aggregate_in_where", out.functions));
    parts.push_back(std::move(part));
  }
  if (parts.empty()) return {};
  out.has_filter = true;
  if (parts.size() == 1) {
    out.filter = std::move(parts[0]);
    return {};
  }
  const Span where{parts.front().where.begin, parts.back().where.end};
  GBX_TRY_ASSIGN(out.filter, make_logical(Op::logical_and, std::move(parts), where));
  return {};
}

Result<std::string> item_name(const SelectItem& item, const std::vector<Item>& items) {
  std::string name = item.alias;
  if (name.empty()) {
    const Node& node = item.node;
    if (node.kind == NodeKind::column) name = node.path.back();
    if (node.kind == NodeKind::call) name = node.text == "count_star" ? "count" : node.text;
    if (node.kind == NodeKind::cast) name = "cast";
    if (node.kind == NodeKind::case_when) name = "case";
  }
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == ' ';
  };
  const bool starts = !name.empty() && name[0] != ' ' && (name[0] < '0' || name[0] > '9');
  const bool well_formed =
      starts && name.size() <= kItemNameBytesMax && std::all_of(name.begin(), name.end(), allowed);
  if (!well_formed) {
    if (!item.alias.empty()) return refuse("name_malformed", item.node.where);
    name = "column";  // an operator, say
  }
  if (!item.alias.empty() && is_taken(items, name)) return refuse("name_repeated", item.node.where);
  return free_name(items, std::move(name));
}

Result<std::optional<Query>> bind_list(const Select& select, const Catalog& catalog) {
  const bool distinct = select.distinct && !select.set_operation;
  if (!distinct || !is_flat(select, catalog)) return std::optional<Query>();
  const Result<Scope> scope = Scope::create(select.tables, catalog);
  if (!scope) return std::optional<Query>();  // bind() says what is wrong
  const bool persons =
      std::any_of(select.items.begin(), select.items.end(),
                  [&](const SelectItem& item) { return is_person(item.node, *scope); });
  if (!persons) return std::optional<Query>();
  GBX_TRY(check_list_clauses(select));
  Query out;
  out.lists = true;
  GBX_TRY(bind_flat_rows(select, *scope, catalog, out));
  for (const SelectItem& written : select.items) {
    GBX_TRY_ASSIGN(Item item, list_item(written.node, *scope, out));
    GBX_TRY_ASSIGN(item.name, item_name(written, out.items));
    out.items.push_back(std::move(item));
  }
  out.post.groups = static_cast<std::uint32_t>(out.groups.size());
  out.join_operators = join_operators_of(select);
  return std::optional<Query>(std::move(out));
}

}  // namespace gbx::sql
