#pragma once

// Writes what snapshot.h reads. For owners: a room does not link this library. The caller gives
// rows that are already sorted and fit the manifest; what does not is a bug and ends the process.

#include "trusted/snapshot/chunk.h"
#include "trusted/snapshot/layout.h"
#include "trusted/snapshot/manifest.h"
#include "trusted/snapshot/table.h"

namespace gbx::snapshot {

// All that must be known before the first block is written.
struct WriterPlan {
  std::uint32_t rows_per_block = kRowsPerBlock;
  std::uint64_t rows = 0;
  std::uint64_t persons = 0;
  std::uint32_t block_persons_max = 0;  // the fullest block's
  // By column of data_columns(manifest): smallest and largest value of columns that declare no
  // bounds (0, 0 for none); ignored for others.
  std::vector<std::pair<std::int64_t, std::int64_t>> ranges;
  std::vector<std::vector<std::string>> dictionaries;  // text columns: strictly ascending
};

class SnapshotWriter {
 public:
  // Writes the dictionaries. `key` must be fresh: a (key, stream) pair is written once. Fails with
  // invalid_argument (dictionary_too_large, stream_too_large) or as `sink` does.
  static Result<SnapshotWriter> create(const SnapshotManifest& manifest, WriterPlan plan,
                                       crypto::AeadKey key, ChunkSink& sink);
  // The next block, with every column; all but the last hold rows_per_block rows. Fails as `sink`
  // does; the stream is then useless.
  Status add_block(const Block& block);
  // Writes the index, after the last block.
  Result<StreamSummary> finish();

 private:
  SnapshotWriter(const SnapshotManifest& manifest, crypto::AeadKey key, ChunkSink& sink);
  Status write_dictionaries(const std::vector<std::vector<std::string>>& dictionaries);
  Status write_chunk(ByteView plain, bool last);

  SnapshotManifest manifest_;
  std::vector<ColumnInfo> columns_;
  crypto::AeadKey key_;
  ChunkSink* sink_;
  Index index_;
  std::vector<Hash> leaves_;
  std::uint64_t bytes_ = 0;
  std::uint64_t blocks_rows_ = 0;
  Bytes plain_;
};

// A small table as rows, for whoever has them in memory: sorted by person, `persons` one per row.
struct SortedRows {
  std::vector<Token> persons;
  std::vector<ColumnData> columns;
  std::vector<std::vector<std::string>> dictionaries;
};

// The whole stream of `rows` in one call. Sets manifest.stream. Fails as SnapshotWriter does.
Status write_snapshot(SnapshotManifest& manifest, const SortedRows& rows,
                      std::uint32_t rows_per_block, crypto::AeadKey key, ChunkSink& sink);

}  // namespace gbx::snapshot
