#include "client/prepare/row_store.h"

#include <gtest/gtest.h>

#include "trusted/snapshot/snapshot_fixture.h"

namespace gbx::prepare {
namespace {

using snapshot::ManifestColumn;

const std::vector<ManifestColumn> kColumns = {
    {.name = "bounded", .type = {Type::decimal, 2}, .bounded = true, .low = -5, .high = 300},
    {.name = "free", .type = {Type::integer, 0}, .nullable = true},
    {.name = "text", .type = {Type::text, 0}, .nullable = true},
    {.name = "flag", .type = {Type::boolean, 0}},
    {.name = "day", .type = {Type::date, 0}},
};

RecordLayout layout() {
  std::vector<const ManifestColumn*> columns;
  for (const ManifestColumn& column : kColumns) columns.push_back(&column);
  return RecordLayout(columns);
}

TEST(RecordLayout, KeepsNumbersInAsFewBytesAsTheyNeed) {
  const RecordLayout l = layout();
  EXPECT_EQ(l.slot(0).width, 2U);
  EXPECT_EQ(l.slot(1).width, 8U);
  EXPECT_EQ(l.slot(2).width, 4U);
  EXPECT_EQ(l.slot(3).width, 1U);
  EXPECT_EQ(l.slot(4).width, 4U);
  EXPECT_EQ(l.size(), 16U + 2 + 8 + 4 + 1 + 4 + 1);
}

TEST(RecordLayout, GivesBackWhatWasPut) {
  const RecordLayout l = layout();
  Bytes record(l.size());
  const auto round = [&](std::size_t column, std::int64_t value) {
    l.put(record.data(), column, value);
    EXPECT_EQ(l.get(record.data(), column), value);
    EXPECT_FALSE(l.absent(record.data(), column));
  };
  round(0, -5);
  round(0, 300);
  round(1, INT64_MIN);
  round(1, INT64_MAX);
  round(4, -719'162);
  round(4, 2'932'896);
  l.put_absent(record.data(), 2);
  EXPECT_TRUE(l.absent(record.data(), 2));
  EXPECT_FALSE(l.absent(record.data(), 1));
}

TEST(Dictionary, FindsWhatWasAdded) {
  Dictionary dictionary;
  EXPECT_EQ(dictionary.find("x"), Dictionary::kNone);
  for (std::uint32_t i = 0; i < 5000; i++) {
    EXPECT_EQ(dictionary.add("value" + std::to_string(i)), i);
  }
  EXPECT_EQ(dictionary.add(std::string(100'000, 'y')), 5000U);
  EXPECT_EQ(dictionary.add(""), 5001U);
  EXPECT_EQ(dictionary.find("value4999"), 4999U);
  EXPECT_EQ(dictionary.find(""), 5001U);
  EXPECT_EQ(dictionary.text(42), "value42");
  EXPECT_EQ(dictionary.find("value5000"), Dictionary::kNone);
}

// Two shards whose dictionaries disagree, rows out of order, one person over the cap.
class Filled {
 public:
  explicit Filled(std::uint32_t rows_per_person) {
    std::vector<std::unique_ptr<StoreShard>> shards;
    for (int s = 0; s < 2; s++) shards.push_back(std::make_unique<StoreShard>(layout_));
    for (int i = 0; i < 1000; i++) {
      StoreShard& shard = *shards[static_cast<std::size_t>(i % 2)];
      const std::string text = "t" + std::to_string(i % 10);
      std::uint32_t code = shard.dictionary(2).find(text);
      if (code == Dictionary::kNone) code = shard.dictionary(2).add(text);
      const auto person = static_cast<std::uint64_t>((i * 7919) % 100);
      std::uint8_t* record = shard.add(snapshot::test_token(person << 56 | person));
      layout_.put(record, 0, i % 300);
      layout_.put(record, 1, i);
      shard.note_range(1, i);
      layout_.put(record, 2, code);
      layout_.put(record, 3, i % 2);
      layout_.put(record, 4, i);
      shard.note_range(4, i);
    }
    store = std::make_unique<RowStore>(layout_, std::move(shards), rows_per_person, Secret<32>());
    store->join_dictionaries();
    for (std::size_t i = 0; i < kBuckets; i++) store->sort(i);
  }

  RecordLayout layout_ = layout();
  std::unique_ptr<RowStore> store;
};

TEST(RowStore, HandsOutSortedBlocksOfWholeColumns) {
  Filled filled(100);
  const snapshot::WriterPlan plan = filled.store->plan(64);
  EXPECT_EQ(plan.rows, 1000U);
  EXPECT_EQ(plan.persons, 100U);
  EXPECT_EQ(plan.ranges[1], (std::pair<std::int64_t, std::int64_t>(0, 999)));
  EXPECT_EQ(plan.dictionaries[2].size(), 10U);
  EXPECT_TRUE(std::is_sorted(plan.dictionaries[2].begin(), plan.dictionaries[2].end()));
  std::uint64_t rows = 0;
  std::int64_t sum = 0;
  std::uint32_t most = 0;
  Token last{};
  ASSERT_TRUE(filled.store->blocks(64, [&](snapshot::Block&& block) {
    EXPECT_EQ(block.rows(), std::min<std::uint64_t>(64, 1000 - rows));
    rows += block.rows();
    most = std::max(most, static_cast<std::uint32_t>(block.persons.size()));
    EXPECT_LE(last, block.persons.front());
    last = block.persons.back();
    for (std::size_t i = 0; i < block.rows(); i++) {
      const std::int64_t number = block.columns[1].values[i];
      sum += number;
      const auto code = static_cast<std::size_t>(block.columns[2].values[i]);
      EXPECT_EQ(plan.dictionaries[2][code], "t" + std::to_string(number % 10));
      EXPECT_EQ(block.columns[4].values[i], number);
    }
    return Status();
  }));
  EXPECT_EQ(rows, 1000U);
  EXPECT_EQ(sum, 999 * 1000 / 2);
  EXPECT_EQ(most, plan.block_persons_max);
}

TEST(RowStore, KeepsSoManyRowsOfEachPerson) {
  Filled filled(4);
  const snapshot::WriterPlan plan = filled.store->plan(64);
  EXPECT_EQ(plan.rows, 400U);
  EXPECT_EQ(plan.persons, 100U);
  EXPECT_EQ(filled.store->dropped(), 600U);
}

TEST(RowStore, StopsAtTheFirstError) {
  Filled filled(100);
  static_cast<void>(filled.store->plan(64));
  int blocks = 0;
  const Status status = filled.store->blocks(64, [&](snapshot::Block&&) -> Status {
    if (++blocks == 3) return Error{ErrorCode::unavailable, "stopped"};
    return {};
  });
  EXPECT_FALSE(status);
  EXPECT_EQ(blocks, 3);
}

}  // namespace
}  // namespace gbx::prepare
