#pragma once

// Counted draws against a closed form, with a bound on false alarms.

#include <cmath>
#include <cstdint>
#include <map>

namespace gbx::stat {

// A correct sampler fails one counting test with at most this probability, by the bound named
// there. Seeds are fixed, so in practice it is 0 or 1.
constexpr double kAlarm = 1e-9;

struct ChiSquare {
  double statistic = 0;
  double freedom = 0;

  // For chi-square with d degrees of freedom P[> d + 2 sqrt(d t) + 2 t] <= e^-t (Laurent, Massart
  // 2000, lemma 1), with e^-t = kAlarm.
  [[nodiscard]] double allowed() const {
    const double t = -std::log(kAlarm);
    return freedom + 2 * std::sqrt(freedom * t) + 2 * t;
  }
};

// Pearson's statistic of `draws` counts by value over values of at least 100 expected draws and one
// bin for the rest, if there are 100 of it: large enough for the chi-square law to hold far out (t
// = 20.7 against 10^6 draws).
template <typename ClosedForm>
ChiSquare chi_square(const std::map<std::int64_t, double>& counts, double draws,
                     ClosedForm closed_form) {
  ChiSquare out;
  double rest_expected = draws;
  double rest_counted = draws;
  for (const auto& [x, counted] : counts) {
    const double expected = draws * closed_form(static_cast<double>(x));
    if (expected < 100) continue;
    out.statistic += (counted - expected) * (counted - expected) / expected;
    rest_expected -= expected;
    rest_counted -= counted;
    out.freedom++;
  }
  out.freedom--;
  if (rest_expected < 100) return out;
  out.statistic += (rest_counted - rest_expected) * (rest_counted - rest_expected) / rest_expected;
  out.freedom++;
  return out;
}

// What a share of `draws` may be off: Hoeffding, P[|share - p| > d] <= 2 e^(-2 n d^2).
inline double share_slack(double draws) { return std::sqrt(std::log(2 / kAlarm) / (2 * draws)); }

}  // namespace gbx::stat
