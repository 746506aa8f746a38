#include "trusted/privacy/plan.h"

#include <cmath>
#include <limits>
#include <numeric>
#include <optional>
#include <utility>

#include "trusted/privacy/confidence.h"
#include "trusted/privacy/mechanism.h"
#include "trusted/privacy/tree.h"

namespace gbx::privacy {
namespace {

constexpr Error kOutOfRange{ErrorCode::invalid_argument, "plan_out_of_range"};
constexpr Error kNoiseTooLarge{ErrorCode::invalid_argument, "noise_too_large"};
constexpr Error kPriceTooSmall{ErrorCode::invalid_argument, "price_too_small"};

constexpr std::uint32_t kWeightMax = 1000;

Status check_statistic(std::uint32_t groups, const Statistic& statistic) {
  if (groups == 0 || statistic.per_group < 1) return kOutOfRange;
  if (statistic.levels < 1 || statistic.levels > kLevelsMax || statistic.share == 0) {
    return kOutOfRange;
  }
  if (statistic.noise == NoiseKind::none) return kOutOfRange;
  const bool laplace = statistic.noise == NoiseKind::laplace;
  return statistic.share > (laplace ? kEpsilonMax : kRhoMax) ? Status(kOutOfRange) : Status();
}

bool costs_delta(Selection selection) {
  return selection == Selection::threshold || selection == Selection::geometric;
}

std::uint64_t loss_of(Accounting accounting, const Statistic& statistic) {
  constexpr std::uint64_t kNever = std::numeric_limits<std::uint64_t>::max();
  if (statistic.noise == NoiseKind::none) return kNever;
  if (statistic.noise == NoiseKind::gaussian) {
    return accounting == Accounting::zcdp ? statistic.share : kNever;
  }
  if (accounting == Accounting::pure) return statistic.share;
  return statistic.share > kEpsilonMax ? kNever : rho_of_epsilon(statistic.share);
}

Selection selection_of(const PlanRequest& request, bool open) {
  if (request.accounting == Accounting::queries) return Selection::exact;
  if (!open || request.open_rows == OpenRows::select) return Selection::threshold;
  return request.open_rows == OpenRows::hide ? Selection::margin : Selection::none;
}

// `bound` with the noise of that kind that `loss` buys; nothing when it buys none.
std::optional<Statistic> bought(const PlanRequest& request, const MeasureBound& bound,
                                NoiseKind noise, std::uint64_t loss) {
  const bool zcdp = request.accounting == Accounting::zcdp;
  if (noise == NoiseKind::gaussian ? !request.gaussian || !zcdp : !request.laplace) return {};
  const bool convert = zcdp && noise == NoiseKind::laplace;
  const std::uint64_t share = convert ? epsilon_within_rho(loss) : loss;
  if (share == 0) return {};
  const std::uint32_t levels = bound.bins == 0 || bound.bounds ? 1 : tree_levels(bound.bins);
  return Statistic{bound.per_group, levels, noise, share};
}

// The better of the two kinds. Fails with the Laplace one's error when neither can be had.
Result<Statistic> best(const PlanRequest& request, std::uint32_t groups, const MeasureBound& bound,
                       std::uint64_t loss) {
  if (!request.laplace && (!request.gaussian || request.accounting == Accounting::pure)) {
    return kOutOfRange;
  }
  std::optional<Statistic> best;
  std::int64_t width = 0;
  Error failure = kPriceTooSmall;
  for (const NoiseKind noise : {NoiseKind::laplace, NoiseKind::gaussian}) {
    const auto candidate = bought(request, bound, noise, loss);
    if (!candidate) continue;
    const auto candidate_width = half_width(groups, *candidate);
    if (!candidate_width) {
      failure = candidate_width.error();
    } else if (!best || *candidate_width < width) {
      best = candidate;
      width = *candidate_width;
    }
  }
  if (!best) return failure;
  return *best;
}

Status check_public_groups(const Plan& plan) {
  const auto& keys = plan.public_groups;
  if (keys.empty() == (plan.open && plan.grouped) || keys.size() > kPublicGroupsMax) {
    return kOutOfRange;
  }
  for (std::size_t i = 0; i < keys.size(); i++) {
    if (keys[i].empty() || (i > 0 && !(keys[i - 1] < keys[i]))) return kOutOfRange;
  }
  return {};
}

bool bins_fit(const Quantiles& quantiles, const Statistic& statistic) {
  if (!quantiles.bounds) return tree_levels(quantiles.bins) == statistic.levels;
  const bool alone = statistic.per_group == 1 && statistic.levels == 1;
  return alone && quantiles.bins >= 1 && quantiles.bins <= kMagnitudeBinsMax &&
         quantiles.fractions.size() == 1;
}

Status check_quantiles(const Plan& plan) {
  std::size_t next = 0;
  for (std::size_t i = 0; i < plan.statistics.size(); i++) {
    const bool named = next < plan.quantiles.size() && plan.quantiles[next].statistic == i;
    if (!named) {
      if (plan.statistics[i].levels != 1) return kOutOfRange;
      continue;
    }
    const Quantiles& quantiles = plan.quantiles[next++];
    if (i == 0 || !bins_fit(quantiles, plan.statistics[i])) return kOutOfRange;
    if (quantiles.fractions.size() > kFractionsMax) return kOutOfRange;
    for (const std::uint32_t fraction : quantiles.fractions) {
      if (fraction > kFractionUnit) return kOutOfRange;
    }
  }
  return next == plan.quantiles.size() ? Status() : Status(kOutOfRange);
}

// A plan without noise: nothing in it can be taken for a guarantee.
Status check_exact(const Plan& plan) {
  if (plan.accounting != Accounting::queries || plan.selection != Selection::exact) {
    return kOutOfRange;
  }
  for (const Statistic& statistic : plan.statistics) {
    if (statistic.noise != NoiseKind::none || statistic.share != 0) return kOutOfRange;
    if (statistic.per_group < 1 || statistic.levels != 1) return kOutOfRange;
  }
  return plan.quantiles.empty() ? Status() : Status(kOutOfRange);
}

// Persons and measures as they are.
Result<Plan> make_exact(const PlanRequest& request, Plan plan) {
  plan.statistics.push_back({.noise = NoiseKind::none});
  for (const MeasureBound& measure : request.measures) {
    if (measure.bins != 0) return kOutOfRange;
    plan.statistics.push_back({.per_group = measure.per_group, .noise = NoiseKind::none});
  }
  GBX_TRY(check_plan(plan));
  return plan;
}

// Whether a coin can select the groups of `plan`, which has its persons' share.
bool can_toss(const Plan& plan) {
  const Statistic& persons = plan.statistics.front();
  if (plan.open || persons.noise != NoiseKind::laplace) return false;
  const double epsilon = static_cast<double>(persons.share) / static_cast<double>(kEpsilonUnit);
  const double delta = static_cast<double>(plan.delta) / static_cast<double>(kDeltaUnit);
  return coin_in_range(epsilon / plan.groups_changed(), split_delta(delta, plan.groups_changed()));
}

}  // namespace

// < 2^32 * 2^3 * 2^63 * 2^20 = 2^118.
Result<Scale> laplace_scale(std::uint32_t groups, const Statistic& statistic) {
  GBX_TRY(check_statistic(groups, statistic));
  if (statistic.noise != NoiseKind::laplace) return kOutOfRange;
  UInt128 numerator = UInt128{groups} * statistic.levels;
  numerator *= static_cast<std::uint64_t>(statistic.per_group);
  numerator *= kEpsilonUnit;
  const auto rest = static_cast<std::uint64_t>(numerator % statistic.share);
  const std::uint64_t divisor = std::gcd(rest, statistic.share);
  numerator /= divisor;
  if (numerator > kScaleNumeratorMax) return kNoiseTooLarge;
  return Scale{static_cast<std::uint64_t>(numerator), statistic.share / divisor};
}

// A square root, a division and three conversions round by less than 2^-49 together: the margin of
// 2^-40 covers them, so the sigma that is used is never below the one that was paid for.
Result<Sigma> gaussian_sigma(std::uint32_t groups, const Statistic& statistic) {
  GBX_TRY(check_statistic(groups, statistic));
  if (statistic.noise != NoiseKind::gaussian) return kOutOfRange;
  constexpr double kRoundUp = 1.0 + 0x1p-40;
  const double counters = static_cast<double>(groups) * statistic.levels;
  const double rho = static_cast<double>(statistic.share) / static_cast<double>(kRhoUnit);
  const double sigma =
      static_cast<double>(statistic.per_group) * std::sqrt(counters / (2 * rho)) * kRoundUp;
  if (sigma > static_cast<double>(kSigmaMax)) return kNoiseTooLarge;
  const std::uint64_t grid = sigma < static_cast<double>(kSigmaFine) ? kSigmaGrid : 1;
  return Sigma{static_cast<std::uint64_t>(std::ceil(sigma * static_cast<double>(grid))), grid};
}

std::uint32_t Plan::groups_changed() const {
  return replaces ? 2 * groups_per_person : groups_per_person;
}

Price Plan::price() const {
  if (accounting == Accounting::queries) return {1, 0};
  Price out{0, delta};
  for (const Statistic& statistic : statistics) {
    out = add(out, {loss_of(accounting, statistic), 0});
  }
  return out;
}

Status check_plan(const Plan& plan) {
  const std::uint32_t groups_max = plan.grouped ? kGroupsPerPersonMax : 1;
  if (plan.groups_per_person < 1 || plan.groups_per_person > groups_max) return kOutOfRange;
  if (!plan.grouped && !plan.open) return kOutOfRange;
  GBX_TRY(check_public_groups(plan));
  const bool exact = plan.accounting == Accounting::queries || plan.selection == Selection::exact;
  if (!plan.open && !costs_delta(plan.selection) && !exact) return kOutOfRange;
  if (plan.people_min < 2 || plan.people_min > kPeopleMinMax) return kOutOfRange;
  if (plan.statistics.empty() || plan.statistics.size() > kStatisticsMax) return kOutOfRange;
  const Statistic& persons = plan.statistics.front();
  if (persons.per_group != 1 || persons.levels != 1) return kOutOfRange;
  if (plan.selection == Selection::geometric && persons.noise != NoiseKind::laplace) {
    return kOutOfRange;
  }
  if (plan.delta > kDeltaPlanMax) return kOutOfRange;
  if ((plan.delta != 0) != costs_delta(plan.selection)) return kOutOfRange;
  if (exact) return check_exact(plan);
  if (plan.price().loss > loss_max(plan.accounting)) return kOutOfRange;
  for (const Statistic& statistic : plan.statistics) {
    GBX_TRY(half_width(plan.groups_changed(), statistic));
  }
  return check_quantiles(plan);
}

Result<Plan> make_plan(const PlanRequest& request) {
  if (request.measures.size() >= kStatisticsMax) return kOutOfRange;
  Plan plan;
  plan.accounting = request.accounting;
  plan.grouped = request.grouped;
  plan.open = !request.grouped || request.public_groups.has_value();
  if (request.grouped && plan.open) plan.public_groups = *request.public_groups;
  plan.selection = selection_of(request, plan.open);
  plan.groups_per_person = request.grouped ? request.groups_per_person : 1;
  plan.replaces = request.replaces;
  plan.people_min = request.people_min;
  plan.delta = costs_delta(plan.selection) ? request.price.delta : 0;
  if (plan.groups_per_person > kGroupsPerPersonMax) return kOutOfRange;
  if (plan.accounting == Accounting::queries) return make_exact(request, std::move(plan));

  std::uint64_t weights = kEqualWeight;
  for (const MeasureBound& measure : request.measures) {
    if (measure.weight < 1 || measure.weight > kWeightMax) return kOutOfRange;
    weights += measure.weight;
  }
  if (request.price.loss > loss_max(request.accounting)) return kOutOfRange;
  std::uint64_t rest = request.price.loss;
  std::vector<Statistic> measures;
  for (const MeasureBound& measure : request.measures) {
    // < 2^52 * 2^10.
    const std::uint64_t share = request.price.loss * measure.weight / weights;
    GBX_TRY_ASSIGN(const Statistic statistic, best(request, plan.groups_changed(), measure, share));
    measures.push_back(statistic);
    if (measure.bins != 0) {
      plan.quantiles.push_back({measures.size(), measure.bins, measure.fractions, measure.bounds});
    }
    rest -= share;
  }
  GBX_TRY_ASSIGN(const Statistic persons, best(request, plan.groups_changed(), {}, rest));
  plan.statistics.push_back(persons);
  plan.statistics.insert(plan.statistics.end(), measures.begin(), measures.end());
  if (request.geometric && !request.persons_asked && can_toss(plan)) {
    plan.selection = Selection::geometric;
  }
  GBX_TRY(check_plan(plan));
  return plan;
}

}  // namespace gbx::privacy
