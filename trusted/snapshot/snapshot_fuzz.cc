// A sealed table whose owner is hostile: the fuzzer changes the plaintext of chunks, which are then
// sealed and pinned properly, so that every decoder sees it. Whatever opens must read back without
// a fault, twice the same.

#include <cstdlib>

#include "trusted/snapshot/snapshot_fixture.h"

namespace gbx::snapshot {
namespace {

void read_all(const Snapshot& table) {
  std::vector<std::size_t> all(table.columns().size());
  for (std::size_t i = 0; i < all.size(); i++) all[i] = i;
  Block block;
  for (std::size_t i = 0; i < table.block_count(); i++) {
    if (!table.read_block(i, all, block)) std::abort();
    for (std::size_t c = 0; c < all.size(); c++) {
      unpack(block.columns[c]);
      if (block.columns[c].values.size() != block.rows()) std::abort();
      if (table.columns()[c].type.type != Type::text) continue;
      for (std::size_t row = 0; row < block.rows(); row++) {
        const ColumnData& column = block.columns[c];
        const bool present = column.valid.empty() || column.valid[row] != 0;
        const auto code = static_cast<std::uint64_t>(column.values[row]);
        if (present && code >= table.dictionary(c).size()) std::abort();
      }
    }
  }
}

// Three bytes a change: chunk, place, value. The first byte of the input says how many rows.
void mutate_chunks(ByteView input) {
  SealedTable sealed = seal(test_rows(input[0] % 50));
  const std::size_t chunks = sealed.manifest.stream.chunks;
  for (std::size_t i = 1; i + 3 <= input.size() && i < 40; i += 3) {
    const std::size_t chunk = input[i] % chunks;
    if (chunk + 1 == chunks && i + 6 <= input.size())
      continue;  // the index only as the last change
    sealed.reseal(chunk, [&](Bytes& plain) { plain[input[i + 1] % plain.size()] ^= input[i + 2]; });
  }
  const auto table = sealed.open();
  if (table) read_all(**table);
}

// The bytes as a chunk of each kind.
void decode_directly(ByteView input) {
  const SnapshotManifest manifest = test_manifest();
  if (const Result<Index> index = decode_index(input, manifest)) {
    if (encode_index(*index) != Bytes(input.begin(), input.end())) std::abort();
    static_cast<void>(Layout::plan(*index, manifest));
  }
  const std::uint32_t rows = input[0] % 17;
  const std::uint32_t persons = 1 + input[0] % 3;
  const BlockShape shape{rows, 16, persons, 3, 5};
  Block block;
  static_cast<void>(decode_persons(input.subspan(1), shape, block));
  ColumnData column;
  for (const std::int64_t high : {1, 300, 70000}) {
    static_cast<void>(decode_column(input.subspan(1), shape, {.low = -1, .high = high},
                                    {"c", {Type::integer, 0}, (input[0] & 0x80) != 0}, column));
  }
  if (const auto values = decode_dictionary(input.subspan(1), {.entries = input[0]},
                                            {.name = "c", .type = {Type::text, 0}})) {
    if (encode_dictionary(*values) != Bytes(input.begin() + 1, input.end())) std::abort();
  }
}

}  // namespace
}  // namespace gbx::snapshot

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const gbx::ByteView input(data, size);
  gbx::snapshot::mutate_chunks(input);
  gbx::snapshot::decode_directly(input);
  return 0;
}
