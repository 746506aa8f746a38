#pragma once

// What a release will cost and how it will be noised: fixed from public facts alone, before a row
// is touched.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "trusted/base/result.h"

namespace gbx::privacy {

// An amount of (epsilon, delta)-differential privacy. Sums are exact and never wrap: add() says no
// instead.
struct Price {
  std::uint64_t epsilon = 0;  // in 10^-6
  std::uint64_t delta = 0;    // in 2^-60
  friend bool operator==(Price, Price) = default;
};

constexpr std::uint64_t kEpsilonUnit = 1'000'000;
constexpr std::uint64_t kDeltaUnit = std::uint64_t{1} << 60;

// "0.1" -> 100000; "1e-6" is allowed too. At most 6 digits after the point, at most 1000. Fails
// with invalid_argument.
Result<std::uint64_t> parse_epsilon(std::string_view text);
std::string format_epsilon(std::uint64_t epsilon);
// "1e-6" or "0.000001" -> units of 2^-60, rounded down (a budget) so that no one gets more than was
// written. (0, 1).
Result<std::uint64_t> parse_delta(std::string_view text);
std::string format_delta(std::uint64_t delta);

// One integer released for each group.
struct Statistic {
  std::int64_t per_group =
      1;  // s: the most one person changes it in one group, in units of the integer; >= 1
  std::uint64_t epsilon = 0;  // its share, in 10^-6; >= 1
};

struct Plan {
  bool grouped = false;
  std::uint32_t groups_per_person = 1;  // L0
  std::int64_t people_min = 2;          // k: no row stands for fewer distinct persons
  std::vector<Statistic> statistics;    // [0] is the number of distinct persons, always
  std::uint64_t delta = 0;              // for group selection; >= 1

  // What releasing this costs every dataset that it touches.
  [[nodiscard]] Price price() const;
};

}  // namespace gbx::privacy
