#pragma once

// The rows of a block that a table's own conditions let pass. Those on one column are decided on
// all rows, as the column is packed; the others one after the other, each on the rows that are
// left; which is first follows what they let pass so far, and changes no result.

#include <cstdint>
#include <deque>
#include <vector>

#include "engine/merge/evaluate.h"
#include "engine/merge/packed.h"

namespace gbx::engine {

// One object per thread.
class RowFilter {
 public:
  // `conditions` must outlive the filter.
  explicit RowFilter(const std::vector<Filter>& conditions);

  // Adds to `passing` the rows where all conditions are true, ascending.
  void run(const snapshot::Block& block, std::vector<std::uint32_t>& passing);

 private:
  struct Stage {
    explicit Stage(const Filter& from) : filter(&from), evaluator(from.program) {}
    const Filter* filter;
    Evaluator evaluator;
    std::uint64_t seen = 0;
    std::uint64_t kept = 0;
  };
  void add_intervals(Intervals intervals);
  // Rows of the block from `first` on that lie in all intervals.
  std::size_t begin(const snapshot::Block& block, std::size_t first, std::size_t count);
  std::size_t keep(Stage& stage, std::size_t first, std::size_t count, std::size_t left);
  void sort_stages();

  std::vector<Intervals> intervals_;  // by column
  std::deque<Stage> stages_;
  std::vector<Stage*> order_;
  std::vector<RowSource> sources_;
  std::vector<std::uint32_t> rows_;   // left of the batch, ascending
  std::vector<std::uint8_t> passes_;  // by row: 1 where the stage lets it pass
};

}  // namespace gbx::engine
