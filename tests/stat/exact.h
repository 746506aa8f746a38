#pragma once

// What tests of the release need and the product forbids: exact aggregates of one's own making,
// reservations for any plan, entropy that can be steered.

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "trusted/base/seams.h"
#include "trusted/privacy/aggregate.h"
#include "trusted/privacy/budget.h"
#include "trusted/privacy/plan.h"

namespace gbx::room {

// Stands in for the real one, which is not linked here.
class Engine {
 public:
  static privacy::Aggregate make(std::vector<privacy::ExactGroup> groups) {
    return privacy::Aggregate(std::move(groups));
  }
};

}  // namespace gbx::room

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

// Gives the bits of `prefix`, lowest first, then zeros.
class PrefixEntropy final : public Entropy {
 public:
  explicit PrefixEntropy(std::uint64_t prefix) : prefix_(prefix) {}
  Status fill(std::span<std::uint8_t> out) noexcept override {
    std::fill(out.begin(), out.end(), std::uint8_t{0});
    for (std::size_t i = 0; i < 8 && i < out.size() && first_; i++) {
      out[i] = static_cast<std::uint8_t>(prefix_ >> (8 * i));
    }
    first_ = false;
    return {};
  }

 private:
  std::uint64_t prefix_;
  bool first_ = true;
};

// Seeded, until more than `bytes` bytes have been asked for.
class FailingEntropy final : public Entropy {
 public:
  explicit FailingEntropy(std::uint64_t bytes) : left_(bytes) {}
  Status fill(std::span<std::uint8_t> out) noexcept override {
    if (out.size() > left_) return Error{ErrorCode::unavailable, "entropy_failed"};
    left_ -= out.size();
    return seeded_.fill(out);
  }

 private:
  std::uint64_t left_;
  SeededEntropy seeded_{1};
};

class KeepingStore final : public Store {
 public:
  Status append(ByteView entry) noexcept override {
    entries.emplace_back(entry.begin(), entry.end());
    return {};
  }
  std::vector<Bytes> entries;
};

inline privacy::Reservation reservation_for(const privacy::Plan& plan) {
  KeepingStore store;
  const privacy::Price price = plan.price();
  auto budget = privacy::Budget::make({{"t", price}});
  GBX_CHECK(budget && budget->allot("t", price));
  auto reservation = budget->reserve({{"t"}, price, {}}, store);
  return std::move(reservation).value();
}

}  // namespace gbx::stat
