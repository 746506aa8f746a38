#pragma once

// A place in one table: a block in memory, the rows of it that pass the table's own conditions, and
// a person in it. Goes forward by token without opening what it can skip.

#include <optional>
#include <vector>

#include "engine/merge/row_filter.h"

namespace gbx::engine {

// The token as a number that orders as its bytes do.
inline UInt128 token_number(const Token& token) {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  __builtin_memcpy(&high, token.data(), 8);
  __builtin_memcpy(&low, token.data() + 8, 8);
  return UInt128{__builtin_bswap64(high)} << 64 | __builtin_bswap64(low);
}

// h(p) of the task's definition.
inline std::uint32_t person_hash(const Token& token) {
  std::uint32_t word = 0;
  for (std::size_t i = 4; i-- > 0;) word = word << 8 | token[i];
  word &= 0x7fffffff;
  return word == 0x7fffffff ? 0 : word;
}

// Persons with begin <= token < end; no end = to the last.
struct TokenRange {
  UInt128 begin = 0;
  std::optional<UInt128> end;
};

// Positions in a block's list of rows that pass: [begin, end).
struct RowRange {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
};

// One object per thread.
class Cursor {
 public:
  // `relation` must outlive the cursor. Starts before the first block.
  explicit Cursor(const RelationPlan& relation);

  // Goes to the first person >= `target` at or after the current place; false when there is none.
  // May open another block: positions and rows got before are then void. Fails like read_block.
  Result<bool> seek(UInt128 target);
  // The block that seek(target) would have to open; the current one when it is there already.
  [[nodiscard]] std::size_t block_for(UInt128 target) const;
  // Opens a block, at its first person.
  Status open(std::size_t block);

  [[nodiscard]] std::size_t block_index() const { return block_index_; }
  [[nodiscard]] const snapshot::Block& block() const { return block_; }
  [[nodiscard]] std::span<const Token> persons() const { return block_.persons; }
  [[nodiscard]] std::size_t position() const { return position_; }
  void set_position(std::size_t position) { position_ = position; }
  [[nodiscard]] UInt128 person() const { return token_number(block_.persons[position_]); }
  // Persons before this position have all their rows in this block and the blocks before.
  [[nodiscard]] std::size_t complete() const { return complete_; }

  [[nodiscard]] RowRange rows_of(std::size_t position) const {
    const std::vector<std::uint32_t>& begin = filtered_ ? passing_begin_ : block_.row_begin;
    return {begin[position], begin[position + 1]};
  }
  // The row at a place of a RowRange.
  [[nodiscard]] std::uint32_t row_at(std::uint32_t place) const {
    return filtered_ ? passing_[place] : place;
  }

 private:
  void apply_conditions();

  const RelationPlan& relation_;
  const bool filtered_;
  RowFilter filter_;
  snapshot::Block block_;
  std::size_t block_index_ = 0;
  bool opened_ = false;
  std::size_t position_ = 0;
  std::size_t complete_ = 0;
  std::vector<std::uint32_t> passing_;        // rows that pass, ascending
  std::vector<std::uint32_t> passing_begin_;  // by person, into passing_
};

}  // namespace gbx::engine
