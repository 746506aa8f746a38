#include "engine/merge/row_filter.h"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "engine/merge/clones.h"

namespace gbx::engine {
namespace {

constexpr std::size_t kRowsAtOnce = 1024;  // so that what nodes yield stays in the nearest cache

// Leaves 1 in `passes` where the condition is true too.
GBX_CLONES void mark_true(Vector holds, std::size_t count, std::uint8_t* passes) {
  const std::int64_t* const values = holds.values;
  for (std::size_t i = 0; i < count; i++) passes[i] &= static_cast<std::uint8_t>(values[i] != 0);
  const std::uint8_t* const valid = holds.valid;
  if (valid == nullptr) return;
  for (std::size_t i = 0; i < count; i++) passes[i] &= valid[i];
}

}  // namespace

RowFilter::RowFilter(const std::vector<Filter>& conditions)
    : sources_(kRelationsMax), rows_(kRowsAtOnce), passes_(kRowsAtOnce) {
  for (const Filter& filter : conditions) {
    if (auto intervals = intervals_of(filter)) {
      add_intervals(std::move(*intervals));
    } else {
      order_.push_back(&stages_.emplace_back(filter));
    }
  }
}

void RowFilter::add_intervals(Intervals intervals) {
  for (Intervals& known : intervals_) {
    if (known.column != intervals.column) continue;
    known.list = intersection(known.list, intervals.list);
    return;
  }
  intervals_.push_back(std::move(intervals));
}

void RowFilter::run(const snapshot::Block& block, std::vector<std::uint32_t>& passing) {
  for (RowSource& source : sources_) source.block = &block;
  const std::size_t rows = block.rows();
  for (std::size_t first = 0; first < rows; first += kRowsAtOnce) {
    const std::size_t count = std::min(kRowsAtOnce, rows - first);
    std::size_t left = begin(block, first, count);
    for (Stage* stage : order_) {
      if (left == 0) break;
      left = keep(*stage, first, count, left);
    }
    passing.insert(passing.end(), rows_.begin(), rows_.begin() + static_cast<std::ptrdiff_t>(left));
  }
  sort_stages();
}

std::size_t RowFilter::begin(const snapshot::Block& block, std::size_t first, std::size_t count) {
  const auto number = static_cast<std::uint32_t>(first);
  if (intervals_.empty()) {
    std::iota(rows_.begin(), rows_.begin() + static_cast<std::ptrdiff_t>(count), number);
    return count;
  }
  std::fill_n(passes_.begin(), kRowsAtOnce, std::uint8_t{0});
  std::fill_n(passes_.begin(), count, std::uint8_t{1});
  for (const Intervals& one : intervals_) {
    mark(block.columns[one.column], first, one.list, std::span(passes_).first(count));
  }
  std::uint32_t* const rows = rows_.data();
  std::size_t kept = 0;
  for (std::uint32_t i = 0; i < kRowsAtOnce; i += 8) {
    std::uint64_t eight = 0;
    std::memcpy(&eight, passes_.data() + i, sizeof(eight));
    if (eight == 0) continue;
    for (std::uint32_t k = i; k < i + 8; k++) {
      rows[kept] = number + k;
      kept += passes_[k];
    }
  }
  return kept;
}

// Keeps in rows_ which of the first `left` pass. Most rows of a batch being left, all are looked
// at: reading one after the other is cheaper than picking.
std::size_t RowFilter::keep(Stage& stage, std::size_t first, std::size_t count, std::size_t left) {
  const bool all = left * 2 > count;
  for (RowSource& source : sources_) {
    source.first = first;
    source.rows = all ? nullptr : rows_.data();
  }
  stage.evaluator.run(sources_, all ? count : left);
  std::uint8_t* const passes = passes_.data();
  std::fill_n(passes, kRowsAtOnce, std::uint8_t{1});
  for (const std::uint32_t condition : stage.filter->conditions) {
    mark_true(stage.evaluator.result(condition), all ? count : left, passes);
  }
  std::uint32_t* const rows = rows_.data();
  std::size_t kept = 0;
  for (std::size_t i = 0; i < left; i++) {
    const std::uint32_t row = rows[i];
    rows[kept] = row;
    kept += passes[all ? row - first : i];
  }
  stage.seen += left;
  stage.kept += kept;
  return kept;
}

// First what lets the least pass for each operation.
void RowFilter::sort_stages() {
  const auto gain = [](const Stage* stage) {
    const double share = static_cast<double>(stage->kept) / static_cast<double>(stage->seen + 1);
    return (1 - share) / static_cast<double>(stage->filter->program.nodes.size());
  };
  std::sort(order_.begin(), order_.end(), [&](const Stage* a, const Stage* b) {
    const double x = gain(a);
    const double y = gain(b);
    return x != y ? x > y : a->filter < b->filter;
  });
}

}  // namespace gbx::engine
