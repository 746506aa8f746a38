#pragma once

// The seams of a release, fast and the same in every run.

#include <algorithm>
#include <vector>

#include "trusted/base/seams.h"

namespace gbx::stat {

// SplitMix64 (Steele, Lea, Flood 2014): fast, seeded, for tests only.
class SeededEntropy final : public Entropy {
 public:
  explicit SeededEntropy(std::uint64_t seed) : state_(seed) {}
  Status fill(std::span<std::uint8_t> out) noexcept override {
    for (std::size_t i = 0; i < out.size(); i += 8) {
      const std::uint64_t word = next();
      const std::size_t size = std::min<std::size_t>(8, out.size() - i);
      for (std::size_t j = 0; j < size; j++) {
        out[i + j] = static_cast<std::uint8_t>(word >> (8 * j));
      }
    }
    return {};
  }

 private:
  std::uint64_t next() {
    state_ += 0x9e3779b97f4a7c15u;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  std::uint64_t state_;
};

class KeepingStore final : public Store {
 public:
  Status append(ByteView entry) noexcept override {
    entries.emplace_back(entry.begin(), entry.end());
    return {};
  }
  std::vector<Bytes> entries;
};

}  // namespace gbx::stat
