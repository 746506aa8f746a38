#pragma once

// How far off a released number can be, said from public facts alone, so it costs nothing. The
// intervals cover the noise and nothing else: not the clamping of large values, not a person's
// groups beyond the bound, not the groups that were withheld. Pure, thread-safe.

#include <cstdint>
#include <vector>

#include "trusted/base/result.h"
#include "trusted/privacy/mechanism.h"
#include "trusted/privacy/plan.h"

namespace gbx::privacy {

constexpr double kAlpha = 0.05;  // what a 95 % interval misses
// Released numbers and widths stop here: the largest integer of canonical JSON.
constexpr std::int64_t kReleasedMax = (std::int64_t{1} << 53) - 1;

// m with P[|X| > m] <= alpha, 0 < alpha < 1; kReleasedMax at most. Laplace: the smallest, from
// P[|X| > m] = 2 e^(-(m+1)/b) / (1 + e^(-1/b)). Gaussian: ceil(z sigma), P[N(0, 1) > z] = alpha /
// 2, since P[X >= m + 1] <= P[N(0, sigma^2) >= m] (arXiv:2004.00010, proposition 25): at most one
// more than the smallest.
std::int64_t half_width(const Noise& noise, double alpha = kAlpha);
// Of one counter of a statistic when `groups` groups differ. Fails as noise_of() does.
Result<std::int64_t> half_width(std::uint32_t groups, const Statistic& statistic,
                                double alpha = kAlpha);

// The same for every statistic of a plan, 0 where there is no noise: what a dry run can promise.
// Fails as check_plan() does.
Result<std::vector<std::int64_t>> half_widths(const Plan& plan, double alpha = kAlpha);

// "Hides about N people": the 95 % half-width of the noise on the number of persons. A crowd
// smaller than that, added or removed, moves the count by less than the noise usually does. It is a
// figure of speech with a formula; the guarantee is epsilon and delta.
Result<std::int64_t> hides_people(const Plan& plan);

// An average from a noised centred sum and a noised count: see MeasureKind::centred.
struct AverageInput {
  std::int64_t sum = 0;  // S: sum of 2 x - (low + high)
  std::int64_t count = 0;
  std::int64_t sum_half_width = 0;  // each at kAlpha / 2, so that both hold together at kAlpha
  std::int64_t count_half_width = 0;
  std::int64_t low = 0;  // x lies in [low, high]
  std::int64_t high = 0;
  unsigned digits = 0;  // decimal digits to add to x's own scale, 0..6
};

struct Estimate {
  std::int64_t value = 0;
  std::int64_t low = 0;  // of the interval
  std::int64_t high = 0;
  friend bool operator==(Estimate, Estimate) = default;
};

// (S / max(1, count) + low + high) / 2 in units of x times 10^-digits, clamped to [low, high], and
// the interval that holds whenever both inputs lie in theirs. Integers only: rounded down, the
// interval's ends outwards.
Estimate average(const AverageInput& input);

}  // namespace gbx::privacy
