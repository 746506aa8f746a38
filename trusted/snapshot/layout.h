#pragma once

// The index of a snapshot, and where every chunk lies that it implies (docs/spec/snapshot.md).
// Pure arithmetic on hostile numbers: all are checked against the limits below before anything is
// sized by them.

#include <vector>

#include "trusted/snapshot/manifest.h"

namespace gbx::snapshot {

constexpr std::uint32_t kRowsPerBlock = 32768;  // what we write
constexpr std::uint32_t kRowsPerBlockMin = 16;
constexpr std::uint32_t kRowsPerBlockMax = 65536;
constexpr std::uint64_t kRowsMax = std::uint64_t{1} << 32;
constexpr std::uint32_t kBlocksMax = 1U << 17;
constexpr std::size_t kIndexPadding = 4096;
constexpr std::size_t kTextBytesMax = 65535;
constexpr std::uint32_t kDictionaryEntriesMax = 1U << 22;
constexpr std::uint64_t kDictionaryBytesMax = std::uint64_t{256} << 20;  // of all columns together
constexpr std::size_t kDictionaryPiece = 262'144;
constexpr std::size_t kDictionaryPadding = 4096;

// UTF-8 without NUL of at most kTextBytesMax bytes.
bool is_dictionary_text(std::string_view text);

// The frame of one column: every number in it is low + an unsigned number of `width()` bytes.
struct ColumnFrame {
  std::int64_t low = 0;
  std::int64_t high = 0;
  std::uint32_t entries = 0;           // of the dictionary; 0 unless text
  std::uint64_t dictionary_bytes = 0;  // before padding

  [[nodiscard]] std::uint64_t span() const {
    return static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low);
  }
  // 1, 2, 4 or 8: the least that holds span().
  [[nodiscard]] std::size_t width() const;
};

struct BlockEntry {
  Token first;
  Token last;
  std::uint32_t persons = 0;
};

struct Index {
  std::uint32_t rows_per_block = kRowsPerBlock;
  std::uint32_t persons_per_block = kRowsPerBlock;
  std::uint64_t rows = 0;
  std::uint64_t persons = 0;
  std::vector<ColumnFrame> columns;  // without the person column
  std::vector<BlockEntry> blocks;

  [[nodiscard]] std::uint32_t rows_in_block(std::size_t block) const;
};

// The columns of a manifest without the person column, in order.
std::vector<const ManifestColumn*> data_columns(const SnapshotManifest& manifest);

// Plaintext of the index chunk, padded.
Bytes encode_index(const Index& index);
// Checks every limit, and the frames against the manifest's columns. Fails with invalid_argument
// ("index_malformed"). Block entries are only checked for order here, against the blocks in open().
Result<Index> decode_index(ByteView plain, const SnapshotManifest& manifest);

// Bytes of one run length in a persons chunk: 1 or 2.
std::size_t run_width(std::uint32_t rows_per_person, std::uint32_t rows_per_block);

// Place and sealed size of every chunk but the index.
class Layout {
 public:
  struct Place {
    std::uint64_t offset;
    std::uint32_t sealed;
  };
  // Fails with invalid_argument ("stream_too_large").
  static Result<Layout> plan(const Index& index, const SnapshotManifest& manifest);

  [[nodiscard]] std::size_t chunks() const { return places_.size(); }  // without the index
  [[nodiscard]] std::uint64_t end() const { return end_; }             // where the index begins
  [[nodiscard]] const Place& place(std::size_t chunk) const { return places_[chunk]; }
  // Numbers of chunks.
  [[nodiscard]] std::size_t dictionary(std::size_t column, std::size_t piece) const {
    return dictionary_begin_[column] + piece;
  }
  [[nodiscard]] std::size_t dictionary_pieces(std::size_t column) const {
    return dictionary_begin_[column + 1] - dictionary_begin_[column];
  }
  [[nodiscard]] std::size_t persons(std::size_t block) const {
    return blocks_begin_ + block * chunks_per_block_;
  }
  [[nodiscard]] std::size_t column(std::size_t block, std::size_t column) const {
    return persons(block) + 1 + column;
  }

 private:
  void add(std::uint64_t plain);

  std::vector<Place> places_;
  std::vector<std::size_t> dictionary_begin_;  // by column, and one more
  std::size_t blocks_begin_ = 0;
  std::size_t chunks_per_block_ = 1;
  std::uint64_t end_ = kStreamMagic.size();
};

}  // namespace gbx::snapshot
