#include "trusted/snapshot/layout.h"

#include <gtest/gtest.h>

#include <limits>

#include "trusted/snapshot/snapshot_fixture.h"

namespace gbx::snapshot {
namespace {

Index index_of(std::size_t rows) { return seal(test_rows(rows)).index(); }

TEST(Layout, WidthIsTheLeastThatHoldsTheSpan) {
  const auto width = [](std::int64_t low, std::int64_t high) {
    return ColumnFrame{.low = low, .high = high}.width();
  };
  EXPECT_EQ(width(5, 5), 1U);
  EXPECT_EQ(width(-1, 254), 1U);
  EXPECT_EQ(width(0, 256), 2U);
  EXPECT_EQ(width(0, 65536), 4U);
  EXPECT_EQ(
      width(std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()),
      8U);
}

TEST(Layout, IndexComesBackAndHasOneSpelling) {
  const Index index = index_of(100);
  const Bytes bytes = encode_index(index);
  EXPECT_EQ(bytes.size() % kIndexPadding, 0U);
  const Result<Index> back = decode_index(bytes, test_manifest());
  ASSERT_TRUE(back);
  EXPECT_EQ(encode_index(*back), bytes);
  Bytes longer = bytes;
  longer.resize(longer.size() + kIndexPadding);
  EXPECT_FALSE(decode_index(longer, test_manifest()));
  Bytes dirty = bytes;
  dirty.back() = 1;
  EXPECT_FALSE(decode_index(dirty, test_manifest()));
}

struct Wrong {
  const char* name;
  void (*change)(Index&);
};

class WrongIndex : public testing::TestWithParam<Wrong> {};

TEST_P(WrongIndex, IsRefused) {
  Index index = index_of(100);
  GetParam().change(index);
  const Result<Index> decoded = decode_index(encode_index(index), test_manifest());
  ASSERT_FALSE(decoded);
  EXPECT_EQ(decoded.error(), (Error{ErrorCode::invalid_argument, "index_malformed"}));
}

INSTANTIATE_TEST_SUITE_P(
    All, WrongIndex,
    testing::Values(
        Wrong{"no_rows_per_block", [](Index& i) { i.rows_per_block = 0; }},
        Wrong{"rows_per_block_odd", [](Index& i) { i.rows_per_block = 17; }},
        Wrong{"rows_per_block_large", [](Index& i) { i.rows_per_block = 131072; }},
        Wrong{"no_persons_per_block", [](Index& i) { i.persons_per_block = 0; }},
        Wrong{"persons_per_block_large", [](Index& i) { i.persons_per_block = 17; }},
        Wrong{"rows_wrong", [](Index& i) { i.rows = 200; }},
        Wrong{"rows_huge", [](Index& i) { i.rows = kRowsMax + 1; }},
        Wrong{"more_persons_than_rows", [](Index& i) { i.persons = 101; }},
        Wrong{"column_missing", [](Index& i) { i.columns.pop_back(); }},
        Wrong{"bounds_not_the_manifests", [](Index& i) { i.columns[0].high = 49999; }},
        Wrong{"text_frame_not_its_dictionary", [](Index& i) { i.columns[1].high = 3; }},
        Wrong{"dictionary_huge",
              [](Index& i) { i.columns[1].dictionary_bytes = kDictionaryBytesMax + 1; }},
        Wrong{"dictionary_too_small", [](Index& i) { i.columns[1].dictionary_bytes = 11; }},
        Wrong{"dictionary_of_a_date", [](Index& i) { i.columns[3].entries = 1; }},
        Wrong{"date_out_of_range", [](Index& i) { i.columns[3].high = 3'000'000; }},
        Wrong{"frame_reversed", [](Index& i) { i.columns[3].low = i.columns[3].high + 1; }},
        Wrong{"boolean_frame", [](Index& i) { i.columns[4].high = 2; }},
        Wrong{"block_missing", [](Index& i) { i.blocks.pop_back(); }},
        Wrong{"block_without_person", [](Index& i) { i.blocks[1].persons = 0; }},
        Wrong{"block_too_full", [](Index& i) { i.blocks[1].persons = 17; }},
        Wrong{"block_reversed", [](Index& i) { std::swap(i.blocks[1].first, i.blocks[1].last); }},
        Wrong{"blocks_swapped", [](Index& i) { std::swap(i.blocks[0], i.blocks[1]); }}),
    [](const testing::TestParamInfo<Wrong>& wrong) { return wrong.param.name; });

TEST(Layout, IsTheExampleOfTheSpec) {
  SnapshotManifest manifest = test_manifest();
  manifest.columns.resize(2);
  SortedRows rows;
  rows.persons = {test_token(1), test_token(2)};
  rows.columns = {{{7550, 12000}, {}}};
  rows.dictionaries = {{}};
  const SealedTable table = seal(rows, 16, manifest);
  EXPECT_EQ(table.stream.size(), 4218U);
  EXPECT_EQ(table.place(0).sealed, 50U);
  EXPECT_EQ(table.place(1).sealed, 48U);
  EXPECT_EQ(table.manifest.stream.index_bytes, 4112U);
}

TEST(Layout, SizesAreTheSameForEveryBlock) {
  const SealedTable table = seal(test_rows(100));
  const Layout layout = Layout::plan(table.index(), table.manifest).value();
  for (std::size_t block = 1; block < 7; block++) {
    EXPECT_EQ(layout.place(layout.persons(block)).sealed, layout.place(layout.persons(0)).sealed);
    for (std::size_t column = 0; column < 5; column++) {
      EXPECT_EQ(layout.place(layout.column(block, column)).sealed,
                layout.place(layout.column(0, column)).sealed);
    }
  }
  // 97 rows and 100 rows cannot be told apart.
  EXPECT_EQ(seal(test_rows(97)).stream.size(), table.stream.size());
}

TEST(Layout, RefusesMoreChunksThanAStreamHas) {
  Index index = index_of(100);
  index.blocks.resize(kBlocksMax, index.blocks.back());
  SnapshotManifest manifest = test_manifest();
  for (int i = 0; i < 10; i++) {
    manifest.columns.push_back({.name = "c" + std::to_string(i), .type = {Type::boolean, 0}});
    index.columns.push_back({.low = 0, .high = 1});
  }
  const Result<Layout> layout = Layout::plan(index, manifest);
  ASSERT_FALSE(layout);
  EXPECT_EQ(layout.error().reason, Literal("stream_too_large"));
}

}  // namespace
}  // namespace gbx::snapshot
