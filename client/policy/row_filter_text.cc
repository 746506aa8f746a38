#include "client/policy/row_filter_text.h"

#include "engine/duckdb/database.h"
#include "engine/duckdb/parse.h"
#include "trusted/sql/parse.h"
#include "trusted/sql/print.h"
#include "trusted/sql/row_filter.h"

namespace gbx::client {

Result<RowFilterText> parse_row_filter(std::string_view text) {
  // In parentheses on lines of their own: whatever closes them early is no condition.
  const std::string query = "SELECT COUNT(*) FROM t WHERE (\n" + std::string(text) + "\n)";
  GBX_TRY(sql::check_text(query));
  GBX_TRY_ASSIGN(const auto parser,
                 engine::Database::open({.expression_depth = sql::kNodeDepthMax}));
  GBX_TRY_ASSIGN(const std::string tree, engine::parse_sql(*parser, query));
  GBX_TRY_ASSIGN(sql::Select select, sql::parse(tree, query));
  const bool alone = select.filter && select.united.empty() && select.joins.empty() &&
                     select.groups.empty() && select.grouping_sets.empty() && !select.having &&
                     !select.qualify && select.order.empty() && !select.limit;
  if (!alone) return Error{ErrorCode::invalid_argument, "policy_row_filter_malformed"};
  GBX_TRY(sql::check_row_filter(*select.filter));
  return RowFilterText{std::move(*select.filter)};
}

std::string row_filter_text(const policy::Table& table) {
  if (!table.row_filter) return {};
  const sql::Catalog catalog{{policy::catalog_of(table)}};
  const auto bound = sql::bind_row_filter(*table.row_filter, catalog.tables[0]);
  if (!bound) return {};  // no policy that was checked has such
  sql::Query query;
  query.relations.push_back({0, table.name, table.owner, {}});
  return sql::print(*bound, query, catalog);
}

}  // namespace gbx::client
