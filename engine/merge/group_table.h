#pragma once

// Numbers for group keys: 0, 1, 2, ... in order of appearance, or computed when the keys' domain is
// small. Keys are the owners' values; the hash is salted with the release's fresh sampling key.

#include <span>
#include <vector>

#include "engine/merge/evaluate.h"

namespace gbx::engine {

class GroupTable {
 public:
  // `plan` must outlive the table.
  explicit GroupTable(const Plan& plan);

  // The group of each row: `keys` by group expression, each of groups.size() rows.
  // Fails with unavailable when there are more groups than the plan allows, or a value lies outside
  // the interval that the task states.
  Status number(std::span<const Vector> keys, std::span<std::uint32_t> groups);
  // The number of the other table's `group` in this one. Fails like number().
  Result<std::uint32_t> adopt(const GroupTable& other, std::uint32_t group);

  // Numbers given out so far are below size().
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::vector<Cell> key(std::uint32_t group) const;
  // h(g) of the task's definition; computed once.
  std::uint32_t hash(std::uint32_t group);

 private:
  Status number_dense(std::span<const Vector> keys, std::span<std::uint32_t> groups) const;
  Result<std::uint32_t> find_or_add(std::span<const std::int64_t> key);
  void grow();
  [[nodiscard]] std::uint64_t mix(std::span<const std::int64_t> key) const;

  const Plan& plan_;
  std::size_t width_;  // numbers of one key: the NULLs as bits, then the values
  std::size_t size_;
  std::vector<std::int64_t> keys_;
  std::vector<std::uint32_t> slots_;  // group + 1, by hash; 0 = free
  std::vector<std::uint32_t> hashes_;
};

}  // namespace gbx::engine
