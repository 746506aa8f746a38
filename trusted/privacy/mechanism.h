#pragma once

// What happens to one group: noise on every statistic, and whether it may be shown at all.
//
// An attacker chooses rows and queries and watches which groups appear. What must stay true: a
// group of fewer than k persons never appears; a group that appears with one person more and could
// not without does so with probability at most delta'. Everything here is a function of the plan,
// so it is public; that is why floating point is allowed, and every rounding goes to the safe side.
//
// Pre-thresholding (Google, differential-privacy/common_docs/pre_thresholding.md) with discrete
// Laplace thresholding: drop when n < k; else show when n - (k-1) + X >= T. At n = k this is
//   P[X >= T - 1] = e^(-(T-1)/b) / (1 + e^(-1/b)) <= delta'   (closed form of the tail),
// which T = 1 + ceil(b ln(1 / (delta' (1 + e^(-1/b))))) meets. Proof: docs/spec/privacy.md.

#include <cstdint>
#include <vector>

#include "trusted/base/result.h"
#include "trusted/base/value.h"
#include "trusted/privacy/plan.h"
#include "trusted/privacy/sampler.h"

namespace gbx::privacy {

// Everything that decides the distribution of a release, besides the data.
struct Mechanism {
  std::vector<Scale> scales;    // one per statistic; [0] also selects
  std::int64_t people_min = 2;  // k
  std::int64_t threshold = 1;   // T
};

// Fails as check_plan() does.
Result<Mechanism> mechanism_of(const Plan& plan);

// delta' = 1 - (1 - delta)^(1 / groups_per_person): a person can make that many groups appear.
// 0 < delta < 1.
double split_delta(double delta, std::uint32_t groups_per_person);

// T for noise of scale b and a group's share of delta, rounded up; 0 < split <= 1/4.
std::int64_t selection_threshold(Scale scale, double split);

// The chance that a group of `persons` is shown; exact up to rounding. Not safe to compute from
// data: for dry runs, documents and tests.
double keep_probability(const Mechanism& mechanism, std::int64_t persons);

// P[X >= m] for discrete Laplace noise of that scale.
double laplace_tail(Scale scale, std::int64_t m);

struct NoisedGroup {
  std::vector<Int128> statistics;
  bool shown = false;  // when false the statistics must not leave
};

// Adds fresh noise to each of a group's exact statistics, |statistic| <= 2^120, and selects by the
// noised persons. The mechanism's scales are as many. Fails with unavailable when entropy does.
Result<NoisedGroup> noise_group(RandomBits& bits, const Mechanism& mechanism,
                                std::vector<Int128> statistics);

// Makes draws and throws them away until `bits` has done the work of a slow release of `groups`
// groups: the exact sampler works longer for larger noise, and a clock could read it
// (arXiv:2112.05307). What is left is the last draw, which no released number depends on. Fails
// with unavailable when entropy does.
Status even_out(RandomBits& bits, const Mechanism& mechanism, std::size_t groups);

// The number of steps (RandomBits::steps) that even_out() reaches.
std::uint64_t even_steps(const Mechanism& mechanism, std::size_t groups);

}  // namespace gbx::privacy
