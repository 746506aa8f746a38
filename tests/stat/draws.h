#pragma once

// Draws of a sampler under a fixed seed: counted by value, held against a law's tails, and the work
// that they take.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/stat/counting.h"
#include "tests/stat/enumerate.h"
#include "trusted/privacy/mechanism.h"

namespace gbx::stat {

template <typename Draw>
std::vector<double> drawn(std::uint64_t seed, int draws, Draw draw) {
  SeededEntropy entropy(seed);
  privacy::RandomBits bits(entropy);
  std::vector<double> out;
  out.reserve(static_cast<std::size_t>(draws));
  for (int i = 0; i < draws; i++) out.push_back(static_cast<double>(*draw(bits)));
  return out;
}

inline std::map<std::int64_t, double> counts_of(const std::vector<double>& draws) {
  std::map<std::int64_t, double> out;
  for (const double draw : draws) out[static_cast<std::int64_t>(draw)]++;
  return out;
}

// As many on either side, from m on, as the law says.
inline void expect_tails(const std::vector<double>& draws, double m, double expected,
                         const std::string& what) {
  const auto all = static_cast<double>(draws.size());
  double above = 0;
  double below = 0;
  for (const double draw : draws) {
    if (draw >= m) above++;
    if (draw <= -m) below++;
  }
  EXPECT_NEAR(above / all, expected, share_slack(all)) << what;
  EXPECT_NEAR(below / all, expected, share_slack(all)) << what;
}

// A clock sees work, and work follows the noise. After even_out() it does not: no release needs
// more than the fixed number of steps, and what comes above it is the end of a draw, of `last`
// steps at most, whose number nobody sees. Not a probability bound: it must hold for the seed.
// Returns the steps of one draw, on average.
inline double even_work(const std::vector<privacy::Noise>& noises, std::uint64_t seed,
                        std::uint64_t last) {
  constexpr int kRuns = 3000;
  privacy::Mechanism mechanism;
  mechanism.noises = noises;
  SeededEntropy entropy(seed);
  const std::uint64_t steps = even_steps(mechanism, 2);
  double whole = 0;
  for (int i = 0; i < kRuns; i++) {
    privacy::RandomBits bits(entropy);
    EXPECT_TRUE(noise_group(bits, mechanism, {1000, 1000}));
    whole += static_cast<double>(bits.steps()) / 2;
    EXPECT_LE(bits.steps(), steps);
    EXPECT_TRUE(even_out(bits, mechanism, 2));
    EXPECT_GE(bits.steps(), steps);
    EXPECT_LE(bits.steps(), steps + last);
    if (testing::Test::HasFailure()) break;
  }
  return whole / kRuns;
}

}  // namespace gbx::stat
