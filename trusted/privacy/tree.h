#pragma once

// Quantiles from one noisy tree over a histogram: 16 children to a node, noise on every node, so
// that any number of quantiles costs what one does.
//
// An attacker chooses rows and fractions. What must stay true: a row touches one node of each
// level, so a person with at most c rows in a group changes at most `levels` nodes by at most c
// each, and every node's noise is drawn once. Nodes that no walk looks at need no noise: what is
// shown does not depend on them, so drawing it only when it is looked at gives the same
// distribution.
//
// The walk follows Google's differential-privacy library (cc/algorithms/quantile-tree.h): at each
// level children that hold less than 0.75 % of what the level holds are taken for noise, and the
// fraction is taken of the rest. Post-processing: it cannot spend anything. Not thread-safe.

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "trusted/base/value.h"
#include "trusted/privacy/aggregate.h"
#include "trusted/privacy/mechanism.h"

namespace gbx::privacy {

constexpr std::uint32_t kTreeFanOut = 16;

// log16(bins): 16 -> 1, ..., 65536 -> 4. 0 for other numbers.
std::uint32_t tree_levels(std::uint32_t bins);
// 16^levels, levels <= kLevelsMax.
std::uint32_t tree_bins(std::uint32_t levels);

// Where a quantile lies: leaves of the histogram, 0 .. bins - 1.
struct QuantileLeaves {
  std::uint32_t value = 0;
  std::uint32_t low = 0;  // of the interval, as far as the noise of ranks goes
  std::uint32_t high = 0;
  friend bool operator==(QuantileLeaves, QuantileLeaves) = default;
};

class NoisyTree {
 public:
  // `exact` and `bits` must outlive the tree. `levels` = tree_levels(bins) of the histogram.
  NoisyTree(RandomBits& bits, const Noise& noise, const Histogram& exact, std::uint32_t levels)
      : bits_(&bits), noise_(noise), exact_(&exact), levels_(levels) {}

  // The leaf with `fraction` (in 10^-6, 0 .. 10^6) of the rows at or below it, and the leaves where
  // the same walk ends for a rank that is off by `rank_slack` rows. Fails with unavailable.
  Result<QuantileLeaves> quantile(std::uint32_t fraction, double rank_slack);
  // How many nodes one quantile() looks at, at most: three walks.
  static std::size_t nodes_of_quantile(std::uint32_t levels) {
    return std::size_t{3} * kTreeFanOut * levels;
  }

 private:
  Result<std::int64_t> node(std::uint32_t level, std::uint32_t index);
  Result<std::vector<double>> children(std::uint32_t level, std::uint32_t parent);
  Result<std::uint32_t> walk(double fraction);

  RandomBits* bits_;
  Noise noise_;
  const Histogram* exact_;
  std::uint32_t levels_;
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::int64_t> noised_;  // by level and index
};

// How far off a rank can be, about 95 % of the time: a rank adds at most 15 noised nodes of each
// level. Gaussian: 1.96 sigma sqrt(15 levels). Laplace: sums of several are close to normal with
// variance 2 b^2 each; 2.2 in place of 1.96 for their heavier tails. A figure, not a guarantee.
double rank_slack(const Noise& noise, std::uint32_t levels);

}  // namespace gbx::privacy
