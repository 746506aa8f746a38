// From the released numbers of a row to its outputs: post-processing, which costs nothing.

#include <algorithm>
#include <cstdlib>

#include "trusted/firewall/check.h"

namespace gbx::firewall {
namespace {

// a / b, rounded half away from zero; b > 0.
Int128 rounded_quotient(Int128 a, Int128 b) {
  const Int128 half = a < 0 ? -(b / 2) : b / 2;
  return (a + half) / b;
}

std::int64_t saturated(Int128 value) {
  const Int128 most = sql::kOutputMax;
  return static_cast<std::int64_t>(std::clamp(value, -most, most));
}

Moments moments_of(const Output& output) {
  return {.width = output.high - output.low,
          .sample = output.sample,
          .root = output.root,
          .scale = output.scale,
          .result_scale = output.type.scale};
}

// S is cut to what n values can reach, so that every product stays far inside 128 bits:
// n <= 2^53, |S| <= n (high - low), times 10^4.
Int128 average(const Output& output, Int128 sum, Int128 count) {
  Int128 power = 1;
  for (int i = 0; i < output.more_digits; i++) power *= 10;
  const Int128 low = output.low;
  const Int128 high = output.high;
  const Int128 n = std::clamp(count, Int128{1}, Int128{sql::kOutputMax});
  const Int128 reach = n * (high - low);
  const Int128 s = std::clamp(sum, -reach, reach);
  const Int128 centre = (low + high) * power;
  const Int128 mean = rounded_quotient(s * power + centre * n, 2 * n);
  return std::clamp(mean, low * power, high * power);
}

}  // namespace

Between moment_between(const Output& output, Between n, Between s, Between q) {
  return moment_interval(moments_of(output), n, s, q);
}

std::vector<std::uint32_t> statistics_of(const Output& output) {
  std::vector<std::uint32_t> out;
  switch (output.kind) {
    case OutputKind::group:
    case OutputKind::window: return out;
    case OutputKind::persons: return {0};
    case OutputKind::count:
    case OutputKind::sum: return {output.index};
    case OutputKind::moment: out = {output.index, output.count, output.squares}; break;
    case OutputKind::quantile:
    case OutputKind::bound_low:
    case OutputKind::bound_high: return {output.count};
    case OutputKind::average: out = {output.index, output.count}; break;
  }
  std::sort(out.begin(), out.end());
  return out;
}

// A leaf that holds one value at most stands for it, another for its middle.
std::int64_t leaf_value(const Output& quantile, std::uint32_t leaf) {
  const Int128 width = Int128{quantile.high} - quantile.low + 1;
  const Int128 bins = quantile.bins;
  const Int128 offset = width <= bins ? (leaf * width + bins - 1) / bins
                                      : (2 * Int128{leaf} + 1) * width / (2 * bins);
  return static_cast<std::int64_t>(std::min(quantile.low + offset, Int128{quantile.high}));
}

// Bin number b has the values of magnitude magnitude(low) + b, of those between low and high.
Between bound_between(const Output& bound, const privacy::QuantileLeaves& leaves) {
  const std::uint32_t bin = bound.kind == OutputKind::bound_low ? leaves.low : leaves.high;
  const std::int64_t digits = sql::magnitude(bound.low) + std::int64_t{bin};
  Between out;
  if (digits != 0) {
    const Int128 least = Int128{1} << (std::abs(digits) - 1);
    const Int128 most = 2 * least - 1;
    out = digits > 0 ? Between{least, most} : Between{-most, -least};
  }
  return {std::max(out.low, Int128{bound.low}), std::min(out.high, Int128{bound.high})};
}

std::vector<Cell> assemble(const CheckedQuery& query, const std::vector<Cell>& key,
                           std::span<const Int128> statistics,
                           std::span<const privacy::QuantileLeaves> quantiles) {
  const bool withheld = statistics.empty();
  GBX_CHECK(withheld || statistics.size() == query.plan().statistics.size());
  GBX_CHECK(key.size() == query.task().groups.size());
  std::vector<Cell> out;
  for (const Output& output : query.outputs()) {
    if (withheld && output.kind != OutputKind::group) {
      out.emplace_back();
      continue;
    }
    switch (output.kind) {
      case OutputKind::group: out.push_back(key[output.index]); break;
      case OutputKind::persons: out.emplace_back(saturated(statistics[0])); break;
      case OutputKind::count:
      case OutputKind::sum: out.emplace_back(saturated(statistics[output.index])); break;
      case OutputKind::quantile:
        out.emplace_back(leaf_value(output, quantiles[output.index].value));
        break;
      case OutputKind::bound_low:
        out.emplace_back(saturated(bound_between(output, quantiles[output.index]).low));
        break;
      case OutputKind::bound_high:
        out.emplace_back(saturated(bound_between(output, quantiles[output.index]).high));
        break;
      case OutputKind::moment:
        out.emplace_back(saturated(moment(moments_of(output), statistics[output.count],
                                          statistics[output.index], statistics[output.squares])));
        break;
      case OutputKind::average:
        out.emplace_back(
            saturated(average(output, statistics[output.index], statistics[output.count])));
        break;
      case OutputKind::window: out.emplace_back(); break;
    }
  }
  return out;
}

}  // namespace gbx::firewall
