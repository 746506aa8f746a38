#include "engine/merge/plan.h"

#include <algorithm>
#include <set>

#include "engine/merge/compile.h"
#include "engine/merge/factor.h"
#include "engine/merge/steps_plan.h"

namespace gbx::engine {
namespace {

using sql::Expression;

constexpr Error kMisfit{ErrorCode::invalid_argument, "task_misfit"};

Status check_measure(const sql::Measure& measure, const Scope& scope) {
  if (measure.low > measure.high || measure.row_low > measure.row_high) return kMisfit;
  std::int64_t sum = 0;
  std::int64_t width = 0;
  const bool centred = measure.kind == sql::MeasureKind::centred;
  if (centred && (__builtin_add_overflow(measure.row_low, measure.row_high, &sum) ||
                  __builtin_sub_overflow(measure.row_high, measure.row_low, &width))) {
    return kMisfit;
  }
  if (!sql::has_argument(measure.kind)) return {};
  const bool few = measure.low == 0 && measure.high <= sql::kValuesPerPersonMax;
  if (sql::keeps_values(measure.kind) && !few) return kMisfit;
  const bool bins = measure.bins > 0 && measure.bins <= sql::kBinsMax;
  if (sql::has_bins(measure.kind) && !bins) return kMisfit;
  return Compiler::check(measure.argument, scope);
}

class Planner {
 public:
  Planner(const sql::Task& task, const std::vector<const snapshot::Table*>& tables, Plan& plan)
      : task_(task), plan_(plan), compiler_(plan), steps_(task, tables, plan, compiler_) {
    plan_.relations.resize(tables.size());
    for (std::size_t r = 0; r < tables.size(); r++) plan_.relations[r].table = tables[r];
  }

  Status run() {
    GBX_TRY(check_all());
    collect_all_texts();
    compiler_.make_pool();
    place_filter();
    place_outputs();
    if (task_.steps.empty()) {
      choose_columns();
    } else {
      steps_.place();
    }
    choose_group_numbers();
    return {};
  }

 private:
  Status check_all() {
    const std::size_t tables = plan_.relations.size();
    if (tables == 0 || tables > kRelationsMax || task_.tables.size() != tables) return kMisfit;
    if (task_.groups.size() > kGroupKeysMax || task_.groups_per_person == 0) return kMisfit;
    if (task_.steps.empty()) {
      for (const RelationPlan& relation : plan_.relations) {
        scope_.push_back(scope_of(*relation.table));
      }
    } else {
      if (task_.has_filter) return kMisfit;
      GBX_TRY(steps_.check());
      scope_ = {steps_.result()};
    }
    if (task_.has_filter) GBX_TRY(Compiler::check(task_.filter, scope_));
    for (const Expression& group : task_.groups) GBX_TRY(Compiler::check(group, scope_));
    for (const sql::Measure& measure : task_.measures) GBX_TRY(check_measure(measure, scope_));
    if (!sql::watches_others(task_.measures)) return kMisfit;
    return {};
  }

  // Of the steps they are collected already.
  void collect_all_texts() {
    if (task_.has_filter) compiler_.collect(task_.filter, scope_);
    for (const Expression& group : task_.groups) compiler_.collect(group, scope_);
    for (const sql::Measure& measure : task_.measures) {
      if (sql::has_argument(measure.kind)) compiler_.collect(measure.argument, scope_);
    }
  }

  // What one table decides alone is decided when its block is opened.
  void place_filter() {
    if (!task_.has_filter) return;
    const Expression filter = factored(task_.filter);
    for (const Expression* conjunct : conjuncts_of(filter)) {
      const std::set<std::uint32_t> used = relations_of(*conjunct);
      if (used.size() > 1 && !plan_.equality) {
        plan_.equality = equality_of(*conjunct);
        if (plan_.equality) continue;
      }
      if (used.size() > 1) {
        compiler_.add_condition(*conjunct, scope_, plan_.filter);
      } else {
        RelationPlan& alone = plan_.relations[used.empty() ? 0 : *used.begin()];
        compiler_.add_condition(*conjunct, scope_, alone.conditions.emplace_back());
      }
    }
  }

  // What the conjunct says of the last relation, if it is an equality of two numbers. Codes of
  // texts are each dictionary's own.
  [[nodiscard]] std::optional<Equality> equality_of(const Expression& e) const {
    const bool columns = e.op == sql::Op::equal && e.children[0].op == sql::Op::column &&
                         e.children[1].op == sql::Op::column;
    if (!columns || e.children[0].type.type == Type::text) return {};
    const Expression* before = &e.children[0];
    const Expression* last = &e.children[1];
    if (before->relation > last->relation) std::swap(before, last);
    if (last->relation + 1 != plan_.relations.size()) return {};
    return Equality{before->relation, before->column, last->column};
  }

  void place_outputs() {
    for (const Expression& group : task_.groups) {
      GroupPlan planned{.node = compiler_.add(group, scope_, plan_.outputs),
                        .text = group.type.type == Type::text};
      plan_.groups.push_back(planned);
    }
    for (const sql::Measure& measure : task_.measures) {
      MeasurePlan planned{.bounds = measure};
      planned.bounds.argument = {};
      if (sql::has_argument(measure.kind)) {
        planned.node = compiler_.add(measure.argument, scope_, plan_.outputs);
        planned.text =
            measure.kind == sql::MeasureKind::distinct && measure.argument.type.type == Type::text;
      }
      plan_.measures.push_back(std::move(planned));
    }
    plan_.groups_per_person = task_.groups_per_person;
    plan_.groups_max = task_.groups_max;
    plan_.sampling = task_.sampling;
  }

  void choose_columns() {
    for (std::uint32_t r = 0; r < plan_.relations.size(); r++) {
      RelationPlan& relation = plan_.relations[r];
      std::set<std::size_t> wanted;
      for (const Program* program : {&plan_.filter.program, &plan_.outputs}) {
        add_columns(*program, r, wanted);
      }
      for (const Filter& filter : relation.conditions) add_columns(filter.program, r, wanted);
      if (plan_.equality && plan_.equality->relation == r) {
        relation.by_row.push_back(plan_.equality->column);
      }
      if (plan_.equality && r + 1 == plan_.relations.size()) {
        relation.by_row.push_back(plan_.equality->last_column);
      }
      wanted.insert(relation.by_row.begin(), relation.by_row.end());
      relation.wanted.assign(wanted.begin(), wanted.end());
    }
  }

  void choose_group_numbers() {
    plan_.dense = true;
    for (std::size_t i = 0; i < plan_.groups.size(); i++) {
      GroupPlan& group = plan_.groups[i];
      const Expression& e = task_.groups[i];
      const bool truth = e.type.type == Type::boolean;
      group.low = group.text || truth ? 0 : e.low;
      std::int64_t high = truth ? 1 : e.high;
      if (group.text) high = static_cast<std::int64_t>(plan_.pool.size()) - 1;
      const auto width = static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(group.low);
      const bool wide = high >= group.low && width >= kDenseGroupsMax;
      group.size = high < group.low ? 1 : width + 2;  // 1: NULL only
      if (!wide) plan_.dense_size *= group.size;
      if (wide || plan_.dense_size > kDenseGroupsMax) {
        plan_.dense = false;
        return;
      }
    }
  }

  const sql::Task& task_;
  Plan& plan_;
  Compiler compiler_;
  StepsPlanner steps_;
  Scope scope_;  // of groups and measures
};

}  // namespace

Plan::Plan() = default;
Plan::~Plan() = default;

void add_columns(const Program& program, std::uint32_t relation, std::set<std::size_t>& out) {
  for (const Node& node : program.nodes) {
    if (node.op == sql::Op::column && node.relation == relation) out.insert(node.column);
  }
}

Result<std::unique_ptr<const Plan>> make_plan(const sql::Task& task,
                                              const std::vector<const snapshot::Table*>& tables) {
  auto plan = std::make_unique<Plan>();
  GBX_TRY(Planner(task, tables, *plan).run());
  return std::unique_ptr<const Plan>(std::move(plan));
}

}  // namespace gbx::engine
