#include "engine/merge/steps_walk.h"

#include <algorithm>

#include "engine/merge/packed.h"

namespace gbx::engine {
namespace {

// A batch ends at as many rows of a table, or persons: below kBatchRows, so that the last person's
// rows mostly fit too.
constexpr std::uint32_t kRowsAtOnce = kBatchRows - 256;

}  // namespace

StepsWalk::StepsWalk(const Plan& plan, const std::atomic<bool>* stop, Bounder& out)
    : plan_(plan),
      stop_(stop),
      out_(out),
      steps_(*plan.steps, stop),
      person_(kBatchRows),
      hash_(kBatchRows) {
  for (std::size_t t = 0; t < plan.relations.size(); t++) {
    const TablePlan& table = plan.steps->tables[t];
    sources_.push_back(table.used ? std::make_unique<Source>(plan.relations[t], table) : nullptr);
    any_required_ = any_required_ || (table.used && table.required);
  }
  clear();
}

Status StepsWalk::run(const TokenRange& range) {
  // Ranges ascend for one thread, so cursors go on where they are.
  UInt128 target = range.begin;
  for (;;) {
    GBX_TRY_ASSIGN(const bool there, find(target));
    if (!there || (range.end && target >= *range.end)) break;
    GBX_TRY(take_person(target));
    if (target + 1 == 0) break;
    target++;
  }
  return evaluate();
}

// Goes to the first person >= target, becoming `target`, who may matter; false when there is none.
Result<bool> StepsWalk::find(UInt128& target) {
  for (bool agreed = !any_required_; !agreed;) {
    agreed = true;
    bool first = true;
    for (const auto& source : sources_) {
      if (!source || !source->plan.required) continue;
      GBX_TRY(seek(*source, target));
      if (source->ended) return false;
      const UInt128 person = source->cursor.person();
      agreed = agreed && (first || person == target);
      first = false;
      target = person;
    }
  }
  bool found = any_required_;
  UInt128 smallest = ~UInt128{0};
  for (const auto& source : sources_) {
    if (!source || source->plan.required) continue;
    GBX_TRY(seek(*source, target));
    if (source->ended) continue;
    found = true;
    smallest = std::min(smallest, source->cursor.person());
  }
  if (!any_required_) target = smallest;
  return found;
}

Status StepsWalk::seek(Source& source, UInt128 target) {
  Cursor& cursor = source.cursor;
  if (source.ended) return {};
  if (source.opened && cursor.position() < cursor.persons().size() && cursor.person() >= target) {
    return {};
  }
  const std::size_t block = cursor.block_for(target);
  if (!source.opened || block != cursor.block_index()) copy_waiting(source);
  GBX_TRY_ASSIGN(const bool there, cursor.seek(target));
  source.ended = !there;
  source.opened = source.opened || there;
  return {};
}

bool StepsWalk::is_at(const Source& source, UInt128 person) const {
  return !source.ended && source.cursor.person() == person;
}

// Takes the person's rows of all tables, if the last step can have any.
Status StepsWalk::take_person(UInt128 person) {
  std::size_t present = 0;
  const Token* token = nullptr;
  for (std::size_t t = 0; t < sources_.size(); t++) {
    if (!sources_[t] || !is_at(*sources_[t], person)) continue;
    const Cursor& cursor = sources_[t]->cursor;
    const RowRange rows = cursor.rows_of(cursor.position());
    const bool whole = cursor.position() < cursor.complete();
    if (whole && rows.begin == rows.end) continue;
    present |= std::size_t{1} << t;
    token = &cursor.persons()[cursor.position()];
  }
  if (!plan_.steps->alive[present]) return {};
  hashes_.push_back(person_hash(*token));
  bool full = hashes_.size() >= kRowsAtOnce;
  for (std::size_t t = 0; t < sources_.size(); t++) {
    if (!sources_[t]) continue;
    if ((present >> t & 1) != 0) GBX_TRY(take_rows(*sources_[t]));
    sources_[t]->rows.row_begin.push_back(sources_[t]->count);
    full = full || sources_[t]->count >= kRowsAtOnce;
  }
  return full ? evaluate() : Status{};
}

// The rows of the person that the cursor is at, in all blocks.
Status StepsWalk::take_rows(Source& source) {
  Cursor& cursor = source.cursor;
  const std::uint32_t before = source.count;
  for (;;) {
    const RowRange rows = cursor.rows_of(cursor.position());
    source.count += rows.end - rows.begin;
    if (source.count - before > sql::kPersonRowsMax) return kTooManyRows;
    for (std::uint32_t i = rows.begin; i < rows.end; i++)
      source.waiting.push_back(cursor.row_at(i));
    const std::size_t block = cursor.block_index();
    if (cursor.position() < cursor.complete() || block + 1 == source.blocks) return {};
    copy_waiting(source);
    GBX_TRY(cursor.open(block + 1));
  }
}

void StepsWalk::copy_waiting(Source& source) {
  const std::vector<std::uint32_t>& rows = source.waiting;
  for (std::size_t i = 0; i < source.plan.columns.size() && !rows.empty(); i++) {
    const std::size_t column = source.plan.columns[i];
    const snapshot::ColumnData& from = source.cursor.block().columns[column];
    snapshot::ColumnData& to = source.rows.columns[column];
    const std::size_t before = to.values.size();
    to.values.resize(before + rows.size());
    std::int64_t* values = to.values.data() + before;
    read_values(from, rows.data(), 0, {values, rows.size()});
    if (!from.valid.empty() || !to.valid.empty()) {
      to.valid.resize(before, 1);
      to.valid.resize(before + rows.size(), 1);
      std::uint8_t* valid = to.valid.data() + before;
      for (std::size_t r = 0; !from.valid.empty() && r < rows.size(); r++) {
        valid[r] = from.valid[rows[r]];
      }
    }
    const CodeTable& codes = source.plan.codes[i];
    if (codes == nullptr) continue;
    const std::uint8_t* valid = to.valid.empty() ? nullptr : to.valid.data() + before;
    for (std::size_t r = 0; r < rows.size(); r++) {
      const bool known = valid == nullptr || valid[r] != 0;
      values[r] = known ? (*codes)[static_cast<std::size_t>(values[r])] : 0;
    }
  }
  source.waiting.clear();
}

// The whole batch.
Status StepsWalk::evaluate() {
  if (stop_ != nullptr && stop_->load(std::memory_order_relaxed)) {
    return Error{ErrorCode::unavailable, "engine_stopped"};
  }
  for (const auto& source : sources_) {
    if (!source) continue;
    copy_waiting(*source);
    if (source->plan.null_row) add_null_row(source->rows);
  }
  if (!hashes_.empty()) GBX_TRY(evaluate_persons(0, hashes_.size()));
  persons_before_ += static_cast<std::uint32_t>(hashes_.size());
  clear();
  return {};
}

// Where the rows of a step are too many for a batch, those of each half may not be.
Status StepsWalk::evaluate_persons(std::size_t first, std::size_t end) {
  std::vector<RowsView> tables;
  for (const auto& source : sources_) {
    if (!source) {
      tables.push_back({});
      continue;
    }
    tables.push_back({.block = &source->rows,
                      .begin = std::span(source->rows.row_begin).subspan(first, end - first + 1)});
  }
  const Status status = steps_.run(tables);
  if (status) return hand_on(first);
  if (status.error() != kTooManyRows || end - first == 1) return status;
  const std::size_t middle = first + (end - first) / 2;
  GBX_TRY(evaluate_persons(first, middle));
  return evaluate_persons(middle, end);
}

// Gives the rows of the last step to the bounder.
Status StepsWalk::hand_on(std::size_t first_person) {
  const snapshot::Block& rows = steps_.result();
  std::size_t person = 0;
  for (std::size_t first = 0; first < rows.rows(); first += kBatchRows) {
    const std::size_t count = std::min(kBatchRows, rows.rows() - first);
    for (std::size_t i = 0; i < count; i++) {
      while (rows.row_begin[person + 1] <= first + i) person++;
      person_[i] = persons_before_ + static_cast<std::uint32_t>(first_person + person);
      hash_[i] = hashes_[first_person + person];
    }
    const RowSource source{.block = &rows, .rows = nullptr, .first = first};
    GBX_TRY(out_.add({.sources = {&source, 1},
                      .person = std::span(person_).first(count),
                      .hashes = std::span(hash_).first(count)}));
  }
  return {};
}

void StepsWalk::clear() {
  hashes_.clear();
  for (std::size_t t = 0; t < sources_.size(); t++) {
    if (!sources_[t]) continue;
    reset(sources_[t]->rows, plan_.relations[t].table->columns().size());
    sources_[t]->rows.row_begin.push_back(0);
    sources_[t]->count = 0;
  }
}

}  // namespace gbx::engine
