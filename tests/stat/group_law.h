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
  // Beyond it the mass is below 10^-19.
  [[nodiscard]] std::int64_t reach() const { return static_cast<std::int64_t>(45 * size_) + 2; }

 private:
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

// The same group as a pair of laws, its measures moving by `shifts` (each in `levels` counters).
inline PairOfLaws group_pair(const privacy::Plan& plan, const privacy::Mechanism& mechanism,
                             const std::vector<Outcome>& outcomes, int sign) {
  PairOfLaws measures = PairOfLaws::equal();
  for (std::size_t i = 1; i < mechanism.noises.size(); i++) {
    const privacy::Statistic& statistic = plan.statistics[i];
    const PairOfLaws one = shifted(mechanism.noises[i], sign * statistic.per_group);
    for (std::uint32_t level = 0; level < statistic.levels; level++) measures = measures.times(one);
  }
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

}  // namespace gbx::stat
