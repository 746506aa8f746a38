#include "trusted/firewall/lineage.h"

namespace gbx::firewall {

using sql::Expression;
using sql::Op;
using sql::RowFunction;
using sql::Step;
using sql::StepKind;

std::uint32_t Lineage::source_of(std::uint32_t relation, const Step* at) const {
  if (at != nullptr) {
    GBX_CHECK(relation < at->inputs.size());
    return at->inputs[relation].source;
  }
  if (query_->steps.empty()) return relation;
  return static_cast<std::uint32_t>(query_->relations.size() + query_->steps.size() - 1);
}

std::vector<Origin> Lineage::origins(const Expression& expression, const Step* at) const {
  Walk walk;
  follow(expression, at, 0, walk);
  return std::move(walk.out);
}

void Lineage::follow(const Expression& e, const Step* at, std::uint32_t ways, Walk& walk) const {
  if (e.op == Op::column) return follow_column(source_of(e.relation, at), e, ways, walk);
  for (std::size_t i = 0; i < e.children.size(); i++) {
    const bool condition = e.op == Op::case_when && i % 2 == 0 && i + 1 < e.children.size();
    follow(e.children[i], at, condition ? ways | kCondition : ways, walk);
  }
}

void Lineage::follow_column(std::uint32_t source, const Expression& e, std::uint32_t ways,
                            Walk& walk) const {
  if (!walk.seen.insert({source, e.column, ways}).second) return;
  const std::size_t tables = query_->relations.size();
  if (source < tables) {
    walk.out.push_back({false, source, e.column, ways, e.where});
    return;
  }
  const Step& step = query_->steps[source - tables];
  const std::size_t columns = step.columns.size();
  if (step.kind == StepKind::append) {
    for (const sql::Input& input : step.inputs) follow_column(input.source, e, ways, walk);
  } else if (e.column < columns) {
    follow(step.columns[e.column], &step, ways, walk);
  } else if (step.kind == StepKind::group) {
    follow_value(step.aggregates[e.column - columns], step, ways, walk);
  } else {
    follow_value(step.windows[e.column - columns].value, step, ways, walk);
  }
}

void Lineage::follow_value(const sql::RowAggregate& value, const Step& step, std::uint32_t ways,
                           Walk& walk) const {
  switch (value.function) {
    case RowFunction::rows:
    case RowFunction::row_number:
    case RowFunction::rank:
    case RowFunction::dense_rank: {
      Origin rows;
      rows.rows = true;
      walk.out.push_back(rows);
      return;
    }
    case RowFunction::values: return follow(value.argument, &step, ways | kCounted, walk);
    case RowFunction::distinct: return follow(value.argument, &step, ways | kDistinct, walk);
    case RowFunction::sum: return follow(value.argument, &step, ways | kSummed, walk);
    case RowFunction::average: return follow(value.argument, &step, ways | kAveraged, walk);
    case RowFunction::minimum:
    case RowFunction::maximum:
    case RowFunction::lag:
    case RowFunction::lead:
    case RowFunction::first_value:
    case RowFunction::last_value: return follow(value.argument, &step, ways, walk);
  }
  GBX_CHECK(false);
}

namespace {

void read_tables(const Expression& e, const Step& step, std::size_t tables,
                 std::vector<Origin>& out) {
  if (e.op == Op::column && step.inputs[e.relation].source < tables) {
    out.push_back({false, step.inputs[e.relation].source, e.column, 0, e.where});
  }
  for (const Expression& child : e.children) read_tables(child, step, tables, out);
}

}  // namespace

std::vector<Origin> Lineage::read_by_steps() const {
  std::vector<Origin> out;
  const std::size_t tables = query_->relations.size();
  for (const Step& step : query_->steps) {
    sql::each_expression(step, [&](const Expression& e) { read_tables(e, step, tables, out); });
  }
  return out;
}

std::optional<Passed> Lineage::passed(const Expression& expression) const {
  const Expression* e = &expression;
  const Step* at = nullptr;
  bool nullable = false;
  const std::size_t tables = query_->relations.size();
  while (e->op == Op::column) {
    const std::uint32_t source = source_of(e->relation, at);
    if (at != nullptr && at->kind == StepKind::join) {
      nullable = nullable || sql::is_weak(*at, e->relation);
    }
    if (source < tables) return Passed{source, e->column, nullable};
    at = &query_->steps[source - tables];
    if (at->kind == StepKind::append || e->column >= at->columns.size()) return std::nullopt;
    e = &at->columns[e->column];
  }
  return std::nullopt;
}

}  // namespace gbx::firewall
