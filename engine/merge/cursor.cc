#include "engine/merge/cursor.h"

#include <algorithm>

namespace gbx::engine {

Cursor::Cursor(const RelationPlan& relation)
    : relation_(relation),
      filtered_(!relation.filter.conditions.empty()),
      evaluator_(relation.filter.program) {}

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
  passing_begin_.assign(1, 0);
  const std::size_t rows = block_.rows();
  std::size_t person = 0;
  std::vector<RowSource> sources(kRelationsMax, RowSource{.block = &block_});
  std::vector<std::uint8_t> passes(kBatchRows);
  for (std::size_t first = 0; first < rows; first += kBatchRows) {
    const std::size_t count = std::min(kBatchRows, rows - first);
    for (RowSource& source : sources) source.first = first;
    evaluator_.run(sources, count);
    std::fill_n(passes.begin(), count, std::uint8_t{1});
    for (std::uint32_t condition : relation_.filter.conditions) {
      const Vector holds = evaluator_.result(condition);
      for (std::size_t i = 0; i < count; i++) {
        passes[i] &= static_cast<std::uint8_t>(holds.values[i] != 0);
      }
      for (std::size_t i = 0; holds.valid != nullptr && i < count; i++) {
        passes[i] &= holds.valid[i];
      }
    }
    for (std::size_t i = 0; i < count; i++) {
      while (block_.row_begin[person + 1] <= first + i) {
        person++;
        passing_begin_.push_back(static_cast<std::uint32_t>(passing_.size()));
      }
      if (passes[i] != 0) passing_.push_back(static_cast<std::uint32_t>(first + i));
    }
  }
  passing_begin_.resize(block_.persons.size() + 1, static_cast<std::uint32_t>(passing_.size()));
}

}  // namespace gbx::engine
