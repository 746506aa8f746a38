#pragma once

// What an engine sees of a snapshot: blocks of whole columns, rows sorted by person.
//
// The owner wrote the bytes and may be hostile: whoever implements Table has checked every length,
// code, order and bound before a Block comes out (see snapshot.h). Row ranges, codes and tokens in
// a Block can be relied on.

#include <cstdint>
#include <string>
#include <vector>

#include "trusted/base/bytes.h"
#include "trusted/base/value.h"

namespace gbx::snapshot {

// One column of a block. Text columns hold codes into the table's dictionary of that column.
struct ColumnData {
  std::vector<std::int64_t> values;  // one per row; 0 where invalid. None where packed, unless a
                                     // reader adds them.
  std::vector<std::uint8_t> valid;   // one per row, 1 = present; empty = all present
  // Or as read: per row a number of `width` (1, 2, 4, 8) bytes, little-endian, 0 where invalid; the
  // value is low + number. width 0: not packed.
  Bytes packed = {};
  std::uint32_t width = 0;
  std::int64_t low = 0;
};

// Makes `values` of a packed column.
void unpack(ColumnData& column);

// Rows of consecutive persons. A person whose rows do not fit goes on at the start of the next
// block.
struct Block {
  std::vector<Token> persons;  // strictly ascending
  std::vector<std::uint32_t>
      row_begin;                    // persons.size() + 1 offsets; each person has at least one row
  std::vector<ColumnData> columns;  // by column index; not asked for = empty
  [[nodiscard]] std::size_t rows() const { return row_begin.empty() ? 0 : row_begin.back(); }
};

struct ColumnInfo {
  std::string name;
  ValueType type;
  bool nullable = false;
};

class Table {
 public:
  virtual ~Table() = default;
  [[nodiscard]] virtual const std::vector<ColumnInfo>& columns()
      const = 0;  // without the person column
  [[nodiscard]] virtual std::size_t block_count() const = 0;
  // First and last person of a block, in the order of blocks: last[i] <= first[i+1], equal when a
  // person goes on.
  [[nodiscard]] virtual Token first_person(std::size_t block) const = 0;
  [[nodiscard]] virtual Token last_person(std::size_t block) const = 0;
  // Values of a text column, by code; distinct, ascending by bytes.
  [[nodiscard]] virtual const std::vector<std::string>& dictionary(std::size_t column) const = 0;
  // Reads, opens and checks the columns in `wanted` into `out`, reusing its memory; each may come
  // packed or not. Thread-safe.
  // Fails with unverified or unavailable; `out` then holds nothing usable.
  virtual Status read_block(std::size_t block, const std::vector<std::size_t>& wanted,
                            Block& out) const noexcept = 0;
};

}  // namespace gbx::snapshot
