#pragma once

// Aggregates over rows of one person.

#include <algorithm>
#include <deque>
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

  // A row that was added before; leaves minimum and maximum as they are.
  void remove(RowValue argument) {
    rows_--;
    if (!argument.valid) return;
    values_--;
    sum_ -= argument.value;
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

// The values of rows that follow each other: rows enter at the end and leave at the start.
class MovingRows {
 public:
  void enter(std::size_t place, RowValue argument);
  void leave(std::size_t place, RowValue argument);
  [[nodiscard]] RowValue result(const ValuePlan& plan) const;

 private:
  struct Extreme {
    std::size_t place = 0;
    std::int64_t value = 0;
  };
  Accumulator sums_;
  // Those that no later one is below (above); the first is the least (the greatest) of all.
  std::deque<Extreme> least_;
  std::deque<Extreme> greatest_;
};

}  // namespace gbx::engine
