#include "trusted/snapshot/writer.h"

#include <algorithm>

namespace gbx::snapshot {
namespace {

ColumnFrame frame_of(const ManifestColumn& column, const std::vector<std::string>& dictionary,
                     std::pair<std::int64_t, std::int64_t> range) {
  ColumnFrame frame;
  if (column.type.type == Type::text) {
    frame.entries = static_cast<std::uint32_t>(dictionary.size());
    frame.high = std::max<std::int64_t>(frame.entries, 1) - 1;
    for (const std::string& value : dictionary) frame.dictionary_bytes += 4 + value.size();
  } else if (column.type.type == Type::boolean) {
    frame.high = 1;
  } else if (column.bounded) {
    frame.low = column.low;
    frame.high = column.high;
  } else {
    frame.low = range.first;
    frame.high = range.second;
  }
  return frame;
}

std::uint32_t room_for(std::uint32_t persons, std::uint32_t rows_per_block) {
  const std::uint32_t step = rows_per_block / 16;
  return std::max(step, (persons + step - 1) / step * step);
}

Block block_of(const SortedRows& rows, std::size_t begin, std::size_t end) {
  Block block;
  for (std::size_t i = begin; i < end; i++) {
    if (i == begin || rows.persons[i] != rows.persons[i - 1]) {
      block.persons.push_back(rows.persons[i]);
      block.row_begin.push_back(static_cast<std::uint32_t>(i - begin));
    }
  }
  block.row_begin.push_back(static_cast<std::uint32_t>(end - begin));
  const auto part = [&](const auto& all) {
    return std::remove_cvref_t<decltype(all)>(all.begin() + static_cast<std::ptrdiff_t>(begin),
                                              all.begin() + static_cast<std::ptrdiff_t>(end));
  };
  for (const ColumnData& column : rows.columns) {
    block.columns.push_back({part(column.values), {}});
    if (!column.valid.empty()) block.columns.back().valid = part(column.valid);
  }
  return block;
}

std::pair<std::int64_t, std::int64_t> range_of(const ColumnData& column) {
  std::pair<std::int64_t, std::int64_t> range{0, 0};
  bool any = false;
  for (std::size_t i = 0; i < column.values.size(); i++) {
    if (!column.valid.empty() && column.valid[i] == 0) continue;
    const std::int64_t value = column.values[i];
    range = any ? std::pair(std::min(range.first, value), std::max(range.second, value))
                : std::pair(value, value);
    any = true;
  }
  return range;
}

}  // namespace

SnapshotWriter::SnapshotWriter(const SnapshotManifest& manifest, crypto::AeadKey key,
                               ChunkSink& sink)
    : manifest_(manifest), key_(std::move(key)), sink_(&sink) {
  for (const ManifestColumn* column : data_columns(manifest_)) {
    columns_.push_back({column->name, column->type, column->nullable});
  }
}

Result<SnapshotWriter> SnapshotWriter::create(const SnapshotManifest& manifest, WriterPlan plan,
                                              crypto::AeadKey key, ChunkSink& sink) {
  SnapshotWriter out(manifest, std::move(key), sink);
  const std::vector<const ManifestColumn*> declared = data_columns(out.manifest_);
  GBX_CHECK(plan.ranges.size() == declared.size() && plan.dictionaries.size() == declared.size());
  out.index_.rows_per_block = plan.rows_per_block;
  out.index_.persons_per_block = room_for(plan.block_persons_max, plan.rows_per_block);
  out.index_.rows = plan.rows;
  out.index_.persons = plan.persons;
  std::uint64_t dictionary_bytes = 0;
  for (std::size_t i = 0; i < declared.size(); i++) {
    if (plan.dictionaries[i].size() > kDictionaryEntriesMax) {
      return Error{ErrorCode::invalid_argument, "dictionary_too_large"};
    }
    out.index_.columns.push_back(frame_of(*declared[i], plan.dictionaries[i], plan.ranges[i]));
    dictionary_bytes += out.index_.columns.back().dictionary_bytes;
  }
  const std::uint64_t blocks = (plan.rows + plan.rows_per_block - 1) / plan.rows_per_block;
  if (dictionary_bytes > kDictionaryBytesMax) {
    return Error{ErrorCode::invalid_argument, "dictionary_too_large"};
  }
  if (plan.rows > kRowsMax || blocks > kBlocksMax || blocks * (declared.size() + 1) > kChunksMax) {
    return Error{ErrorCode::invalid_argument, "stream_too_large"};
  }
  GBX_TRY(sink.write(as_bytes(kStreamMagic)));
  out.bytes_ = kStreamMagic.size();
  GBX_TRY(out.write_dictionaries(plan.dictionaries));
  return out;
}

Status SnapshotWriter::write_dictionaries(
    const std::vector<std::vector<std::string>>& dictionaries) {
  for (std::size_t i = 0; i < dictionaries.size(); i++) {
    if (columns_[i].type.type != Type::text) continue;
    Bytes joined = encode_dictionary(dictionaries[i]);
    GBX_CHECK(joined.size() == index_.columns[i].dictionary_bytes);
    const std::size_t whole = joined.empty() ? 0 : (joined.size() - 1) / kDictionaryPiece;
    const std::size_t tail = std::max<std::size_t>(joined.size() - whole * kDictionaryPiece, 1);
    joined.resize(whole * kDictionaryPiece +
                  (tail + kDictionaryPadding - 1) / kDictionaryPadding * kDictionaryPadding);
    ByteView rest = joined;
    while (!rest.empty()) {
      const ByteView piece = rest.first(std::min(rest.size(), kDictionaryPiece));
      GBX_TRY(write_chunk(piece, false));
      rest = rest.subspan(piece.size());
    }
  }
  return {};
}

Status SnapshotWriter::write_chunk(ByteView plain, bool last) {
  const Bytes sealed =
      crypto::aead_seal(key_, chunk_nonce(leaves_.size(), last), as_bytes(kStreamMagic), plain);
  leaves_.push_back(chunk_leaf(sealed));
  bytes_ += sealed.size();
  return sink_->write(sealed);
}

Status SnapshotWriter::add_block(const Block& block) {
  const std::size_t number = index_.blocks.size();
  GBX_CHECK(blocks_rows_ < index_.rows && block.columns.size() == columns_.size());
  GBX_CHECK(block.rows() == index_.rows_in_block(number) && !block.persons.empty());
  index_.blocks.push_back({block.persons.front(), block.persons.back(),
                           static_cast<std::uint32_t>(block.persons.size())});
  blocks_rows_ += block.rows();
  const BlockShape shape = block_shape(index_, manifest_, number);
  encode_persons(block, shape, plain_);
  GBX_TRY(write_chunk(plain_, false));
  for (std::size_t i = 0; i < columns_.size(); i++) {
    encode_column(block.columns[i], shape, index_.columns[i], columns_[i], plain_);
    GBX_TRY(write_chunk(plain_, false));
  }
  return {};
}

Result<StreamSummary> SnapshotWriter::finish() {
  GBX_CHECK(blocks_rows_ == index_.rows);
  const Bytes plain = encode_index(index_);
  GBX_TRY(write_chunk(plain, true));
  return StreamSummary{.bytes = bytes_,
                       .chunks = leaves_.size(),
                       .index_bytes = plain.size() + crypto::kAeadTagSize,
                       .root = merkle_root(leaves_)};
}

Status write_snapshot(SnapshotManifest& manifest, const SortedRows& rows,
                      std::uint32_t rows_per_block, crypto::AeadKey key, ChunkSink& sink) {
  WriterPlan plan;
  plan.rows_per_block = rows_per_block;
  plan.rows = rows.persons.size();
  plan.dictionaries = rows.dictionaries;
  plan.dictionaries.resize(rows.columns.size());
  for (const ColumnData& column : rows.columns) plan.ranges.push_back(range_of(column));
  std::vector<Block> blocks;
  for (std::size_t begin = 0; begin < rows.persons.size(); begin += rows_per_block) {
    blocks.push_back(
        block_of(rows, begin, std::min<std::size_t>(begin + rows_per_block, rows.persons.size())));
    const auto persons = static_cast<std::uint32_t>(blocks.back().persons.size());
    plan.block_persons_max = std::max(plan.block_persons_max, persons);
  }
  for (std::size_t i = 0; i < rows.persons.size(); i++) {
    if (i == 0 || rows.persons[i] != rows.persons[i - 1]) plan.persons++;
  }
  GBX_TRY_ASSIGN(SnapshotWriter writer,
                 SnapshotWriter::create(manifest, std::move(plan), std::move(key), sink));
  for (const Block& block : blocks) GBX_TRY(writer.add_block(block));
  GBX_TRY_ASSIGN(manifest.stream, writer.finish());
  return {};
}

}  // namespace gbx::snapshot
