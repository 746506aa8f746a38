#include "engine/merge/cursor.h"

#include <algorithm>

namespace gbx::engine {

Cursor::Cursor(const RelationPlan& relation)
    : relation_(relation), filtered_(!relation.conditions.empty()), filter_(relation.conditions) {}

std::size_t Cursor::block_for(UInt128 target) const {
  const snapshot::Table& table = *relation_.table;
  std::size_t low = opened_ ? block_index_ : 0;
  std::size_t step = 1;
  const auto ends_before = [&](std::size_t block) {
    return token_number(table.last_person(block)) < target;
  };
  // Near ones first: mostly it is this block or the next.
  while (low < table.block_count() && ends_before(low)) {
    const std::size_t probe = low + step;
    if (probe < table.block_count() && ends_before(probe)) {
      low = probe + 1;
      step *= 2;
    } else if (step > 1) {
      low++;
      step = 1;
    } else {
      return low + 1;
    }
  }
  return low;
}

Status Cursor::open(std::size_t block) {
  GBX_TRY(relation_.table->read_block(block, relation_.wanted, block_));
  GBX_CHECK(!block_.persons.empty() && block_.row_begin.size() == block_.persons.size() + 1);
  for (const std::size_t place : relation_.by_row) {
    snapshot::ColumnData& column = block_.columns[place];
    if (column.width == 0) continue;
    column.values.resize(block_.rows());
    read_values(column, nullptr, 0, column.values);
  }
  block_index_ = block;
  opened_ = true;
  position_ = 0;
  const snapshot::Table& table = *relation_.table;
  const bool goes_on =
      block + 1 < table.block_count() && table.first_person(block + 1) == block_.persons.back();
  complete_ = block_.persons.size() - (goes_on ? 1 : 0);
  if (filtered_) apply_conditions();
  return {};
}

Result<bool> Cursor::seek(UInt128 target) {
  const std::size_t block = block_for(target);
  if (block >= relation_.table->block_count()) return false;
  if (!opened_ || block != block_index_) GBX_TRY(open(block));
  // Doubling steps, then halving: cheap when the next match is near.
  const std::span<const Token> persons = block_.persons;
  std::size_t step = 1;
  std::size_t low = position_;
  while (low + step < persons.size() && token_number(persons[low + step]) < target) {
    low += step;
    step *= 2;
  }
  const std::size_t high = std::min(low + step + 1, persons.size());
  const auto found = std::lower_bound(
      persons.begin() + static_cast<std::ptrdiff_t>(low),
      persons.begin() + static_cast<std::ptrdiff_t>(high), target,
      [](const Token& token, UInt128 wanted) { return token_number(token) < wanted; });
  position_ = static_cast<std::size_t>(found - persons.begin());
  GBX_CHECK(position_ < persons.size());  // the block's last person is >= target
  return true;
}

void Cursor::apply_conditions() {
  passing_.clear();
  filter_.run(block_, passing_);
  const std::size_t persons = block_.persons.size();
  passing_begin_.resize(persons + 1);
  std::uint32_t place = 0;
  for (std::size_t person = 0; person < persons; person++) {
    passing_begin_[person] = place;
    const std::uint32_t end = block_.row_begin[person + 1];
    while (place < passing_.size() && passing_[place] < end) place++;
  }
  passing_begin_[persons] = place;
}

}  // namespace gbx::engine
