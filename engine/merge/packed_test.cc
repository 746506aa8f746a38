#include "engine/merge/packed.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <limits>

#include "engine/merge/row_filter.h"

namespace gbx::engine {
namespace {

using snapshot::ColumnData;
using sql::Op;

constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();

// Rows of numbers, the smallest and the largest of the width among them, every seventh NULL.
ColumnData packed(std::uint32_t width, std::int64_t low, std::size_t rows, bool nullable) {
  ColumnData out;
  out.width = width;
  out.low = low;
  out.packed.resize(rows * width);
  std::uint64_t number = 12345;
  for (std::size_t i = 0; i < rows; i++) {
    number = number * 6364136223846793005U + 1442695040888963407U;
    std::uint64_t kept = i % 5 == 1 ? ~std::uint64_t{0} : i % 5 == 3 ? 0 : number >> 17;
    if (i % 3 == 2) kept %= 10;
    if (nullable) out.valid.push_back(i % 7 == 2 ? 0 : 1);
    if (nullable && i % 7 == 2) kept = 0;
    std::memcpy(out.packed.data() + i * width, &kept, width);
  }
  return out;
}

ColumnData unpacked(ColumnData column) {
  unpack(column);
  return column;
}

struct Shape {
  std::uint32_t width;
  std::int64_t low;
};
class Packed : public testing::TestWithParam<Shape> {};

INSTANTIATE_TEST_SUITE_P(All, Packed,
                         testing::Values(Shape{1, 0}, Shape{1, -100}, Shape{2, 8035},
                                         Shape{2, -40'000}, Shape{4, 0}, Shape{4, -3'000'000'000},
                                         Shape{8, kLeast}));

TEST_P(Packed, ReadsWhatUnpackingGives) {
  for (const bool nullable : {false, true}) {
    const ColumnData column = packed(GetParam().width, GetParam().low, 103, nullable);
    const ColumnData plain = unpacked(column);
    ASSERT_EQ(plain.values.size(), 103U);
    const std::vector<std::uint32_t> rows = {0, 1, 2, 7, 7, 50, 100, 101, 102};
    for (const std::size_t first : {0U, 1U, 3U, 64U}) {
      for (const std::size_t count : {0U, 1U, 31U, 39U}) {
        std::vector<std::int64_t> out(count);
        read_values(column, nullptr, first, out);
        for (std::size_t i = 0; i < count; i++) {
          const bool known = !nullable || plain.valid[first + i] != 0;
          EXPECT_EQ(out[i], known ? plain.values[first + i] : GetParam().low);
        }
      }
    }
    std::vector<std::int64_t> out(rows.size());
    read_values(column, rows.data(), 0, out);
    std::vector<std::int64_t> same(rows.size());
    read_values(plain, rows.data(), 0, same);
    for (std::size_t i = 0; i < rows.size(); i++) {
      if (nullable && plain.valid[rows[i]] == 0) continue;
      EXPECT_EQ(out[i], plain.values[rows[i]]);
      EXPECT_EQ(same[i], plain.values[rows[i]]);
    }
  }
}

TEST_P(Packed, MarksTheRowsInAnInterval) {
  const std::int64_t low = GetParam().low;
  const std::uint64_t numbers =
      GetParam().width == 8 ? ~std::uint64_t{0} : (std::uint64_t{1} << 8 * GetParam().width) - 1;
  const auto high = static_cast<std::int64_t>(static_cast<std::uint64_t>(low) + numbers);
  const std::int64_t middle = low + 5;
  const std::vector<std::vector<Interval>> lists = {
      {},
      {{kLeast, kMost}},
      {{low, high}},
      {{low, low}},
      {{high, high}},
      {{kLeast, low}},
      {{high, kMost}},
      {{middle, middle + 3}},
      {{low, low}, {low + 2, low + 4}, {low + 9, low + 9}, {high, kMost}},
      {{kLeast, kLeast}, {middle, high}},
      {{kMost, kMost}},
      {{low == kLeast ? kLeast : low - 1, low == kLeast ? kLeast : low - 1}}};
  for (const bool nullable : {false, true}) {
    const ColumnData column = packed(GetParam().width, low, 1300, nullable);
    const ColumnData plain = unpacked(column);
    for (const std::vector<Interval>& list : lists) {
      for (const auto& [first, count] : {std::pair{0, 1300}, {1, 513}, {777, 512}, {1290, 7}}) {
        const auto begin = static_cast<std::size_t>(first);
        std::vector<std::uint8_t> got(static_cast<std::size_t>(count), 1);
        got[0] = 0;  // what another condition has withheld stays so
        std::vector<std::uint8_t> want = got;
        std::vector<std::uint8_t> of_plain = got;
        mark(column, begin, list, got);
        mark(plain, begin, list, of_plain);
        for (std::size_t i = 0; i < want.size(); i++) {
          const std::int64_t value = plain.values[begin + i];
          const bool inside = std::ranges::any_of(
              list, [&](const Interval& one) { return value >= one.low && value <= one.high; });
          const bool known = !nullable || plain.valid[begin + i] != 0;
          want[i] = want[i] != 0 && known && inside ? 1 : 0;
        }
        EXPECT_EQ(got, want);
        EXPECT_EQ(of_plain, want);
      }
    }
  }
}

Node leaf(Op op, std::int64_t value) {
  Node out;
  out.op = op;
  out.value = value;
  out.column = 3;
  return out;
}

Filter filter(Node condition, std::vector<Node> inputs) {
  Filter out;
  out.program.nodes = std::move(inputs);
  for (std::uint32_t i = 0; i < out.program.nodes.size(); i++) condition.inputs.push_back(i);
  out.program.nodes.push_back(std::move(condition));
  out.conditions = {static_cast<std::uint32_t>(out.program.nodes.size() - 1)};
  return out;
}

using List = std::vector<Interval>;

List list_of(Op op, std::int64_t literal, bool literal_first) {
  std::vector<Node> inputs = {leaf(Op::column, 0), leaf(Op::literal, literal)};
  if (literal_first) std::swap(inputs[0], inputs[1]);
  const auto got = intervals_of(filter(leaf(op, 0), std::move(inputs)));
  EXPECT_TRUE(got && got->column == 3);
  return got ? got->list : List{{0, 0}, {0, 0}};
}

TEST(Intervals, OfComparisons) {
  EXPECT_EQ(list_of(Op::equal, 7, false), (List{{7, 7}}));
  EXPECT_EQ(list_of(Op::equal, 7, true), (List{{7, 7}}));
  EXPECT_EQ(list_of(Op::less, 7, false), (List{{kLeast, 6}}));
  EXPECT_EQ(list_of(Op::less, 7, true), (List{{8, kMost}}));
  EXPECT_EQ(list_of(Op::less_equal, 7, false), (List{{kLeast, 7}}));
  EXPECT_EQ(list_of(Op::less_equal, 7, true), (List{{7, kMost}}));
  EXPECT_EQ(list_of(Op::greater, 7, false), (List{{8, kMost}}));
  EXPECT_EQ(list_of(Op::greater, 7, true), (List{{kLeast, 6}}));
  EXPECT_EQ(list_of(Op::greater_equal, 7, false), (List{{7, kMost}}));
  EXPECT_EQ(list_of(Op::greater_equal, 7, true), (List{{kLeast, 7}}));
  EXPECT_EQ(list_of(Op::less, kLeast, false), List{});
  EXPECT_EQ(list_of(Op::less, kMost, true), List{});
  EXPECT_EQ(list_of(Op::greater, kMost, false), List{});
  EXPECT_EQ(list_of(Op::greater, kLeast, true), List{});
}

TEST(Intervals, OfLists) {
  Node in = leaf(Op::in_list, 0);
  in.list = {-3, -2, -2, 5, 6, 9};
  EXPECT_EQ(intervals_of(filter(in, {leaf(Op::column, 0)}))->list,
            (List{{-3, -2}, {5, 6}, {9, 9}}));
  Node like = leaf(Op::like, 0);
  like.by_code =
      std::make_shared<std::vector<std::int64_t>>(std::vector<std::int64_t>{1, 0, 0, 1, 1, 0, 1});
  EXPECT_EQ(intervals_of(filter(like, {leaf(Op::column, 0)}))->list,
            (List{{0, 0}, {3, 4}, {6, 6}}));
}

TEST(Intervals, AreNotFoundInOtherConditions) {
  Node many = leaf(Op::in_list, 0);
  for (std::size_t i = 0; i <= kIntervalsMax; i++) {
    many.list.push_back(static_cast<std::int64_t>(2 * i));
  }
  EXPECT_FALSE(intervals_of(filter(many, {leaf(Op::column, 0)})));
  const Node column = leaf(Op::column, 0);
  const Node literal = leaf(Op::literal, 1);
  EXPECT_FALSE(intervals_of(filter(leaf(Op::less, 0), {column, column})));
  EXPECT_FALSE(intervals_of(filter(leaf(Op::less, 0), {literal, literal})));
  EXPECT_FALSE(intervals_of(filter(leaf(Op::less, 0), {column, leaf(Op::null, 0)})));
  EXPECT_FALSE(intervals_of(filter(leaf(Op::not_equal, 0), {column, literal})));
  EXPECT_FALSE(intervals_of(filter(leaf(Op::is_null, 0), {column})));
  EXPECT_FALSE(intervals_of(filter(column, {})));
  Node coded = column;
  coded.by_code = std::make_shared<std::vector<std::int64_t>>(2);
  EXPECT_FALSE(intervals_of(filter(leaf(Op::less, 0), {coded, literal})));
}

TEST(Intervals, OfTwoConditionsAreWhatBothLetPass) {
  const List a = {{kLeast, -5}, {0, 10}, {20, kMost}};
  EXPECT_EQ(intersection(a, List{{-7, 25}}), (List{{-7, -5}, {0, 10}, {20, 25}}));
  EXPECT_EQ(intersection(a, List{{11, 19}}), List{});
  EXPECT_EQ(intersection(a, List{}), List{});
}

// Two intervals on one column, one on another and a condition of another kind.
TEST(RowFilter, KeepsTheRowsThatPassAll) {
  snapshot::Block block;
  block.columns.resize(4);
  block.columns[3] = packed(2, -10, 2500, true);
  block.columns[1] = packed(1, 0, 2500, false);
  block.row_begin = {0, 2500};
  std::vector<Filter> filters = {
      filter(leaf(Op::greater, 0), {leaf(Op::column, 0), leaf(Op::literal, -10)}),
      filter(leaf(Op::less, 0), {leaf(Op::column, 0), leaf(Op::literal, 30'000)}),
      filter(leaf(Op::less, 0), {leaf(Op::column, 0), leaf(Op::literal, 200)}),
      filter(leaf(Op::not_equal, 0), {leaf(Op::column, 0), leaf(Op::literal, -3)})};
  filters[2].program.nodes[0].column = 1;
  const ColumnData a = unpacked(block.columns[3]);
  const ColumnData b = unpacked(block.columns[1]);
  std::vector<std::uint32_t> want;
  for (std::uint32_t row = 0; row < 2500; row++) {
    const std::int64_t value = a.values[row];
    const bool passes = a.valid[row] != 0 && value > -10 && value < 30'000 && value != -3;
    if (passes && b.values[row] < 200) want.push_back(row);
  }
  ASSERT_GT(want.size(), 100U);
  RowFilter tested(filters);
  for (int again = 0; again < 2; again++) {
    std::vector<std::uint32_t> got;
    tested.run(block, got);
    EXPECT_EQ(got, want);
  }
}

}  // namespace
}  // namespace gbx::engine
