#include "engine/merge/steps_run.h"

namespace gbx::engine {
namespace {

class AppendRun final : public StepRun {
 public:
  explicit AppendRun(const StepPlan& plan) : plan_(plan) {}

  Status run(std::span<const RowsView> inputs, snapshot::Block& out) override {
    std::size_t count = 0;
    for (const RowsView& input : inputs) count += input.count();
    if (count > sql::kPersonRowsMax) return kTooManyRows;
    const std::size_t persons = inputs[0].persons();
    out.row_begin = {0};
    for (std::size_t p = 0; p < persons; p++) {
      std::uint32_t end = out.row_begin.back();
      for (const RowsView& input : inputs) end += input.begin[p + 1] - input.begin[p];
      out.row_begin.push_back(end);
    }
    for (std::size_t c = 0; c < plan_.columns.size(); c++) {
      for (std::size_t p = 0; plan_.live[c] && p < persons; p++) {
        for (const RowsView& input : inputs) append_person(input, p, c, out);
      }
    }
    if (plan_.distinct) make_distinct(out);
    return {};
  }

 private:
  void append_person(const RowsView& input, std::size_t person, std::size_t column,
                     snapshot::Block& out) const {
    append(rows_of(input.block->columns[plan_.columns[column]], input.begin[person]),
           input.begin[person + 1] - input.begin[person], out.columns[column]);
  }

  const StepPlan& plan_;
};

std::unique_ptr<StepRun> make_run(const StepPlan& plan, const std::atomic<bool>* stop) {
  if (!plan.used) return nullptr;
  switch (plan.kind) {
    case sql::StepKind::join: return make_join_run(plan, stop);
    case sql::StepKind::group: return make_group_run(plan);
    case sql::StepKind::window: return make_window_run(plan);
    case sql::StepKind::append: return make_append_run(plan);
  }
  GBX_CHECK(false);
}

}  // namespace

std::unique_ptr<StepRun> make_append_run(const StepPlan& plan) {
  return std::make_unique<AppendRun>(plan);
}

StepsRun::StepsRun(const StepsPlan& plan, const std::atomic<bool>* stop)
    : plan_(plan), blocks_(plan.steps.size()), views_(plan.tables.size() + plan.steps.size()) {
  for (const StepPlan& step : plan.steps) steps_.push_back(make_run(step, stop));
}

Status StepsRun::run(std::span<const RowsView> tables) {
  std::copy(tables.begin(), tables.end(), views_.begin());
  std::vector<RowsView> inputs;
  for (std::size_t s = 0; s < steps_.size(); s++) {
    const StepPlan& plan = plan_.steps[s];
    if (!plan.used) continue;
    inputs.clear();
    for (const InputPlan& input : plan.inputs) inputs.push_back(views_[input.source]);
    reset(blocks_[s], plan.live.size());
    GBX_TRY(steps_[s]->run(inputs, blocks_[s]));
    if (plan.null_row) add_null_row(blocks_[s]);
    views_[tables.size() + s] = {.block = &blocks_[s], .begin = blocks_[s].row_begin};
  }
  return {};
}

}  // namespace gbx::engine
