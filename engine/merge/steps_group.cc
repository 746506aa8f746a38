#include <numeric>

#include "engine/merge/steps_run.h"
#include "engine/merge/steps_value.h"

namespace gbx::engine {
namespace {

using sql::RowFunction;

// value / count, rounded half away from zero. A sum of kPersonRowsMax numbers times 10^kScaleMax
// has 126 bits.
std::int64_t divide(Int128 value, std::int64_t count) {
  const Int128 magnitude = value < 0 ? -value : value;
  const Int128 quotient = (2 * magnitude + count) / (2 * Int128{count});
  return static_cast<std::int64_t>(value < 0 ? -quotient : quotient);
}

// Keys, and arguments that are read.
std::set<std::uint32_t> nodes_of(const StepPlan& plan) {
  std::set<std::uint32_t> out(plan.columns.begin(), plan.columns.end());
  for (const ValuePlan& value : plan.aggregates) {
    if (value.has_argument) out.insert(value.node);
  }
  return out;
}

class GroupRun final : public StepRun {
 public:
  explicit GroupRun(const StepPlan& plan) : plan_(plan), columns_(plan.program, nodes_of(plan)) {}

  Status run(std::span<const RowsView> inputs, snapshot::Block& out) override {
    const RowsView& input = inputs[0];
    columns_.evaluate(input);
    keys_.clear();
    for (const std::uint32_t key : plan_.columns) keys_.push_back(sort_column(columns_.of(key)));
    rows_.resize(input.count());
    std::iota(rows_.begin(), rows_.end(), 0U);
    out.row_begin = {0};
    std::uint32_t groups = 0;
    for (std::size_t p = 0; p < input.persons(); p++) {
      const std::span rows = std::span(rows_).subspan(input.begin[p] - input.first(),
                                                      input.begin[p + 1] - input.begin[p]);
      if (!keys_.empty()) sort_rows(keys_, rows);
      for (std::size_t begin = 0; begin < rows.size();) {
        std::size_t end = begin + 1;
        while (end < rows.size() && compare(keys_, rows[begin], rows[end]) == 0) end++;
        write_group(rows.subspan(begin, end - begin), out);
        begin = end;
        groups++;
      }
      out.row_begin.push_back(groups);
    }
    return {};
  }

 private:
  void write_group(std::span<const std::uint32_t> rows, snapshot::Block& out) {
    for (std::size_t k = 0; k < plan_.columns.size(); k++) {
      if (plan_.live[k]) push(at(columns_.of(plan_.columns[k]), rows[0]), out.columns[k]);
    }
    for (std::size_t a = 0; a < plan_.aggregates.size(); a++) {
      const std::size_t column = plan_.columns.size() + a;
      if (plan_.live[column]) push(aggregate(plan_.aggregates[a], rows), out.columns[column]);
    }
  }

  RowValue aggregate(const ValuePlan& value, std::span<const std::uint32_t> rows) {
    if (!value.has_argument) return {static_cast<std::int64_t>(rows.size()), true};
    const Vector from = columns_.of(value.node);
    if (value.function == RowFunction::distinct) return {count_distinct(from, rows), true};
    Accumulator sum;
    for (const std::uint32_t row : rows) sum.add(at(from, row));
    return sum.result(value);
  }

  std::int64_t count_distinct(Vector from, std::span<const std::uint32_t> rows) {
    values_.clear();
    for (const std::uint32_t row : rows) {
      if (at(from, row).valid) values_.push_back(from.values[row]);
    }
    std::sort(values_.begin(), values_.end());
    return std::unique(values_.begin(), values_.end()) - values_.begin();
  }

  const StepPlan& plan_;
  NodeColumns columns_;
  std::vector<SortColumn> keys_;
  std::vector<std::uint32_t> rows_;
  std::vector<std::int64_t> values_;
};

}  // namespace

RowValue Accumulator::result(const ValuePlan& plan) const {
  if (plan.function == RowFunction::rows) return {rows_, true};
  if (plan.function == RowFunction::values) return {values_, true};
  if (values_ == 0) return {};
  if (plan.function == RowFunction::average) return {divide(sum_ * plan.factor, values_), true};
  if (plan.function == RowFunction::minimum) return {low_, true};
  if (plan.function == RowFunction::maximum) return {high_, true};
  return {static_cast<std::int64_t>(std::clamp<Int128>(sum_, plan.low, plan.high)), true};
}

void MovingRows::enter(std::size_t place, RowValue argument) {
  sums_.add(argument);
  if (!argument.valid) return;
  while (!least_.empty() && least_.back().value >= argument.value) least_.pop_back();
  while (!greatest_.empty() && greatest_.back().value <= argument.value) greatest_.pop_back();
  least_.push_back({place, argument.value});
  greatest_.push_back({place, argument.value});
}

void MovingRows::leave(std::size_t place, RowValue argument) {
  sums_.remove(argument);
  if (!least_.empty() && least_.front().place == place) least_.pop_front();
  if (!greatest_.empty() && greatest_.front().place == place) greatest_.pop_front();
}

RowValue MovingRows::result(const ValuePlan& plan) const {
  if (plan.function == RowFunction::minimum) {
    return least_.empty() ? RowValue{} : RowValue{least_.front().value, true};
  }
  if (plan.function == RowFunction::maximum) {
    return greatest_.empty() ? RowValue{} : RowValue{greatest_.front().value, true};
  }
  return sums_.result(plan);
}

RowValue at(Vector column, std::size_t row) {
  if (column.valid != nullptr && column.valid[row] == 0) return {};
  return {column.values[row], true};
}

void push(RowValue value, snapshot::ColumnData& to) {
  if (!value.valid && to.valid.empty()) to.valid.assign(to.values.size(), 1);
  to.values.push_back(value.value);
  if (!value.valid || !to.valid.empty()) to.valid.push_back(value.valid ? 1 : 0);
}

std::unique_ptr<StepRun> make_group_run(const StepPlan& plan) {
  return std::make_unique<GroupRun>(plan);
}

}  // namespace gbx::engine
