#include "trusted/privacy/tree.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "trusted/privacy/confidence.h"

namespace gbx::privacy {
namespace {

// Children with less than this part of their level are taken for noise.
constexpr double kNoisePart = 0.0075;
constexpr double kMillion = 1e6;

}  // namespace

std::uint32_t tree_levels(std::uint32_t bins) {
  std::uint32_t levels = 0;
  while (bins > 1 && bins % kTreeFanOut == 0) {
    bins /= kTreeFanOut;
    levels++;
  }
  return bins == 1 ? levels : 0;
}

std::uint32_t tree_bins(std::uint32_t levels) {
  GBX_CHECK(levels <= kLevelsMax);
  return std::uint32_t{1} << (4 * levels);
}

double rank_slack(const Noise& noise, std::uint32_t levels) {
  const double nodes = std::sqrt(double{kTreeFanOut - 1} * levels);
  if (const Sigma* sigma = std::get_if<Sigma>(&noise)) {
    return 1.96 * nodes * static_cast<double>(sigma->numerator) /
           static_cast<double>(sigma->denominator);
  }
  const Scale scale = *std::get_if<Scale>(&noise);
  return 2.2 * std::sqrt(2.0) * nodes * static_cast<double>(scale.numerator) /
         static_cast<double>(scale.denominator);
}

// Level 1 has 16 nodes, each further one 16 times as many; the last are the leaves.
Result<std::int64_t> NoisyTree::node(std::uint32_t level, std::uint32_t index) {
  const auto known = noised_.find({level, index});
  if (known != noised_.end()) return known->second;
  const unsigned below = 4 * (levels_ - level);  // 16 = 2^4
  const std::uint64_t first = std::uint64_t{index} << below;
  const std::uint64_t end = (std::uint64_t{index} + 1) << below;
  const auto before = [](const Bin& bin, std::uint64_t leaf) { return bin.bin < leaf; };
  auto bin = std::lower_bound(exact_->begin(), exact_->end(), first, before);
  Int128 sum = 0;
  for (; bin != exact_->end() && bin->bin < end; bin++) sum += bin->count;
  GBX_TRY_ASSIGN(const Int128 noise, draw(*bits_, noise_));
  sum = std::clamp(sum + noise, -Int128{kReleasedMax}, Int128{kReleasedMax});
  const auto value = static_cast<std::int64_t>(sum);
  noised_.emplace(std::pair{level, index}, value);
  return value;
}

Result<std::vector<double>> NoisyTree::children(std::uint32_t level, std::uint32_t parent) {
  std::vector<double> out;
  for (std::uint32_t i = 0; i < kTreeFanOut; i++) {
    GBX_TRY_ASSIGN(const std::int64_t count, node(level, parent * kTreeFanOut + i));
    out.push_back(static_cast<double>(std::max<std::int64_t>(count, 0)));
  }
  const double least = kNoisePart * std::accumulate(out.begin(), out.end(), 0.0);
  for (double& count : out) {
    if (count < least) count = 0;
  }
  return out;
}

Result<std::uint32_t> NoisyTree::walk(double fraction) {
  std::uint32_t index = 0;
  double part = std::clamp(fraction, 0.0, 1.0);
  for (std::uint32_t level = 1; level <= levels_; level++) {
    GBX_TRY_ASSIGN(const std::vector<double> counts, children(level, index));
    const double total = std::accumulate(counts.begin(), counts.end(), 0.0);
    if (total <= 0) {  // nothing seen below: the middle, whatever is left of the way
      index = index * kTreeFanOut + kTreeFanOut / 2;
      part = 0;
      continue;
    }
    const double target = part * total;
    double before = 0;
    std::uint32_t chosen = 0;
    for (std::uint32_t i = 0; i < kTreeFanOut; i++) {
      if (counts[i] <= 0) continue;
      chosen = i;
      if (before + counts[i] >= target) break;
      if (i + 1 < kTreeFanOut) before += counts[i];
    }
    part = std::clamp((target - before) / counts[chosen], 0.0, 1.0);
    index = index * kTreeFanOut + chosen;
  }
  return index;
}

Result<QuantileLeaves> NoisyTree::quantile(std::uint32_t fraction, double slack) {
  const double part = static_cast<double>(fraction) / kMillion;
  GBX_TRY_ASSIGN(const std::vector<double> top, children(1, 0));
  const double total = std::max(1.0, std::accumulate(top.begin(), top.end(), 0.0));
  QuantileLeaves out;
  GBX_TRY_ASSIGN(out.value, walk(part));
  GBX_TRY_ASSIGN(out.low, walk(part - slack / total));
  GBX_TRY_ASSIGN(out.high, walk(part + slack / total));
  out.low = std::min(out.low, out.value);
  out.high = std::max(out.high, out.value);
  return out;
}

}  // namespace gbx::privacy
