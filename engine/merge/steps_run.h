#pragma once

// Evaluates the steps of a plan over a batch of persons, step by step, each a column at a time.
// Memory: the rows of all steps, for persons of one batch; a step of more than kPersonRowsMax rows
// fails, and whoever calls tries again with fewer persons.

#include <atomic>
#include <memory>
#include <span>
#include <vector>

#include "engine/merge/steps_rows.h"

namespace gbx::engine {

// One step. One object per thread.
class StepRun {
 public:
  StepRun() = default;
  virtual ~StepRun() = default;
  StepRun(const StepRun&) = delete;
  StepRun& operator=(const StepRun&) = delete;
  StepRun(StepRun&&) = delete;
  StepRun& operator=(StepRun&&) = delete;

  // Fills `out`, which is empty and has the step's columns; those that nobody reads stay empty.
  // Fails with unavailable ("too_many_rows", "engine_stopped"); `out` is then void.
  virtual Status run(std::span<const RowsView> inputs, snapshot::Block& out) = 0;
};

// `plan` must outlive the run, `stop` too, which may be null.
std::unique_ptr<StepRun> make_join_run(const StepPlan& plan, const std::atomic<bool>* stop);
std::unique_ptr<StepRun> make_group_run(const StepPlan& plan);
std::unique_ptr<StepRun> make_window_run(const StepPlan& plan);
std::unique_ptr<StepRun> make_append_run(const StepPlan& plan);

// All steps. One object per thread.
class StepsRun {
 public:
  // `plan` and `stop`, which may be null, must outlive the run.
  StepsRun(const StepsPlan& plan, const std::atomic<bool>* stop);

  // `tables` by table, all of the same persons. Fails like StepRun::run.
  Status run(std::span<const RowsView> tables);
  // The rows of the last step; until the next run.
  [[nodiscard]] const snapshot::Block& result() const { return blocks_.back(); }

 private:
  const StepsPlan& plan_;
  std::vector<std::unique_ptr<StepRun>> steps_;
  std::vector<snapshot::Block> blocks_;  // by step
  std::vector<RowsView> views_;          // by source
};

}  // namespace gbx::engine
