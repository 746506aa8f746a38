#include "trusted/privacy/confidence.h"

#include <algorithm>
#include <cmath>

#include "trusted/base/value.h"

namespace gbx::privacy {
namespace {

Int128 floor_divide(Int128 numerator, Int128 denominator) {
  const Int128 quotient = numerator / denominator;
  return numerator % denominator != 0 && numerator < 0 ? quotient - 1 : quotient;
}

std::int64_t saturate(Int128 value) {
  return static_cast<std::int64_t>(std::clamp(value, -Int128{kReleasedMax}, Int128{kReleasedMax}));
}

// floor((sum / count + middle) / 2 * unit), middle = low + high. |sum| <= 2^54, count in [1, 2^54],
// unit <= 10^6, |middle| <= 2^64: every product stays below 2^85. `up` gives the ceiling.
Int128 mean(Int128 sum, Int128 count, Int128 middle, Int128 unit, bool up) {
  const Int128 whole = floor_divide(middle * unit, 2);
  const Int128 half = middle * unit - 2 * whole;  // 0 or 1
  const Int128 numerator = sum * unit + half * count;
  const Int128 denominator = 2 * count;
  if (up) return whole - floor_divide(-numerator, denominator);
  return whole + floor_divide(numerator, denominator);
}

}  // namespace

std::int64_t half_width(const Noise& noise, double alpha) {
  GBX_CHECK(alpha > 0 && alpha < 1);
  double m = 0;
  if (const Scale* scale = std::get_if<Scale>(&noise)) {
    const double b =
        static_cast<double>(scale->numerator) / static_cast<double>(scale->denominator);
    m = std::ceil(b * std::log(2 / (alpha * (1 + std::exp(-1 / b))))) - 1;
  } else {
    const Sigma& sigma = *std::get_if<Sigma>(&noise);
    m = std::ceil(static_cast<double>(sigma.numerator) / static_cast<double>(sigma.denominator) *
                  normal_upper_quantile(alpha / 2));
  }
  if (m >= static_cast<double>(kReleasedMax)) return kReleasedMax;
  return m <= 0 ? 0 : static_cast<std::int64_t>(m);
}

Result<std::int64_t> half_width(std::uint32_t groups, const Statistic& statistic, double alpha) {
  GBX_TRY_ASSIGN(const Noise noise, noise_of(groups, statistic));
  return half_width(noise, alpha);
}

Result<std::vector<std::int64_t>> half_widths(const Plan& plan, double alpha) {
  GBX_TRY(check_plan(plan));
  std::vector<std::int64_t> out;
  for (const Statistic& statistic : plan.statistics) {
    if (statistic.noise == NoiseKind::none) {
      out.push_back(0);
      continue;
    }
    GBX_TRY_ASSIGN(const std::int64_t width, half_width(plan.groups_changed(), statistic, alpha));
    out.push_back(width);
  }
  return out;
}

Result<std::int64_t> hides_people(const Plan& plan) {
  GBX_TRY_ASSIGN(const std::vector<std::int64_t> widths, half_widths(plan));
  return widths.front();
}

// The count lies in [n - w, n + w] and is at least 1 where the average means anything; the ratio is
// monotone in both, so its extremes are at corners: a sum below zero is lowest over few.
Estimate average(const AverageInput& input) {
  GBX_CHECK(input.digits <= 6 && input.low <= input.high);
  GBX_CHECK(input.sum_half_width >= 0 && input.count_half_width >= 0);
  Int128 unit = 1;
  for (unsigned i = 0; i < input.digits; i++) unit *= 10;
  const auto at_least_one = [](Int128 count) { return std::max(count, Int128{1}); };
  const Int128 fewest = at_least_one(Int128{input.count} - input.count_half_width);
  const Int128 most = at_least_one(Int128{input.count} + input.count_half_width);
  const Int128 least = Int128{input.sum} - input.sum_half_width;
  const Int128 greatest = Int128{input.sum} + input.sum_half_width;
  const Int128 middle = Int128{input.low} + input.high;
  const auto inside = [&](Int128 value) {
    return saturate(std::clamp(value, Int128{input.low} * unit, Int128{input.high} * unit));
  };
  return {
      .value = inside(mean(input.sum, at_least_one(input.count), middle, unit, false)),
      .low = inside(mean(least, least < 0 ? fewest : most, middle, unit, false)),
      .high = inside(mean(greatest, greatest < 0 ? most : fewest, middle, unit, true)),
  };
}

}  // namespace gbx::privacy
