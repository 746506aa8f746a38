#pragma once

// Automatic bounds: between which powers of two the values of a group lie, from a noised histogram
// of their magnitudes (sql/task.h). A release of its own, which a narrower question then builds on.
//
// An attacker chooses rows. What must stay true: of each person one value counts in a group, so one
// person changes one bin of at most L0 groups by 1: L1 = L0 and L2^2 = L0 over all bins of all
// groups, as for the number of persons (Statistic with per_group 1, levels 1). Every bin that there
// can be gets noise, whether rows are in it or not.
//
// What is shown follows ApproxBounds of Google's differential-privacy library
// (cc/algorithms/approx-bounds.h): the outermost bins whose noised count reaches a threshold.
// Post-processing. Not thread-safe.

#include <cstdint>

#include "trusted/privacy/mechanism.h"
#include "trusted/privacy/tree.h"

namespace gbx::privacy {

// How often noise alone makes the bounds of a group wider than its values need.
constexpr double kBoundsMiss = 0x1p-10;

struct BoundsInput {
  const Histogram& exact;
  std::uint32_t bins = 1;       // 1 .. kMagnitudeBinsMax
  std::int64_t people_min = 2;  // k: about so many stand behind each end
};

// max(k, T) with P[X >= T - 1] <= kBoundsMiss / bins: all empty bins together reach it that rarely.
std::int64_t bounds_threshold(const Noise& noise, const BoundsInput& input);

// The first and the last bin that reach the threshold, as `low` and `high`; all bins where none
// does. Draws `bins` times. Fails with unavailable.
Result<QuantileLeaves> noisy_bounds(RandomBits& bits, const Noise& noise, const BoundsInput& input);

}  // namespace gbx::privacy
