#pragma once

// A task made ready for the merge: expressions as lists of instructions, texts as codes, the filter
// split into what one table decides alone and what needs the join. Made once per query, read by all
// threads.

#include <array>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/merge/text.h"
#include "trusted/base/result.h"
#include "trusted/snapshot/table.h"
#include "trusted/sql/task.h"

namespace gbx::engine {

// By code: what a text function or LIKE gives for each code of the pool, or the pool's code for
// each code of a column's dictionary. Null: the same number.
using CodeTable = std::shared_ptr<const std::vector<std::int64_t>>;

struct Node {
  sql::Op op = sql::Op::null;
  ValueType type;
  std::vector<std::uint32_t> inputs;  // earlier nodes; the argument's own type: see `input_type`
  Type input_type = Type::integer;    // of the first input
  std::uint32_t relation = 0;
  std::uint32_t column = 0;
  std::int64_t value = 0;          // literal, also as code; rescale: the factor
  CodeTable by_code;               // text columns, lower, upper, prefix, like
  std::vector<std::int64_t> list;  // in_list, ascending
};

// Nodes in the order of evaluation.
struct Program {
  std::vector<Node> nodes;
};

// A row stays when all are true.
struct Filter {
  Program program;
  std::vector<std::uint32_t> conditions;  // nodes of `program`
};

struct RelationPlan {
  const snapshot::Table* table = nullptr;
  std::vector<std::size_t> wanted;  // columns to read, ascending
  std::vector<std::size_t> by_row;  // of them, those that need `values`: looked at row by row
  std::vector<Filter> conditions;   // one each; all must be true
};

// A condition of a join that is looked at for every pair of rows: a number of the last relation
// equals one of a relation before.
struct Equality {
  std::uint32_t relation = 0;
  std::uint32_t column = 0;       // of `relation`
  std::uint32_t last_column = 0;  // of the last relation
};

struct GroupPlan {
  std::uint32_t node = 0;  // of `outputs`
  bool text = false;
  std::int64_t low = 0;  // dense only: value - low + 1 is the place, 0 is NULL's
  std::uint64_t size = 0;
};

struct MeasurePlan {
  std::uint32_t node = 0;  // of `outputs`; unused for rows
  sql::Measure bounds;     // without its argument
  bool text = false;
};

struct StepsPlan;

struct Plan {
  Plan();
  ~Plan();
  Plan(const Plan&) = delete;
  Plan& operator=(const Plan&) = delete;
  Plan(Plan&&) = delete;
  Plan& operator=(Plan&&) = delete;

  std::vector<RelationPlan> relations;  // the task's tables
  std::unique_ptr<StepsPlan> steps;     // none: the relations are joined on the person
  std::optional<Equality> equality;     // of joined rows; never with steps
  Filter filter;                        // likewise: the other conditions
  Program outputs;                      // over joined rows that stay, or those of the last step
  std::vector<GroupPlan> groups;
  bool dense = false;  // the group's number is computed, not looked up
  std::uint64_t dense_size = 1;
  std::vector<MeasurePlan> measures;
  std::uint32_t groups_per_person = 1;
  std::uint32_t groups_max = 0;
  sql::SamplingKey sampling;
  TextPool pool;
  std::deque<std::string> texts;  // owns what the pool shows beyond the dictionaries
};

constexpr std::uint32_t kRelationsMax = 16;
constexpr std::uint32_t kExpressionDepthMax = 200;
constexpr std::uint32_t kGroupKeysMax = 32;
constexpr std::uint64_t kDenseGroupsMax = 1 << 16;

// Adds the columns of a relation that a program reads.
void add_columns(const Program& program, std::uint32_t relation, std::set<std::size_t>& out);

// Fails with invalid_argument when the task does not fit the tables or a limit; nothing was read.
// The tables must outlive the plan.
Result<std::unique_ptr<const Plan>> make_plan(const sql::Task& task,
                                              const std::vector<const snapshot::Table*>& tables);

}  // namespace gbx::engine
