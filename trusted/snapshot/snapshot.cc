#include "trusted/snapshot/snapshot.h"

#include <algorithm>

namespace gbx::snapshot {
namespace {

constexpr Error kChanged{ErrorCode::unverified, "stream_changed"};
constexpr Error kTotals{ErrorCode::invalid_argument, "index_malformed"};

}  // namespace

// By chunk, while open() reads.
struct Snapshot::Learned {
  std::vector<Hash> leaves;
  std::vector<crypto::AeadTag> marks;
};

struct Snapshot::Scratch {
  Scratch(const crypto::AeadKey& key, const crypto::AeadKey& marks) : opener(key), gmac(marks) {}
  crypto::AeadOpener opener;
  crypto::Gmac gmac;
  Bytes sealed;
  SecretBytes plain;
  Learned* learned = nullptr;  // in open(): chunks are noted here, not compared
};

Snapshot::Snapshot(SnapshotManifest manifest, crypto::AeadKey key,
                   std::shared_ptr<const BlockSource> source)
    : manifest_(std::move(manifest)), key_(std::move(key)), source_(std::move(source)) {
  for (const ManifestColumn* column : data_columns(manifest_)) {
    columns_.push_back({column->name, column->type, column->nullable});
  }
}

Snapshot::~Snapshot() {
  for (std::atomic<Scratch*>& slot : idle_) {
    const std::unique_ptr<Scratch> scratch(slot.load());
  }
}

std::unique_ptr<Snapshot::Scratch> Snapshot::take_scratch() const {
  for (std::atomic<Scratch*>& slot : idle_) {
    if (slot.load(std::memory_order_relaxed) == nullptr) continue;
    if (Scratch* taken = slot.exchange(nullptr)) return std::unique_ptr<Scratch>(taken);
  }
  return std::make_unique<Scratch>(key_, marks_.key);
}

void Snapshot::give_scratch(std::unique_ptr<Scratch> scratch) const {
  for (std::atomic<Scratch*>& slot : idle_) {
    Scratch* expected = nullptr;
    if (slot.compare_exchange_strong(expected, scratch.get())) {
      static_cast<void>(scratch.release());
      return;
    }
  }
}

Result<std::unique_ptr<Snapshot>> Snapshot::open(const SnapshotManifest& manifest,
                                                 crypto::AeadKey key,
                                                 std::shared_ptr<const BlockSource> source,
                                                 Entropy& entropy, std::uint64_t rows_max) {
  std::unique_ptr<Snapshot> out(new Snapshot(manifest, std::move(key), std::move(source)));
  GBX_TRY(entropy.fill(out->marks_.key.mutable_view()));
  // One pass over all chunks; nothing of it counts until the leaves have made the signed root.
  // Leaf, mark and plaintext are made of one private copy of a chunk.
  Learned learned;
  Scratch scratch(out->key_, out->marks_.key);
  scratch.learned = &learned;
  GBX_TRY(out->load_index(&learned));
  if (out->rows() > rows_max) return Error{ErrorCode::policy_denied, "too_many_rows"};
  GBX_TRY(out->load_dictionaries(scratch));
  GBX_TRY(out->check_blocks(scratch));
  if (merkle_root(learned.leaves) != manifest.stream.root) {
    return Error{ErrorCode::unverified, "root_wrong"};
  }
  out->marks_.chunks = std::move(learned.marks);
  return out;
}

Result<std::unique_ptr<Snapshot>> Snapshot::reopen(const SnapshotManifest& manifest,
                                                   crypto::AeadKey key,
                                                   std::shared_ptr<const BlockSource> source,
                                                   Marks marks) {
  if (marks.chunks.empty() || marks.chunks.size() != manifest.stream.chunks) return kChanged;
  std::unique_ptr<Snapshot> out(new Snapshot(manifest, std::move(key), std::move(source)));
  out->marks_ = std::move(marks);
  GBX_TRY(out->load_index(nullptr));
  Scratch scratch(out->key_, out->marks_.key);
  GBX_TRY(out->load_dictionaries(scratch));
  return out;
}

Status Snapshot::recognise(std::size_t chunk, const crypto::AeadNonce& nonce, ByteView sealed,
                           crypto::Gmac& gmac, Learned* learned) const {
  const crypto::AeadTag mark = gmac.tag(nonce, sealed);
  if (learned != nullptr) {
    learned->leaves[chunk] = chunk_leaf(sealed);
    learned->marks[chunk] = mark;
    return {};
  }
  return equal_constant_time(mark, marks_.chunks[chunk]) ? Status{} : kChanged;
}

Status Snapshot::load_index(Learned* learned) {
  const StreamSummary& stream = manifest_.stream;
  constexpr Error kSizes{ErrorCode::invalid_argument, "stream_size_wrong"};
  if (stream.index_bytes <= crypto::kAeadTagSize || stream.index_bytes > kChunkBytesMax ||
      stream.bytes < kStreamMagic.size() + stream.index_bytes || stream.chunks == 0 ||
      stream.chunks > kChunksMax) {
    return kSizes;
  }
  Bytes magic(kStreamMagic.size());
  GBX_TRY(source_->read(0, magic));
  if (as_text(magic) != kStreamMagic) return kChanged;
  Bytes sealed(stream.index_bytes);
  GBX_TRY(source_->read(stream.bytes - stream.index_bytes, sealed));
  if (learned != nullptr) {
    learned->leaves.resize(stream.chunks);
    learned->marks.resize(stream.chunks);
  }
  const crypto::AeadNonce nonce = chunk_nonce(stream.chunks - 1, true);
  crypto::Gmac gmac(marks_.key);
  GBX_TRY(recognise(stream.chunks - 1, nonce, sealed, gmac, learned));
  GBX_TRY_ASSIGN(const Bytes plain, crypto::aead_open(key_, nonce, as_bytes(kStreamMagic), sealed));
  GBX_TRY_ASSIGN(index_, decode_index(plain, manifest_));
  GBX_TRY_ASSIGN(layout_, Layout::plan(index_, manifest_));
  if (layout_.chunks() + 1 != stream.chunks || layout_.end() + stream.index_bytes != stream.bytes) {
    return kSizes;
  }
  return {};
}

Result<ByteView> Snapshot::open_chunk(std::size_t chunk, Scratch& scratch) const {
  const Layout::Place& place = layout_.place(chunk);
  // Grown only: what is cut off and put back would be filled with zeros for each chunk.
  Bytes& room = scratch.plain.mutable_bytes();
  if (scratch.sealed.size() < place.sealed) scratch.sealed.resize(place.sealed);
  if (room.size() < place.sealed) room.resize(place.sealed);
  const std::span sealed = std::span(scratch.sealed).first(place.sealed);
  const std::span plain = std::span(room).first(place.sealed - crypto::kAeadTagSize);
  GBX_TRY(source_->read(place.offset, sealed));
  const crypto::AeadNonce nonce = chunk_nonce(chunk, false);
  GBX_TRY(recognise(chunk, nonce, sealed, scratch.gmac, scratch.learned));
  GBX_TRY(scratch.opener.open(nonce, as_bytes(kStreamMagic), sealed, plain));
  return ByteView(plain);
}

Status Snapshot::load_dictionaries(Scratch& scratch) {
  const std::vector<const ManifestColumn*> declared = data_columns(manifest_);
  dictionaries_.resize(declared.size());
  for (std::size_t column = 0; column < declared.size(); column++) {
    if (declared[column]->type.type != Type::text) continue;
    Bytes joined;
    for (std::size_t i = 0; i < layout_.dictionary_pieces(column); i++) {
      GBX_TRY_ASSIGN(const ByteView plain, open_chunk(layout_.dictionary(column, i), scratch));
      joined.insert(joined.end(), plain.begin(), plain.end());
    }
    const std::uint64_t size = index_.columns[column].dictionary_bytes;
    GBX_CHECK(size <= joined.size());
    if (std::any_of(joined.begin() + static_cast<std::ptrdiff_t>(size), joined.end(),
                    [](std::uint8_t byte) { return byte != 0; })) {
      return Error{ErrorCode::invalid_argument, "dictionary_malformed"};
    }
    joined.resize(size);
    GBX_TRY_ASSIGN(dictionaries_[column],
                   decode_dictionary(joined, index_.columns[column], *declared[column]));
  }
  return {};
}

// Every block once, as a query would read it, and what only shows across blocks.
Status Snapshot::check_blocks(Scratch& scratch) {
  std::vector<std::size_t> all(columns_.size());
  for (std::size_t i = 0; i < all.size(); i++) all[i] = i;
  Block block;
  std::uint64_t persons = 0;
  std::uint64_t run = 0;  // rows so far of the person who may go on in the next block
  for (std::size_t i = 0; i < index_.blocks.size(); i++) {
    const BlockEntry& entry = index_.blocks[i];
    GBX_TRY(read_block_with(i, all, block, scratch));
    const bool goes_on = i > 0 && entry.first == index_.blocks[i - 1].last;
    persons += entry.persons - (goes_on ? 1U : 0U);
    const std::uint64_t first_run = block.row_begin[1];
    run = (goes_on ? run : 0) + first_run;
    if (run > manifest_.rows_per_person) {
      return Error{ErrorCode::invalid_argument, "rows_per_person_exceeded"};
    }
    if (entry.persons > 1) run = block.rows() - block.row_begin[entry.persons - 1];
  }
  return persons == index_.persons ? Status() : kTotals;
}

Status Snapshot::read_block(std::size_t block, const std::vector<std::size_t>& wanted,
                            Block& out) const noexcept {
  std::unique_ptr<Scratch> scratch = take_scratch();
  Status status = read_block_with(block, wanted, out, *scratch);
  give_scratch(std::move(scratch));
  return status;
}

Status Snapshot::read_block_with(std::size_t block, const std::vector<std::size_t>& wanted,
                                 Block& out, Scratch& scratch) const {
  GBX_CHECK(block < index_.blocks.size());
  const BlockShape shape = block_shape(index_, manifest_, block);
  const BlockEntry& entry = index_.blocks[block];
  GBX_TRY_ASSIGN(const ByteView persons, open_chunk(layout_.persons(block), scratch));
  GBX_TRY(decode_persons(persons, shape, out));
  if (out.persons.front() != entry.first || out.persons.back() != entry.last) return kTotals;
  out.columns.resize(columns_.size());
  std::vector<bool> kept(columns_.size());
  for (const std::size_t column : wanted) {
    GBX_CHECK(column < columns_.size());
    kept[column] = true;
    GBX_TRY_ASSIGN(const ByteView plain, open_chunk(layout_.column(block, column), scratch));
    GBX_TRY(
        decode_column(plain, shape, index_.columns[column], columns_[column], out.columns[column]));
  }
  for (std::size_t i = 0; i < kept.size(); i++) {
    if (kept[i]) continue;
    out.columns[i] = {};
  }
  return {};
}

}  // namespace gbx::snapshot
