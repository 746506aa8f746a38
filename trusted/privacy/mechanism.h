#pragma once

// What happens to one group: noise on every statistic, and whether its numbers may be shown at all.
//
// An attacker chooses rows and queries and watches which groups appear. What must stay true: unless
// the policy opened public rows, a group of fewer than k persons never appears; a group that
// appears with one person more and could not without does so with probability at most delta'.
// Everything here is a function of the plan, so it is public; that is why floating point is
// allowed, and every rounding goes to the safe side. Proofs: docs/spec/privacy.md.
//
// Pre-thresholding (Google, differential-privacy/common_docs/pre_thresholding.md): drop when n < k;
// else select by n - (k-1), so that n = k is what n = 1 would be. With noise X on n and a threshold
// T, P[shown | n = k] = P[X >= T - 1] <= delta':
//   Laplace   P[X >= m] = e^(-m/b) / (1 + e^(-1/b)), so T = 1 + ceil(b ln(1 / (delta' (1 +
//   e^(-1/b))))) Gaussian  P[X >= m] <= P[N(0, sigma^2) >= m - 1] (Canonne, Kamath, Steinke,
//   arXiv:2004.00010,
//             proposition 25), so T = 2 + ceil(sigma Phi^-1(1 - delta'))
// or by the optimal coin for one count (Desfontaines, Voss, Gipson, Mandayam, arXiv:2006.03684,
// theorem 1), keep_coin().

#include <cstdint>
#include <variant>
#include <vector>

#include "trusted/base/result.h"
#include "trusted/base/value.h"
#include "trusted/privacy/plan.h"
#include "trusted/privacy/sampler.h"

namespace gbx::privacy {

using Noise = std::variant<Scale, Sigma>;

// The noise of a statistic when `groups` groups differ. Fails as laplace_scale() and
// gaussian_sigma() do.
Result<Noise> noise_of(std::uint32_t groups, const Statistic& statistic);
// One draw. Fails with unavailable.
Result<Int128> draw(RandomBits& bits, const Noise& noise);
// A bound of P[X >= m] from above; exact for Laplace. Not safe to compute from data.
double noise_tail(const Noise& noise, std::int64_t m);

// Everything that decides the distribution of a release, besides the data.
struct Mechanism {
  std::vector<Noise> noises;  // one per statistic; [0] also selects
  Selection selection = Selection::threshold;
  bool open = false;
  std::int64_t people_min = 2;  // k
  std::int64_t threshold = 1;   // T: of n - (k-1) + X; margin: of n + X; else not used
  double coin_epsilon = 0;      // geometric only: epsilon' and a little less than delta'
  double coin_delta = 0;
};

// Fails as check_plan() does, and for a plan without noise (plan_out_of_range).
Result<Mechanism> mechanism_of(const Plan& plan);

// Whether keep_coin() is evaluated safely for a share of epsilon and of delta: 0 < epsilon <= 4,
// delta >= 2^-34.
bool coin_in_range(double epsilon, double delta);

// delta' = 1 - (1 - delta)^(1 / groups): a person can make that many groups appear. 0 < delta < 1.
double split_delta(double delta, std::uint32_t groups);

// T for that noise and a group's share of delta, rounded up; 0 < split <= 1/4.
std::int64_t selection_threshold(const Noise& noise, double split);

// z with P[N(0, 1) >= z] <= p, as small as doubles can say; 2^-1000 < p <= 1/2.
double normal_upper_quantile(double p);

// The chance that a group of n persons is kept: 0 for n <= 0, delta for n = 1, and as much as
// (epsilon, delta) allows from each n to the next. 0 < epsilon, 0 < delta < 1.
double keep_coin(double epsilon, double delta, std::int64_t n);

// The chance that a group of `persons` is shown; for threshold and margin exact up to rounding when
// the noise is Laplace, a bound from above when Gaussian. Not safe to compute from data: for dry
// runs, documents and tests.
double keep_probability(const Mechanism& mechanism, std::int64_t persons);

struct NoisedGroup {
  std::vector<Int128> statistics;
  bool shown = false;  // when false the statistics must not leave
};

// Adds fresh noise to each of a group's exact statistics, |statistic| <= 2^120, and selects. The
// mechanism's noises are as many. Fails with unavailable when entropy does.
Result<NoisedGroup> noise_group(RandomBits& bits, const Mechanism& mechanism,
                                std::vector<Int128> statistics);

// Makes draws and throws them away until `bits` has done the work of a slow release of that many
// `draws`: the exact samplers work longer for larger noise, and a clock could read it
// (arXiv:2112.05307). What is left is the last draw, which no released number depends on. Fails
// with unavailable when entropy does.
Status even_out(RandomBits& bits, const Mechanism& mechanism, std::size_t draws);

// The number of steps (RandomBits::steps) that even_out() reaches.
std::uint64_t even_steps(const Mechanism& mechanism, std::size_t draws);

}  // namespace gbx::privacy
