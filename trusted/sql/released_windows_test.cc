#include "trusted/sql/released_windows.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>

#include "trusted/sql/build.h"
#include "trusted/sql/step_codec.h"

namespace gbx::sql {
namespace {

constexpr ValueType kInteger{Type::integer, 0};
constexpr ValueType kText{Type::text, 0};
using Rows = std::vector<std::vector<Cell>>;
using Cells = std::vector<Cell>;

Expression column(std::uint32_t index, ValueType type = kInteger) {
  Expression out;
  out.op = Op::column;
  out.type = type;
  out.column = index;
  out.low = type == kText ? 0 : -1000;
  out.high = type == kText ? 0 : 1000;
  return out;
}

Cell cell(std::int64_t value) { return value; }
Cell word(const char* text) { return std::string(text); }

// region, month, n.
Rows rows() {
  return {{word("north"), cell(2), cell(5)},  {word("south"), cell(1), cell(7)},
          {word("north"), cell(1), cell(5)},  {word("south"), cell(2), Cell()},
          {word("north"), cell(3), cell(-4)}, {Cell(), cell(1), cell(1)}};
}

Window window(RowFunction function) {
  Window out;
  out.value.function = function;
  out.value.type = kInteger;
  out.value.low = std::numeric_limits<std::int64_t>::min();
  out.value.high = std::numeric_limits<std::int64_t>::max();
  if (has_argument(function)) out.value.argument = column(2);
  return out;
}

Window by_region(RowFunction function) {
  Window out = window(function);
  out.partition = {column(0, kText)};
  return out;
}

// In the order of months.
Window in_time(RowFunction function, Frame frame = Frame::partition) {
  Window out = by_region(function);
  out.order = {{column(1), false, false}};
  out.frame = frame;
  return out;
}

TEST(released_windows, totals_leave_nulls_out) {
  EXPECT_EQ(window_values(window(RowFunction::sum), rows()), Cells(6, cell(14)));
  EXPECT_EQ(window_values(window(RowFunction::rows), rows()), Cells(6, cell(6)));
  EXPECT_EQ(window_values(window(RowFunction::values), rows()), Cells(6, cell(5)));
  EXPECT_EQ(window_values(window(RowFunction::minimum), rows()), Cells(6, cell(-4)));
  EXPECT_EQ(window_values(window(RowFunction::maximum), rows()), Cells(6, cell(7)));
  EXPECT_TRUE(window_values(window(RowFunction::sum), Rows()).empty());
}

TEST(released_windows, partitions_are_of_equal_values_and_null_is_one) {
  EXPECT_EQ(window_values(by_region(RowFunction::sum), rows()),
            (Cells{cell(6), cell(7), cell(6), cell(7), cell(6), cell(1)}));
  Rows only = {{Cell(), cell(1), Cell()}, {Cell(), cell(2), Cell()}};
  EXPECT_EQ(window_values(by_region(RowFunction::sum), only), (Cells{Cell(), Cell()}));
  EXPECT_EQ(window_values(by_region(RowFunction::rows), only), (Cells{cell(2), cell(2)}));
}

TEST(released_windows, frames) {
  EXPECT_EQ(window_values(in_time(RowFunction::sum, Frame::rows), rows()),
            (Cells{cell(10), cell(7), cell(5), cell(7), cell(6), cell(1)}));
  Window moving = in_time(RowFunction::maximum, Frame::offsets);
  moving.first = -1;
  moving.last = 0;
  EXPECT_EQ(window_values(moving, rows()),
            (Cells{cell(5), cell(7), cell(5), cell(7), cell(5), cell(1)}));
  moving.first = 1;
  moving.last = 2;
  EXPECT_EQ(window_values(moving, rows()),
            (Cells{cell(-4), Cell(), cell(5), Cell(), Cell(), Cell()}));
  moving.value.function = RowFunction::rows;
  EXPECT_EQ(window_values(moving, rows()),
            (Cells{cell(1), cell(1), cell(2), cell(0), cell(0), cell(0)}));
}

TEST(released_windows, peers_share_a_frame_and_a_rank_but_ties_settle_places) {
  Window running = window(RowFunction::sum);
  running.order = {{column(2), true, false}};
  running.frame = Frame::peers;
  EXPECT_EQ(window_values(running, rows()),
            (Cells{cell(17), cell(7), cell(17), cell(14), cell(14), cell(18)}));
  Window rank = window(RowFunction::rank);
  rank.order = running.order;
  EXPECT_EQ(window_values(rank, rows()),
            (Cells{cell(2), cell(1), cell(2), cell(6), cell(5), cell(4)}));
  rank.value.function = RowFunction::dense_rank;
  EXPECT_EQ(window_values(rank, rows()),
            (Cells{cell(2), cell(1), cell(2), cell(5), cell(4), cell(3)}));
  rank.value.function = RowFunction::row_number;
  rank.order.push_back({column(1), false, false});
  rank.ties = 1;
  EXPECT_EQ(window_values(rank, rows()),
            (Cells{cell(3), cell(1), cell(2), cell(6), cell(5), cell(4)}));
  // A frame of peers reaches to the last of them, as the ties have it.
  Window last = window(RowFunction::last_value);
  last.value.argument = column(1);
  last.order = rank.order;
  last.ties = 1;
  last.frame = Frame::peers;
  EXPECT_EQ(window_values(last, rows()),
            (Cells{cell(2), cell(1), cell(2), cell(2), cell(3), cell(1)}));
}

TEST(released_windows, nulls_stand_where_the_order_says) {
  Window rank = window(RowFunction::rank);
  rank.order = {{column(2), true, true}};
  EXPECT_EQ(window_values(rank, rows())[3], cell(1));
}

TEST(released_windows, neighbours_and_ends) {
  Window lag = in_time(RowFunction::lag);
  lag.offset = 1;
  EXPECT_EQ(window_values(lag, rows()), (Cells{cell(5), Cell(), Cell(), cell(7), cell(5), Cell()}));
  lag.value.function = RowFunction::lead;
  EXPECT_EQ(window_values(lag, rows()), (Cells{cell(-4), Cell(), cell(5), Cell(), Cell(), Cell()}));
  lag.offset = kWindowOffsetMax;
  EXPECT_EQ(window_values(lag, rows()), Cells(6));
  EXPECT_EQ(window_values(in_time(RowFunction::first_value), rows()),
            (Cells{cell(5), cell(7), cell(5), cell(7), cell(5), cell(1)}));
  EXPECT_EQ(window_values(in_time(RowFunction::last_value), rows()),
            (Cells{cell(-4), Cell(), cell(-4), Cell(), cell(-4), cell(1)}));
}

TEST(released_windows, sums_are_cut_at_the_largest_number) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  const Rows large = {{word("a"), cell(1), cell(kMost)}, {word("a"), cell(2), cell(kMost)}};
  EXPECT_EQ(window_values(window(RowFunction::sum), large), Cells(2, cell(kMost)));
  const Rows small = {{word("a"), cell(1), cell(-kMost)}, {word("a"), cell(2), cell(-kMost)}};
  EXPECT_EQ(window_values(window(RowFunction::sum), small), Cells(2, cell(-kMost)));
}

// Each frame looked at by itself.
TEST(released_windows, moving_extremes_are_those_of_their_frames) {
  std::mt19937_64 random(7);
  for (int turn = 0; turn < 200; turn++) {
    Rows some;
    const std::int64_t size = 1 + static_cast<std::int64_t>(random() % 20);
    for (std::int64_t i = 0; i < size; i++) {
      const bool null = random() % 5 == 0;
      some.push_back({word("a"), cell(i), null ? Cell() : cell(static_cast<int>(random() % 9))});
    }
    Window moving = in_time(RowFunction::minimum, Frame::offsets);
    moving.first = static_cast<std::int64_t>(random() % 9) - 4;
    moving.last = moving.first + static_cast<std::int64_t>(random() % 6);
    const Cells found = window_values(moving, some);
    for (std::int64_t i = 0; i < size; i++) {
      Cell least;
      for (std::int64_t j = i + moving.first; j <= i + moving.last; j++) {
        if (j < 0 || j >= size) continue;
        const Cell& other = some[static_cast<std::size_t>(j)][2];
        if (other != Cell() && (least == Cell() || other < least)) least = other;
      }
      EXPECT_EQ(found[static_cast<std::size_t>(i)], least) << turn << " " << i;
    }
  }
}

TEST(released_windows, places_need_ties_and_totals_do_not) {
  EXPECT_FALSE(needs_ties(in_time(RowFunction::sum, Frame::peers)));
  EXPECT_FALSE(needs_ties(in_time(RowFunction::rank)));
  EXPECT_TRUE(needs_ties(in_time(RowFunction::sum, Frame::rows)));
  EXPECT_TRUE(needs_ties(in_time(RowFunction::minimum, Frame::offsets)));
  EXPECT_TRUE(needs_ties(in_time(RowFunction::row_number)));
  EXPECT_TRUE(needs_ties(in_time(RowFunction::lag)));
  EXPECT_TRUE(needs_ties(in_time(RowFunction::last_value, Frame::peers)));
}

Json written() {
  Window out = in_time(RowFunction::sum, Frame::offsets);
  out.first = -2;
  out.value.type = kInteger;
  out.order.push_back({column(0, kText), false, false});
  out.ties = 1;
  return encode_released_window(out);
}

TEST(released_windows, are_written_in_one_way) {
  const Json json = written();
  const auto read = decode_released_window(json);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->ties, 1U);
  EXPECT_EQ(encode_released_window(*read).canonical(), json.canonical());
}

struct Spoilt {
  const char* member;
  Json value;
};
class SpoiltWindow : public ::testing::TestWithParam<Spoilt> {};

TEST_P(SpoiltWindow, IsRefused) {
  Json json = written();
  json.set(GetParam().member, GetParam().value);
  EXPECT_FALSE(decode_released_window(json));
}

INSTANTIATE_TEST_SUITE_P(
    released_windows, SpoiltWindow,
    ::testing::Values(Spoilt{"function", Json("average")}, Spoilt{"function", Json("distinct")},
                      Spoilt{"function", Json("median")}, Spoilt{"ties", Json(3)},
                      Spoilt{"ties", Json(-1)}, Spoilt{"first", Json(1)},
                      Spoilt{"frame", Json("groups")}, Spoilt{"type", Json("text")},
                      Spoilt{"offset", Json(1)}, Spoilt{"more", Json(1)}),
    [](const auto& one) { return std::string(one.param.member) + std::to_string(one.index); });

}  // namespace
}  // namespace gbx::sql
