#include "trusted/sql/released_windows.h"

#include <algorithm>
#include <deque>
#include <limits>
#include <numeric>

#include "trusted/sql/released_order.h"

namespace gbx::sql {
namespace {

// Comparisons of a row with others while sorting a million of them.
constexpr double kSortCost = 20;
constexpr double kRowCost = 16;

struct Row {
  std::vector<SortValue> partition;
  std::vector<SortValue> order;
  Cell argument;
};

// Of positions in a sorted partition: [begin, end).
struct Extent {
  std::size_t begin = 0;
  std::size_t end = 0;
};

std::int64_t whole(std::size_t value) { return static_cast<std::int64_t>(value); }

int by_partition(const Row& a, const Row& b) {
  for (std::size_t i = 0; i < a.partition.size(); i++) {
    const int order = compare({}, a.partition[i], b.partition[i]);
    if (order != 0) return order;
  }
  return 0;
}

class Partition {
 public:
  Partition(const Window& window, const std::vector<Row>& rows, std::span<const std::size_t> places)
      : window_(&window), rows_(&rows), places_(places) {
    find_peers();
  }

  void fill(std::vector<Cell>& out) const;

 private:
  [[nodiscard]] const Cell& argument(std::size_t i) const { return (*rows_)[places_[i]].argument; }
  [[nodiscard]] bool are_peers(std::size_t a, std::size_t b) const;
  void find_peers();
  [[nodiscard]] Extent frame_of(std::size_t i) const;
  [[nodiscard]] Cell moved(std::size_t i) const;
  [[nodiscard]] Cell chosen(std::size_t i) const;
  void fill_totals(std::vector<Cell>& out) const;
  void fill_extremes(std::vector<Cell>& out) const;

  const Window* window_;
  const std::vector<Row>* rows_;
  std::span<const std::size_t> places_;  // of the partition's rows, in its order
  std::vector<Extent> peers_;
  std::vector<std::int64_t> dense_;
};

bool Partition::are_peers(std::size_t a, std::size_t b) const {
  const std::vector<SortValue>& left = (*rows_)[places_[a]].order;
  const std::vector<SortValue>& right = (*rows_)[places_[b]].order;
  for (std::size_t i = 0; i + window_->ties < left.size(); i++) {
    if (compare({}, left[i], right[i]) != 0) return false;
  }
  return true;
}

void Partition::find_peers() {
  peers_.resize(places_.size());
  std::int64_t dense = 0;
  for (std::size_t begin = 0; begin < places_.size(); begin = peers_[begin].end) {
    std::size_t end = begin + 1;
    while (end < places_.size() && are_peers(begin, end)) end++;
    std::fill(peers_.begin() + whole(begin), peers_.begin() + whole(end), Extent{begin, end});
    dense_.resize(end, ++dense);
  }
}

Extent Partition::frame_of(std::size_t i) const {
  const std::int64_t size = whole(places_.size());
  const auto within = [&](std::int64_t place) {
    return static_cast<std::size_t>(std::clamp<std::int64_t>(place, 0, size));
  };
  switch (window_->frame) {
    case Frame::partition: return {0, places_.size()};
    case Frame::rows: return {0, i + 1};
    case Frame::peers: return {0, peers_[i].end};
    case Frame::offsets: {
      const std::size_t begin = within(whole(i) + window_->first);
      return {begin, std::max(begin, within(whole(i) + window_->last + 1))};
    }
  }
  GBX_CHECK(false);
}

Cell Partition::moved(std::size_t i) const {
  const bool back = window_->value.function == RowFunction::lag;
  const std::int64_t from = whole(i) + (back ? -window_->offset : window_->offset);
  if (from < 0 || from >= whole(places_.size())) return {};
  return argument(static_cast<std::size_t>(from));
}

Cell Partition::chosen(std::size_t i) const {
  const Extent frame = frame_of(i);
  if (frame.begin == frame.end) return {};
  const bool first = window_->value.function == RowFunction::first_value;
  return argument(first ? frame.begin : frame.end - 1);
}

// COUNT and SUM of frames: differences of running ones.
void Partition::fill_totals(std::vector<Cell>& out) const {
  std::vector<std::int64_t> counts = {0};
  std::vector<Int128> sums = {0};
  const RowFunction function = window_->value.function;
  for (std::size_t i = 0; i < places_.size(); i++) {
    const Cell& cell = argument(i);
    const auto* number = std::get_if<std::int64_t>(&cell);
    const bool some = !std::holds_alternative<std::monostate>(cell);
    counts.push_back(counts.back() + (function == RowFunction::rows || some ? 1 : 0));
    sums.push_back(sums.back() + (number == nullptr ? 0 : *number));
  }
  constexpr Int128 kMost = std::numeric_limits<std::int64_t>::max();
  for (std::size_t i = 0; i < places_.size(); i++) {
    const Extent frame = frame_of(i);
    const std::int64_t count = counts[frame.end] - counts[frame.begin];
    Cell& value = out[places_[i]];
    if (function != RowFunction::sum) {
      value = count;
    } else if (count > 0) {
      value =
          static_cast<std::int64_t>(std::clamp(sums[frame.end] - sums[frame.begin], -kMost, kMost));
    }
  }
}

// MIN and MAX: frames only move on, so a row that is neither better nor later is never needed
// again.
void Partition::fill_extremes(std::vector<Cell>& out) const {
  const bool least = window_->value.function == RowFunction::minimum;
  std::deque<std::size_t> best;
  std::size_t taken = 0;
  for (std::size_t i = 0; i < places_.size(); i++) {
    const Extent frame = frame_of(i);
    for (; taken < frame.end; taken++) {
      const Cell& next = argument(taken);
      if (std::holds_alternative<std::monostate>(next)) continue;
      while (!best.empty() &&
             !(least ? argument(best.back()) < next : next < argument(best.back())))
        best.pop_back();
      best.push_back(taken);
    }
    while (!best.empty() && best.front() < frame.begin) best.pop_front();
    if (!best.empty()) out[places_[i]] = argument(best.front());
  }
}

void Partition::fill(std::vector<Cell>& out) const {
  const RowFunction function = window_->value.function;
  switch (function) {
    case RowFunction::rows:
    case RowFunction::values:
    case RowFunction::sum: fill_totals(out); return;
    case RowFunction::minimum:
    case RowFunction::maximum: fill_extremes(out); return;
    case RowFunction::distinct:
    case RowFunction::average: GBX_CHECK(false);
    case RowFunction::row_number:
    case RowFunction::rank:
    case RowFunction::dense_rank:
    case RowFunction::lag:
    case RowFunction::lead:
    case RowFunction::first_value:
    case RowFunction::last_value: break;
  }
  for (std::size_t i = 0; i < places_.size(); i++) {
    Cell& value = out[places_[i]];
    if (function == RowFunction::row_number) {
      value = whole(i) + 1;
    } else if (function == RowFunction::rank) {
      value = whole(peers_[i].begin) + 1;
    } else if (function == RowFunction::dense_rank) {
      value = dense_[i];
    } else {
      value = has_frame(function) ? chosen(i) : moved(i);
    }
  }
}

std::vector<Row> rows_of(const Window& window, std::span<const std::vector<Cell>> rows) {
  std::vector<Row> out;
  out.reserve(rows.size());
  for (const std::vector<Cell>& cells : rows) {
    const std::vector<Known> row = known(cells);
    Row& made = out.emplace_back();
    for (const Expression& key : window.partition) made.partition.push_back(sort_value(key, row));
    for (const RowOrder& key : window.order) made.order.push_back(sort_value(key.key, row));
    if (has_argument(window.value.function)) {
      made.argument = released_value(window.value.argument, row);
    }
  }
  return out;
}

}  // namespace

std::vector<Cell> window_values(const Window& window, std::span<const std::vector<Cell>> rows) {
  const std::vector<Row> made = rows_of(window, rows);
  const auto by_order = [&](const Row& a, const Row& b) {
    for (std::size_t i = 0; i < window.order.size(); i++) {
      const RowOrder& key = window.order[i];
      const int order = compare({key.descending, key.nulls_first}, a.order[i], b.order[i]);
      if (order != 0) return order;
    }
    return 0;
  };
  std::vector<std::size_t> places(rows.size());
  std::iota(places.begin(), places.end(), std::size_t{0});
  std::sort(places.begin(), places.end(), [&](std::size_t a, std::size_t b) {
    const int partition = by_partition(made[a], made[b]);
    if (partition != 0) return partition < 0;
    const int order = by_order(made[a], made[b]);
    return order != 0 ? order < 0 : a < b;
  });
  std::vector<Cell> out(rows.size());
  for (std::size_t begin = 0; begin < places.size();) {
    std::size_t end = begin + 1;
    while (end < places.size() && by_partition(made[places[begin]], made[places[end]]) == 0) end++;
    Partition(window, made, std::span(places).subspan(begin, end - begin)).fill(out);
    begin = end;
  }
  return out;
}

bool needs_ties(const Window& window) {
  switch (window.value.function) {
    case RowFunction::rank:
    case RowFunction::dense_rank: return false;
    case RowFunction::row_number:
    case RowFunction::lag:
    case RowFunction::lead:
    case RowFunction::first_value:
    case RowFunction::last_value: return true;
    case RowFunction::rows:
    case RowFunction::values:
    case RowFunction::distinct:
    case RowFunction::sum:
    case RowFunction::average:
    case RowFunction::minimum:
    case RowFunction::maximum: break;
  }
  return window.frame == Frame::rows || window.frame == Frame::offsets;
}

double window_cost(const Window& window) {
  double out = kRowCost;
  if (has_argument(window.value.function)) out += formula_cost(window.value.argument);
  for (const Expression& key : window.partition) out += kSortCost * formula_cost(key);
  for (const RowOrder& key : window.order) out += kSortCost * formula_cost(key.key);
  return out;
}

bool window_fits(const Window& window) {
  bool fits = true;
  each_of_window(window, [&](const Expression& e) { fits = fits && formula_fits(e); });
  return fits;
}

}  // namespace gbx::sql
