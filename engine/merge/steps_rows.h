#pragma once

// Rows of many persons between steps: whole columns in a Block, a person's rows next to each other.
// Texts are codes of the pool, in byte order. Row numbers count from the start of a block.

#include <span>
#include <vector>

#include "engine/merge/evaluate.h"
#include "engine/merge/steps_plan.h"

namespace gbx::engine {

constexpr Error kTooManyRows{ErrorCode::unavailable, "too_many_rows"};

// Persons' rows of one source: person p has rows begin[p] .. begin[p + 1] - 1.
struct RowsView {
  const snapshot::Block* block = nullptr;
  std::span<const std::uint32_t> begin;

  [[nodiscard]] std::size_t persons() const { return begin.size() - 1; }
  [[nodiscard]] std::uint32_t first() const { return begin.front(); }
  [[nodiscard]] std::size_t count() const { return begin.back() - begin.front(); }
  // All of them, in order.
  [[nodiscard]] RowSource all() const {
    return {.block = block, .rows = nullptr, .first = first()};
  }
};

// Empties it for `columns` columns; keeps memory, but not that of a rare giant.
void reset(snapshot::Block& block, std::size_t columns);
// A row of NULLs behind the last: its number is block.rows().
void add_null_row(snapshot::Block& block);
// Adds rows to a column, or NULLs where valid says so.
void append(Vector from, std::size_t count, snapshot::ColumnData& to);

// A program over any number of rows. One object per thread.
class ProgramRun {
 public:
  // `program` must outlive the run.
  explicit ProgramRun(const Program& program) : evaluator_(program) {}

  // Adds the values of nodes[i] on `count` rows to *out[i]; sources by relation.
  void append_to(std::span<const RowSource> sources, std::size_t count,
                 std::span<const std::uint32_t> nodes, std::span<snapshot::ColumnData* const> out);

 private:
  Evaluator evaluator_;
  std::vector<RowSource> sources_;
};

// What nodes of a program are on all rows of one input.
class NodeColumns {
 public:
  // `program` must outlive it.
  NodeColumns(const Program& program, const std::set<std::uint32_t>& nodes);

  void evaluate(const RowsView& input);
  // Of the last evaluate(), while its input is there; rows count from the input's first.
  [[nodiscard]] Vector of(std::uint32_t node) const;

 private:
  const Program& program_;
  ProgramRun run_;
  std::vector<std::uint32_t> nodes_;           // that have to be computed
  std::vector<snapshot::ColumnData> columns_;  // by node
  RowsView input_;
};

class FilterRun {
 public:
  // `filter` must outlive the run.
  explicit FilterRun(const Filter& filter);

  [[nodiscard]] bool empty() const { return filter_.conditions.empty(); }
  // The relations that it reads.
  [[nodiscard]] const std::vector<std::uint32_t>& relations() const { return relations_; }
  // Adds to `out` which of `count` rows pass, ascending.
  void passing(std::span<const RowSource> sources, std::size_t count,
               std::vector<std::uint32_t>& out);

 private:
  const Filter& filter_;
  Evaluator evaluator_;
  std::vector<std::uint32_t> relations_;
  std::vector<RowSource> sources_;
  std::vector<std::uint8_t> passes_;
};

// One key of an order of rows.
struct SortColumn {
  const std::int64_t* values = nullptr;
  const std::uint8_t* valid = nullptr;  // null: all
  bool descending = false;
  bool nulls_first = true;
};
SortColumn sort_column(Vector column);
// The column's rows from `first` on.
Vector rows_of(const snapshot::ColumnData& column, std::size_t first);
// < 0, 0, > 0.
int compare(std::span<const SortColumn> columns, std::uint32_t a, std::uint32_t b);
// Sorts row numbers; rows that are equal in all columns by number.
void sort_rows(std::span<const SortColumn> columns, std::span<std::uint32_t> rows);

// Leaves of each person's equal rows one.
void make_distinct(snapshot::Block& block);

}  // namespace gbx::engine
