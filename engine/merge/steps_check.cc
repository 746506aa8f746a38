#include "engine/merge/steps_plan.h"

namespace gbx::engine {
namespace {

using sql::Expression;
using sql::Op;
using sql::StepKind;

constexpr Error kMisfit{ErrorCode::invalid_argument, "task_misfit"};

}  // namespace

Status StepsPlanner::check() {
  if (task_.steps.size() > sql::kStepsMax) return kMisfit;
  for (const snapshot::Table* table : tables_) {
    sources_.push_back(scope_of(*table));
    for (ScopeColumn& column : sources_.back()) column.pooled = true;  // as loaded
  }
  shapes_.resize(tables_.size());
  for (const sql::Step& step : task_.steps) GBX_TRY(check_step(step));
  return {};
}

// What can be read once the inputs up to `last` are joined; of `last` itself also where nothing of
// it stays.
Scope StepsPlanner::scope_at(const sql::Step& step, std::size_t last) const {
  Scope scope;
  for (std::size_t i = 0; i <= last; i++) {
    const sql::JoinKind kind = step.inputs[i].kind;
    const bool gone = i < last && (kind == sql::JoinKind::semi || kind == sql::JoinKind::anti);
    scope.push_back(gone ? std::vector<ScopeColumn>{} : sources_[step.inputs[i].source]);
  }
  return scope;
}

Status StepsPlanner::take(const Expression& e, const Scope& scope) {
  GBX_TRY(Compiler::check(e, scope));
  compiler_.collect(e, scope);
  return {};
}

Status StepsPlanner::check_value(const sql::RowAggregate& value, const Scope& scope) {
  return sql::has_argument(value.function) ? take(value.argument, scope) : Status{};
}

Status StepsPlanner::check_window(const sql::Window& window, const Scope& scope) {
  GBX_TRY(check_value(window.value, scope));
  for (const Expression& e : window.partition) GBX_TRY(take(e, scope));
  for (const sql::RowOrder& order : window.order) GBX_TRY(take(order.key, scope));
  return {};
}

Status StepsPlanner::check_step(const sql::Step& step) {
  if (!sql::is_well_formed(step, shapes_)) return kMisfit;
  for (std::size_t i = 1; i < step.inputs.size(); i++) {
    if (step.inputs[i].has_condition) GBX_TRY(take(step.inputs[i].condition, scope_at(step, i)));
  }
  Scope scope = scope_at(step, step.inputs.size() - 1);
  const sql::JoinKind last = step.inputs.back().kind;
  if (last == sql::JoinKind::semi || last == sql::JoinKind::anti) scope.back().clear();
  if (step.has_filter) GBX_TRY(take(step.filter, scope));
  for (const Expression& column : step.columns) GBX_TRY(take(column, scope));
  for (const sql::RowAggregate& value : step.aggregates) GBX_TRY(check_value(value, scope));
  for (const sql::Window& window : step.windows) GBX_TRY(check_window(window, scope));
  add_source(step, scope);
  return {};
}

// The columns of the step, with what texts they can be.
void StepsPlanner::add_source(const sql::Step& step, const Scope& scope) {
  std::vector<ScopeColumn> out;
  const auto add = [&](const Expression& from, ValueType type) {
    out.push_back({.type = type, .texts = {}, .pooled = true});
    if (type.type == Type::text) out.back().texts = compiler_.texts_of(from, scope);
  };
  for (const Expression& column : step.columns) {
    add(column, column.type);
    const bool appended = step.kind == StepKind::append && step.inputs.size() > 1;
    if (!appended || column.type.type != Type::text) continue;
    Expression all;  // any of the inputs'
    all.op = Op::coalesce;
    for (std::uint32_t i = 0; i < step.inputs.size(); i++) {
      all.children.push_back(column);
      all.children.back().relation = i;
    }
    out.back().texts = compiler_.texts_of(all, scope);
  }
  for (const sql::RowAggregate& value : step.aggregates) add(value.argument, value.type);
  for (const sql::Window& window : step.windows) add(window.value.argument, window.value.type);
  sources_.push_back(std::move(out));
  shapes_.push_back(sql::source_of(step));
}

}  // namespace gbx::engine
