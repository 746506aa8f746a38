#include <numeric>

#include "engine/merge/steps_run.h"
#include "engine/merge/steps_value.h"

namespace gbx::engine {
namespace {

using sql::Frame;
using sql::RowFunction;

// One window over all rows. Rows are counted from the first of the input.
class WindowFunction {
 public:
  explicit WindowFunction(const WindowPlan& plan) : plan_(plan) {}

  void run(const NodeColumns& columns, const RowsView& input, snapshot::ColumnData& out) {
    choose_columns(columns, input);
    rows_.resize(input.count());
    std::iota(rows_.begin(), rows_.end(), 0U);
    out.values.assign(rows_.size(), 0);
    out.valid.assign(rows_.size(), 0);
    for (std::size_t p = 0; p < input.persons(); p++) {
      const std::span rows = std::span(rows_).subspan(input.begin[p] - input.first(),
                                                      input.begin[p + 1] - input.begin[p]);
      if (!sorted_.empty()) sort_rows(sorted_, rows);
      for (std::size_t begin = 0; begin < rows.size();) {
        const std::size_t end = end_of_equal(partition(), rows, begin);
        fill(rows.subspan(begin, end - begin), out);
        begin = end;
      }
    }
  }

 private:
  [[nodiscard]] std::span<const SortColumn> partition() const {
    return std::span(sorted_).first(plan_.partition.size());
  }
  [[nodiscard]] std::span<const SortColumn> order() const {
    return std::span(sorted_).subspan(plan_.partition.size(), plan_.order.size());
  }

  static std::size_t end_of_equal(std::span<const SortColumn> columns,
                                  std::span<const std::uint32_t> rows, std::size_t begin) {
    std::size_t end = begin + 1;
    while (end < rows.size() && compare(columns, rows[begin], rows[end]) == 0) end++;
    return end;
  }

  void choose_columns(const NodeColumns& columns, const RowsView& input) {
    sorted_.clear();
    for (const std::uint32_t node : plan_.partition) {
      sorted_.push_back(sort_column(columns.of(node)));
    }
    for (const OrderPlan& order : plan_.order) {
      SortColumn key = sort_column(columns.of(order.node));
      key.descending = order.descending;
      key.nulls_first = order.nulls_first;
      sorted_.push_back(key);
    }
    if (plan_.value.has_argument) argument_ = columns.of(plan_.value.node);
    if (!plan_.ties) return;
    for (const snapshot::ColumnData& tie : input.block->columns) {
      sorted_.push_back(sort_column(rows_of(tie, input.first())));
    }
  }

  [[nodiscard]] RowValue argument(std::uint32_t row) const {
    return plan_.value.has_argument ? at(argument_, row) : RowValue{};
  }

  static void put(RowValue value, std::uint32_t row, snapshot::ColumnData& out) {
    out.values[row] = value.value;
    out.valid[row] = value.valid ? 1 : 0;
  }

  // The rows of a partition, in order.
  void fill(std::span<const std::uint32_t> rows, snapshot::ColumnData& out) const {
    const RowFunction function = plan_.value.function;
    if (function == RowFunction::lag) return fill_moved(rows, -plan_.offset, out);
    if (function == RowFunction::lead) return fill_moved(rows, plan_.offset, out);
    const bool numbers = function == RowFunction::row_number || function == RowFunction::rank ||
                         function == RowFunction::dense_rank;
    if (plan_.frame == Frame::offsets) return fill_moving(rows, out);
    return numbers ? fill_numbers(rows, out) : fill_frames(rows, out);
  }

  void fill_numbers(std::span<const std::uint32_t> rows, snapshot::ColumnData& out) const {
    const RowFunction function = plan_.value.function;
    std::int64_t dense = 0;
    for (std::size_t begin = 0; begin < rows.size();) {
      const std::size_t end = end_of_equal(order(), rows, begin);
      dense++;
      for (std::size_t i = begin; i < end; i++) {
        auto number = static_cast<std::int64_t>(begin) + 1;
        if (function == RowFunction::row_number) number = static_cast<std::int64_t>(i) + 1;
        if (function == RowFunction::dense_rank) number = dense;
        put({number, true}, rows[i], out);
      }
      begin = end;
    }
  }

  void fill_moved(std::span<const std::uint32_t> rows, std::int64_t by,
                  snapshot::ColumnData& out) const {
    const auto count = static_cast<std::int64_t>(rows.size());
    for (std::int64_t i = 0; i < count; i++) {
      const std::int64_t from = i + by;
      const bool inside = from >= 0 && from < count;
      put(inside ? argument(rows[static_cast<std::size_t>(from)]) : RowValue{},
          rows[static_cast<std::size_t>(i)], out);
    }
  }

  // Frames whose ends move by one row from row to row.
  void fill_moving(std::span<const std::uint32_t> rows, snapshot::ColumnData& out) const {
    const RowFunction function = plan_.value.function;
    const auto count = static_cast<std::int64_t>(rows.size());
    const auto value = [&](std::int64_t i) { return argument(rows[static_cast<std::size_t>(i)]); };
    MovingRows frame;
    std::int64_t begin = 0;
    std::int64_t end = 0;
    for (std::int64_t i = 0; i < count; i++) {
      const std::int64_t first = std::clamp(i + plan_.first, std::int64_t{0}, count);
      const std::int64_t last = std::clamp(i + plan_.last + 1, std::int64_t{0}, count);
      for (; end < last; end++) frame.enter(static_cast<std::size_t>(end), value(end));
      for (; begin < first; begin++) frame.leave(static_cast<std::size_t>(begin), value(begin));
      RowValue result;
      if (function != RowFunction::first_value && function != RowFunction::last_value) {
        result = frame.result(plan_.value);
      } else if (begin < end) {
        result = value(function == RowFunction::first_value ? begin : end - 1);
      }
      put(result, rows[static_cast<std::size_t>(i)], out);
    }
  }

  // Frames start at the partition's first row: each goes on where the one before ended.
  void fill_frames(std::span<const std::uint32_t> rows, snapshot::ColumnData& out) const {
    const RowFunction function = plan_.value.function;
    Accumulator sum;
    for (std::size_t begin = 0; begin < rows.size();) {
      std::size_t end = rows.size();
      if (plan_.frame == Frame::rows) end = begin + 1;
      if (plan_.frame == Frame::peers) end = end_of_equal(order(), rows, begin);
      for (std::size_t i = begin; i < end; i++) sum.add(argument(rows[i]));
      RowValue value;
      if (function == RowFunction::first_value)
        value = argument(rows.front());
      else if (function == RowFunction::last_value)
        value = argument(rows[end - 1]);
      else
        value = sum.result(plan_.value);
      for (std::size_t i = begin; i < end; i++) put(value, rows[i], out);
      begin = end;
    }
  }

  const WindowPlan& plan_;
  std::vector<SortColumn> sorted_;  // partition, order, ties
  Vector argument_;
  std::vector<std::uint32_t> rows_;
};

// Everything that is read.
std::set<std::uint32_t> nodes_of(const StepPlan& plan) {
  std::set<std::uint32_t> out;
  for (std::size_t c = 0; c < plan.columns.size(); c++) {
    if (plan.live[c]) out.insert(plan.columns[c]);
  }
  for (const WindowPlan& window : plan.windows) {
    out.insert(window.partition.begin(), window.partition.end());
    for (const OrderPlan& order : window.order) out.insert(order.node);
    if (window.value.has_argument) out.insert(window.value.node);
  }
  return out;
}

class WindowRun final : public StepRun {
 public:
  explicit WindowRun(const StepPlan& plan) : plan_(plan), columns_(plan.program, nodes_of(plan)) {
    for (const WindowPlan& window : plan.windows) windows_.emplace_back(window);
  }

  Status run(std::span<const RowsView> inputs, snapshot::Block& out) override {
    const RowsView& input = inputs[0];
    columns_.evaluate(input);
    for (std::size_t c = 0; c < plan_.columns.size(); c++) {
      if (plan_.live[c]) append(columns_.of(plan_.columns[c]), input.count(), out.columns[c]);
    }
    for (std::size_t w = 0; w < windows_.size(); w++) {
      const std::size_t column = plan_.columns.size() + w;
      if (plan_.live[column]) windows_[w].run(columns_, input, out.columns[column]);
    }
    out.row_begin.assign(input.begin.begin(), input.begin.end());
    for (std::uint32_t& begin : out.row_begin) begin -= input.first();
    return {};
  }

 private:
  const StepPlan& plan_;
  NodeColumns columns_;
  std::vector<WindowFunction> windows_;
};

}  // namespace

std::unique_ptr<StepRun> make_window_run(const StepPlan& plan) {
  return std::make_unique<WindowRun>(plan);
}

}  // namespace gbx::engine
