#include "engine/merge/group_table.h"

#include <algorithm>

#include "engine/merge/clones.h"
#include "engine/rank.h"

namespace gbx::engine {
namespace {

constexpr std::uint32_t kNoHash = 0xffffffff;
constexpr std::size_t kSlotsFirst = 1024;

}  // namespace

GroupTable::GroupTable(const Plan& plan)
    : plan_(plan), width_(plan.groups.size() + 1), size_(plan.dense ? plan.dense_size : 0) {
  if (!plan.dense) slots_.assign(kSlotsFirst, 0);
}

Status GroupTable::number(std::span<const Vector> keys, std::span<std::uint32_t> groups) {
  if (plan_.dense) return number_dense(keys, groups);
  std::vector<std::int64_t> key(width_);
  for (std::size_t row = 0; row < groups.size(); row++) {
    key[0] = 0;
    for (std::size_t k = 0; k < keys.size(); k++) {
      const bool valid = keys[k].valid == nullptr || keys[k].valid[row] != 0;
      key[k + 1] = valid ? keys[k].values[row] : 0;
      if (!valid) key[0] |= std::int64_t{1} << k;
    }
    GBX_TRY_ASSIGN(groups[row], find_or_add(key));
  }
  return {};
}

namespace {

// Adds a key to the numbers of groups; false when a value lies outside [low, low + size - 2].
GBX_CLONES bool add_key(Vector key, const GroupPlan& plan, std::size_t count,
                        std::uint32_t* __restrict groups) {
  const auto low = static_cast<std::uint64_t>(plan.low);
  const std::uint64_t size = plan.size;
  const std::int64_t* const values = key.values;
  const std::uint8_t* const valid = key.valid;
  std::uint64_t outside = 0;
  if (valid == nullptr) {
    for (std::size_t row = 0; row < count; row++) {
      const std::uint64_t above = static_cast<std::uint64_t>(values[row]) - low;
      outside |= static_cast<std::uint64_t>(above >= size - 1);
      groups[row] =
          groups[row] * static_cast<std::uint32_t>(size) + static_cast<std::uint32_t>(above) + 1;
    }
    return outside == 0;
  }
  for (std::size_t row = 0; row < count; row++) {
    const std::uint64_t above = static_cast<std::uint64_t>(values[row]) - low;
    outside |= static_cast<std::uint64_t>(above >= size - 1) & valid[row];
    groups[row] = groups[row] * static_cast<std::uint32_t>(size) +
                  (static_cast<std::uint32_t>(above) + 1) * valid[row];
  }
  return outside == 0;
}

}  // namespace

Status GroupTable::number_dense(std::span<const Vector> keys,
                                std::span<std::uint32_t> groups) const {
  std::fill(groups.begin(), groups.end(), 0U);
  for (std::size_t k = 0; k < keys.size(); k++) {
    if (!add_key(keys[k], plan_.groups[k], groups.size(), groups.data())) {
      return Error{ErrorCode::unavailable, "engine_failed"};
    }
  }
  return {};
}

std::uint64_t GroupTable::mix(std::span<const std::int64_t> key) const {
  const auto [a, b, d] = plan_.sampling;
  std::uint64_t h = (std::uint64_t{a} << 33) ^ (std::uint64_t{b} << 13) ^ d;
  for (std::int64_t value : key) {
    h = (h ^ static_cast<std::uint64_t>(value)) * 0x9e3779b97f4a7c15U;
    h ^= h >> 29;
  }
  return h * 0xbf58476d1ce4e5b9U >> 20;
}

Result<std::uint32_t> GroupTable::find_or_add(std::span<const std::int64_t> key) {
  const std::size_t mask = slots_.size() - 1;
  std::size_t slot = mix(key) & mask;
  for (; slots_[slot] != 0; slot = (slot + 1) & mask) {
    const std::size_t group = slots_[slot] - 1;
    if (std::equal(key.begin(), key.end(), keys_.data() + group * width_)) {
      return static_cast<std::uint32_t>(group);
    }
  }
  if (size_ >= plan_.groups_max) return Error{ErrorCode::unavailable, "too_many_groups"};
  keys_.insert(keys_.end(), key.begin(), key.end());
  slots_[slot] = static_cast<std::uint32_t>(++size_);
  if (size_ * 2 > slots_.size()) grow();
  return static_cast<std::uint32_t>(size_ - 1);
}

void GroupTable::grow() {
  slots_.assign(slots_.size() * 2, 0);
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t group = 0; group < size_; group++) {
    std::size_t slot = mix({keys_.data() + group * width_, width_}) & mask;
    while (slots_[slot] != 0) slot = (slot + 1) & mask;
    slots_[slot] = static_cast<std::uint32_t>(group + 1);
  }
}

Result<std::uint32_t> GroupTable::adopt(const GroupTable& other, std::uint32_t group) {
  if (plan_.dense) return group;
  return find_or_add({other.keys_.data() + group * width_, width_});
}

std::vector<Cell> GroupTable::key(std::uint32_t group) const {
  std::vector<Cell> cells(plan_.groups.size());
  std::uint64_t rest = group;
  for (std::size_t k = cells.size(); k-- > 0;) {
    const GroupPlan& planned = plan_.groups[k];
    std::int64_t value = 0;
    bool valid = true;
    if (plan_.dense) {
      const std::uint64_t place = rest % planned.size;
      rest /= planned.size;
      valid = place != 0;
      value = static_cast<std::int64_t>(static_cast<std::uint64_t>(planned.low) + place - 1);
    } else {
      const std::int64_t* key = keys_.data() + group * width_;
      valid = (key[0] >> k & 1) == 0;
      value = key[k + 1];
    }
    if (!valid) continue;
    cells[k] = value;
    if (planned.text) cells[k] = std::string(plan_.pool.text(static_cast<std::size_t>(value)));
  }
  return cells;
}

std::uint32_t GroupTable::hash(std::uint32_t group) {
  if (group >= hashes_.size()) hashes_.resize(size_, kNoHash);
  std::uint32_t& known = hashes_[group];
  if (known == kNoHash) known = key_hash(key(group));
  return known;
}

}  // namespace gbx::engine
