#pragma once

// What a release shows of one group, exactly: the probability of every outcome under two neighbours
// D and D', for any noise and any selection. In long double, whose range reaches e^-11000: deep
// tails count for Renyi divergences of high order.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "tests/stat/hockey_stick.h"
#include "trusted/privacy/mechanism.h"

namespace gbx::stat {

class NoiseLaw {
 public:
  explicit NoiseLaw(const privacy::Noise& noise) {
    if (const auto* scale = std::get_if<privacy::Scale>(&noise)) {
      size_ = static_cast<long double>(scale->numerator) / scale->denominator;
      norm_ = 1 / std::tanh(0.5L / size_);
      return;
    }
    const auto* sigma = std::get_if<privacy::Sigma>(&noise);
    gaussian_ = true;
    size_ = static_cast<long double>(sigma->numerator) / sigma->denominator;
    norm_ = 0;
    for (std::int64_t x = -reach(); x <= reach(); x++) norm_ += weight(x);
  }

  [[nodiscard]] long double mass(std::int64_t x) const { return weight(x) / norm_; }
  // P[X >= m].
  [[nodiscard]] long double tail(std::int64_t m) const {
    if (m <= 0) return 1 - tail(1 - m);  // symmetric
    if (!gaussian_) return std::exp(-static_cast<long double>(m) / size_) / (1 + ratio());
    long double sum = 0;
    for (std::int64_t x = m; x <= m + reach(); x++) sum += mass(x);
    return sum;
  }
  // Beyond it the mass is below 10^-19.
  [[nodiscard]] std::int64_t reach() const { return static_cast<std::int64_t>(45 * size_) + 2; }

 private:
  [[nodiscard]] long double ratio() const { return std::exp(-1 / size_); }
  [[nodiscard]] long double weight(std::int64_t x) const {
    const auto value = static_cast<long double>(x);
    return std::exp(gaussian_ ? -value * value / (2 * size_ * size_) : -std::abs(value) / size_);
  }

  bool gaussian_ = false;
  long double size_ = 1;  // b or sigma
  long double norm_ = 1;
};

struct Outcome {
  long double p = 0;
  long double q = 0;
  bool shown = false;  // measures stand beside it only then
};

// `from` persons on D, `to` on D'. `further`: how far beyond the noise's reach outcomes matter.
inline std::vector<Outcome> group_outcomes(const privacy::Mechanism& mechanism, std::int64_t from,
                                           std::int64_t to, std::int64_t further = 0) {
  using privacy::Selection;
  if (mechanism.selection == Selection::geometric) {
    const long double p = keep_probability(mechanism, from);
    const long double q = keep_probability(mechanism, to);
    return {{p, q, true}, {1 - p, 1 - q, false}};
  }
  const NoiseLaw noise(mechanism.noises.front());
  const bool by_threshold = mechanism.selection == Selection::threshold;
  const auto mass = [&](std::int64_t persons, std::int64_t value) {
    const bool hidden = by_threshold && persons < mechanism.people_min;
    return hidden ? 0 : noise.mass(value - persons);
  };
  std::int64_t first = std::numeric_limits<std::int64_t>::min();
  if (by_threshold) first = mechanism.threshold + mechanism.people_min - 1;
  if (mechanism.selection == Selection::margin) first = mechanism.threshold;
  const std::int64_t reach = noise.reach() + further;
  std::vector<Outcome> out;
  Outcome withheld;
  for (std::int64_t value = std::min(from, to) - reach; value <= std::max(from, to) + reach;
       value++) {
    const long double p = mass(from, value);
    const long double q = mass(to, value);
    if (value >= first) {
      out.push_back({p, q, true});
    } else {
      withheld.p += p;
      withheld.q += q;
    }
  }
  if (by_threshold && from < mechanism.people_min) withheld.p = 1;
  if (by_threshold && to < mechanism.people_min) withheld.q = 1;
  out.push_back(withheld);
  return out;
}

inline PairOfLaws shifted(const privacy::Noise& noise, std::int64_t shift) {
  const NoiseLaw law(noise);
  const std::int64_t reach = law.reach() + std::abs(shift);
  PairOfLaws out;
  for (std::int64_t x = -reach; x <= reach; x++) {
    out.add(static_cast<double>(law.mass(x)), static_cast<double>(law.mass(x - shift)));
  }
  return out;
}

// The pair of bounds that noisy_bounds() shows for these numbers of people by bin: the probability
// of each (low, high), at low * bins + high.
inline std::vector<long double> bounds_law(const NoiseLaw& noise, std::int64_t threshold,
                                           const std::vector<std::int64_t>& people) {
  const std::size_t bins = people.size();
  std::vector<long double> reached;
  for (const std::int64_t count : people) reached.push_back(noise.tail(threshold - count));
  const auto none = [&](std::size_t from, std::size_t to) {
    long double out = 1;
    for (std::size_t i = from; i < to; i++) out *= 1 - reached[i];
    return out;
  };
  std::vector<long double> out(bins * bins);
  for (std::size_t low = 0; low < bins; low++) {
    for (std::size_t high = low; high < bins; high++) {
      const long double ends = low == high ? reached[low] : reached[low] * reached[high];
      out[low * bins + high] = none(0, low) * ends * none(high + 1, bins);
    }
  }
  out[bins - 1] += none(0, bins);  // all of them, where none reaches
  return out;
}

// A histogram's bounds under both neighbours. Bins with the same noise, as many on both sides.
inline PairOfLaws bounds_pair(const privacy::Noise& noise, std::int64_t threshold,
                              const std::vector<std::int64_t>& from,
                              const std::vector<std::int64_t>& to) {
  const NoiseLaw law(noise);
  const auto p = bounds_law(law, threshold, from);
  const auto q = bounds_law(law, threshold, to);
  PairOfLaws out;
  for (std::size_t i = 0; i < p.size(); i++) {
    out.add(static_cast<double>(p[i]), static_cast<double>(q[i]));
  }
  return out;
}

// A group whose measures, where it is shown, are released as `measures` says.
inline PairOfLaws group_pair(const std::vector<Outcome>& outcomes, const PairOfLaws& measures) {
  PairOfLaws shown;
  PairOfLaws out;
  for (const Outcome& outcome : outcomes) {
    const auto p = static_cast<double>(outcome.p);
    const auto q = static_cast<double>(outcome.q);
    (outcome.shown ? shown : out).add(p, q);
  }
  out.add(shown.times(measures));
  return out;
}

// The same, its measures moving by all they may (each in `levels` counters).
inline PairOfLaws group_pair(const privacy::Plan& plan, const privacy::Mechanism& mechanism,
                             const std::vector<Outcome>& outcomes, int sign) {
  PairOfLaws measures = PairOfLaws::equal();
  for (std::size_t i = 1; i < mechanism.noises.size(); i++) {
    const privacy::Statistic& statistic = plan.statistics[i];
    const PairOfLaws one = shifted(mechanism.noises[i], sign * statistic.per_group);
    for (std::uint32_t level = 0; level < statistic.levels; level++) measures = measures.times(one);
  }
  return group_pair(outcomes, measures);
}

}  // namespace gbx::stat
