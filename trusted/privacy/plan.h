#pragma once

// What a release will cost and how it will be noised: fixed from public facts alone, before a row
// is touched. An attacker (the analyst) chooses the query that a plan is made for, never its noise:
// check_plan() holds every number in the range for which the sampler's arithmetic is proven.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "trusted/base/result.h"

namespace gbx::privacy {

// An amount of (epsilon, delta)-differential privacy. Sums are exact and never wrap: they stop at
// the largest number, which no budget covers.
struct Price {
  std::uint64_t epsilon = 0;  // in 10^-6
  std::uint64_t delta = 0;    // in 2^-60
  friend bool operator==(Price, Price) = default;
};

constexpr std::uint64_t kEpsilonUnit = 1'000'000;
constexpr std::uint64_t kDeltaUnit = std::uint64_t{1} << 60;

// a + b, each part saturating.
Price add(Price a, Price b);
// True when `have` suffices for `want` in both parts.
bool covers(Price have, Price want);

// "0.1" -> 100000; "1e-6" is allowed too. At most 6 digits after the point, in (0, 1000]. Fails
// with invalid_argument.
Result<std::uint64_t> parse_epsilon(std::string_view text);
// The shortest decimal; exact.
std::string format_epsilon(std::uint64_t epsilon);
// "1e-6" or "0.000001" -> units of 2^-60, rounded down so that no one gets more than was written;
// what is charged is the rounded number, and noise and thresholds are made from that same number.
// In (0, 1). Fails with invalid_argument.
Result<std::uint64_t> parse_delta(std::string_view text);
// The shortest decimal that parse_delta() reads back as `delta`; "0" for 0. `delta` < 2^60.
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

  // What releasing this costs every dataset that it touches: the epsilons of all statistics, added
  // (basic composition), and delta, which pays for "is this row shown at all", also when ungrouped.
  [[nodiscard]] Price price() const;
};

constexpr std::uint64_t kEpsilonMax = 1000 * kEpsilonUnit;
constexpr std::uint64_t kDeltaPlanMax = kDeltaUnit / 4;
constexpr std::uint32_t kGroupsPerPersonMax = 1'000'000;
constexpr std::int64_t kPeopleMinMax = 1'000'000'000;
constexpr std::size_t kStatisticsMax = 64;

// The scale of discrete Laplace noise, b = numerator / denominator, in lowest terms.
struct Scale {
  std::uint64_t numerator = 1;    // 1 .. kScaleNumeratorMax
  std::uint64_t denominator = 1;  // 1 .. kEpsilonMax
  friend bool operator==(Scale, Scale) = default;
};
constexpr std::uint64_t kScaleNumeratorMax = std::uint64_t{1} << 62;

// b = L1 / epsilon, L1 = groups_per_person * per_group: exactly, so never rounded at all. Fails
// with invalid_argument (noise_too_large, plan_out_of_range).
Result<Scale> noise_scale(std::uint32_t groups_per_person, const Statistic& statistic);

// Every field in range: 1 <= L0 <= kGroupsPerPersonMax, L0 = 1 when ungrouped, 2 <= k <=
// kPeopleMinMax, 1..kStatisticsMax statistics of which the first has per_group 1, every epsilon >=
// 1 and their sum <= kEpsilonMax, 1 <= delta <= kDeltaPlanMax, every scale representable. Fails
// with invalid_argument.
Status check_plan(const Plan& plan);

struct PlanRequest {
  bool grouped = false;
  std::uint32_t groups_per_person = 1;       // the policy's L0; not used when ungrouped
  std::int64_t people_min = 2;               // the policy's k
  std::vector<std::int64_t> measure_bounds;  // per_group of statistics 1, 2, ... (not of persons)
  Price price;                               // what may be spent
};

// Splits the price: every statistic gets floor(epsilon / count), persons the remainder too. The
// plan's price() equals `request.price`. Fails with invalid_argument (price_too_small when a share
// is zero, and as check_plan() does).
Result<Plan> make_plan(const PlanRequest& request);

}  // namespace gbx::privacy
