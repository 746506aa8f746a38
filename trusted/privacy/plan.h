#pragma once

// What a release will cost and how it will be noised: fixed from public facts alone, before a row
// is touched. An attacker (the analyst) chooses the query that a plan is made for, never its noise:
// check_plan() holds every number in the range for which the sampler's arithmetic is proven.

#include <cstdint>
#include <optional>
#include <vector>

#include "trusted/base/result.h"
#include "trusted/base/value.h"
#include "trusted/privacy/amount.h"

namespace gbx::privacy {

enum class NoiseKind : std::uint8_t {
  laplace,   // epsilon-private; in zcdp it costs epsilon^2 / 2
  gaussian,  // rho-zCDP; has no price in pure accounting
  none,      // exact numbers, where queries are counted: no guarantee to anybody
};

// Counters released for each group: one, or the nodes of a tree over a histogram.
struct Statistic {
  // s: the most one person changes one counter, in units of the integer; >= 1
  std::int64_t per_group = 1;
  // How many counters of one group a person changes at most: 1, or the levels of a tree, its root
  // included.
  std::uint32_t levels = 1;
  NoiseKind noise = NoiseKind::laplace;
  // Of the loss: epsilon in 10^-6 (laplace), rho in 2^-40 (gaussian); 0 without noise.
  std::uint64_t share = 0;
  friend bool operator==(const Statistic&, const Statistic&) = default;
};

// Who decides whether a group's row is shown. k = Plan::people_min, n = the group's persons.
enum class Selection : std::uint8_t {
  threshold,  // dropped when n < k; else shown when the noised n reaches a threshold. Costs delta
  geometric,  // dropped when n < k; else by a coin of its own, and n is not released. Costs delta
  margin,     // shown when the noised n is so high that n >= k but for kMarginMiss. Costs nothing
  none,       // every row is shown
  exact,      // shown when n >= k, whose change by one person all can see; for exact numbers only
};
constexpr double kMarginMiss = 0x1p-20;

// Quantiles of one histogram: its statistic is a tree, whose root is not released. Or automatic
// bounds: then each bin is a counter of its own (bounds.h), and one pair is released.
struct Quantiles {
  std::size_t statistic = 0;             // into Plan::statistics; levels = log16(bins), bounds: 1
  std::uint32_t bins = 0;                // 16, 256, 4096 or 65536; bounds: 1 .. kMagnitudeBinsMax
  std::vector<std::uint32_t> fractions;  // in 10^-6, 0 .. 10^6; bounds: one, which says nothing
  bool bounds = false;
};

struct Plan {
  Accounting accounting = Accounting::pure;
  bool grouped = false;
  // Which groups there are is public (no GROUP BY, or public lists): each has a row, and a row that
  // is not shown stands there without numbers. Else only shown groups have one.
  bool open = false;
  Selection selection = Selection::threshold;
  std::uint32_t groups_per_person = 1;  // L0
  // A person can move between groups (outer and anti joins: without its rows in one table it may be
  // elsewhere): everything is calibrated for 2 L0 changed groups.
  bool replaces = false;
  std::int64_t people_min = 2;  // k: no row stands for fewer distinct persons
  // The keys of an open, grouped plan, ascending: each has a row, whatever the data; other groups
  // are dropped.
  std::vector<std::vector<Cell>> public_groups;
  std::vector<Statistic> statistics;  // [0] is the number of distinct persons, always
  std::vector<Quantiles> quantiles;   // by statistic; one for each histogram of the task
  std::uint64_t delta = 0;            // for selection; 0 exactly when it is margin, none or exact

  // How many groups differ between neighbours at most: L0, or twice that.
  [[nodiscard]] std::uint32_t groups_changed() const;
  // What releasing this costs every dataset that it touches: the losses of all statistics, added,
  // and delta; or one query.
  [[nodiscard]] Price price() const;
};

constexpr std::uint64_t kDeltaPlanMax = kDeltaUnit / 4;
constexpr std::uint32_t kGroupsPerPersonMax = 1'000'000;
constexpr std::int64_t kPeopleMinMax = 1'000'000'000;
constexpr std::size_t kStatisticsMax = 64;
constexpr std::size_t kPublicGroupsMax = 100'000;
constexpr std::uint32_t kLevelsMax = 4;
constexpr std::size_t kFractionsMax = 256;
constexpr std::uint32_t kMagnitudeBinsMax = 125;
constexpr std::uint32_t kFractionUnit = 1'000'000;

// The scale of discrete Laplace noise, b = numerator / denominator, in lowest terms.
struct Scale {
  std::uint64_t numerator = 1;    // 1 .. kScaleNumeratorMax
  std::uint64_t denominator = 1;  // 1 .. kEpsilonMax
  friend bool operator==(Scale, Scale) = default;
};
constexpr std::uint64_t kScaleNumeratorMax = std::uint64_t{1} << 62;

// The standard deviation of discrete Gaussian noise, sigma = numerator / denominator.
struct Sigma {
  std::uint64_t numerator = 1;    // 1 .. kSigmaMax * denominator
  std::uint64_t denominator = 1;  // 1 or kSigmaGrid
  friend bool operator==(Sigma, Sigma) = default;
};
constexpr std::uint64_t kSigmaGrid = std::uint64_t{1} << 12;  // below kSigmaFine, in steps of 2^-12
constexpr std::uint64_t kSigmaFine = std::uint64_t{1} << 10;  // above it, whole numbers
constexpr std::uint64_t kSigmaMax = std::uint64_t{1} << 52;

// b = L1 / epsilon, L1 = groups * levels * per_group: exactly, so never rounded at all. Fails
// with invalid_argument (noise_too_large, plan_out_of_range).
Result<Scale> laplace_scale(std::uint32_t groups, const Statistic& statistic);
// sigma = sqrt(L2^2 / (2 rho)), L2^2 = groups * levels * per_group^2, rounded up to the grid: by
// less than a thousandth above 1/4. Fails with invalid_argument (noise_too_large,
// plan_out_of_range).
Result<Sigma> gaussian_sigma(std::uint32_t groups, const Statistic& statistic);

// Every field in range: 1 <= L0 <= kGroupsPerPersonMax, L0 = 1 and open when ungrouped, public
// groups ascending and at most kPublicGroupsMax exactly when open and grouped, 2 <= k <=
// kPeopleMinMax, 1..kStatisticsMax statistics of which the first has per_group 1 and levels 1,
// every share >= 1 and their sum <= loss_max(), quantiles of each statistic of several levels and
// of no other but bounds, with the bins of that many levels and at most kFractionsMax fractions
// each, delta <= kDeltaPlanMax and 0 exactly when the selection costs none, a geometric selection
// has Laplace persons, Gaussian noise only in zcdp, every scale representable; where queries are
// counted, and only there, exact selection, no noise, shares of 0 and no quantiles. Fails with
// invalid_argument.
Status check_plan(const Plan& plan);

// What the number of persons weighs.
constexpr std::uint32_t kEqualWeight = 100;

// One measure of a query.
struct MeasureBound {
  std::int64_t per_group = 1;
  std::uint32_t weight = kEqualWeight;  // of its share in the loss; 1..1000
  std::uint32_t bins = 0;               // a histogram's; levels follow from it
  std::vector<std::uint32_t> fractions = {};
  bool bounds = false;  // Quantiles::bounds; per_group is 1
};

// What a row of a public group does when few people are behind it.
enum class OpenRows : std::uint8_t {
  select,  // its numbers are shown only when n >= k for certain, as elsewhere; costs delta
  hide,    // its numbers are hidden when the noised n is below k and a margin
  show,    // its numbers are always shown
};

struct PlanRequest {
  Accounting accounting = Accounting::pure;
  bool laplace = true;     // which noise the policy allows; Gaussian is left out in pure accounting
  bool gaussian = true;    //
  bool geometric = false;  // whether a coin may select, when persons are not asked for
  bool grouped = false;
  // The list of all groups, ascending, when it is public; ungrouped queries have one of their own.
  std::optional<std::vector<std::vector<Cell>>> public_groups = std::nullopt;
  OpenRows open_rows = OpenRows::select;
  std::uint32_t groups_per_person = 1;  // the policy's L0; not used when ungrouped
  bool replaces = false;
  std::int64_t people_min = 2;              // the policy's k
  bool persons_asked = true;                // an output shows or uses the number of persons
  std::vector<MeasureBound> measures = {};  // statistics 1, 2, ...
  // What may be spent; delta is spent whole or not at all. Not used where queries are counted.
  Price price = {};
};

// Splits the loss by weight and picks for every statistic the noise with the narrower 95 %
// interval, Laplace where they are equal. The plan's price() is covered by `request.price`. Fails
// with invalid_argument (price_too_small when a share is zero, plan_out_of_range when no noise is
// allowed, and as check_plan() does).
Result<Plan> make_plan(const PlanRequest& request);

}  // namespace gbx::privacy
