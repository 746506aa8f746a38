#pragma once

// Steps made ready for the merge: each step's expressions as programs, conditions where they can be
// decided first, and only what the answer needs.

#include <cstdint>
#include <set>
#include <vector>

#include "engine/merge/compile.h"
#include "trusted/sql/well_formed.h"

namespace gbx::engine {

// One input of a step. A row of the step's left side stays when `after` holds, which is over the
// inputs 0 .. this one.
struct InputPlan {
  std::uint32_t source = 0;
  sql::JoinKind kind = sql::JoinKind::inner;
  Filter own;  // over this input alone, as relation 0: which of its rows take part
  Filter pair;
  Filter after;
};

struct ValuePlan {
  sql::RowFunction function = sql::RowFunction::rows;
  bool has_argument = false;
  std::uint32_t node = 0;  // of the step's program
  std::int64_t low = 0;
  std::int64_t high = 0;
  Int128 factor = 1;  // average: by what the sum is multiplied
};

struct OrderPlan {
  std::uint32_t node = 0;
  bool descending = false;
  bool nulls_first = false;
};

struct WindowPlan {
  ValuePlan value;
  std::int64_t offset = 0;
  std::vector<std::uint32_t> partition;  // nodes
  std::vector<OrderPlan> order;          // empty where no order can matter
  bool ties = false;                     // whether the order of equal rows can matter
  sql::Frame frame = sql::Frame::partition;
  std::int64_t first = 0;  // of offsets
  std::int64_t last = 0;
};

struct StepPlan {
  sql::StepKind kind = sql::StepKind::join;
  bool used = false;
  bool distinct = false;
  bool null_row = false;  // some join wants a row of NULLs behind the last row
  std::vector<InputPlan> inputs;
  Program program;
  std::vector<std::uint32_t> columns;  // nodes; append: the same columns of every input
  std::vector<ValuePlan> aggregates;
  std::vector<WindowPlan> windows;
  std::vector<bool> live;  // by column of the step: whether anybody reads it
};

struct TablePlan {
  bool used = false;
  bool required = false;  // who has no row in it has none in the last step
  bool null_row = false;
  std::vector<std::size_t> columns;  // that steps read
  std::vector<CodeTable> codes;      // of these; null: as they are
};

struct StepsPlan {
  std::vector<TablePlan> tables;
  std::vector<StepPlan> steps;
  // By the set of tables that a person has rows in, as bits: whether the last step can have any.
  std::vector<bool> alive;
};

// Used by make_plan(), in this order: check(), result(), [the pool is made], place().
class StepsPlanner {
 public:
  StepsPlanner(const sql::Task& task, const std::vector<const snapshot::Table*>& tables, Plan& plan,
               Compiler& compiler)
      : task_(task), tables_(tables), plan_(plan), compiler_(compiler) {}

  // Fails with invalid_argument ("task_misfit"). Collects the texts of all steps.
  Status check();
  // The columns of the last step.
  [[nodiscard]] const std::vector<ScopeColumn>& result() const { return sources_.back(); }
  // Fills plan.steps and what the relations read. plan.outputs is there already.
  void place();

 private:
  Status check_step(const sql::Step& step);
  Status check_window(const sql::Window& window, const Scope& scope);
  Status check_value(const sql::RowAggregate& value, const Scope& scope);
  Status take(const sql::Expression& e, const Scope& scope);
  void add_source(const sql::Step& step, const Scope& scope);
  [[nodiscard]] Scope scope_at(const sql::Step& step, std::size_t last) const;

  void find_used();
  void place_step(std::size_t number);
  void place_conditions(std::size_t number);
  void place_own(const sql::Expression& e, const sql::Input& input, InputPlan& planned);
  ValuePlan place_value(const sql::RowAggregate& value, const Scope& scope, Program& program);
  WindowPlan place_window(const sql::Window& window, const Scope& scope, Program& program);
  void mark(const Program& program, std::uint32_t relation, std::uint32_t source);
  void mark_null_rows(const sql::Step& step);
  bool& null_row_of(std::uint32_t source);
  void place_tables();
  void find_alive();

  const sql::Task& task_;
  const std::vector<const snapshot::Table*>& tables_;
  Plan& plan_;
  Compiler& compiler_;
  std::vector<std::vector<ScopeColumn>> sources_;  // by source
  std::vector<sql::Source> shapes_;                // by source
  std::vector<std::uint32_t> uses_;                // by source: inputs that read it
  std::vector<std::set<std::size_t>> read_;        // by source: columns that are read
};

}  // namespace gbx::engine
