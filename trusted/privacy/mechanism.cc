#include "trusted/privacy/mechanism.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace gbx::privacy {
namespace {

// The formulas below have a handful of roundings and library calls, each good to 4 units in the
// last place and none cancelling (split <= 1/4 keeps the logarithm above 0.69): their relative
// error is below 2^-47. The margin is 2^-40.
constexpr double kRoundUp = 1.0 + 0x1p-40;

// A draw takes fewer steps than this on average, whatever its scale; the spare draws cover the
// spread of a small release. All are measured in tests/stat/sampler_stat.cc.
constexpr std::uint64_t kStepsPerLaplace = 24;
constexpr std::uint64_t kStepsPerGaussian = 46;        // sigma >= 1: at most 40 were seen
constexpr std::uint64_t kStepsPerNarrowGaussian = 60;  // sigma < 1: at most 50.1
constexpr std::uint64_t kSpareDraws = 64;

// keep_coin() is evaluated for a little less than was paid. Its values near 1 are off by less than
// 2^-50 in doubles and by 2^-62 on the coin's grid; in what (epsilon, delta) demands of neighbours
// that counts at most e^4 + 1 < 2^6 times, and the margin is 2^-8 of a delta of at least 2^-34.
constexpr double kCoinMargin = 1.0 - 0x1p-8;
constexpr double kCoinDeltaMin = 0x1p-34;
constexpr double kCoinEpsilonMax = 4;

constexpr Error kOutOfRange{ErrorCode::invalid_argument, "plan_out_of_range"};

double ratio(Scale scale) {
  return static_cast<double>(scale.numerator) / static_cast<double>(scale.denominator);
}

double ratio(Sigma sigma) {
  return static_cast<double>(sigma.numerator) / static_cast<double>(sigma.denominator);
}

double normal_tail(double z) { return 0.5 * std::erfc(z / std::sqrt(2.0)); }

// m with P[X >= m] <= p, rounded up.
double tail_quantile(const Noise& noise, double p) {
  if (const Scale* scale = std::get_if<Scale>(&noise)) {
    const double b = ratio(*scale);
    return std::ceil(b * (-std::log(p) - std::log1p(std::exp(-1 / b))) * kRoundUp);
  }
  const Sigma* sigma = std::get_if<Sigma>(&noise);
  return 1 + std::ceil(ratio(*sigma) * normal_upper_quantile(p) * kRoundUp);
}

std::uint64_t steps_per_draw(const Noise& noise) {
  const Sigma* sigma = std::get_if<Sigma>(&noise);
  if (sigma == nullptr) return kStepsPerLaplace;
  return sigma->numerator < sigma->denominator ? kStepsPerNarrowGaussian : kStepsPerGaussian;
}

double delta_of(const Plan& plan) {
  // delta is at most 2^58, so the conversion rounds by 2^-53 at most: inside the margin.
  return static_cast<double>(plan.delta) / static_cast<double>(kDeltaUnit);
}

bool is_shown(const Mechanism& mechanism, Int128 persons, Int128 noised) {
  const bool enough = persons >= mechanism.people_min;
  switch (mechanism.selection) {
    case Selection::threshold:
      return enough && noised - (mechanism.people_min - 1) >= mechanism.threshold;
    case Selection::margin: return noised >= mechanism.threshold;
    case Selection::none: return true;
    case Selection::exact:  // has no mechanism
    case Selection::geometric: break;
  }
  GBX_CHECK(false);
}

}  // namespace

Result<Noise> noise_of(std::uint32_t groups, const Statistic& statistic) {
  if (statistic.noise == NoiseKind::gaussian) {
    GBX_TRY_ASSIGN(const Sigma sigma, gaussian_sigma(groups, statistic));
    return Noise(sigma);
  }
  GBX_TRY_ASSIGN(const Scale scale, laplace_scale(groups, statistic));
  return Noise(scale);
}

Result<Int128> draw(RandomBits& bits, const Noise& noise) {
  if (const Scale* scale = std::get_if<Scale>(&noise)) return discrete_laplace(bits, *scale);
  return discrete_gaussian(bits, *std::get_if<Sigma>(&noise));
}

double noise_tail(const Noise& noise, std::int64_t m) {
  if (const Sigma* sigma = std::get_if<Sigma>(&noise)) {
    return std::fmin(1, normal_tail(static_cast<double>(m - 1) / ratio(*sigma)));
  }
  const double b = ratio(*std::get_if<Scale>(&noise));
  const double q = std::exp(-1 / b);
  if (m <= 0) return 1 - std::exp(static_cast<double>(m - 1) / b) / (1 + q);
  return std::exp(-static_cast<double>(m) / b) / (1 + q);
}

double split_delta(double delta, std::uint32_t groups) {
  return -std::expm1(std::log1p(-delta) / groups);
}

double normal_upper_quantile(double p) {
  GBX_CHECK(p > 0 && p <= 0.5);
  double low = 0;
  double high = 64;
  constexpr int kSteps = 80;  // down to neighbouring doubles
  for (int i = 0; i < kSteps; i++) {
    const double middle = (low + high) / 2;
    (normal_tail(middle) > p ? low : high) = middle;
  }
  return high;
}

std::int64_t selection_threshold(const Noise& noise, double split) {
  GBX_CHECK(split > 0 && split <= 0.25 * kRoundUp);
  const double m = tail_quantile(noise, split);
  // A plan has b <= 10^12 and sigma <= 2^52 here; the quantiles are below 60 and 10.
  GBX_CHECK(m > 0 && m < 0x1p58);
  return 1 + static_cast<std::int64_t>(m);
}

bool coin_in_range(double epsilon, double delta) {
  return epsilon > 0 && epsilon <= kCoinEpsilonMax && delta >= kCoinDeltaMin;
}

// Up to n1 the chance grows as fast as e^epsilon times the one before, plus delta, allows; after it
// the chance of being dropped falls as fast as it may.
double keep_coin(double epsilon, double delta, std::int64_t n) {
  if (n <= 0) return 0;
  const double n1 = 1 + std::floor(std::log1p(std::tanh(epsilon / 2) * (1 / delta - 1)) / epsilon);
  const auto rising = [&](double m) {
    return std::expm1(m * epsilon) / std::expm1(epsilon) * delta;
  };
  const auto count = static_cast<double>(n);
  if (count <= n1) return std::fmin(1, rising(count));
  const double dropped = 1 - rising(n1);
  const double step = count - n1;
  const double left = dropped * std::exp(-step * epsilon) + std::expm1(-step * epsilon) /
                                                                -std::expm1(-epsilon) *
                                                                std::exp(-epsilon) * delta;
  return left <= 0 ? 1 : std::fmin(1, 1 - left);
}

Result<Mechanism> mechanism_of(const Plan& plan) {
  GBX_TRY(check_plan(plan));
  if (plan.selection == Selection::exact) return kOutOfRange;
  Mechanism out;
  for (const Statistic& statistic : plan.statistics) {
    GBX_TRY_ASSIGN(const Noise noise, noise_of(plan.groups_changed(), statistic));
    out.noises.push_back(noise);
  }
  out.selection = plan.selection;
  out.open = plan.open;
  out.people_min = plan.people_min;
  if (plan.selection == Selection::margin) {
    const double m = tail_quantile(out.noises.front(), kMarginMiss);
    out.threshold = plan.people_min - 1 + static_cast<std::int64_t>(m);
  }
  if (plan.delta == 0) return out;
  const double split = split_delta(delta_of(plan), plan.groups_changed());
  if (plan.selection == Selection::geometric) {
    out.coin_epsilon = static_cast<double>(plan.statistics.front().share) /
                       static_cast<double>(kEpsilonUnit) / plan.groups_changed();
    if (!coin_in_range(out.coin_epsilon, split)) return kOutOfRange;
    out.coin_delta = split * kCoinMargin;
  } else {
    out.threshold = selection_threshold(out.noises.front(), split);
  }
  return out;
}

double keep_probability(const Mechanism& mechanism, std::int64_t persons) {
  const std::int64_t above = persons - (mechanism.people_min - 1);
  switch (mechanism.selection) {
    case Selection::threshold:
      if (above < 1) return 0;
      return noise_tail(mechanism.noises.front(), mechanism.threshold - above);
    case Selection::geometric:
      return keep_coin(mechanism.coin_epsilon, mechanism.coin_delta, above);
    case Selection::margin:
      return noise_tail(mechanism.noises.front(), mechanism.threshold - persons);
    case Selection::none: return 1;
    case Selection::exact: break;
  }
  GBX_CHECK(false);
}

Result<NoisedGroup> noise_group(RandomBits& bits, const Mechanism& mechanism,
                                std::vector<Int128> statistics) {
  GBX_CHECK(!statistics.empty() && statistics.size() == mechanism.noises.size());
  const Int128 persons = statistics.front();
  const bool by_coin = mechanism.selection == Selection::geometric;
  bool shown = false;
  if (by_coin) {
    // What persons cannot reach is saturated, so that the double is exact.
    const Int128 above = persons - (mechanism.people_min - 1);
    const Int128 most = std::clamp(above, Int128{0}, Int128{1} << 50);
    GBX_TRY_ASSIGN(shown, coin(bits, keep_coin(mechanism.coin_epsilon, mechanism.coin_delta,
                                               static_cast<std::int64_t>(most))));
    statistics.front() = 0;
  }
  for (std::size_t i = by_coin ? 1 : 0; i < statistics.size(); i++) {
    GBX_TRY_ASSIGN(const Int128 noise, draw(bits, mechanism.noises[i]));
    statistics[i] += noise;
  }
  if (!by_coin) shown = is_shown(mechanism, persons, statistics.front());
  return NoisedGroup{std::move(statistics), shown};
}

std::uint64_t even_steps(const Mechanism& mechanism, std::size_t draws) {
  std::uint64_t steps = 0;
  for (const Noise& noise : mechanism.noises) steps = std::max(steps, steps_per_draw(noise));
  return (std::uint64_t{draws} + kSpareDraws) * steps;
}

Status even_out(RandomBits& bits, const Mechanism& mechanism, std::size_t draws) {
  const std::uint64_t steps = even_steps(mechanism, draws);
  for (std::size_t i = 0; bits.steps() < steps; i++) {
    GBX_TRY(draw(bits, mechanism.noises[i % mechanism.noises.size()]));
  }
  return {};
}

}  // namespace gbx::privacy
