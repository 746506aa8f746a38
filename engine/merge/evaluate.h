#pragma once

// Runs a Program over batches of rows, a column at a time. Values that are NULL are garbage: no
// result ever depends on them. Arithmetic wraps; the binder has proved that it does not.

#include <span>
#include <vector>

#include "engine/merge/plan.h"

namespace gbx::engine {

constexpr std::size_t kBatchRows = 4096;

// `values` by row; `valid` by row, null when every row is valid.
struct Vector {
  const std::int64_t* values = nullptr;
  const std::uint8_t* valid = nullptr;
  bool same = false;  // every row has the first one's value
};

// Where a batch's rows of one relation are: `rows[i]` of the block, or first + i without `rows`.
struct RowSource {
  const snapshot::Block* block = nullptr;
  const std::uint32_t* rows = nullptr;
  std::size_t first = 0;
};

// One object per thread.
class Evaluator {
 public:
  // `program` must outlive the evaluator.
  explicit Evaluator(const Program& program);
  Evaluator(const Evaluator&) = delete;
  Evaluator& operator=(const Evaluator&) = delete;
  Evaluator(Evaluator&&) = delete;
  Evaluator& operator=(Evaluator&&) = delete;
  ~Evaluator() = default;

  // Evaluates all nodes over `count` <= kBatchRows rows; `sources` by relation.
  void run(std::span<const RowSource> sources, std::size_t count);
  // Of the last run; until the next.
  [[nodiscard]] Vector result(std::uint32_t node) const { return results_[node]; }

 private:
  struct Storage {
    std::vector<std::int64_t> values;
    std::vector<std::uint8_t> valid;
  };
  void load(const Node& node, std::uint32_t place, const RowSource& source, std::size_t count);
  void evaluate(const Node& node, std::uint32_t place, std::size_t count);
  void conditional(const Node& node, std::uint32_t place, std::size_t count);
  void divide(const Node& node, std::uint32_t place, std::size_t count);
  void calendar(const Node& node, std::uint32_t place, std::size_t count);
  const std::uint8_t* both_valid(const Node& node, std::uint32_t place, std::size_t count);

  const Program& program_;
  std::vector<Storage> storage_;
  std::vector<Vector> results_;
};

}  // namespace gbx::engine
