#include "trusted/snapshot/chunk.h"

#include <algorithm>
#include <cstring>

namespace gbx::snapshot {
namespace {

constexpr Error kPersons{ErrorCode::invalid_argument, "persons_malformed"};
constexpr Error kColumn{ErrorCode::invalid_argument, "column_malformed"};
constexpr Error kDictionary{ErrorCode::invalid_argument, "dictionary_malformed"};

bool all_zero(ByteView bytes) {
  std::uint8_t any = 0;
  for (const std::uint8_t byte : bytes) any |= byte;
  return any == 0;
}

std::uint32_t run_at(ByteView runs, std::size_t width, std::size_t i) {
  if (width == 1) return std::uint32_t{runs[i]} + 1;
  return (std::uint32_t{runs[2 * i]} | (std::uint32_t{runs[2 * i + 1]} << 8)) + 1;
}

// Numbers of T, little-endian as the machine is.
template <typename T>
bool are_at_most(ByteView bytes, std::uint64_t most) {
  const T limit = static_cast<T>(most);
  T wrong = 0;
  const std::size_t count = bytes.size() / sizeof(T);
  for (std::size_t i = 0; i < count; i++) {
    T number = 0;
    std::memcpy(&number, bytes.data() + i * sizeof(T), sizeof(T));
    wrong |= static_cast<T>(number > limit);
  }
  return wrong == 0;
}

template <typename T>
void encode_numbers(const ColumnData& data, const ColumnFrame& frame, std::uint8_t* out) {
  const auto low = static_cast<std::uint64_t>(frame.low);
  for (std::size_t i = 0; i < data.values.size(); i++) {
    const bool present = data.valid.empty() || data.valid[i] != 0;
    const std::int64_t value = data.values[i];
    GBX_CHECK(!present || (value >= frame.low && value <= frame.high));
    const T number = present ? static_cast<T>(static_cast<std::uint64_t>(value) - low) : T{0};
    std::memcpy(out + i * sizeof(T), &number, sizeof(T));
  }
}

// Whether every number is within the frame.
bool are_inside(ByteView numbers, const ColumnFrame& frame) {
  switch (frame.width()) {
    case 1: return are_at_most<std::uint8_t>(numbers, frame.span());
    case 2: return are_at_most<std::uint16_t>(numbers, frame.span());
    case 4: return are_at_most<std::uint32_t>(numbers, frame.span());
    default: return are_at_most<std::uint64_t>(numbers, frame.span());
  }
}

// One byte a row from one bit a row; absent rows must hold 0. Reports whether a row is present.
bool decode_bitmap(ByteView bits, ColumnData& out, bool& any_present) {
  std::uint8_t wrong = 0;
  std::uint8_t any = 0;
  const std::uint8_t* number = out.packed.data();
  for (std::size_t i = 0; i < out.valid.size(); i++) {
    const auto present = static_cast<std::uint8_t>((std::uint32_t{bits[i / 8]} >> (i % 8)) & 1U);
    out.valid[i] = present;
    any |= present;
    const auto unless_present = static_cast<std::uint8_t>(present - 1);
    for (std::uint32_t k = 0; k < out.width; k++) {
      wrong |= static_cast<std::uint8_t>(*number++ & unless_present);
    }
  }
  any_present = any != 0;
  for (std::size_t i = out.valid.size(); i < bits.size() * 8; i++) {
    wrong |= static_cast<std::uint8_t>((std::uint32_t{bits[i / 8]} >> (i % 8)) & 1U);
  }
  return wrong == 0;
}

}  // namespace

void unpack(ColumnData& column) {
  if (column.width == 0) return;
  column.values.resize(column.packed.size() / column.width);
  for (std::size_t i = 0; i < column.values.size(); i++) {
    std::uint64_t number = 0;
    std::memcpy(&number, column.packed.data() + i * column.width, column.width);
    const bool present = column.valid.empty() || column.valid[i] != 0;
    const auto value = static_cast<std::int64_t>(static_cast<std::uint64_t>(column.low) + number);
    column.values[i] = present ? value : 0;
  }
  column.packed.clear();
  column.width = 0;
}

BlockShape block_shape(const Index& index, const SnapshotManifest& manifest, std::size_t block) {
  return {.rows = index.rows_in_block(block),
          .rows_per_block = index.rows_per_block,
          .persons = index.blocks[block].persons,
          .persons_per_block = index.persons_per_block,
          .rows_per_person = manifest.rows_per_person};
}

Status decode_persons(ByteView plain, const BlockShape& shape, Block& out) {
  const std::size_t width = run_width(shape.rows_per_person, shape.rows_per_block);
  const std::size_t room = shape.persons_per_block;
  if (plain.size() != room * (sizeof(Token) + width)) return kPersons;
  GBX_CHECK(shape.persons >= 1 && shape.persons <= room);
  const ByteView tokens = plain.first(room * sizeof(Token));
  const ByteView runs = plain.subspan(tokens.size());
  out.persons.resize(shape.persons);
  std::memcpy(out.persons.data(), tokens.data(), shape.persons * sizeof(Token));
  for (std::size_t i = 1; i < shape.persons; i++) {
    if (std::memcmp(out.persons[i - 1].data(), out.persons[i].data(), sizeof(Token)) >= 0) {
      return kPersons;
    }
  }
  out.row_begin.resize(shape.persons + std::size_t{1});
  std::uint64_t row = 0;
  for (std::size_t i = 0; i < shape.persons; i++) {
    out.row_begin[i] = static_cast<std::uint32_t>(row);
    const std::uint32_t run = run_at(runs, width, i);
    row += run;
    if (run > shape.rows_per_person || row > shape.rows) return kPersons;
  }
  out.row_begin[shape.persons] = static_cast<std::uint32_t>(row);
  if (row != shape.rows || !all_zero(tokens.subspan(shape.persons * sizeof(Token))) ||
      !all_zero(runs.subspan(shape.persons * width))) {
    return kPersons;
  }
  return {};
}

void encode_persons(const Block& block, const BlockShape& shape, Bytes& out) {
  const std::size_t width = run_width(shape.rows_per_person, shape.rows_per_block);
  const std::size_t room = shape.persons_per_block;
  GBX_CHECK(block.persons.size() == shape.persons && shape.persons <= room);
  out.assign(room * (sizeof(Token) + width), 0);
  std::memcpy(out.data(), block.persons.data(), block.persons.size() * sizeof(Token));
  std::uint8_t* runs = out.data() + room * sizeof(Token);
  for (std::size_t i = 0; i < block.persons.size(); i++) {
    const std::uint32_t run = block.row_begin[i + 1] - block.row_begin[i] - 1;
    runs[i * width] = static_cast<std::uint8_t>(run);
    if (width == 2) runs[i * width + 1] = static_cast<std::uint8_t>(run >> 8);
  }
}

Status decode_column(ByteView plain, const BlockShape& shape, const ColumnFrame& frame,
                     const ColumnInfo& info, ColumnData& out) {
  const std::size_t numbers = shape.rows_per_block * frame.width();
  const std::size_t bitmap = info.nullable ? shape.rows_per_block / 8 : 0;
  if (plain.size() != numbers + bitmap) return kColumn;
  const ByteView used = plain.first(shape.rows * frame.width());
  if (!are_inside(used, frame) || !all_zero(plain.first(numbers).subspan(used.size()))) {
    return kColumn;
  }
  out.values.clear();
  out.packed.assign(used.begin(), used.end());
  out.width = static_cast<std::uint32_t>(frame.width());
  out.low = frame.low;
  out.valid.resize(info.nullable ? shape.rows : 0);
  bool any_present = shape.rows != 0;
  if (info.nullable && !decode_bitmap(plain.subspan(numbers), out, any_present)) {
    return kColumn;
  }
  // Without a dictionary no code means anything.
  if (info.type.type == Type::text && frame.entries == 0 && any_present) return kColumn;
  return {};
}

void encode_column(const ColumnData& data, const BlockShape& shape, const ColumnFrame& frame,
                   const ColumnInfo& info, Bytes& out) {
  GBX_CHECK(data.values.size() == shape.rows && (info.nullable || data.valid.empty()));
  const std::size_t numbers = shape.rows_per_block * frame.width();
  out.assign(numbers + (info.nullable ? shape.rows_per_block / 8 : 0), 0);
  switch (frame.width()) {
    case 1: encode_numbers<std::uint8_t>(data, frame, out.data()); break;
    case 2: encode_numbers<std::uint16_t>(data, frame, out.data()); break;
    case 4: encode_numbers<std::uint32_t>(data, frame, out.data()); break;
    default: encode_numbers<std::uint64_t>(data, frame, out.data()); break;
  }
  if (!info.nullable) return;
  for (std::size_t i = 0; i < data.values.size(); i++) {
    const bool present = data.valid.empty() || data.valid[i] != 0;
    if (present) out[numbers + i / 8] |= static_cast<std::uint8_t>(1U << (i % 8));
  }
}

Result<std::vector<std::string>> decode_dictionary(ByteView joined, const ColumnFrame& frame,
                                                   const ManifestColumn& column) {
  Reader reader(joined);
  std::vector<std::string> out;
  out.reserve(std::min<std::size_t>(frame.entries, joined.size() / 4));
  for (std::uint32_t i = 0; i < frame.entries; i++) {
    const std::string_view value = as_text(reader.block(kTextBytesMax));
    if (reader.failed() || !is_dictionary_text(value)) return kDictionary;
    if (!out.empty() && !(std::string_view(out.back()) < value)) return kDictionary;
    if (!column.domain.empty() &&
        !std::binary_search(column.domain.begin(), column.domain.end(), value)) {
      return kDictionary;
    }
    out.emplace_back(value);
  }
  if (!reader.done()) return kDictionary;
  return out;
}

Bytes encode_dictionary(const std::vector<std::string>& values) {
  Writer out;
  for (const std::string& value : values) out.block(value);
  return out.take();
}

}  // namespace gbx::snapshot
