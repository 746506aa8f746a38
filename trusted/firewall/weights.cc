#include "trusted/firewall/weights.h"

#include <algorithm>

namespace gbx::firewall {
namespace {

// By how much the expected width of an interval grows with the noise of each of its statistics, in
// hundredths of the sum's: the mean lies anywhere between the bounds with equal chance, and so does
// the mean square where it can.
constexpr std::uint64_t kSum = 100;
constexpr std::uint64_t kCountOfAverage = 50;
constexpr std::uint64_t kCountOfMoment = 94;
constexpr std::uint64_t kSquares = 50;

bool divides(const Output& output) {
  return output.kind == OutputKind::average || output.kind == OutputKind::moment;
}

bool asks(const Output& output, std::uint32_t statistic) {
  const bool counts = output.kind == OutputKind::count || output.kind == OutputKind::persons;
  return counts && output.index == statistic;
}

// The largest root with root^degree <= value; value < 2^62.
std::uint64_t root(std::uint64_t value, int degree) {
  std::uint64_t out = 0;
  for (int bit = 30; bit >= 0; bit--) {
    const std::uint64_t next = out | std::uint64_t{1} << bit;
    UInt128 power = 1;
    for (int i = 0; i < degree && power <= value; i++) power *= next;
    if (power <= value) out = next;
  }
  return out;
}

// Widths go with 1 / share (pure) or 1 / sqrt(share): the least sum of a_j / share_j^d for a given
// sum of shares has shares in proportion to a_j^(1 / (1 + d)).
std::uint64_t proportion(std::uint64_t a, privacy::Accounting accounting) {
  constexpr std::uint64_t kMillion = 1'000'000;  // three digits more
  if (accounting == privacy::Accounting::pure) return root(a * kMillion, 2);
  return root(a * a * kMillion * 1000, 3);
}

class Weights {
 public:
  Weights(std::span<const Output> outputs, std::size_t measures)
      : outputs_(outputs), factors_(measures), weights_(measures, privacy::kEqualWeight) {}

  // The statistics of all averages and variances over the count of `first`.
  void split(const Output& first, privacy::Accounting accounting) {
    std::fill(factors_.begin(), factors_.end(), 0);
    for (const Output& output : outputs_) {
      if (divides(output) && output.count == first.count) add(output);
    }
    const bool shared = first.count == 0 ||
                        std::any_of(outputs_.begin(), outputs_.end(),
                                    [&](const Output& other) { return asks(other, first.count); });
    if (shared && first.count != 0) factors_[first.count - 1] = 0;
    share(accounting);
  }

  std::vector<std::uint32_t> take() { return std::move(weights_); }

 private:
  void add(const Output& output) {
    const bool moment = output.kind == OutputKind::moment;
    if (output.count != 0) {
      factors_[output.count - 1] += moment ? kCountOfMoment : kCountOfAverage;
    }
    factors_[output.index - 1] += kSum;
    if (moment) factors_[output.squares - 1] += kSquares;
  }

  void share(privacy::Accounting accounting) {
    std::uint64_t all = 0;
    std::uint64_t pool = 0;
    for (const std::uint64_t factor : factors_) {
      all += proportion(factor, accounting);
      pool += factor == 0 ? 0 : privacy::kEqualWeight;
    }
    std::uint64_t rest = pool;
    std::size_t last = 0;
    for (std::size_t i = 0; i < factors_.size(); i++) {
      if (factors_[i] == 0) continue;
      const std::uint64_t part = pool * proportion(factors_[i], accounting) / all;
      weights_[i] = static_cast<std::uint32_t>(part);
      rest -= part;
      last = i;
    }
    weights_[last] += static_cast<std::uint32_t>(rest);
  }

  std::span<const Output> outputs_;
  std::vector<std::uint64_t> factors_;  // by measure; 0: not in the pool
  std::vector<std::uint32_t> weights_;
};

}  // namespace

std::vector<std::uint32_t> weights_of(std::span<const Output> outputs, std::size_t measures,
                                      privacy::Accounting accounting) {
  Weights weights(outputs, measures);
  for (const Output& output : outputs) {
    if (divides(output)) weights.split(output, accounting);
  }
  return weights.take();
}

}  // namespace gbx::firewall
