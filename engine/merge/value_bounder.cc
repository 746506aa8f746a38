#include "engine/merge/value_bounder.h"

#include <algorithm>
#include <numeric>
#include <tuple>

#include "engine/rank.h"

namespace gbx::engine {
namespace {

// What is kept beyond the bound before it is cut, so that cutting is rare.
constexpr std::size_t kSlack = 64;

bool before(const ValueBounder::Entry& a, const ValueBounder::Entry& b) {
  return std::tie(a.group, a.value) < std::tie(b.group, b.value);
}

bool same(const ValueBounder::Entry& a, const ValueBounder::Entry& b) {
  return a.group == b.group && a.value == b.value;
}

}  // namespace

void ValueBounder::add(std::size_t slot, std::size_t row, std::uint32_t person_hash) {
  if (batch_.valid != nullptr && batch_.valid[row] == 0) return;
  if (slot >= slots_.size()) {
    slots_.resize(slot + 1);
    cut_.resize(slot + 1);
  }
  std::vector<Kept>& values = slots_[slot];
  std::int64_t value = batch_.values[row];
  if (is_histogram()) value = sql::bin_of(planned_->bounds, value);
  if (!values.empty() && values.back().value == value) {
    if (is_histogram()) values.back().count++;
    return;
  }
  values.push_back({value, 1});
  // The smallest of the smallest and of more are the smallest of all: cutting early changes
  // nothing.
  const auto most = static_cast<std::size_t>(planned_->bounds.high);
  if (values.size() >= 2 * most + kSlack) bound(slot, person_hash);
}

std::vector<Cell> ValueBounder::key_of(std::int64_t value) const {
  if (!planned_->text) return {Cell(value)};
  return {Cell(std::string(plan_->pool.text(static_cast<std::size_t>(value))))};
}

// Leaves each value once, with all its rows; of distinct values only that they are there.
void ValueBounder::add_up(std::vector<Kept>& values) const {
  std::sort(values.begin(), values.end(),
            [](const Kept& a, const Kept& b) { return a.value < b.value; });
  std::size_t last = 0;
  for (std::size_t i = 1; i < values.size(); i++) {
    if (values[i].value != values[last].value) {
      values[++last] = values[i];
    } else if (is_histogram()) {
      values[last].count += values[i].count;
    }
  }
  if (!values.empty()) values.resize(last + 1);
}

// Leaves the rows of smallest rank, as many as may count; of distinct values one row each.
void ValueBounder::bound(std::size_t slot, std::uint32_t person_hash) {
  std::vector<Kept>& values = slots_[slot];
  add_up(values);
  std::int64_t left = planned_->bounds.high;
  const auto add_count = [](std::int64_t sum, const Kept& kept) { return sum + kept.count; };
  if (std::accumulate(values.begin(), values.end(), std::int64_t{0}, add_count) <= left) return;
  cut_[slot] = true;
  std::vector<std::pair<std::uint32_t, Kept>> ranked;
  ranked.reserve(values.size());
  for (const Kept& kept : values) {
    const std::uint32_t key = key_hash(key_of(kept.value));
    ranked.emplace_back(rank(plan_->sampling, person_hash, key), kept);
  }
  std::sort(ranked.begin(), ranked.end(), [&](const auto& a, const auto& b) {
    if (a.first != b.first) return a.first < b.first;
    if (a.second.value == b.second.value) return false;
    return sql::encode_group_key(key_of(a.second.value)) <
           sql::encode_group_key(key_of(b.second.value));
  });
  values.clear();
  for (const auto& [rank, kept] : ranked) {
    if (left == 0) return;
    values.push_back({kept.value, std::min(kept.count, left)});
    left -= values.back().count;
  }
}

void ValueBounder::keep(std::size_t slot, std::uint32_t group, std::uint32_t person_hash) {
  if (slot >= slots_.size()) return;
  bound(slot, person_hash);
  for (const Kept& kept : slots_[slot]) collect({group, kept.value, kept.count});
}

void ValueBounder::finish(std::size_t slots) {
  for (std::size_t i = 0; i < std::min(slots, slots_.size()); i++) {
    slots_[i].clear();
    cut_[i] = false;
  }
}

void ValueBounder::collect(Entry entry) {
  entries_.push_back(entry);
  if (entries_.size() >= compact_at_) compact();
}

void ValueBounder::compact() {
  std::sort(entries_.begin(), entries_.end(), before);
  std::size_t last = 0;
  for (std::size_t i = 1; i < entries_.size(); i++) {
    if (!same(entries_[i], entries_[last])) {
      entries_[++last] = entries_[i];
    } else if (is_histogram()) {
      entries_[last].count += entries_[i].count;
    }
  }
  if (!entries_.empty()) entries_.resize(last + 1);
  compact_at_ = std::max(compact_at_, 2 * entries_.size());
}

void ValueBounder::absorb(const ValueBounder& other, std::span<const std::uint32_t> groups) {
  for (const Entry& entry : other.entries_) {
    collect({groups[entry.group], entry.value, entry.count});
  }
}

std::span<const ValueBounder::Entry> ValueBounder::entries() {
  compact();
  return entries_;
}

Histogram ValueBounder::histogram(std::uint32_t group) const {
  Histogram out;
  auto entry = std::lower_bound(entries_.begin(), entries_.end(), Entry{group, 0, 0}, before);
  for (; entry != entries_.end() && entry->group == group; entry++) {
    out.push_back({static_cast<std::uint32_t>(entry->value), entry->count});
  }
  return out;
}

}  // namespace gbx::engine
