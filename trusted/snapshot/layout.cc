#include "trusted/snapshot/layout.h"

#include <algorithm>
#include <bit>

#include "trusted/snapshot/utf8.h"

namespace gbx::snapshot {
namespace {

constexpr std::string_view kIndexMagic = "GBXINDX1";
constexpr Error kMalformed{ErrorCode::invalid_argument, "index_malformed"};

constexpr std::uint64_t round_up(std::uint64_t value, std::uint64_t step) {
  return (value + step - 1) / step * step;
}

bool frame_fits(const ColumnFrame& frame, const ManifestColumn& column) {
  if (column.type.type == Type::text) {
    const std::int64_t last = std::max<std::int64_t>(frame.entries, 1) - 1;
    return frame.low == 0 && frame.high == last && frame.entries <= kDictionaryEntriesMax &&
           frame.dictionary_bytes <= kDictionaryBytesMax &&
           frame.dictionary_bytes >= std::uint64_t{4} * frame.entries &&
           (frame.entries != 0 || frame.dictionary_bytes == 0);
  }
  if (frame.entries != 0 || frame.dictionary_bytes != 0) return false;
  if (column.type.type == Type::boolean) return frame.low == 0 && frame.high == 1;
  if (column.bounded) return frame.low == column.low && frame.high == column.high;
  // 0..0 stands for "no value", whatever the type.
  return frame.low <= frame.high && in_type_range(frame.low, column.type) &&
         in_type_range(frame.high, column.type);
}

Status read_columns(Reader& reader, Index& index, const SnapshotManifest& manifest) {
  const std::vector<const ManifestColumn*> columns = data_columns(manifest);
  if (reader.u32() != columns.size()) return kMalformed;
  std::uint64_t dictionary_bytes = 0;
  for (const ManifestColumn* column : columns) {
    ColumnFrame frame;
    frame.low = reader.i64();
    frame.high = reader.i64();
    frame.entries = reader.u32();
    frame.dictionary_bytes = reader.u64();
    if (reader.failed() || !frame_fits(frame, *column)) return kMalformed;
    index.columns.push_back(frame);
    dictionary_bytes += frame.dictionary_bytes;
    if (dictionary_bytes > kDictionaryBytesMax) return kMalformed;
  }
  return {};
}

Status read_blocks(Reader& reader, Index& index, std::uint32_t blocks) {
  for (std::uint32_t i = 0; i < blocks; i++) {
    BlockEntry entry;
    entry.first = reader.array<16>();
    entry.last = reader.array<16>();
    entry.persons = reader.u32();
    if (reader.failed()) return kMalformed;
    index.blocks.push_back(entry);
    if (entry.persons == 0 || entry.persons > index.persons_per_block ||
        entry.persons > index.rows_in_block(i) || entry.last < entry.first) {
      return kMalformed;
    }
    if (i > 0 && entry.first < index.blocks[i - 1].last) return kMalformed;
  }
  return {};
}

bool shape_fits(const Index& index, std::uint32_t blocks) {
  const std::uint32_t size = index.rows_per_block;
  if (size < kRowsPerBlockMin || size > kRowsPerBlockMax || !std::has_single_bit(size)) {
    return false;
  }
  if (index.persons_per_block == 0 || index.persons_per_block > size ||
      index.persons_per_block % (size / 16) != 0) {
    return false;
  }
  return index.rows <= kRowsMax && index.persons <= index.rows && blocks <= kBlocksMax &&
         blocks == (index.rows + size - 1) / size;
}

}  // namespace

bool is_dictionary_text(std::string_view text) {
  return text.size() <= kTextBytesMax && text.find('\0') == std::string_view::npos && is_utf8(text);
}

std::size_t ColumnFrame::width() const {
  const auto bits = std::bit_width(span());
  if (bits <= 8) return 1;
  if (bits <= 16) return 2;
  return bits <= 32 ? 4 : 8;
}

std::uint32_t Index::rows_in_block(std::size_t block) const {
  const std::uint64_t before = std::uint64_t{block} * rows_per_block;
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(rows_per_block, rows - before));
}

std::vector<const ManifestColumn*> data_columns(const SnapshotManifest& manifest) {
  std::vector<const ManifestColumn*> out;
  for (const ManifestColumn& column : manifest.columns) {
    if (column.name != manifest.person) out.push_back(&column);
  }
  return out;
}

Bytes encode_index(const Index& index) {
  Writer out;
  out.raw(as_bytes(kIndexMagic));
  out.u32(index.rows_per_block);
  out.u32(index.persons_per_block);
  out.u64(index.rows);
  out.u64(index.persons);
  out.u32(static_cast<std::uint32_t>(index.blocks.size()));
  out.u32(static_cast<std::uint32_t>(index.columns.size()));
  for (const ColumnFrame& frame : index.columns) {
    out.i64(frame.low);
    out.i64(frame.high);
    out.u32(frame.entries);
    out.u64(frame.dictionary_bytes);
  }
  for (const BlockEntry& entry : index.blocks) {
    out.raw(entry.first);
    out.raw(entry.last);
    out.u32(entry.persons);
  }
  Bytes bytes = out.take();
  bytes.resize(round_up(bytes.size(), kIndexPadding));
  return bytes;
}

Result<Index> decode_index(ByteView plain, const SnapshotManifest& manifest) {
  Reader reader(plain);
  Index index;
  if (as_text(reader.view(kIndexMagic.size())) != kIndexMagic) return kMalformed;
  index.rows_per_block = reader.u32();
  index.persons_per_block = reader.u32();
  index.rows = reader.u64();
  index.persons = reader.u64();
  const std::uint32_t blocks = reader.u32();
  if (reader.failed() || !shape_fits(index, blocks)) return kMalformed;
  GBX_TRY(read_columns(reader, index, manifest));
  GBX_TRY(read_blocks(reader, index, blocks));
  // One spelling: the least padding, of zeros.
  if (reader.left() >= kIndexPadding || plain.size() % kIndexPadding != 0) return kMalformed;
  const ByteView rest = reader.view(reader.left());
  if (std::any_of(rest.begin(), rest.end(), [](std::uint8_t b) { return b != 0; })) {
    return kMalformed;
  }
  return index;
}

std::size_t run_width(std::uint32_t rows_per_person, std::uint32_t rows_per_block) {
  return std::min(rows_per_person, rows_per_block) <= 256 ? 1 : 2;
}

void Layout::add(std::uint64_t plain) {
  const std::uint64_t sealed = plain + crypto::kAeadTagSize;
  places_.push_back({end_, static_cast<std::uint32_t>(sealed)});
  end_ += sealed;
}

Result<Layout> Layout::plan(const Index& index, const SnapshotManifest& manifest) {
  Layout out;
  const std::vector<const ManifestColumn*> columns = data_columns(manifest);
  GBX_CHECK(columns.size() == index.columns.size());
  std::uint64_t chunks = std::uint64_t{index.blocks.size()} * (columns.size() + 1) + 1;
  for (const ColumnFrame& frame : index.columns) {
    chunks += frame.dictionary_bytes / kDictionaryPiece + 1;
  }
  if (chunks > kChunksMax) return Error{ErrorCode::invalid_argument, "stream_too_large"};
  for (std::size_t i = 0; i < columns.size(); i++) {
    out.dictionary_begin_.push_back(out.places_.size());
    if (columns[i]->type.type != Type::text) continue;
    std::uint64_t rest = index.columns[i].dictionary_bytes;
    for (; rest > kDictionaryPiece; rest -= kDictionaryPiece) out.add(kDictionaryPiece);
    out.add(round_up(std::max<std::uint64_t>(rest, 1), kDictionaryPadding));
  }
  out.dictionary_begin_.push_back(out.places_.size());
  out.blocks_begin_ = out.places_.size();
  out.chunks_per_block_ = columns.size() + 1;
  const std::size_t run = run_width(manifest.rows_per_person, index.rows_per_block);
  for (std::size_t block = 0; block < index.blocks.size(); block++) {
    out.add(std::uint64_t{index.persons_per_block} * (sizeof(Token) + run));
    for (std::size_t i = 0; i < columns.size(); i++) {
      const std::uint64_t bitmap = columns[i]->nullable ? index.rows_per_block / 8 : 0;
      out.add(std::uint64_t{index.rows_per_block} * index.columns[i].width() + bitmap);
    }
  }
  return out;
}

}  // namespace gbx::snapshot
