#include "engine/merge/value_bounder.h"

#include <algorithm>
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

void make_distinct(std::vector<std::int64_t>& values) {
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
}

}  // namespace

void ValueBounder::add(std::size_t slot, std::size_t row, std::uint32_t person_hash) {
  if (batch_.valid != nullptr && batch_.valid[row] == 0) return;
  if (slot >= slots_.size()) slots_.resize(slot + 1);
  std::vector<std::int64_t>& values = slots_[slot];
  const std::int64_t value = batch_.values[row];
  if (!values.empty() && values.back() == value) return;
  values.push_back(value);
  // The smallest of the smallest and of more are the smallest of all: cutting early changes
  // nothing.
  const auto most = static_cast<std::size_t>(planned_->bounds.high);
  if (values.size() >= 2 * most + kSlack) bound(values, person_hash);
}

std::vector<Cell> ValueBounder::key_of(std::int64_t value) const {
  if (!planned_->text) return {Cell(value)};
  return {Cell(std::string(plan_->pool.text(static_cast<std::size_t>(value))))};
}

// Leaves the different values of smallest rank.
void ValueBounder::bound(std::vector<std::int64_t>& values, std::uint32_t person_hash) const {
  make_distinct(values);
  const auto most = static_cast<std::size_t>(planned_->bounds.high);
  if (values.size() <= most) return;
  std::vector<std::pair<std::uint32_t, std::int64_t>> ranked;
  ranked.reserve(values.size());
  for (const std::int64_t value : values) {
    ranked.emplace_back(rank(plan_->sampling, person_hash, key_hash(key_of(value))), value);
  }
  const auto kept = ranked.begin() + static_cast<std::ptrdiff_t>(most);
  std::nth_element(ranked.begin(), kept, ranked.end(), [&](const auto& a, const auto& b) {
    if (a.first != b.first) return a.first < b.first;
    if (a.second == b.second) return false;
    return sql::encode_group_key(key_of(a.second)) < sql::encode_group_key(key_of(b.second));
  });
  values.resize(most);
  std::transform(ranked.begin(), kept, values.begin(),
                 [](const auto& entry) { return entry.second; });
}

void ValueBounder::keep(std::size_t slot, std::uint32_t group, std::uint32_t person_hash) {
  if (slot >= slots_.size()) return;
  std::vector<std::int64_t>& values = slots_[slot];
  bound(values, person_hash);
  for (const std::int64_t value : values) collect({group, value});
}

void ValueBounder::finish(std::size_t slots) {
  for (std::size_t i = 0; i < std::min(slots, slots_.size()); i++) slots_[i].clear();
}

void ValueBounder::collect(Entry entry) {
  entries_.push_back(entry);
  if (entries_.size() >= compact_at_) compact();
}

void ValueBounder::compact() {
  std::sort(entries_.begin(), entries_.end(), before);
  entries_.erase(std::unique(entries_.begin(), entries_.end(), same), entries_.end());
  compact_at_ = std::max(compact_at_, 2 * entries_.size());
}

void ValueBounder::absorb(const ValueBounder& other, std::span<const std::uint32_t> groups) {
  for (const Entry& entry : other.entries_) collect({groups[entry.group], entry.value});
}

std::span<const ValueBounder::Entry> ValueBounder::entries() {
  compact();
  return entries_;
}

}  // namespace gbx::engine
