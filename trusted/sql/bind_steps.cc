#include "trusted/sql/bind_steps.h"

#include <algorithm>

#include "trusted/sql/build.h"
#include "trusted/sql/simplify_steps.h"

namespace gbx::sql {
namespace {

std::vector<Expression*> readers_of(Query& query) {
  std::vector<Expression*> out;
  for (Expression& group : query.groups) out.push_back(&group);
  for (AggregateCall& call : query.aggregates) out.push_back(&call.argument);
  return out;
}

// The rows once for each set: keys that the set does not have are NULL, and one more column is its
// number.
Result<std::uint32_t> repeat_rows(std::uint32_t source, Binding& binding, const GroupingSets& sets,
                                  Query& query) {
  const std::size_t keys = query.groups.size() - 1;
  const std::vector<Expression> rows = read_all(binding.steps.columns(source), 0);
  const std::int64_t most = binding.steps.rows(source);
  constexpr ValueType kNumber{Type::integer, 0};
  Step all;
  all.kind = StepKind::append;
  for (std::size_t i = 0; i < sets.size(); i++) {
    Step one;
    one.inputs.push_back(input_of(source));
    for (std::size_t k = 0; k < keys; k++) {
      const Expression& key = query.groups[k];
      const bool has = std::find(sets[i].begin(), sets[i].end(), k) != sets[i].end();
      one.columns.push_back(has ? key : make_null(key.type, key.where));
      one.columns.back().low = key.low;  // NULL too: all sets have one interval
      one.columns.back().high = key.high;
    }
    one.columns.push_back(make_literal(static_cast<std::int64_t>(i), kNumber, {}));
    one.columns.insert(one.columns.end(), rows.begin(), rows.end());
    GBX_TRY_ASSIGN(const std::uint32_t made, binding.steps.add(std::move(one), most, {}));
    all.inputs.push_back(input_of(made));
  }
  if (sets.size() > kStepInputsMax) {
    return Error{ErrorCode::invalid_argument, "grouping_sets_unsupported"};
  }
  std::vector<StepColumn> columns = binding.steps.columns(all.inputs[0].source);
  for (std::size_t k = 0; k < keys; k++) {
    columns[k] = {query.groups[k].type, query.groups[k].low, query.groups[k].high};
  }
  columns[keys].high = static_cast<std::int64_t>(sets.size() - 1);
  all.columns = read_all(columns, 0);
  for (std::size_t k = 0; k <= keys; k++) {
    const Span where = query.groups[k].where;
    query.groups[k] = all.columns[k];
    query.groups[k].where = where;
  }
  for (AggregateCall& call : query.aggregates) {
    each_column(call.argument,
                [&](Expression& e) { e.column += static_cast<std::uint32_t>(keys + 1); });
  }
  const auto count = static_cast<std::int64_t>(sets.size());
  return binding.steps.add(std::move(all), most * count, {});
}

bool is_flat(const SimpleSteps& rows) {
  if (rows.steps.size() != 1) return false;
  const Step& step = rows.steps[0];
  if (step.kind != StepKind::join || step.distinct) return false;
  if (step.inputs.size() != rows.tables.size()) return false;  // each table once
  return std::all_of(step.inputs.begin(), step.inputs.end(),
                     [](const Input& input) { return input.kind == JoinKind::inner; });
}

// One inner join of tables is what relations and filter say.
Status flatten(SimpleSteps rows, Query& query) {
  Step& step = rows.steps[0];
  const auto to_table = [&](Expression& e) {
    each_column(e, [&](Expression& c) { c.relation = step.inputs[c.relation].source; });
  };
  std::vector<Expression> parts;
  for (Input& input : step.inputs) {
    if (input.has_condition) parts.push_back(std::move(input.condition));
  }
  if (step.has_filter) parts.push_back(std::move(step.filter));
  for (Expression& part : parts) to_table(part);
  if (!parts.empty()) {
    GBX_TRY_ASSIGN(query.filter, all_of(std::move(parts)));
    query.has_filter = true;
  }
  for (Expression& column : step.columns) to_table(column);
  for (Expression* reader : readers_of(query)) {
    each_column(*reader, [&](Expression& c) {
      const Span where = c.where;
      c = Expression(step.columns[c.column]);
      c.where = where;
    });
  }
  return {};
}

}  // namespace

Result<Expression> grouping_bits(const GroupingSets& sets, const std::vector<std::uint32_t>& groups,
                                 const Expression& set) {
  constexpr ValueType kInteger{Type::integer, 0};
  if (sets.empty()) return make_literal(0, kInteger, set.where);
  std::vector<Expression> choice;
  for (std::size_t i = 0; i < sets.size(); i++) {
    std::int64_t bits = 0;
    for (const std::uint32_t group : groups) {
      const bool has = std::find(sets[i].begin(), sets[i].end(), group) != sets[i].end();
      bits = 2 * bits + (has ? 0 : 1);
    }
    if (i + 1 < sets.size()) {
      const auto number = static_cast<std::int64_t>(i);
      GBX_TRY_ASSIGN(
          Expression is,
          make_comparison(Op::equal, set, make_literal(number, kInteger, set.where), set.where));
      choice.push_back(std::move(is));
    }
    choice.push_back(make_literal(bits, kInteger, set.where));
  }
  return make_case(std::move(choice), set.where);
}

Status set_steps(FromRows from, Binding& binding, const GroupingSets& sets, Query& query) {
  for (AggregateCall& call : query.aggregates) call.relations.clear();
  ColumnPool pool(from.step.columns);
  for (Expression* reader : readers_of(query)) pool.lower(*reader);
  GBX_TRY_ASSIGN(std::uint32_t source,
                 binding.steps.add(std::move(from.step), from.rows, from.where));
  if (!sets.empty()) {
    GBX_TRY_ASSIGN(source, repeat_rows(source, binding, sets, query));
  }
  GBX_TRY_ASSIGN(SimpleSteps rows, simplify(binding.steps, source, readers_of(query), from.where));
  if (rows.tables.size() > kQueryTablesMax) {
    return Error{ErrorCode::invalid_argument, "too_many_tables", from.where};
  }
  const Catalog& catalog = binding.steps.catalog();
  for (const std::uint32_t table : rows.tables) {
    const CatalogTable& known = catalog.tables[table];
    query.relations.push_back({table, known.name, known.owner, binding.tables[table]});
  }
  for (const JoinedTable& joined : binding.joined) {
    const auto found = std::find(rows.tables.begin(), rows.tables.end(), joined.table);
    if (found == rows.tables.end()) continue;
    query.person_joins.push_back(
        {static_cast<std::uint32_t>(found - rows.tables.begin()), joined.where});
  }
  if (is_flat(rows)) return flatten(std::move(rows), query);
  query.steps = std::move(rows.steps);
  return {};
}

}  // namespace gbx::sql
