#include "engine/merge/joiner.h"

#include <algorithm>

namespace gbx::engine {
namespace {

constexpr Error kStopped{ErrorCode::unavailable, "engine_stopped"};

}  // namespace

Joiner::Joiner(const Plan& plan, const std::atomic<bool>* stop, Bounder& out)
    : plan_(plan),
      stop_(stop),
      out_(out),
      cursors_(plan.relations.begin(), plan.relations.end()),
      matches_(plan.relations.size(), std::vector<std::uint32_t>(kMatchesMax + 1)),
      evaluator_(plan.filter.program),
      rows_(plan.relations.size(), std::vector<std::uint32_t>(kBatchRows)),
      person_(kBatchRows),
      hash_(kBatchRows),
      sources_(plan.relations.size()) {}

Status Joiner::run(const TokenRange& range) {
  end_ = range.end;
  UInt128 target = range.begin;
  while (before_end(target)) {
    // Bring every cursor to the first person >= target; repeat with the greatest until all agree.
    bool agreed = true;
    UInt128 greatest = target;
    for (Cursor& cursor : cursors_) {
      if (cursor.block_for(target) != cursor.block_index()) GBX_TRY(flush());
      GBX_TRY_ASSIGN(const bool there, cursor.seek(target));
      if (!there) return flush();
      agreed = agreed && cursor.person() == cursors_[0].person();
      greatest = std::max(greatest, cursor.person());
    }
    target = greatest;
    if (!agreed || !before_end(target)) continue;
    GBX_TRY(join_from_here());
    target = 0;
    for (Cursor& cursor : cursors_) {
      if (cursor.position() < cursor.persons().size()) {
        target = std::max(target, cursor.person());
      } else {
        // One past the last person that was here.
        const UInt128 last = token_number(cursor.persons().back());
        if (last + 1 == 0) return flush();
        target = std::max(target, last + 1);
      }
    }
  }
  return flush();
}

// Joins from the common person on while no cursor needs another block.
Status Joiner::join_from_here() {
  for (const Cursor& cursor : cursors_) {
    if (cursor.position() >= cursor.complete()) return join_across_blocks(cursor.person());
  }
  return join_complete();
}

Status Joiner::join_complete() {
  std::vector<std::size_t> limits;
  for (const Cursor& cursor : cursors_) {
    std::size_t limit = cursor.complete();
    if (limit > 0 && !before_end(token_number(cursor.persons()[limit - 1]))) {
      const auto begin = cursor.persons().begin();
      limit = static_cast<std::size_t>(
          std::lower_bound(begin, begin + static_cast<std::ptrdiff_t>(limit), *end_,
                           [](const Token& t, UInt128 end) { return token_number(t) < end; }) -
          begin);
    }
    limits.push_back(limit);
  }
  std::vector<RowRange> ranges(cursors_.size());
  const auto inside = [&] {
    for (std::size_t r = 0; r < cursors_.size(); r++) {
      if (cursors_[r].position() >= limits[r]) return false;
    }
    return true;
  };
  while (inside()) {
    std::size_t found = 0;
    if (cursors_.size() == 1) found = match_one(limits);
    if (cursors_.size() == 2) found = match_two(limits);
    if (cursors_.size() > 2) found = match_many(limits);
    for (std::size_t m = 0; m < found; m++) {
      bool empty = false;
      for (std::size_t r = 0; r < cursors_.size(); r++) {
        ranges[r] = cursors_[r].rows_of(matches_[r][m]);
        empty = empty || ranges[r].begin == ranges[r].end;
      }
      if (empty) continue;
      begin_person(cursors_[0].persons()[matches_[0][m]]);
      GBX_TRY(product(ranges));
    }
  }
  return {};
}

std::size_t Joiner::match_one(std::span<const std::size_t> limits) {
  Cursor& cursor = cursors_[0];
  const std::size_t first = cursor.position();
  const std::size_t count = std::min(kMatchesMax, limits[0] - first);
  for (std::size_t i = 0; i < count; i++) matches_[0][i] = static_cast<std::uint32_t>(first + i);
  cursor.set_position(first + count);
  return count;
}

// Two sorted lists without a branch on the data: which side is ahead cannot be predicted.
std::size_t Joiner::match_two(std::span<const std::size_t> limits) {
  const Token* a = cursors_[0].persons().data();
  const Token* b = cursors_[1].persons().data();
  std::size_t i = cursors_[0].position();
  std::size_t j = cursors_[1].position();
  std::uint32_t* at_a = matches_[0].data();
  std::uint32_t* at_b = matches_[1].data();
  std::size_t found = 0;
  while (i < limits[0] && j < limits[1] && found < kMatchesMax) {
    const UInt128 x = token_number(a[i]);
    const UInt128 y = token_number(b[j]);
    at_a[found] = static_cast<std::uint32_t>(i);
    at_b[found] = static_cast<std::uint32_t>(j);
    found += static_cast<std::size_t>(x == y);
    i += static_cast<std::size_t>(x <= y);
    j += static_cast<std::size_t>(y <= x);
  }
  cursors_[0].set_position(i);
  cursors_[1].set_position(j);
  return found;
}

std::size_t Joiner::match_many(std::span<const std::size_t> limits) {
  std::size_t found = 0;
  while (found < kMatchesMax) {
    UInt128 greatest = 0;
    for (std::size_t r = 0; r < cursors_.size(); r++) {
      if (cursors_[r].position() >= limits[r]) return found;
      greatest = std::max(greatest, cursors_[r].person());
    }
    bool agreed = true;
    for (std::size_t r = 0; r < cursors_.size(); r++) {
      std::size_t at = cursors_[r].position();
      const std::span<const Token> persons = cursors_[r].persons();
      while (at < limits[r] && token_number(persons[at]) < greatest) at++;
      cursors_[r].set_position(at);
      if (at == limits[r]) return found;
      agreed = agreed && token_number(persons[at]) == greatest;
      matches_[r][found] = static_cast<std::uint32_t>(at);
    }
    if (!agreed) continue;
    found++;
    for (Cursor& cursor : cursors_) cursor.set_position(cursor.position() + 1);
  }
  return found;
}

// A person whose rows lie in several blocks of some table: every combination of parts, in turn.
Status Joiner::join_across_blocks(UInt128 person) {
  begin_person(cursors_[0].persons()[cursors_[0].position()]);
  GBX_TRY(join_parts(0, person));
  for (Cursor& cursor : cursors_) cursor.set_position(cursor.position() + 1);
  return {};
}

// Leaves every cursor from `relation` on at the person's last part.
Status Joiner::join_parts(std::size_t relation, UInt128 person) {
  if (relation == cursors_.size()) {
    std::vector<RowRange> ranges;
    for (const Cursor& cursor : cursors_) ranges.push_back(cursor.rows_of(cursor.position()));
    const bool empty = std::any_of(ranges.begin(), ranges.end(),
                                   [](RowRange range) { return range.begin == range.end; });
    return empty ? Status{} : product(ranges);
  }
  Cursor& cursor = cursors_[relation];
  const snapshot::Table& table = *plan_.relations[relation].table;
  std::size_t first = cursor.block_index();
  while (first > 0 && token_number(table.last_person(first - 1)) == person) first--;
  for (std::size_t block = first;; block++) {
    if (block != cursor.block_index()) {
      GBX_TRY(flush());
      GBX_TRY(cursor.open(block));
      // Who goes on in the next block is the last here; who comes from the one before, the first.
      cursor.set_position(block == first ? cursor.persons().size() - 1 : 0);
    }
    GBX_TRY(join_parts(relation + 1, person));
    if (cursor.position() < cursor.complete()) return {};
  }
}

// The cross product of the person's rows, in batches.
Status Joiner::product(std::span<const RowRange> ranges) {
  const std::size_t last = ranges.size() - 1;
  std::array<std::uint32_t, kRelationsMax> at{};
  for (std::size_t r = 0; r < ranges.size(); r++) at[r] = ranges[r].begin;
  for (;;) {
    if (plan_.equality &&
        !find_key(cursors_[plan_.equality->relation].row_at(at[plan_.equality->relation]))) {
      at[last] = ranges[last].end;
    }
    // With an equality it may be long until a batch is full.
    if (plan_.equality && stopped()) return kStopped;
    while (at[last] < ranges[last].end) {
      if (count_ == kBatchRows) GBX_TRY(flush());
      const std::size_t fits =
          std::min<std::size_t>(ranges[last].end - at[last], kBatchRows - count_);
      const std::size_t taken = take_last(at[last], fits);
      at[last] += static_cast<std::uint32_t>(fits);
      for (std::size_t r = 0; r < last; r++) {
        std::fill_n(rows_[r].data() + count_, taken, cursors_[r].row_at(at[r]));
      }
      std::fill_n(person_.data() + count_, taken, person_number_);
      std::fill_n(hash_.data() + count_, taken, person_hash_);
      count_ += taken;
    }
    std::size_t r = last;
    do {
      if (r == 0) return {};
      at[r] = ranges[r].begin;
      r--;
      at[r]++;
    } while (at[r] == ranges[r].end);
  }
}

// Takes the value that the equality asks for from a row; false where it is NULL.
bool Joiner::find_key(std::uint32_t row) {
  const Equality& equality = *plan_.equality;
  const snapshot::ColumnData& from = cursors_[equality.relation].block().columns[equality.column];
  key_ = from.values[row];
  return from.valid.empty() || from.valid[row] != 0;
}

// Puts into the batch, of `count` rows of the last relation, those that the equality lets pass; how
// many.
std::size_t Joiner::take_last(std::uint32_t begin, std::size_t count) {
  const Cursor& cursor = cursors_.back();
  std::uint32_t* const out = rows_.back().data() + count_;
  for (std::size_t i = 0; i < count; i++) {
    out[i] = cursor.row_at(begin + static_cast<std::uint32_t>(i));
  }
  if (!plan_.equality) return count;
  const snapshot::ColumnData& column = cursor.block().columns[plan_.equality->last_column];
  const std::int64_t* const values = column.values.data();
  const std::uint8_t* const valid = column.valid.empty() ? nullptr : column.valid.data();
  std::size_t taken = 0;
  for (std::size_t i = 0; i < count; i++) {
    const std::uint32_t row = out[i];
    out[taken] = row;
    taken +=
        static_cast<std::size_t>((values[row] == key_) & (valid == nullptr || valid[row] != 0));
  }
  return taken;
}

void Joiner::begin_person(const Token& token) {
  person_number_++;
  person_hash_ = person_hash(token);
}

std::span<const RowSource> Joiner::sources() {
  for (std::size_t r = 0; r < cursors_.size(); r++) {
    sources_[r] = {.block = &cursors_[r].block(), .rows = rows_[r].data(), .first = 0};
  }
  return sources_;
}

// Hands the batch on. To be called before any cursor opens another block.
Status Joiner::flush() {
  if (stopped()) return kStopped;
  if (count_ == 0) return {};
  if (!plan_.filter.conditions.empty()) keep_passing();
  const std::size_t count = count_;
  count_ = 0;
  if (count == 0) return {};
  return out_.add({.sources = sources(),
                   .person = std::span(person_).first(count),
                   .hashes = std::span(hash_).first(count)});
}

void Joiner::keep_passing() {
  evaluator_.run(sources(), count_);
  kept_.resize(kBatchRows);
  std::size_t kept = 0;
  const std::span<const std::uint32_t> conditions = plan_.filter.conditions;
  for (std::uint32_t row = 0; row < count_; row++) {
    bool passes = true;
    for (std::uint32_t condition : conditions) {
      const Vector holds = evaluator_.result(condition);
      passes =
          passes && holds.values[row] != 0 && (holds.valid == nullptr || holds.valid[row] != 0);
    }
    kept_[kept] = row;
    kept += static_cast<std::size_t>(passes);
  }
  const auto compact = [&](std::vector<std::uint32_t>& column) {
    for (std::size_t i = 0; i < kept; i++) column[i] = column[kept_[i]];
  };
  for (std::vector<std::uint32_t>& rows : rows_) compact(rows);
  compact(person_);
  compact(hash_);
  count_ = kept;
}

}  // namespace gbx::engine
