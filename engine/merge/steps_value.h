#pragma once

// Aggregates over rows of one person.

#include <algorithm>
#include <limits>

#include "engine/merge/evaluate.h"
#include "engine/merge/steps_plan.h"

namespace gbx::engine {

struct RowValue {
  std::int64_t value = 0;  // 0 where NULL
  bool valid = false;
};

RowValue at(Vector column, std::size_t row);
void push(RowValue value, snapshot::ColumnData& to);

class Accumulator {
 public:
  // A row's argument; not valid also where the function takes none.
  void add(RowValue argument) {
    rows_++;
    if (!argument.valid) return;
    values_++;
    sum_ += argument.value;
    low_ = std::min(low_, argument.value);
    high_ = std::max(high_, argument.value);
  }

  // Of rows, values, sum, average, minimum, maximum.
  [[nodiscard]] RowValue result(const ValuePlan& plan) const;

 private:
  std::int64_t rows_ = 0;
  std::int64_t values_ = 0;
  Int128 sum_ = 0;
  std::int64_t low_ = std::numeric_limits<std::int64_t>::max();
  std::int64_t high_ = std::numeric_limits<std::int64_t>::min();
};

}  // namespace gbx::engine
