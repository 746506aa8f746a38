#pragma once

// The plaintext of the chunks of a snapshot, both ways. Who holds the key wrote the bytes and may
// be hostile: a decoder takes nothing that is not exactly as docs/spec/snapshot.md says, padding
// included. All functions are pure; outputs reuse the memory that they are given, and hold nothing
// usable after a failure. Every failure is invalid_argument.

#include "trusted/snapshot/layout.h"
#include "trusted/snapshot/table.h"

namespace gbx::snapshot {

// What a block must have, from the index and the manifest.
struct BlockShape {
  std::uint32_t rows = 0;
  std::uint32_t rows_per_block = 0;
  std::uint32_t persons = 0;
  std::uint32_t persons_per_block = 0;
  std::uint32_t rows_per_person = 0;
};

BlockShape block_shape(const Index& index, const SnapshotManifest& manifest, std::size_t block);

// Fills persons and row_begin. Fails with persons_malformed.
Status decode_persons(ByteView plain, const BlockShape& shape, Block& out);
void encode_persons(const Block& block, const BlockShape& shape, Bytes& out);

// Fails with column_malformed.
Status decode_column(ByteView plain, const BlockShape& shape, const ColumnFrame& frame,
                     const ColumnInfo& info, ColumnData& out);
// `data` must fit the frame: ends the process otherwise.
void encode_column(const ColumnData& data, const BlockShape& shape, const ColumnFrame& frame,
                   const ColumnInfo& info, Bytes& out);

// `joined` is the column's pieces without padding. Fails with dictionary_malformed.
Result<std::vector<std::string>> decode_dictionary(ByteView joined, const ColumnFrame& frame,
                                                   const ManifestColumn& column);
// Values strictly ascending, each is_dictionary_text().
Bytes encode_dictionary(const std::vector<std::string>& values);

}  // namespace gbx::snapshot
