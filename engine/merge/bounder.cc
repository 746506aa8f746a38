#include "engine/merge/bounder.h"

#include <algorithm>
#include <limits>

#include "engine/merge/clones.h"
#include "engine/rank.h"

namespace gbx::engine {
namespace {

Int128 clamp_to(Int128 value, std::int64_t low, std::int64_t high) {
  if (value < low) return low;
  return value > high ? Int128{high} : value;
}

// The most that a row adds to a measure's partial, either way.
std::uint64_t most_of(const sql::Measure& bounds) {
  const auto low = static_cast<std::uint64_t>(bounds.row_low);
  const auto high = static_cast<std::uint64_t>(bounds.row_high);
  if (bounds.kind == sql::MeasureKind::centred) return high - low;
  if (bounds.kind != sql::MeasureKind::sum) return 1;
  return std::max(bounds.row_low < 0 ? 0 - low : low, bounds.row_high < 0 ? 0 - high : high);
}

// How many rows of such inputs add up to no more than 64 bits; one does always.
std::uint64_t rows_without_overflow(const Plan& plan) {
  std::uint64_t most = 1;
  for (const MeasurePlan& measure : plan.measures) most = std::max(most, most_of(measure.bounds));
  constexpr std::uint64_t kMost = std::numeric_limits<std::int64_t>::max();
  return std::max<std::uint64_t>(1, kMost / most);
}

// Between literals, and of a form that compilers do on many values at once.
void clamp_all(const std::int64_t* from, std::size_t count, std::int64_t low, std::int64_t high,
               std::int64_t* __restrict out) {
  for (std::size_t i = 0; i < count; i++) {
    const std::int64_t value = from[i] < low ? low : from[i];
    out[i] = value > high ? high : value;
  }
}

}  // namespace

Bounder::Bounder(const Plan& plan)
    : plan_(plan),
      rows_most_(rows_without_overflow(plan)),
      evaluator_(plan.outputs),
      groups_(plan),
      group_(kBatchRows),
      inputs_(plan.measures.size(), std::vector<std::int64_t>(kBatchRows)) {
  for (std::size_t m = 0; m < plan.measures.size(); m++) {
    const sql::Measure& bounds = plan.measures[m].bounds;
    limits_.push_back({bounds.low, bounds.high, bounds.kind == sql::MeasureKind::bounded});
    if (sql::keeps_values(bounds.kind)) {
      values_.push_back({m, ValueBounder(plan, m)});
    }
  }
  for (const std::vector<std::int64_t>& input : inputs_) input_at_.push_back(input.data());
  reserve_groups();
}

void Bounder::reserve_groups() {
  if (totals_.size() == groups_.size()) return;
  totals_.resize(groups_.size());
  slot_of_.resize(groups_.size());
  sums_.resize(groups_.size() * plan_.measures.size());
}

Status Bounder::add(const JoinedRows& rows) {
  const std::size_t count = rows.person.size();
  evaluator_.run(rows.sources, count);
  std::vector<Vector> keys;
  for (const GroupPlan& group : plan_.groups) keys.push_back(evaluator_.result(group.node));
  GBX_TRY(groups_.number(keys, std::span(group_).first(count)));
  reserve_groups();
  for (std::size_t m = 0; m < plan_.measures.size(); m++) measure(m, count);
  for (Values& values : values_) {
    values.bounder.set_batch(evaluator_.result(values.bounder.node()));
  }
  for (std::size_t row = 0; row < count;) {
    if (!open_ || rows.person[row] != person_) {
      finish();
      open_ = true;
      person_ = rows.person[row];
      hash_ = rows.hashes[row];
    }
    std::size_t end = row + 1;
    while (end < count && rows.person[end] == person_) end++;
    add_rows(row, end);
    row = end;
  }
  return {};
}

// Rows of the open person.
void Bounder::add_rows(std::size_t row, std::size_t end) {
  const std::int64_t* const* const inputs = input_at_.data();
  const std::size_t width = limits_.size();
  for (; row < end; row++) {
    const std::uint32_t known = slot_of_[group_[row]];
    const std::size_t slot = known != 0 ? known - 1 : open_slot(group_[row]);
    if (slots_[slot].rows_left-- == 0) carry(slot);
    std::int64_t* const partials = partials_.data() + slot * width;
    for (std::size_t m = 0; m < width; m++) partials[m] += inputs[m][row];
    for (Values& values : values_) values.bounder.add(slot, row, hash_);
  }
}

// Makes room in a slot's partials for this row and more.
void Bounder::carry(std::size_t slot) {
  const std::size_t width = limits_.size();
  const std::size_t end = (slot + 1) * width;
  if (carried_.size() < end) carried_.resize(end);
  for (std::size_t i = end - width; i < end; i++) {
    carried_[i] += partials_[i];
    partials_[i] = 0;
  }
  slots_[slot].rows_left = rows_most_ - 1;
}

// Fills inputs_[m]: what each row of the batch adds to the person's partial.
GBX_CLONES void Bounder::measure(std::size_t m, std::size_t count) {
  const MeasurePlan& planned = plan_.measures[m];
  std::int64_t* out = inputs_[m].data();
  const sql::MeasureKind kind = planned.bounds.kind;
  if (sql::keeps_values(kind)) return;  // adds nothing to a sum
  if (kind == sql::MeasureKind::bounded) return mark_cuts(m, count);
  if (kind == sql::MeasureKind::rows) {
    std::fill_n(out, count, 1);
    return;
  }
  const Vector from = evaluator_.result(planned.node);
  const std::int64_t low = planned.bounds.row_low;
  const std::int64_t high = planned.bounds.row_high;
  if (kind == sql::MeasureKind::values) {
    for (std::size_t i = 0; i < count; i++) out[i] = from.valid == nullptr || from.valid[i] != 0;
    return;
  }
  clamp_all(from.values, count, low, high, out);
  if (kind == sql::MeasureKind::centred) {
    const std::uint64_t twice_middle = static_cast<std::uint64_t>(low + high);
    for (std::size_t i = 0; i < count; i++) {
      out[i] = static_cast<std::int64_t>(2 * static_cast<std::uint64_t>(out[i]) - twice_middle);
    }
  }
  if (from.valid == nullptr) return;
  for (std::size_t i = 0; i < count; i++) out[i] = from.valid[i] != 0 ? out[i] : 0;
}

// Of a measure `bounded`: 1 for each row of which a value is clamped.
void Bounder::mark_cuts(std::size_t m, std::size_t count) {
  std::int64_t* out = inputs_[m].data();
  std::fill_n(out, count, 0);
  for (const std::uint32_t place : plan_.measures[m].bounds.watched) {
    const MeasurePlan& watched = plan_.measures[place];
    if (!sql::clamps_rows(watched.bounds.kind)) continue;
    const Vector from = evaluator_.result(watched.node);
    for (std::size_t i = 0; i < count; i++) {
      const std::int64_t value = from.values[i];
      const bool outside = value < watched.bounds.row_low || value > watched.bounds.row_high;
      if (outside && (from.valid == nullptr || from.valid[i] != 0)) out[i] = 1;
    }
  }
}

// Whether the person brought more to a measure than counts, in whole rows and values.
bool Bounder::is_cut(std::size_t slot, std::size_t m) const {
  for (const Values& values : values_) {
    if (values.measure == m) return values.bounder.is_cut(slot);
  }
  const Int128 whole = brought(slot, m);
  return clamp_to(whole, limits_[m].low, limits_[m].high) != whole;
}

Int128 Bounder::brought(std::size_t slot, std::size_t m) const {
  const std::size_t place = slot * limits_.size() + m;
  return (place < carried_.size() ? carried_[place] : 0) + partials_[place];
}

Int128 Bounder::contribution(std::size_t slot, std::size_t m) const {
  const Int128 whole = brought(slot, m);
  if (!limits_[m].is_cut) return clamp_to(whole, limits_[m].low, limits_[m].high);
  const std::vector<std::uint32_t>& watched = plan_.measures[m].bounds.watched;
  const bool cut =
      choosing_ || whole != 0 ||
      std::ranges::any_of(watched, [&](std::uint32_t place) { return is_cut(slot, place); });
  return cut ? 1 : 0;
}

std::size_t Bounder::open_slot(std::uint32_t group) {
  slots_.push_back({group, 0, rows_most_});
  slot_of_[group] = static_cast<std::uint32_t>(slots_.size());
  totals_[group].seen = true;
  const std::size_t width = limits_.size();
  const std::size_t first = (slots_.size() - 1) * width;
  if (partials_.size() < first + width) partials_.resize((first + width) * 2);
  std::fill_n(partials_.begin() + static_cast<std::ptrdiff_t>(first), width, 0);
  return slots_.size() - 1;
}

void Bounder::finish() {
  if (!open_) return;
  open_ = false;
  const std::size_t width = plan_.measures.size();
  // Who is in few groups keeps all, without a rank being looked at.
  choosing_ = slots_.size() > plan_.groups_per_person;
  if (choosing_) {
    all_slots_ = slots_;
    choose();
  }
  for (const Slot& kept : slots_) {
    Total& total = totals_[kept.group];
    total.persons++;
    const std::size_t slot = slot_of_[kept.group] - 1;
    for (Values& values : values_) values.bounder.keep(slot, kept.group, hash_);
    Int128* sum = sums_.data() + kept.group * width;
    const std::int64_t* const partials = partials_.data() + slot * width;
    for (std::size_t m = 0; m < width; m++) {
      const Limits& limits = limits_[m];
      const bool simple = carried_.empty() && !limits.is_cut;
      sum[m] += simple ? std::clamp(partials[m], limits.low, limits.high) : contribution(slot, m);
    }
  }
  const std::vector<Slot>& all = choosing_ ? all_slots_ : slots_;
  for (const Slot& slot : all) slot_of_[slot.group] = 0;
  for (Values& values : values_) values.bounder.finish(all.size());
  slots_.clear();
  carried_.clear();
}

// Leaves in slots_ the person's groups of smallest rank.
void Bounder::choose() {
  for (Slot& slot : slots_) {
    slot.rank = rank(plan_.sampling, hash_, groups_.hash(slot.group));
  }
  const auto kept = slots_.begin() + plan_.groups_per_person;
  std::nth_element(slots_.begin(), kept, slots_.end(),
                   [&](const Slot& x, const Slot& y) { return before(x, y); });
  slots_.erase(kept, slots_.end());
}

bool Bounder::before(const Slot& a, const Slot& b) const {
  if (a.rank != b.rank) return a.rank < b.rank;
  if (a.group == b.group) return false;
  return sql::encode_group_key(groups_.key(a.group)) < sql::encode_group_key(groups_.key(b.group));
}

Status Bounder::absorb(Bounder& other) {
  finish();
  other.finish();
  const std::size_t width = plan_.measures.size();
  std::vector<std::uint32_t> mine_of(other.groups_.size());
  for (std::uint32_t group = 0; group < other.groups_.size(); group++) {
    const Total& from = other.totals_[group];
    if (!from.seen) continue;
    GBX_TRY_ASSIGN(const std::uint32_t mine, groups_.adopt(other.groups_, group));
    reserve_groups();
    mine_of[group] = mine;
    totals_[mine].seen = true;
    totals_[mine].persons += from.persons;
    for (std::size_t m = 0; m < width; m++) {
      sums_[mine * width + m] += other.sums_[group * width + m];
    }
  }
  for (std::size_t i = 0; i < values_.size(); i++) {
    values_[i].bounder.absorb(other.values_[i].bounder, mine_of);
  }
  return {};
}

void Bounder::count_values() {
  const std::size_t width = plan_.measures.size();
  for (Values& values : values_) {
    for (const ValueBounder::Entry& entry : values.bounder.entries()) {
      sums_[entry.group * width + values.measure] += entry.count;
    }
  }
}

Result<std::vector<sql::GroupRow>> Bounder::rows() {
  finish();
  count_values();
  const std::size_t width = plan_.measures.size();
  std::vector<sql::GroupRow> out;
  std::size_t seen = 0;
  for (std::uint32_t group = 0; group < groups_.size(); group++) {
    const Total& total = totals_[group];
    if (total.seen) seen++;
    if (total.persons == 0 && !plan_.groups.empty()) continue;
    sql::GroupRow row{.key = groups_.key(group), .persons = total.persons, .sums = {}};
    row.sums.assign(sums_.begin() + static_cast<std::ptrdiff_t>(group * width),
                    sums_.begin() + static_cast<std::ptrdiff_t>((group + 1) * width));
    for (Values& values : values_) {
      if (!values.bounder.is_histogram()) continue;
      row.histograms.push_back(values.bounder.histogram(group));
    }
    out.push_back(std::move(row));
  }
  if (!plan_.groups.empty() && seen > plan_.groups_max) {
    return Error{ErrorCode::unavailable, "too_many_groups"};
  }
  std::sort(out.begin(), out.end(),
            [](const sql::GroupRow& a, const sql::GroupRow& b) { return a.key < b.key; });
  return out;
}

}  // namespace gbx::engine
