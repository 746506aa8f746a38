#include "trusted/privacy/mechanism.h"

#include <cmath>
#include <utility>

namespace gbx::privacy {
namespace {

// The formula below has five roundings and four library calls, each good to 4 units in the last
// place and none cancelling (split <= 1/4 keeps the logarithm above 0.69): its relative error is
// below 2^-47. The margin is 2^-40.
constexpr double kRoundUp = 1.0 + 0x1p-40;

// A draw takes fewer than kStepsPerDraw steps on average, whatever its scale; the spare draws cover
// the spread of a small release. Both are measured in tests/stat/sampler_stat.cc.
constexpr std::uint64_t kStepsPerDraw = 24;
constexpr std::uint64_t kSpareDraws = 64;

double ratio(Scale scale) {
  return static_cast<double>(scale.numerator) / static_cast<double>(scale.denominator);
}

}  // namespace

double split_delta(double delta, std::uint32_t groups_per_person) {
  return -std::expm1(std::log1p(-delta) / groups_per_person);
}

std::int64_t selection_threshold(Scale scale, double split) {
  GBX_CHECK(split > 0 && split <= 0.25 * kRoundUp);
  const double b = ratio(scale);
  const double m = b * (-std::log(split) - std::log1p(std::exp(-1 / b)));
  // A plan has b <= 10^12 here and ln(1 / split) < 60.
  GBX_CHECK(m > 0 && m < 0x1p52);
  return 1 + static_cast<std::int64_t>(std::ceil(m * kRoundUp));
}

Result<Mechanism> mechanism_of(const Plan& plan) {
  GBX_TRY(check_plan(plan));
  Mechanism out;
  for (const Statistic& statistic : plan.statistics) {
    GBX_TRY_ASSIGN(const Scale scale, noise_scale(plan.groups_per_person, statistic));
    out.scales.push_back(scale);
  }
  out.people_min = plan.people_min;
  // delta is at most 2^58, so the conversion rounds by 2^-53 at most: inside the margin.
  const double delta = static_cast<double>(plan.delta) / static_cast<double>(kDeltaUnit);
  const double split = split_delta(delta, plan.groups_per_person);
  out.threshold = selection_threshold(out.scales.front(), split);
  return out;
}

double laplace_tail(Scale scale, std::int64_t m) {
  const double b = ratio(scale);
  const double q = std::exp(-1 / b);
  if (m <= 0) return 1 - std::exp(static_cast<double>(m - 1) / b) / (1 + q);
  return std::exp(-static_cast<double>(m) / b) / (1 + q);
}

double keep_probability(const Mechanism& mechanism, std::int64_t persons) {
  if (persons < mechanism.people_min) return 0;
  const std::int64_t above = persons - (mechanism.people_min - 1);
  return laplace_tail(mechanism.scales.front(), mechanism.threshold - above);
}

Result<NoisedGroup> noise_group(RandomBits& bits, const Mechanism& mechanism,
                                std::vector<Int128> statistics) {
  GBX_CHECK(!statistics.empty() && statistics.size() == mechanism.scales.size());
  const Int128 persons = statistics.front();
  for (std::size_t i = 0; i < statistics.size(); i++) {
    GBX_TRY_ASSIGN(const Int128 noise, discrete_laplace(bits, mechanism.scales[i]));
    statistics[i] += noise;
  }
  const Int128 above = statistics.front() - (mechanism.people_min - 1);
  const bool shown = persons >= mechanism.people_min && above >= mechanism.threshold;
  return NoisedGroup{std::move(statistics), shown};
}

std::uint64_t even_steps(const Mechanism& mechanism, std::size_t groups) {
  return (std::uint64_t{groups} * mechanism.scales.size() + kSpareDraws) * kStepsPerDraw;
}

Status even_out(RandomBits& bits, const Mechanism& mechanism, std::size_t groups) {
  const std::uint64_t steps = even_steps(mechanism, groups);
  for (std::size_t i = 0; bits.steps() < steps; i++) {
    GBX_TRY(discrete_laplace(bits, mechanism.scales[i % mechanism.scales.size()]));
  }
  return {};
}

}  // namespace gbx::privacy
