#pragma once

// The exact distribution of what a sampler does, by running it on every string of random bits.
//
// A run that has used at most `depth` bits has probability 2^-used; runs that want more are counted
// as undecided. So each outcome's probability lies in [mass, mass + undecided]: no sampling, no
// luck, no tolerance to tune.

#include <cmath>
#include <cstdint>
#include <map>
#include <utility>

#include "tests/stat/exact.h"
#include "trusted/privacy/sampler.h"

namespace gbx::stat {

template <typename Outcome>
struct Enumeration {
  std::map<Outcome, double> mass;  // sums of powers of two: exact in a double for depth <= 52
  double undecided = 0;

  // Whether every probability that `closed_form` gives fits, over all outcomes seen.
  template <typename ClosedForm>
  [[nodiscard]] bool agrees(ClosedForm closed_form) const {
    constexpr double kRounding = 1e-12;  // of the closed form
    for (const auto& [outcome, lower] : mass) {
      const double expected = closed_form(outcome);
      if (expected < lower - kRounding || expected > lower + undecided + kRounding) return false;
    }
    return true;
  }
};

// `run` takes RandomBits& and gives a Result<Outcome>.
template <typename Outcome, typename Run>
void enumerate_from(const Run& run, unsigned depth, std::uint64_t prefix, unsigned length,
                    Enumeration<Outcome>& out) {
  PrefixEntropy entropy(prefix);
  privacy::RandomBits bits(entropy);
  Result<Outcome> outcome = run(bits);
  if (outcome && bits.taken() <= length) {
    out.mass[std::move(outcome).value()] += std::ldexp(1.0, -static_cast<int>(length));
  } else if (length == depth) {
    out.undecided += std::ldexp(1.0, -static_cast<int>(length));
  } else {
    enumerate_from(run, depth, prefix, length + 1, out);
    enumerate_from(run, depth, prefix | (std::uint64_t{1} << length), length + 1, out);
  }
}

template <typename Outcome, typename Run>
Enumeration<Outcome> enumerate(const Run& run, unsigned depth) {
  Enumeration<Outcome> out;
  enumerate_from(run, depth, 0, 0, out);
  return out;
}

}  // namespace gbx::stat
