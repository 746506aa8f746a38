#include "trusted/snapshot/snapshot.h"

#include <gtest/gtest.h>

#include <thread>

#include "trusted/snapshot/snapshot_fixture.h"

namespace gbx::snapshot {
namespace {

constexpr std::size_t kRows = 100;
// With the dictionaries of note and city in front, blocks begin at chunk 2 and have 6 chunks.
constexpr std::size_t kBlocksBegin = 2;
constexpr std::size_t kBlockChunks = 6;

// All rows of a table, as test_rows() has them.
SortedRows read_all(const Table& table) {
  SortedRows out;
  out.columns.resize(table.columns().size());
  std::vector<std::size_t> all(table.columns().size());
  for (std::size_t i = 0; i < all.size(); i++) {
    all[i] = i;
    out.dictionaries.push_back(table.dictionary(i));
  }
  Block block;
  for (std::size_t i = 0; i < table.block_count(); i++) {
    EXPECT_TRUE(table.read_block(i, all, block));
    for (std::size_t p = 0; p < block.persons.size(); p++) {
      out.persons.insert(out.persons.end(), block.row_begin[p + 1] - block.row_begin[p],
                         block.persons[p]);
    }
    for (std::size_t c = 0; c < all.size(); c++) {
      ColumnData& column = block.columns[c];
      unpack(column);
      out.columns[c].values.insert(out.columns[c].values.end(), column.values.begin(),
                                   column.values.end());
      out.columns[c].valid.insert(out.columns[c].valid.end(), column.valid.begin(),
                                  column.valid.end());
    }
  }
  return out;
}

void expect_same(const SortedRows& a, const SortedRows& b) {
  EXPECT_EQ(a.persons, b.persons);
  EXPECT_EQ(a.dictionaries, b.dictionaries);
  ASSERT_EQ(a.columns.size(), b.columns.size());
  for (std::size_t i = 0; i < a.columns.size(); i++) {
    EXPECT_EQ(a.columns[i].values, b.columns[i].values) << i;
    EXPECT_EQ(a.columns[i].valid, b.columns[i].valid) << i;
  }
}

TEST(Snapshot, YieldsWhatWasWritten) {
  for (const std::size_t rows : {1U, 15U, 16U, 17U, 100U}) {
    const SealedTable sealed = seal(test_rows(rows));
    const auto table = sealed.open();
    ASSERT_TRUE(table) << table.error().reason.view();
    EXPECT_EQ((*table)->rows(), rows);
    expect_same(read_all(**table), test_rows(rows));
  }
}

constexpr Error kChanged{ErrorCode::unverified, "stream_changed"};

TEST(Snapshot, ReopensFromItsMarks) {
  const SealedTable sealed = seal(test_rows(kRows));
  const auto table = sealed.open();
  ASSERT_TRUE(table);
  const auto again = sealed.reopen((*table)->marks().copy());
  ASSERT_TRUE(again) << again.error().reason.view();
  expect_same(read_all(**again), test_rows(kRows));
}

TEST(Snapshot, ReopensFromNoOtherMarks) {
  const SealedTable sealed = seal(test_rows(kRows));
  const auto table = sealed.open();
  ASSERT_TRUE(table);
  const auto with = [&](const std::function<void(Marks&)>& change) {
    Marks marks = (*table)->marks().copy();
    change(marks);
    return sealed.reopen(std::move(marks)).error();
  };
  EXPECT_EQ(with([](Marks& marks) { marks.chunks.clear(); }), kChanged);
  EXPECT_EQ(with([](Marks& marks) { marks.chunks.pop_back(); }), kChanged);
  EXPECT_EQ(with([](Marks& marks) { marks.chunks.emplace_back(); }), kChanged);
  EXPECT_EQ(with([](Marks& marks) { marks.chunks.back()[0] ^= 1; }), kChanged);  // the index's
  EXPECT_EQ(with([](Marks& marks) { marks.chunks[0][0] ^= 1; }), kChanged);      // a dictionary's
  EXPECT_EQ(with([](Marks& marks) { marks.key = test_key(); }), kChanged);
}

TEST(Snapshot, AMarkOfABlockIsAskedForWhenItIsRead) {
  const SealedTable sealed = seal(test_rows(kRows));
  const auto table = sealed.open();
  ASSERT_TRUE(table);
  Marks marks = (*table)->marks().copy();
  marks.chunks[kBlocksBegin + 1][15] ^= 1;
  const auto again = sealed.reopen(std::move(marks));
  ASSERT_TRUE(again);
  Block block;
  EXPECT_EQ((*again)->read_block(0, {0}, block).error(), kChanged);
  EXPECT_TRUE((*again)->read_block(0, {1}, block));
}

// Marks must say nothing to who has those of another room.
TEST(Snapshot, EachOpeningHasMarksOfItsOwn) {
  const SealedTable sealed = seal(test_rows(kRows));
  const auto one = sealed.open();
  const auto other = sealed.open();
  ASSERT_TRUE(one && other);
  EXPECT_NE(to_hex((*one)->marks().key.view()), to_hex((*other)->marks().key.view()));
  for (std::size_t i = 0; i < (*one)->marks().chunks.size(); i++) {
    EXPECT_NE((*one)->marks().chunks[i], (*other)->marks().chunks[i]) << i;
  }
}

TEST(Snapshot, WithoutEntropyNothingIsOpened) {
  class NoEntropy final : public Entropy {
   public:
    Status fill(std::span<std::uint8_t>) noexcept override {
      return Error{ErrorCode::unavailable, "entropy_failed"};
    }
  };
  const SealedTable sealed = seal(test_rows(kRows));
  NoEntropy entropy;
  const auto table = Snapshot::open(sealed.manifest, test_key(),
                                    std::make_shared<MemorySource>(sealed.stream), entropy);
  ASSERT_FALSE(table);
  EXPECT_EQ(table.error().code, ErrorCode::unavailable);
}

TEST(Snapshot, OfNoRowsHasNoBlocks) {
  const auto table = seal(test_rows(0)).open();
  ASSERT_TRUE(table);
  EXPECT_EQ((*table)->block_count(), 0U);
}

TEST(Snapshot, BlockRangesMeetWhereAPersonGoesOn) {
  const auto table = seal(test_rows(kRows)).open();
  ASSERT_TRUE(table);
  bool goes_on = false;
  for (std::size_t i = 1; i < (*table)->block_count(); i++) {
    EXPECT_LE((*table)->last_person(i - 1), (*table)->first_person(i));
    goes_on |= (*table)->last_person(i - 1) == (*table)->first_person(i);
  }
  EXPECT_TRUE(goes_on);
}

TEST(Snapshot, ReadsOnlyTheColumnsAskedFor) {
  const auto table = seal(test_rows(kRows)).open();
  ASSERT_TRUE(table);
  Block block;
  ASSERT_TRUE((*table)->read_block(0, {0, 1, 2, 3, 4}, block));
  ASSERT_TRUE((*table)->read_block(1, {3}, block));
  EXPECT_EQ(block.columns.size(), 5U);
  EXPECT_EQ(block.columns[3].packed.size(), 16U * block.columns[3].width);
  EXPECT_TRUE(block.columns[0].packed.empty());
  EXPECT_EQ(block.columns[0].width, 0U);
  EXPECT_TRUE(block.columns[1].valid.empty());
}

TEST(Snapshot, ReadsFromManyThreads) {
  const auto table = seal(test_rows(kRows)).open();
  ASSERT_TRUE(table);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; i++) {
    threads.emplace_back([&] {
      for (int round = 0; round < 20; round++) expect_same(read_all(**table), test_rows(kRows));
    });
  }
  for (std::thread& thread : threads) thread.join();
}

// The host: any byte of the stream, changed before it is opened.
TEST(Snapshot, EveryChangedByteIsSeen) {
  const SealedTable sealed = seal(test_rows(20));
  for (std::size_t i = 0; i < sealed.stream.size(); i += 97) {
    SealedTable broken = sealed;
    broken.stream[i] ^= 0x10;
    const auto table = broken.open();
    ASSERT_FALSE(table) << i;
    EXPECT_EQ(table.error().code, ErrorCode::unverified) << i;
  }
}

TEST(Snapshot, SwappedChunksAreSeen) {
  SealedTable sealed = seal(test_rows(kRows));
  const Layout::Place a = sealed.place(kBlocksBegin + 1);
  const Layout::Place b = sealed.place(kBlocksBegin + kBlockChunks + 1);
  ASSERT_EQ(a.sealed, b.sealed);
  const auto at = [&](const Layout::Place& place) {
    return sealed.stream.begin() + static_cast<std::ptrdiff_t>(place.offset);
  };
  std::swap_ranges(at(a), at(a) + a.sealed, at(b));
  const auto table = sealed.open();
  ASSERT_FALSE(table);
  EXPECT_EQ(table.error(), (Error{ErrorCode::unverified, "seal_broken"}));
}

TEST(Snapshot, ACutStreamIsUnavailable) {
  SealedTable sealed = seal(test_rows(kRows));
  sealed.stream.resize(sealed.stream.size() - 1);
  const auto table = sealed.open();
  ASSERT_FALSE(table);
  EXPECT_EQ(table.error().code, ErrorCode::unavailable);
}

TEST(Snapshot, AnotherKeyOpensNothing) {
  const SealedTable sealed = seal(test_rows(20));
  crypto::SystemEntropy entropy;
  const auto table = Snapshot::open(sealed.manifest, crypto::AeadKey(),
                                    std::make_shared<MemorySource>(sealed.stream), entropy);
  ASSERT_FALSE(table);
  EXPECT_EQ(table.error(), (Error{ErrorCode::unverified, "seal_broken"}));
}

// A second content under the same key, with tags that verify: only the root tells them apart.
TEST(Snapshot, AnotherContentUnderTheSameKeyIsNotTheSignedOne) {
  SealedTable sealed = seal(test_rows(20));
  const Hash root = sealed.manifest.stream.root;
  sealed.reseal(kBlocksBegin + 1, [](Bytes& plain) { plain[0] ^= 1; });
  EXPECT_TRUE(sealed.open());
  sealed.manifest.stream.root = root;
  const auto table = sealed.open();
  ASSERT_FALSE(table);
  EXPECT_EQ(table.error(), (Error{ErrorCode::unverified, "root_wrong"}));
}

TEST(Snapshot, WrongSizesInTheManifest) {
  const SealedTable sealed = seal(test_rows(20));
  const auto refused = [&](void (*change)(StreamSummary&)) {
    SealedTable broken = sealed;
    change(broken.manifest.stream);
    return !broken.open();
  };
  EXPECT_TRUE(refused([](StreamSummary& s) { s.bytes++; }));
  EXPECT_TRUE(refused([](StreamSummary& s) { s.bytes = 1; }));
  EXPECT_TRUE(refused([](StreamSummary& s) { s.chunks++; }));
  EXPECT_TRUE(refused([](StreamSummary& s) { s.chunks = 0; }));
  EXPECT_TRUE(refused([](StreamSummary& s) { s.index_bytes--; }));
  EXPECT_TRUE(refused([](StreamSummary& s) { s.index_bytes = 16; }));
  EXPECT_TRUE(refused([](StreamSummary& s) { s.root[0] ^= 1; }));
}

// The bytes may change after open(): a later read sees it.
TEST(Snapshot, AChangeAfterOpeningIsSeen) {
  const SealedTable sealed = seal(test_rows(kRows));
  const auto source = std::make_shared<MemorySource>(sealed.stream);
  crypto::SystemEntropy entropy;
  const auto table = Snapshot::open(sealed.manifest, test_key(), source, entropy);
  ASSERT_TRUE(table);
  source->bytes_[sealed.place(kBlocksBegin + 1).offset] ^= 1;
  Block block;
  const Status status = (*table)->read_block(0, {0}, block);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error(), kChanged);
  EXPECT_TRUE((*table)->read_block(0, {1}, block));
  EXPECT_TRUE((*table)->read_block(1, {0}, block));
}

TEST(Snapshot, AnotherValidContentAfterOpeningIsSeen) {
  const SealedTable sealed = seal(test_rows(kRows));
  SealedTable other = sealed;
  other.reseal(kBlocksBegin + 1, [](Bytes& plain) { plain[0] ^= 1; });
  const auto source = std::make_shared<MemorySource>(sealed.stream);
  crypto::SystemEntropy entropy;
  const auto table = Snapshot::open(sealed.manifest, test_key(), source, entropy);
  ASSERT_TRUE(table);
  source->bytes_ = other.stream;
  Block block;
  EXPECT_EQ((*table)->read_block(0, {0}, block).error(), kChanged);
}

// GHASH of associated data of `blocks` blocks, of which only the first is not zero, without what
// the length adds: `x` times H^(blocks + 1), H being what the key makes of zeros.
crypto::AeadTag times_power_of_h(const crypto::AeadTag& x, std::size_t blocks) {
  Bytes data(blocks * x.size());
  const Bytes without = crypto::aead_seal(test_key(), {}, data, {});
  std::copy(x.begin(), x.end(), data.begin());
  const Bytes with = crypto::aead_seal(test_key(), {}, data, {});
  crypto::AeadTag out{};
  for (std::size_t i = 0; i < out.size(); i++) out[i] = with[i] ^ without[i];
  return out;
}

// The owner has the key: it can change two neighbouring blocks of a chunk so that key, nonce and
// tag stay. With the host's help it would show other rows after the room has believed the root.
TEST(Snapshot, AnotherContentWithTheSameTagIsSeen) {
  const SealedTable sealed = seal(test_rows(kRows));
  const auto source = std::make_shared<MemorySource>(sealed.stream);
  crypto::SystemEntropy entropy;
  const auto table = Snapshot::open(sealed.manifest, test_key(), source, entropy);
  ASSERT_TRUE(table);
  const Layout::Place place = sealed.place(kBlocksBegin + 1);
  const crypto::AeadTag first = times_power_of_h({1}, 1);
  const crypto::AeadTag second = times_power_of_h({1}, 2);
  for (std::size_t i = 0; i < first.size(); i++) {
    source->bytes_[place.offset + i] ^= first[i];
    source->bytes_[place.offset + first.size() + i] ^= second[i];
  }
  const auto chunk = ByteView(source->bytes_).subspan(place.offset, place.sealed);
  EXPECT_TRUE(crypto::aead_open(test_key(), chunk_nonce(kBlocksBegin + 1, false),
                                as_bytes(kStreamMagic), chunk));
  Block block;
  EXPECT_EQ((*table)->read_block(0, {0}, block).error(), kChanged);
}

// The owner: contents that break what the manifest says, sealed and signed properly.
struct Wrong {
  const char* name;
  std::size_t chunk;
  void (*change)(Bytes&);
  const char* reason;
};
class WrongContent : public testing::TestWithParam<Wrong> {};

TEST_P(WrongContent, IsRefused) {
  SealedTable sealed = seal(test_rows(kRows));
  sealed.reseal(GetParam().chunk, GetParam().change);
  const auto table = sealed.open();
  ASSERT_FALSE(table);
  EXPECT_EQ(table.error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(table.error().reason.view(), GetParam().reason);
}

INSTANTIATE_TEST_SUITE_P(
    All, WrongContent,
    testing::Values(
        Wrong{"dictionary_disorder", 0, [](Bytes& b) { b[8] = 'z'; }, "dictionary_malformed"},
        Wrong{"dictionary_padding", 0, [](Bytes& b) { b.back() = 1; }, "dictionary_malformed"},
        Wrong{"outside_the_domain", 1, [](Bytes& b) { b[4] = 'A'; }, "dictionary_malformed"},
        Wrong{"person_not_the_indexs", kBlocksBegin, [](Bytes& b) { b[15] = 1; },
              "index_malformed"},
        Wrong{"persons_padding", kBlocksBegin, [](Bytes& b) { b.back() = 9; }, "persons_malformed"},
        Wrong{"over_its_bounds", kBlocksBegin + 1, [](Bytes& b) { b[0] = b[1] = 0xFF; },
              "column_malformed"},
        Wrong{"code_past_the_dictionary", kBlocksBegin + 2, [](Bytes& b) { b[1] = 3; },
              "column_malformed"},
        Wrong{"boolean_two", kBlocksBegin + 5, [](Bytes& b) { b[1] = 2; }, "column_malformed"}),
    [](const testing::TestParamInfo<Wrong>& wrong) { return wrong.param.name; });

TEST(Snapshot, CountsOfTheIndexMustHold) {
  SealedTable sealed = seal(test_rows(kRows));
  sealed.reseal(sealed.manifest.stream.chunks - 1, [](Bytes& b) { b[24]--; });  // persons
  const auto table = sealed.open();
  ASSERT_FALSE(table);
  EXPECT_EQ(table.error(), (Error{ErrorCode::invalid_argument, "index_malformed"}));
}

// Nobody hides rows over the cap behind the border of a block.
TEST(Snapshot, TheCapHoldsAcrossBlocks) {
  SnapshotManifest manifest = test_manifest();
  manifest.columns.resize(1);
  SortedRows rows;
  rows.persons.assign(20, test_token(1));
  EXPECT_TRUE(seal(rows, 16, manifest).open());
  rows.persons.push_back(test_token(1));
  const auto table = seal(rows, 16, manifest).open();
  ASSERT_FALSE(table);
  EXPECT_EQ(table.error(), (Error{ErrorCode::invalid_argument, "rows_per_person_exceeded"}));
}

TEST(Snapshot, TheCapHoldsOverThreeBlocks) {
  SnapshotManifest manifest = test_manifest();
  manifest.columns.resize(1);
  manifest.rows_per_person = 40;
  SortedRows rows;
  rows.persons.assign(5, test_token(1));
  rows.persons.insert(rows.persons.end(), 40, test_token(2));
  EXPECT_TRUE(seal(rows, 16, manifest).open());
  rows.persons.push_back(test_token(2));
  EXPECT_FALSE(seal(rows, 16, manifest).open());
}

TEST(Snapshot, AWriterWhoseSinkFailsSaysSo) {
  SnapshotManifest manifest = test_manifest();
  MemorySink whole;
  ASSERT_TRUE(write_snapshot(manifest, test_rows(kRows), 16, test_key(), whole));
  for (std::size_t room = 0; room < whole.bytes_.size(); room += 1500) {
    MemorySink sink;
    sink.room = room;
    const Status status = write_snapshot(manifest, test_rows(kRows), 16, test_key(), sink);
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code, ErrorCode::unavailable);
  }
}

TEST(Snapshot, ManyPiecesOfADictionary) {
  SnapshotManifest manifest = test_manifest();
  manifest.columns = {manifest.columns[0], manifest.columns[2]};
  SortedRows rows;
  rows.columns.resize(1);
  rows.dictionaries.resize(1);
  for (std::size_t i = 0; i < 600; i++) {
    rows.persons.push_back(test_token(i));
    std::string value = std::to_string(1000 + i) + std::string(1000, 'x');
    rows.dictionaries[0].push_back(std::move(value));
    rows.columns[0].values.push_back(static_cast<std::int64_t>(599 - i));
    rows.columns[0].valid.push_back(1);
  }
  const SealedTable sealed = seal(rows, 1024, manifest);
  EXPECT_EQ(Layout::plan(sealed.index(), sealed.manifest)->dictionary_pieces(0), 3U);
  const auto table = sealed.open();
  ASSERT_TRUE(table);
  expect_same(read_all(**table), rows);
}

}  // namespace
}  // namespace gbx::snapshot
