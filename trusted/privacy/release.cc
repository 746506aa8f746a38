#include "trusted/privacy/release.h"

#include <algorithm>

#include "trusted/privacy/bounds.h"
#include "trusted/privacy/confidence.h"
#include "trusted/privacy/mechanism.h"
#include "trusted/privacy/sampler.h"

namespace gbx::privacy {
namespace {

constexpr Error kEngineFailed{ErrorCode::unavailable, "engine_failed"};

// Far above what an engine can add up, far below where adding noise could overflow.
constexpr Int128 kExactMax = Int128{1} << 120;

bool by_key(const ExactGroup& a, const ExactGroup& b) { return a.key < b.key; }

// The engine is no party to the guarantee, but its answer is still checked: a broken shape must
// not become a broken release. `groups` are sorted.
Status check_shape(const std::vector<ExactGroup>& groups, const Plan& plan) {
  if (!plan.grouped && (groups.size() != 1 || !groups.front().key.empty())) return kEngineFailed;
  for (std::size_t i = 0; i < groups.size(); i++) {
    const std::vector<Int128>& statistics = groups[i].statistics;
    if (plan.grouped && groups[i].key.empty()) return kEngineFailed;
    if (i > 0 && groups[i - 1].key == groups[i].key) return kEngineFailed;
    if (statistics.size() != plan.statistics.size() || statistics.front() < 0) return kEngineFailed;
    if (groups[i].histograms.size() != plan.quantiles.size()) return kEngineFailed;
    for (const Int128 statistic : statistics) {
      if (statistic < -kExactMax || statistic > kExactMax) return kEngineFailed;
    }
  }
  return {};
}

// One entry for every public key, in their order: what nobody is in counts zero. `groups` sorted.
std::vector<ExactGroup> lay_out(std::vector<ExactGroup> groups, const Plan& plan) {
  std::vector<ExactGroup> out;
  out.reserve(plan.public_groups.size());
  std::size_t next = 0;
  for (const std::vector<Cell>& key : plan.public_groups) {
    while (next < groups.size() && groups[next].key < key) next++;
    if (next < groups.size() && groups[next].key == key) {
      out.push_back(std::move(groups[next]));
      next++;
    } else {
      out.push_back({key, std::vector<Int128>(plan.statistics.size(), 0)});
    }
  }
  return out;
}

// One tree for each histogram, of which every quantile walks the same noise; or a pair of bounds.
Result<std::vector<QuantileLeaves>> release_quantiles(RandomBits& bits, const Plan& plan,
                                                      const Mechanism& mechanism,
                                                      const std::vector<Histogram>& histograms) {
  std::vector<QuantileLeaves> out;
  for (std::size_t i = 0; i < plan.quantiles.size(); i++) {
    const Quantiles& wanted = plan.quantiles[i];
    const Noise& noise = mechanism.noises[wanted.statistic];
    const Histogram none;
    const Histogram& exact = histograms.empty() ? none : histograms[i];
    if (wanted.bounds) {
      GBX_TRY_ASSIGN(const QuantileLeaves ends,
                     noisy_bounds(bits, noise, {exact, wanted.bins, plan.people_min}));
      out.push_back(ends);
      continue;
    }
    const std::uint32_t levels = tree_levels(wanted.bins);
    NoisyTree tree(bits, noise, exact, levels);
    for (const std::uint32_t fraction : wanted.fractions) {
      GBX_TRY_ASSIGN(const QuantileLeaves leaves,
                     tree.quantile(fraction, rank_slack(noise, levels)));
      out.push_back(leaves);
    }
  }
  return out;
}

std::vector<std::int64_t> saturate(const std::vector<Int128>& values) {
  std::vector<std::int64_t> out;
  out.reserve(values.size());
  for (const Int128 value : values) {
    const Int128 bounded = std::clamp(value, -Int128{kNoisedMax}, Int128{kNoisedMax});
    out.push_back(static_cast<std::int64_t>(bounded));
  }
  return out;
}

// Without noise: numbers are shown exactly where k persons or more stand behind them.
std::vector<ReleasedGroup> exact_rows(std::vector<ExactGroup> groups, const Plan& plan) {
  std::vector<ReleasedGroup> out;
  for (ExactGroup& group : groups) {
    if (group.statistics.front() >= plan.people_min) {
      out.push_back({std::move(group.key), saturate(group.statistics)});
    } else if (plan.open) {
      out.push_back({std::move(group.key), {}});
    }
  }
  return out;
}

// How many draws a release makes at most: which rows are shown is seen by everybody.
std::size_t draws_of(const Plan& plan, std::size_t groups,
                     const std::vector<ReleasedGroup>& released) {
  std::size_t of_bins = 0;
  for (const Quantiles& wanted : plan.quantiles) {
    if (wanted.bounds) {
      of_bins += wanted.bins;
    } else {
      of_bins += wanted.fractions.size() * NoisyTree::nodes_of_quantile(tree_levels(wanted.bins));
    }
  }
  const auto shown =
      std::count_if(released.begin(), released.end(),
                    [](const ReleasedGroup& group) { return !group.values.empty(); });
  return groups * plan.statistics.size() + static_cast<std::size_t>(shown) * of_bins;
}

// A list stands beside one number, of its persons, that fewer than k never show.
Status check_list(const std::vector<ListedRow>& listed, const Plan& plan) {
  const bool sure = plan.selection == Selection::threshold || plan.selection == Selection::exact;
  const bool one = !plan.grouped && plan.statistics.size() == 1;
  return listed.empty() || (sure && one) ? Status() : Status(kEngineFailed);
}

}  // namespace

Released::Released(std::vector<ReleasedGroup> groups, std::vector<ListedRow> listed)
    : groups_(std::move(groups)) {
  const bool shown = groups_.size() == 1 && !groups_.front().values.empty();
  if (shown) listed_ = std::move(listed);
}

Result<Released> Releaser::release(Aggregate&& exact, const Plan& plan, Reservation&& reservation,
                                   Entropy& entropy) {
  const Reservation spent = std::move(reservation);
  std::vector<ExactGroup> groups = std::move(exact.groups_);
  std::vector<ListedRow> listed = std::move(exact.listed_);
  GBX_TRY(check_plan(plan));
  GBX_CHECK(covers(spent.price(), plan.price()));
  std::sort(groups.begin(), groups.end(), by_key);
  GBX_TRY(check_shape(groups, plan));
  GBX_TRY(check_list(listed, plan));
  if (plan.open && plan.grouped) groups = lay_out(std::move(groups), plan);
  if (plan.selection == Selection::exact) {
    return Released(exact_rows(std::move(groups), plan), std::move(listed));
  }
  GBX_TRY_ASSIGN(const Mechanism mechanism, mechanism_of(plan));
  RandomBits bits(entropy);
  std::vector<ReleasedGroup> out;
  for (ExactGroup& group : groups) {
    GBX_TRY_ASSIGN(const NoisedGroup noised,
                   noise_group(bits, mechanism, std::move(group.statistics)));
    if (noised.shown) {
      out.push_back({std::move(group.key), saturate(noised.statistics)});
      GBX_TRY_ASSIGN(out.back().quantiles,
                     release_quantiles(bits, plan, mechanism, group.histograms));
      for (const Quantiles& q : plan.quantiles) out.back().values[q.statistic] = 0;
    } else if (plan.open) {
      out.push_back({std::move(group.key), {}});
    }
  }
  GBX_TRY(even_out(bits, mechanism, draws_of(plan, groups.size(), out)));
  return Released(std::move(out), std::move(listed));
}

}  // namespace gbx::privacy
