#include "trusted/firewall/constraints.h"

#include <algorithm>

#include "trusted/sql/build.h"
#include "trusted/sql/catalog.h"
#include "trusted/sql/formula.h"
#include "trusted/sql/released_value.h"

namespace gbx::firewall {
namespace {

using sql::Expression;

constexpr ValueType kCount{Type::integer, 0};

Expression column_of(std::uint32_t relation, const policy::Table& table, const std::string& name) {
  const sql::CatalogTable known = policy::catalog_of(table);
  const auto found = std::find_if(known.columns.begin(), known.columns.end(),
                                  [&](const auto& column) { return column.name == name; });
  GBX_CHECK(found != known.columns.end());
  const sql::Range range =
      found->bounded ? sql::Range{found->low, found->high} : sql::storage_range(found->type);
  Expression out;
  out.op = sql::Op::column;
  out.type = found->type;
  out.relation = relation;
  out.column = static_cast<std::uint32_t>(found - known.columns.begin());
  out.low = range.low;
  out.high = range.high;
  return out;
}

// The output that is COUNT(DISTINCT column); a new one when the query has it not.
Expression count_of(Expression column, sql::Query& query) {
  sql::AggregateCall call;
  call.kind = sql::AggregateKind::distinct;
  call.argument = std::move(column);
  const auto same = std::find_if(query.aggregates.begin(), query.aggregates.end(),
                                 [&](const auto& known) { return sql::same(known, call); });
  const auto place =
      same == query.aggregates.end()
          ? sql::add_aggregate(query, std::move(call), kCount)
          : static_cast<std::uint32_t>(query.groups.size() +
                                       static_cast<std::size_t>(same - query.aggregates.begin()));
  Expression out;
  out.op = sql::Op::output;
  out.type = kCount;
  out.column = place;
  out.high = sql::kOutputMax;
  return out;
}

Status demand(std::uint32_t relation, const policy::Table& table,
              const policy::OutputConstraint& constraint, sql::Query& query) {
  GBX_TRY_ASSIGN(
      Expression enough,
      sql::make_comparison(sql::Op::greater_equal,
                           count_of(column_of(relation, table, constraint.column), query),
                           sql::make_literal(constraint.minimum, kCount, {}), {}));
  if (query.post.has_having) {
    std::vector<Expression> parts = {std::move(query.post.having), std::move(enough)};
    GBX_TRY_ASSIGN(enough, sql::make_logical(sql::Op::logical_and, std::move(parts), {}));
  }
  if (!sql::formula_fits(enough)) {
    return Error{ErrorCode::invalid_argument, "expression_too_large"};
  }
  query.post.having = std::move(enough);
  query.post.has_having = true;
  return {};
}

}  // namespace

Result<sql::Query> with_minima(sql::Query query, const policy::Policy& policy) {
  for (std::size_t i = 0; i < query.relations.size(); i++) {
    const policy::Table* table = policy.find_table(query.relations[i].table_name);
    GBX_CHECK(table != nullptr);
    for (const policy::OutputConstraint& constraint : table->rule.output_constraints) {
      if (constraint.column == table->person) continue;
      GBX_CHECK(query.steps.empty());
      GBX_TRY(demand(static_cast<std::uint32_t>(i), *table, constraint, query));
    }
  }
  return query;
}

}  // namespace gbx::firewall
