#pragma once

// A task made ready for the merge: expressions as lists of instructions, texts as codes, the filter
// split into what one table decides alone and what needs the join. Made once per query, read by all
// threads.

#include <array>
#include <deque>
#include <memory>
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

struct RelationPlan {
  const snapshot::Table* table = nullptr;
  std::vector<std::size_t> wanted;  // columns to read, ascending
  Program filter;
  std::vector<std::uint32_t> conditions;  // nodes of `filter`; a row stays when all are true
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

struct Plan {
  std::vector<RelationPlan> relations;
  Program filter;  // over joined rows
  std::vector<std::uint32_t> conditions;
  Program outputs;  // over joined rows that stay
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

// Fails with invalid_argument when the task does not fit the tables or a limit; nothing was read.
// The tables must outlive the plan.
Result<std::unique_ptr<const Plan>> make_plan(const sql::Task& task,
                                              const std::vector<const snapshot::Table*>& tables);

}  // namespace gbx::engine
