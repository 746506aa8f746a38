#pragma once

// Columns as their blocks hold them: a few bytes a number. Reads the rows that somebody wants, and
// decides conditions on one column without reading: a comparison of numbers is one of what they are
// packed as. The owners wrote the numbers; each was held against the column's bounds when the
// block was opened, and a code lies in its dictionary.

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "engine/merge/plan.h"

namespace gbx::engine {

// Values of rows[0], rows[1], ... or, without `rows`, of first, first + 1, ...; garbage where NULL.
void read_values(const snapshot::ColumnData& column, const std::uint32_t* rows, std::size_t first,
                 std::span<std::int64_t> out);

// What a condition that reads one column lets pass: intervals, ascending, none next to another.
struct Interval {
  std::int64_t low = 0;
  std::int64_t high = 0;
  friend bool operator==(const Interval&, const Interval&) = default;
};
struct Intervals {
  std::uint32_t column = 0;
  std::vector<Interval> list;
};
constexpr std::size_t kIntervalsMax = 8;  // more are slower than looking at each value once

// None when the filter is of another shape.
std::optional<Intervals> intervals_of(const Filter& filter);
// What passes both, of one column.
std::vector<Interval> intersection(std::span<const Interval> a, std::span<const Interval> b);

// Leaves 1 in passes[i] where it is 1 and row first + i passes: its value is known and lies in an
// interval.
void mark(const snapshot::ColumnData& column, std::size_t first, std::span<const Interval> list,
          std::span<std::uint8_t> passes);

}  // namespace gbx::engine
