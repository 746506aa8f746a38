#include "engine/merge/steps_plan.h"

#include <algorithm>

namespace gbx::engine {
namespace {

using sql::Expression;
using sql::JoinKind;
using sql::RowFunction;
using sql::StepKind;

bool keeps_left(JoinKind kind) { return kind != JoinKind::right && kind != JoinKind::full; }

// The last of the inputs up to `last` that brings rows of its own, which a condition must not meet
// before; 0 when there is none.
std::size_t last_right(const sql::Step& step, std::size_t last) {
  while (last > 0 && keeps_left(step.inputs[last].kind)) last--;
  return last;
}

void move_relation(Expression& e, std::uint32_t to) {
  e.relation = to;
  for (Expression& child : e.children) move_relation(child, to);
}

// Whether any row of the step's can be, of which sources have rows.
bool can_have_rows(const StepPlan& step, const std::vector<bool>& has) {
  bool out = has[step.inputs[0].source];
  for (std::size_t i = 1; i < step.inputs.size(); i++) {
    const bool input = has[step.inputs[i].source];
    const JoinKind kind = step.inputs[i].kind;
    if (step.kind == StepKind::append || kind == JoinKind::full)
      out = out || input;
    else if (kind == JoinKind::right)
      out = input;
    else if (kind == JoinKind::inner || kind == JoinKind::semi)
      out = out && input;
  }
  return out;
}

}  // namespace

void StepsPlanner::place() {
  plan_.steps = std::make_unique<StepsPlan>();
  plan_.steps->tables.resize(tables_.size());
  plan_.steps->steps.resize(task_.steps.size());
  read_.resize(sources_.size());
  find_used();
  add_columns(plan_.outputs, 0, read_.back());
  for (std::size_t number = task_.steps.size(); number-- > 0;) {
    if (plan_.steps->steps[number].used) place_step(number);
  }
  place_tables();
  find_alive();
}

void StepsPlanner::find_used() {
  uses_.assign(sources_.size(), 0);
  uses_.back() = 1;
  for (std::size_t number = task_.steps.size(); number-- > 0;) {
    StepPlan& planned = plan_.steps->steps[number];
    planned.used = uses_[tables_.size() + number] > 0;
    planned.kind = task_.steps[number].kind;
    planned.distinct = task_.steps[number].distinct;
    for (const sql::Input& input : task_.steps[number].inputs) {
      planned.inputs.emplace_back();
      planned.inputs.back().source = input.source;
      planned.inputs.back().kind = input.kind;
      if (planned.used) uses_[input.source]++;
    }
  }
  for (std::size_t t = 0; t < tables_.size(); t++) plan_.steps->tables[t].used = uses_[t] > 0;
}

void StepsPlanner::mark(const Program& program, std::uint32_t relation, std::uint32_t source) {
  add_columns(program, relation, read_[source]);
}

bool& StepsPlanner::null_row_of(std::uint32_t source) {
  if (source < tables_.size()) return plan_.steps->tables[source].null_row;
  return plan_.steps->steps[source - tables_.size()].null_row;
}

void StepsPlanner::mark_null_rows(const sql::Step& step) {
  for (std::size_t i = 1; i < step.inputs.size(); i++) {
    const JoinKind kind = step.inputs[i].kind;
    if (kind == JoinKind::left || kind == JoinKind::full) {
      null_row_of(step.inputs[i].source) = true;
    }
    for (std::size_t k = 0; !keeps_left(kind) && k < i; k++) {
      null_row_of(step.inputs[k].source) = true;
    }
  }
}

void StepsPlanner::place_step(std::size_t number) {
  const sql::Step& step = task_.steps[number];
  StepPlan& planned = plan_.steps->steps[number];
  const std::set<std::size_t>& read = read_[tables_.size() + number];
  const std::size_t width = sources_[tables_.size() + number].size();
  planned.live.resize(width);
  for (std::size_t c = 0; c < width; c++) planned.live[c] = planned.distinct || read.contains(c);
  Scope scope;
  for (const sql::Input& input : step.inputs) scope.push_back(sources_[input.source]);
  for (std::size_t c = 0; c < step.columns.size(); c++) {
    const bool needed = planned.live[c] || step.kind == StepKind::group;
    std::uint32_t node = step.columns[c].column;
    if (step.kind != StepKind::append) {
      node = needed ? compiler_.add(step.columns[c], scope, planned.program) : 0;
    }
    planned.columns.push_back(node);
    for (const sql::Input& input : step.inputs) {
      if (step.kind == StepKind::append && needed) read_[input.source].insert(node);
    }
  }
  std::size_t column = step.columns.size();
  for (const sql::RowAggregate& value : step.aggregates) {
    const bool live = planned.live[column++];
    planned.aggregates.push_back(live ? place_value(value, scope, planned.program) : ValuePlan{});
  }
  for (const sql::Window& window : step.windows) {
    const bool live = planned.live[column++];
    planned.windows.push_back(live ? place_window(window, scope, planned.program) : WindowPlan{});
    if (!planned.windows.back().ties) continue;
    for (std::size_t c = 0; c < scope[0].size(); c++) read_[step.inputs[0].source].insert(c);
  }
  place_conditions(number);
  mark_null_rows(step);
  for (std::uint32_t i = 0; i < step.inputs.size(); i++) {
    const InputPlan& input = planned.inputs[i];
    mark(input.own.program, 0, input.source);
    for (std::uint32_t k = 0; k <= i; k++) {
      mark(input.pair.program, k, planned.inputs[k].source);
      mark(input.after.program, k, planned.inputs[k].source);
    }
    mark(planned.program, i, input.source);
  }
}

// Each conjunct where it can be decided first: on the rows of one input, on pairs, or after a join.
void StepsPlanner::place_conditions(std::size_t number) {
  const sql::Step& step = task_.steps[number];
  StepPlan& planned = plan_.steps->steps[number];
  Scope scope;
  for (const sql::Input& input : step.inputs) scope.push_back(sources_[input.source]);
  // Of a condition that decides which rows stay once the inputs up to `last` are joined.
  const auto place_filter = [&](const Expression& e, std::size_t last) {
    const std::set<std::uint32_t> used = relations_of(e);
    const std::size_t newest = used.empty() ? 0 : *used.rbegin();
    const std::size_t level = std::max(newest, last_right(step, last));
    InputPlan& input = planned.inputs[level];
    const bool alone = used.size() <= 1 && level == newest;
    const bool inner = level == 0 || input.kind == JoinKind::inner;
    if (alone && inner) return place_own(e, step.inputs[level], input);
    compiler_.add_condition(e, scope, inner ? input.pair : input.after);
  };
  for (std::size_t i = 1; i < step.inputs.size(); i++) {
    if (!step.inputs[i].has_condition) continue;
    for (const Expression* conjunct : conjuncts_of(step.inputs[i].condition)) {
      const std::set<std::uint32_t> used = relations_of(*conjunct);
      const bool alone = used.size() == 1 && *used.begin() == i;
      if (step.inputs[i].kind == JoinKind::inner) {
        place_filter(*conjunct, i);
      } else if (alone && keeps_left(step.inputs[i].kind)) {
        place_own(*conjunct, step.inputs[i], planned.inputs[i]);
      } else {
        compiler_.add_condition(*conjunct, scope, planned.inputs[i].pair);
      }
    }
  }
  if (!step.has_filter) return;
  for (const Expression* e : conjuncts_of(step.filter)) place_filter(*e, step.inputs.size() - 1);
}

// A table that is read once has its rows chosen when a block is opened.
void StepsPlanner::place_own(const Expression& e, const sql::Input& input, InputPlan& planned) {
  Expression moved = e;
  move_relation(moved, 0);
  const bool early = input.source < tables_.size() && uses_[input.source] == 1;
  Filter& filter = early ? plan_.relations[input.source].conditions.emplace_back() : planned.own;
  Scope scope = {sources_[input.source]};
  if (early) scope[0] = scope_of(*tables_[input.source]);
  compiler_.add_condition(moved, scope, filter);
}

ValuePlan StepsPlanner::place_value(const sql::RowAggregate& value, const Scope& scope,
                                    Program& program) {
  ValuePlan out{.function = value.function, .has_argument = sql::has_argument(value.function)};
  out.low = value.low;
  out.high = value.high;
  if (out.has_argument) out.node = compiler_.add(value.argument, scope, program);
  if (value.function == RowFunction::average) {
    for (int i = value.argument.type.scale; i < value.type.scale; i++) out.factor *= 10;
  }
  return out;
}

WindowPlan StepsPlanner::place_window(const sql::Window& window, const Scope& scope,
                                      Program& program) {
  WindowPlan out;
  out.value = place_value(window.value, scope, program);
  out.offset = window.offset;
  out.frame = window.frame;
  out.first = window.first;
  out.last = window.last;
  for (const Expression& e : window.partition) {
    out.partition.push_back(compiler_.add(e, scope, program));
  }
  const RowFunction function = window.value.function;
  const bool ranks = function == RowFunction::rank || function == RowFunction::dense_rank;
  const bool places = function == RowFunction::row_number || function == RowFunction::lag ||
                      function == RowFunction::lead || function == RowFunction::first_value ||
                      function == RowFunction::last_value;
  const bool of_rows = window.frame == sql::Frame::rows || window.frame == sql::Frame::offsets;
  out.ties = places || (of_rows && !ranks);
  if (!out.ties && !ranks && window.frame == sql::Frame::partition) return out;
  for (const sql::RowOrder& order : window.order) {
    out.order.push_back({.node = compiler_.add(order.key, scope, program),
                         .descending = order.descending,
                         .nulls_first = order.nulls_first});
  }
  return out;
}

void StepsPlanner::place_tables() {
  for (std::size_t t = 0; t < tables_.size(); t++) {
    TablePlan& table = plan_.steps->tables[t];
    RelationPlan& relation = plan_.relations[t];
    table.columns.assign(read_[t].begin(), read_[t].end());
    for (const std::size_t column : table.columns) {
      const bool text = tables_[t]->columns()[column].type.type == Type::text;
      table.codes.push_back(text ? compiler_.codes_of(*tables_[t], column) : nullptr);
    }
    std::set<std::size_t> wanted = read_[t];
    for (const Filter& filter : relation.conditions) add_columns(filter.program, 0, wanted);
    relation.wanted.assign(wanted.begin(), wanted.end());
  }
}

void StepsPlanner::find_alive() {
  StepsPlan& steps = *plan_.steps;
  const std::size_t sets = std::size_t{1} << tables_.size();
  std::vector<bool> has(sources_.size());
  for (std::size_t set = 0; set < sets; set++) {
    for (std::size_t t = 0; t < tables_.size(); t++) has[t] = (set >> t & 1) != 0;
    for (std::size_t s = 0; s < steps.steps.size(); s++) {
      has[tables_.size() + s] = steps.steps[s].used && can_have_rows(steps.steps[s], has);
    }
    steps.alive.push_back(has.back());
  }
  for (std::size_t t = 0; t < tables_.size(); t++) {
    steps.tables[t].required = !steps.alive[(sets - 1) & ~(std::size_t{1} << t)];
  }
}

}  // namespace gbx::engine
