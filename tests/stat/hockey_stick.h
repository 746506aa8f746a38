#pragma once

// How distinguishable two releases are, exactly: the hockey-stick divergence
//   H(P, Q, eps) = sum over outputs of max(0, P - e^eps Q)
// is the smallest delta for which P[S] <= e^eps Q[S] + delta holds for every S. Outputs with the
// same ratio P / Q may be merged without changing it, and independent parts multiply, so a pair of
// distributions is a short list of (P, Q) masses by ratio. Held against published values in
// falsifier_stat.cc.

#include <cmath>
#include <cstdint>
#include <limits>
#include <map>

#include "trusted/privacy/mechanism.h"

namespace gbx::stat {

class PairOfLaws {
 public:
  // Two laws that are the same and give one output.
  static PairOfLaws equal() {
    PairOfLaws out;
    out.add(1, 1);
    return out;
  }

  // One output, of these probabilities.
  void add(double p, double q) {
    if (p <= 0 && q <= 0) return;
    Masses& masses = by_ratio_[ratio_key(p, q)];
    masses.p += p;
    masses.q += q;
  }

  // Every output of `other`, none of which is one of these.
  void add(const PairOfLaws& other) {
    for (const auto& [key, masses] : other.by_ratio_) add(masses.p, masses.q);
  }

  [[nodiscard]] PairOfLaws times(const PairOfLaws& other) const {
    PairOfLaws out;
    for (const auto& [key, a] : by_ratio_) {
      for (const auto& [other_key, b] : other.by_ratio_) out.add(a.p * b.p, a.q * b.q);
    }
    return out;
  }

  [[nodiscard]] double hockey_stick(double epsilon) const {
    double sum = 0;
    for (const auto& [key, masses] : by_ratio_) {
      sum += std::fmax(0, masses.p - std::exp(epsilon) * masses.q);
    }
    return sum;
  }
  [[nodiscard]] double hockey_stick_back(double epsilon) const {
    double sum = 0;
    for (const auto& [key, masses] : by_ratio_) {
      sum += std::fmax(0, masses.q - std::exp(epsilon) * masses.p);
    }
    return sum;
  }

 private:
  struct Masses {
    double p = 0;
    double q = 0;
  };

  // ln(p / q) in 10^-9; the ends for "never under the other law".
  static std::int64_t ratio_key(double p, double q) {
    if (q <= 0) return std::numeric_limits<std::int64_t>::max();
    if (p <= 0) return std::numeric_limits<std::int64_t>::min();
    return std::llround((std::log(p) - std::log(q)) * 1e9);
  }

  std::map<std::int64_t, Masses> by_ratio_;
};

inline double laplace_mass(privacy::Scale scale, std::int64_t x) {
  const double b = static_cast<double>(scale.numerator) / static_cast<double>(scale.denominator);
  return std::tanh(0.5 / b) * std::exp(-std::abs(static_cast<double>(x)) / b);
}

// X against X + shift, for discrete Laplace X. Beyond 45 b the mass is below 10^-19.
inline PairOfLaws shifted_laplace(privacy::Scale scale, std::int64_t shift) {
  const double b = static_cast<double>(scale.numerator) / static_cast<double>(scale.denominator);
  const auto reach = static_cast<std::int64_t>(45 * b) + std::abs(shift) + 2;
  PairOfLaws out;
  for (std::int64_t x = -reach; x <= reach; x++) {
    out.add(laplace_mass(scale, x), laplace_mass(scale, x - shift));
  }
  return out;
}

}  // namespace gbx::stat
