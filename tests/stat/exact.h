#pragma once

// What tests of the release need and the product forbids: exact aggregates of one's own making,
// reservations for any plan, entropy that can be steered.

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "tests/stat/seams.h"
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

inline privacy::Reservation reservation_for(const privacy::Plan& plan) {
  KeepingStore store;
  const privacy::Price price = plan.price();
  // No budget is without delta, but where queries are counted.
  const bool counted = plan.accounting == privacy::Accounting::queries;
  const privacy::Price budgeted = counted ? price : privacy::add(price, {0, 1});
  auto budget = privacy::Budget::make(plan.accounting, {{"t", budgeted}});
  GBX_CHECK(budget && budget->allot("t", budgeted));
  auto reservation = budget->reserve({{"t"}, price, {}}, store);
  return std::move(reservation).value();
}

}  // namespace gbx::stat
