#include "trusted/privacy/release.h"

#include <algorithm>

#include "trusted/privacy/confidence.h"
#include "trusted/privacy/sampler.h"
#include "trusted/privacy/selection.h"

namespace gbx::privacy {
namespace {

constexpr Error kEngineFailed{ErrorCode::unavailable, "engine_failed"};

// Far above what an engine can add up, far below where adding noise could overflow.
constexpr Int128 kExactMax = Int128{1} << 120;

// What draws cost on average, in steps, is below kStepsPerDraw for every scale; the spare draws
// cover the spread of a small release. tests/stat/work_test.cc measures both.
constexpr std::uint64_t kStepsPerDraw = 24;
constexpr std::uint64_t kSpareDraws = 64;

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
    for (const Int128 statistic : statistics) {
      if (statistic < -kExactMax || statistic > kExactMax) return kEngineFailed;
    }
  }
  return {};
}

Result<std::vector<Int128>> add_noise(RandomBits& bits, const Mechanism& mechanism,
                                      std::vector<Int128> statistics) {
  for (std::size_t i = 0; i < statistics.size(); i++) {
    GBX_TRY_ASSIGN(const Int128 noise, discrete_laplace(bits, mechanism.scales[i]));
    statistics[i] += noise;
  }
  return statistics;
}

// Pre-thresholding on the exact count, then selection on what is above it. Both are evaluated for
// every group.
bool may_show(const Mechanism& mechanism, Int128 persons, Int128 noised_persons) {
  const bool enough = persons >= mechanism.people_min;
  const bool selected = noised_persons - (mechanism.people_min - 1) >= mechanism.threshold;
  return enough && selected;
}

// The exact sampler works longer for larger noise (arXiv:2112.05307 reads noise off the clock).
// Spends more draws, thrown away, until the work is what it would have been anyway.
Status even_out(RandomBits& bits, const Mechanism& mechanism, std::size_t groups) {
  const std::uint64_t draws = std::uint64_t{groups} * mechanism.scales.size() + kSpareDraws;
  for (std::size_t i = 0; bits.steps() < draws * kStepsPerDraw; i++) {
    GBX_TRY(discrete_laplace(bits, mechanism.scales[i % mechanism.scales.size()]));
  }
  return {};
}

std::vector<std::int64_t> saturate(const std::vector<Int128>& values) {
  std::vector<std::int64_t> out;
  out.reserve(values.size());
  for (const Int128 value : values) {
    const Int128 bounded = std::clamp(value, -Int128{kReleasedMax}, Int128{kReleasedMax});
    out.push_back(static_cast<std::int64_t>(bounded));
  }
  return out;
}

}  // namespace

Result<Released> Releaser::release(Aggregate&& exact, const Plan& plan, Reservation&& reservation,
                                   Entropy& entropy) {
  const Reservation spent = std::move(reservation);
  std::vector<ExactGroup> groups = std::move(exact.groups_);
  GBX_TRY_ASSIGN(const Mechanism mechanism, mechanism_of(plan));
  GBX_CHECK(covers(spent.price(), plan.price()));
  std::sort(groups.begin(), groups.end(), by_key);
  GBX_TRY(check_shape(groups, plan));
  RandomBits bits(entropy);
  std::vector<ReleasedGroup> out;
  for (ExactGroup& group : groups) {
    const Int128 persons = group.statistics.front();
    GBX_TRY_ASSIGN(const std::vector<Int128> noised,
                   add_noise(bits, mechanism, std::move(group.statistics)));
    if (!may_show(mechanism, persons, noised.front())) continue;
    out.push_back({std::move(group.key), saturate(noised)});
  }
  GBX_TRY(even_out(bits, mechanism, groups.size()));
  return Released(std::move(out));
}

}  // namespace gbx::privacy
