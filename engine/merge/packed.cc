#include "engine/merge/packed.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>

#include "engine/merge/clones.h"

namespace gbx::engine {
namespace {

using sql::Op;

constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
constexpr std::size_t kMarkedAtOnce = 512;

template <typename T>
T number_at(const std::uint8_t* bytes, std::size_t row) {
  T out = 0;
  std::memcpy(&out, bytes + row * sizeof(T), sizeof(T));
  return out;
}

template <typename T>
void read_packed(const snapshot::ColumnData& column, const std::uint32_t* rows, std::size_t first,
                 std::span<std::int64_t> out) {
  const auto low = static_cast<std::uint64_t>(column.low);
  const std::uint8_t* const from = column.packed.data();
  std::int64_t* __restrict const to = out.data();
  const std::size_t count = out.size();
  for (std::size_t i = 0; rows == nullptr && i < count; i++) {
    to[i] = static_cast<std::int64_t>(low + number_at<T>(from, first + i));
  }
  for (std::size_t i = 0; rows != nullptr && i < count; i++) {
    to[i] = static_cast<std::int64_t>(low + number_at<T>(from, rows[i]));
  }
}

// The interval as numbers of T less `base`; none when no number of T is in it.
template <typename T>
bool pack(const Interval& interval, std::int64_t base, T& low, T& width) {
  constexpr Int128 kNumberMax = std::numeric_limits<T>::max();
  const Int128 least = std::max(Int128{interval.low} - base, Int128{0});
  const Int128 most = std::min(Int128{interval.high} - base, kNumberMax);
  low = static_cast<T>(least);
  width = static_cast<T>(most - least);
  return least <= most;
}

// One condition on `count` <= kMarkedAtOnce rows: which of them it lets pass, as bytes. Plain
// pointers that show different memory, or no compiler takes many rows at a time.
using Passing = std::uint8_t* __restrict;

template <typename T>
void add_packed(const std::uint8_t* from, std::size_t count, T low, T width, Passing any) {
  for (std::size_t i = 0; i < count; i++) {
    const auto above = static_cast<T>(number_at<T>(from, i) - low);
    any[i] |= static_cast<std::uint8_t>(above <= width);
  }
}

template <typename T>
void find_packed(const snapshot::ColumnData& column, std::size_t first, std::size_t count,
                 std::span<const Interval> list, Passing any) {
  const std::uint8_t* const from = column.packed.data() + first * sizeof(T);
  for (const Interval& interval : list) {
    T low = 0;
    T width = 0;
    if (pack(interval, column.low, low, width)) add_packed(from, count, low, width, any);
  }
}

void find_values(const std::int64_t* values, std::size_t count, std::span<const Interval> list,
                 Passing any) {
  for (const auto& [low, high] : list) {
    for (std::size_t i = 0; i < count; i++) {
      any[i] |= static_cast<std::uint8_t>((values[i] >= low) & (values[i] <= high));
    }
  }
}

void keep_both(const std::uint8_t* other, std::size_t count, Passing passes) {
  for (std::size_t i = 0; i < count; i++) passes[i] &= other[i];
}

GBX_CLONES void mark_some(const snapshot::ColumnData& column, std::size_t first,
                          std::span<const Interval> list, std::span<std::uint8_t> passes) {
  std::array<std::uint8_t, kMarkedAtOnce> any{};
  const std::size_t count = passes.size();
  switch (column.width) {
    case 0: find_values(column.values.data() + first, count, list, any.data()); break;
    case 1: find_packed<std::uint8_t>(column, first, count, list, any.data()); break;
    case 2: find_packed<std::uint16_t>(column, first, count, list, any.data()); break;
    case 4: find_packed<std::uint32_t>(column, first, count, list, any.data()); break;
    default: find_packed<std::uint64_t>(column, first, count, list, any.data()); break;
  }
  keep_both(any.data(), count, passes.data());
  if (!column.valid.empty()) keep_both(column.valid.data() + first, count, passes.data());
}

// The numbers that a column may be where it is compared with a literal; none for another operator.
std::optional<std::vector<Interval>> compared(Op op, std::int64_t literal, bool literal_first) {
  const Op less = literal_first ? Op::greater : Op::less;
  const Op greater = literal_first ? Op::less : Op::greater;
  const Op less_equal = literal_first ? Op::greater_equal : Op::less_equal;
  const Op greater_equal = literal_first ? Op::less_equal : Op::greater_equal;
  if (op == Op::equal) return {{{literal, literal}}};
  if (op == less_equal) return {{{kLeast, literal}}};
  if (op == greater_equal) return {{{literal, kMost}}};
  if ((op == less && literal == kLeast) || (op == greater && literal == kMost)) {
    return std::vector<Interval>{};
  }
  if (op == less) return {{{kLeast, literal - 1}}};
  if (op == greater) return {{{literal + 1, kMost}}};
  return {};
}

// The numbers of a list, ascending, as intervals.
void add_number(std::int64_t number, std::vector<Interval>& out) {
  if (!out.empty() && out.back().high >= number) return;  // again
  if (!out.empty() && out.back().high == number - 1) {
    out.back().high = number;
  } else {
    out.push_back({number, number});
  }
}

}  // namespace

GBX_CLONES void read_values(const snapshot::ColumnData& column, const std::uint32_t* rows,
                            std::size_t first, std::span<std::int64_t> out) {
  switch (column.width) {
    case 0:
      for (std::size_t i = 0; i < out.size(); i++) {
        out.data()[i] = column.values.data()[rows == nullptr ? first + i : rows[i]];
      }
      return;
    case 1: return read_packed<std::uint8_t>(column, rows, first, out);
    case 2: return read_packed<std::uint16_t>(column, rows, first, out);
    case 4: return read_packed<std::uint32_t>(column, rows, first, out);
    default: return read_packed<std::uint64_t>(column, rows, first, out);
  }
}

std::optional<Intervals> intervals_of(const Filter& filter) {
  if (filter.conditions.size() != 1) return {};
  const std::vector<Node>& nodes = filter.program.nodes;
  const Node& condition = nodes[filter.conditions[0]];
  if (condition.inputs.empty()) return {};
  const Node* column = &nodes[condition.inputs[0]];
  Intervals out;
  if (condition.op == Op::in_list) {
    for (const std::int64_t number : condition.list) add_number(number, out.list);
  } else if (condition.op == Op::like) {
    for (std::size_t code = 0; code < condition.by_code->size(); code++) {
      if ((*condition.by_code)[code] != 0) add_number(static_cast<std::int64_t>(code), out.list);
    }
  } else if (condition.inputs.size() == 2) {
    const Node* literal = &nodes[condition.inputs[1]];
    const bool literal_first = column->op == Op::literal;
    if (literal_first) std::swap(column, literal);
    auto list = compared(condition.op, literal->value, literal_first);
    if (literal->op != Op::literal || !list) return {};
    out.list = std::move(*list);
  } else {
    return {};
  }
  // Codes that stand for others are looked up first.
  if (column->op != Op::column || column->by_code != nullptr) return {};
  if (out.list.size() > kIntervalsMax) return {};
  out.column = column->column;
  return out;
}

std::vector<Interval> intersection(std::span<const Interval> a, std::span<const Interval> b) {
  std::vector<Interval> out;
  for (const Interval& x : a) {
    for (const Interval& y : b) {
      const Interval both{std::max(x.low, y.low), std::min(x.high, y.high)};
      if (both.low <= both.high) out.push_back(both);
    }
  }
  return out;
}

void mark(const snapshot::ColumnData& column, std::size_t first, std::span<const Interval> list,
          std::span<std::uint8_t> passes) {
  for (std::size_t done = 0; done < passes.size(); done += kMarkedAtOnce) {
    const std::size_t count = std::min(kMarkedAtOnce, passes.size() - done);
    mark_some(column, first + done, list, passes.subspan(done, count));
  }
}

}  // namespace gbx::engine
