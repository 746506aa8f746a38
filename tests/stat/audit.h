#pragma once

// Does a sample of releases contradict (epsilon, delta)? For laws P and Q over m buckets that were
// fixed before the draw, (epsilon, delta)-differential privacy says
//   D = sum over buckets of max(0, P_i - e^epsilon Q_i) <= delta,
// and so does it of any function of a release. From n draws of each, with counts a and b,
//   D^ = sum max(0, (a_i - e^epsilon b_i) / n)
// is compared with delta + tolerance. The tolerance is what chance alone passes with probability at
// most alpha. Write v = 1 + e^(2 epsilon).
//
//   Bias. Z_i = (a_i - e^epsilon b_i) / n has a mean of P_i - e^epsilon Q_i and a variance of at
//   most (P_i + e^(2 epsilon) Q_i) / n. E max(0, Z) <= max(0, E Z) + sd(Z) / 2, because a centred
//   variable has E max(0, .) = E|.| / 2 <= sd / 2. Summed, by Cauchy-Schwarz over m buckets:
//   E D^ <= D + sqrt(m v / n) / 2.
//   Deviation. Moving one draw of P to another bucket lowers one term by at most 1/n and raises
//   another by as much at most, so D^ changes by at most 1/n; one draw of Q, by e^epsilon / n.
//   McDiarmid: P[D^ - E D^ >= t] <= exp(-2 t^2 / (n / n^2 + n e^(2 epsilon) / n^2))
//   = exp(-2 n t^2 / v), which is alpha at t = sqrt(v ln(1 / alpha) / (2 n)).
//
// In the other direction E D^ >= D (Jensen), so a fault with D > delta + tolerance + t is missed
// with probability at most alpha.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

namespace gbx::stat {

using Counts = std::vector<std::uint64_t>;

// D^ of n draws each; `a` and `b` have the same buckets.
inline double divergence(const Counts& a, const Counts& b, double epsilon, std::uint64_t n) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); i++) {
    const double over = static_cast<double>(a[i]) - std::exp(epsilon) * static_cast<double>(b[i]);
    sum += std::max(0.0, over / static_cast<double>(n));
  }
  return sum;
}

// How far above delta D^ may be by chance, but with probability `alpha`.
inline double tolerance(std::size_t buckets, double epsilon, std::uint64_t n, double alpha) {
  const double v = 1 + std::exp(2 * epsilon);
  const double draws = static_cast<double>(n);
  return std::sqrt(static_cast<double>(buckets) * v / draws) / 2 +
         std::sqrt(v * std::log(1 / alpha) / (2 * draws));
}

}  // namespace gbx::stat
