#include "trusted/sql/step_list.h"

#include <algorithm>

#include "trusted/sql/build.h"
#include "trusted/sql/scope.h"

namespace gbx::sql {

Result<std::uint32_t> StepList::add(Step step, std::int64_t rows, Span where) {
  if (rows > std::int64_t{kPersonRowsMax}) {
    return Error{ErrorCode::policy_denied, "join_too_wide", where};
  }
  if (steps_.size() >= kStepsMadeMax || step.inputs.size() > kStepInputsMax) {
    return Error{ErrorCode::invalid_argument, "too_many_steps", where};
  }
  const std::size_t columns = step.columns.size() + step.aggregates.size() + step.windows.size();
  if (columns > kColumnsMadeMax) {
    return Error{ErrorCode::invalid_argument, "too_many_columns", where};
  }
  steps_.push_back(std::move(step));
  rows_.push_back(rows);
  return static_cast<std::uint32_t>(catalog_->tables.size() + steps_.size() - 1);
}

Result<std::uint32_t> StepList::add_presence(std::uint32_t source, Span where) {
  Step step;
  step.inputs.push_back(input_of(source));
  step.columns = read_all(columns(source), 0);
  step.columns.push_back(make_literal(1, {Type::boolean, 0}, where));
  return add(std::move(step), rows(source), where);
}

std::int64_t StepList::rows(std::uint32_t source) const {
  return is_table(source) ? catalog_->tables[source].rows_per_person : rows_[index(source)];
}

std::vector<StepColumn> StepList::columns(std::uint32_t source) const {
  if (!is_table(source)) return columns_of(steps_[index(source)]);
  std::vector<StepColumn> out;
  for (const NamedColumn& column : columns_of(catalog_->tables[source])) {
    if (!column.person) out.push_back({column.type, column.low, column.high});
  }
  return out;
}

std::vector<std::uint32_t> StepList::tables_of(std::uint32_t source) const {
  std::vector<bool> seen(catalog_->tables.size() + steps_.size(), false);
  std::vector<std::uint32_t> out;
  std::vector<std::uint32_t> open = {source};
  while (!open.empty()) {
    const std::uint32_t next = open.back();
    open.pop_back();
    if (seen[next]) continue;
    seen[next] = true;
    if (is_table(next)) {
      out.push_back(next);
      continue;
    }
    for (const Input& input : steps_[index(next)].inputs) open.push_back(input.source);
  }
  std::sort(out.begin(), out.end());
  return out;
}

Input input_of(std::uint32_t source, JoinKind kind) {
  Input out;
  out.source = source;
  out.kind = kind;
  return out;
}

std::vector<Expression> read_all(const std::vector<StepColumn>& columns, std::uint32_t relation) {
  std::vector<Expression> out;
  for (std::size_t i = 0; i < columns.size(); i++) {
    NamedColumn column;
    column.column = static_cast<std::uint32_t>(i);
    column.type = columns[i].type;
    column.low = columns[i].low;
    column.high = columns[i].high;
    out.push_back(read_column(relation, column, {}));
  }
  return out;
}

Result<Expression> all_of(std::vector<Expression> parts) {
  GBX_CHECK(!parts.empty());
  if (parts.size() == 1) return std::move(parts[0]);
  const Span where{parts.front().where.begin, parts.back().where.end};
  return make_logical(Op::logical_and, std::move(parts), where);
}

void ColumnPool::lower(Expression& e) {
  for (Expression& child : e.children) lower(child);
  if (e.op != Op::column) return;
  const auto same_column = [&](const Expression& known) {
    return known.relation == e.relation && known.column == e.column;
  };
  const auto found = std::find_if(columns_->begin(), columns_->end(), same_column);
  const auto place = static_cast<std::uint32_t>(found - columns_->begin());
  if (found == columns_->end()) columns_->push_back(e);
  e.relation = 0;
  e.column = place;
}

}  // namespace gbx::sql
