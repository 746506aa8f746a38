#pragma once

// Rows made from a person's rows: joins of every kind, sub-selects, aggregates and windows inside
// one person. What FROM means when it is more than tables joined on the person.
//
// Steps are evaluated for one person at a time. A source is either a table, which is that person's
// rows of it, or an earlier step; a step's rows are a multiset, in no order. So whatever a step
// does, its rows are a function of that one person's rows alone: nobody else's rows can matter, and
// bounding (task.h) comes after. All keys, joins and partitions are meant within the person; the
// person itself is never a column.
//
// Sources are numbered: 0 .. tables - 1 are Task::tables, then come the steps. An Expression of a
// step reads column `column` of its input number `relation`.

#include <cstdint>
#include <vector>

#include "trusted/sql/expression.h"

namespace gbx::sql {

enum class StepKind : std::uint8_t {
  // L = the rows of inputs[0]; then each further input in turn, by its JoinKind. Of L, the rows
  // where `filter` is true; of each, the values of `columns`.
  join,
  // One input. Its rows with equal values of `columns` (NULL equals NULL) are one row: those
  // values, then those of `aggregates`. Without columns one row, if the person has any row at all.
  group,
  // One input, which is a step. Its columns (`columns` are just these, all of them, in order), then
  // one for each of `windows`.
  window,
  // The rows of all inputs, which are steps with the same number of columns, of the same types.
  // `columns` are just those of the first input, with the interval of all.
  append,
};

enum class JoinKind : std::uint8_t {
  inner,  // pairs where the condition is true
  left,   // and each row of L without a partner, with NULLs for the input's columns
  right,  // and each row of the input without a partner, with NULLs for L's columns
  full,   // both
  semi,   // rows of L with at least one partner; the input's columns cannot be read after this
  anti,   // rows of L without any; likewise
};

struct Input {
  std::uint32_t source = 0;         // a table, or a step before this one
  JoinKind kind = JoinKind::inner;  // of inputs[0], and where the step is no join: inner
  bool has_condition = false;       // none: every pair is a partner
  Expression condition;             // boolean, over inputs 0 .. this one that can be read
};

enum class RowFunction : std::uint8_t {
  rows,      // COUNT(*)
  values,    // COUNT(argument)
  distinct,  // COUNT(DISTINCT argument); groups only
  // of the values that are not NULL, exact, then clamped to [low, high]; NULL when there is none
  sum,
  // sum * 10^(scale - argument's scale) / count, rounded half away from zero; NULL when none
  average,
  minimum,  // text by bytes
  maximum,
  // Windows only.
  row_number,   // 1, 2, ... in the order of the partition
  rank,         // 1 + the rows before the first that is equal to this one in all keys of `order`
  dense_rank,   // the same, where rows that are equal in these keys count as one
  lag,          // argument of the row `offset` before in the partition, NULL when there is none
  lead,         // after
  first_value,  // of the frame, NULLs too
  last_value,
};

bool has_argument(RowFunction function);
bool is_for_windows(RowFunction function);  // alone
// Whether it is of a frame; else of the whole partition.
bool has_frame(RowFunction function);

// A value for a group of rows.
struct RowAggregate {
  RowFunction function = RowFunction::rows;
  Expression argument;  // over the input; unused unless has_argument()
  ValueType type;  // integer for counts; the argument's, for average with as many digits or more
  std::int64_t low = 0;  // the value lies in [low, high]; meaningless for text
  std::int64_t high = 0;
};

struct RowOrder {
  Expression key;
  bool descending = false;
  bool nulls_first = false;
};

enum class Frame : std::uint8_t {
  partition,  // all of it
  rows,       // from its first row to this one
  peers,      // from its first row to the last that is equal to this one in all keys of `order`
  offsets,    // those of its rows from `first` to `last` rows after this one (negative: before)
};

// A value for each row, from the rows of its partition. The partition is ordered by `order`; rows
// that are equal in that go by all columns of the input in turn, ascending as Cell does (NULL,
// numbers, text by bytes). Equal rows stand in the same order in all windows of the step; which
// that is does not matter.
struct Window {
  RowAggregate value;
  std::int64_t offset = 0;  // lag, lead: 0 .. kWindowOffsetMax
  std::vector<Expression> partition;
  std::vector<RowOrder> order;
  Frame frame = Frame::partition;  // unless has_frame(): partition
  // offsets: -kPersonRowsMax <= first <= last <= kPersonRowsMax, else 0. No row: as of no rows.
  std::int64_t first = 0;
  std::int64_t last = 0;
  // Over released rows only (released_windows.h), else 0: the last so many keys of `order` settle
  // which row comes first, and do not keep rows from being equal.
  std::uint32_t ties = 0;
};

struct Step {
  StepKind kind = StepKind::join;
  std::vector<Input> inputs;
  bool has_filter = false;  // join only
  Expression filter;
  std::vector<Expression> columns;
  bool distinct = false;                 // join and append: equal rows are one
  std::vector<RowAggregate> aggregates;  // group only
  std::vector<Window> windows;           // window only
};

constexpr std::size_t kStepsMax = 64;
constexpr std::size_t kStepInputsMax = 16;
constexpr std::size_t kStepColumnsMax = 256;
constexpr std::int64_t kWindowOffsetMax = 1'000'000;
// Rows of one person in one step. More: unavailable ("too_many_rows"), as any failure of an engine.
constexpr std::uint32_t kPersonRowsMax = 1 << 22;

// What a step's rows look like, column by column.
struct StepColumn {
  ValueType type;
  std::int64_t low = 0;
  std::int64_t high = 0;
};
std::vector<StepColumn> columns_of(const Step& step);

// Whether rows of a join may have none of input `input`'s, and NULLs for its columns.
bool is_weak(const Step& step, std::size_t input);
// At most so many rows has a join of so many rows with so many, each at most 2^60.
Int128 rows_of_join(JoinKind kind, Int128 left, Int128 right);

// A function on every expression of a window or a step, which may be const.
template <typename W, typename F>
void each_of_window(W& window, const F& f) {
  f(window.value.argument);
  for (auto& key : window.partition) f(key);
  for (auto& key : window.order) f(key.key);
}
template <typename S, typename F>
void each_expression(S& step, const F& f) {
  for (auto& input : step.inputs) {
    if (input.has_condition) f(input.condition);
  }
  if (step.has_filter) f(step.filter);
  for (auto& column : step.columns) f(column);
  for (auto& value : step.aggregates) f(value.argument);
  for (auto& window : step.windows) each_of_window(window, f);
}
// A function on every Op::column of an expression.
template <typename E, typename F>
void each_column(E& e, const F& f) {
  if (e.op == Op::column) return f(e);
  for (auto& child : e.children) each_column(child, f);
}

}  // namespace gbx::sql
