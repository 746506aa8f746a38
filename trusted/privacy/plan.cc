#include "trusted/privacy/plan.h"

#include <limits>
#include <numeric>

#include "trusted/base/value.h"

namespace gbx::privacy {
namespace {

constexpr Error kBadAmount{ErrorCode::invalid_argument, "privacy_amount_malformed"};
constexpr Error kOutOfRange{ErrorCode::invalid_argument, "plan_out_of_range"};
constexpr Error kNoiseTooLarge{ErrorCode::invalid_argument, "noise_too_large"};
constexpr Error kPriceTooSmall{ErrorCode::invalid_argument, "price_too_small"};

constexpr std::size_t kAmountCharactersMax = 40;
constexpr int kDigitsMax = 19;    // 10^19 < 2^64
constexpr int kDecimalsMax = 36;  // 10^36 < 2^120

// mantissa * 10^-decimals, with 0 <= mantissa < 10^19 and 0 <= decimals <= 36.
struct Amount {
  std::uint64_t mantissa = 0;
  int decimals = 0;
};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

UInt128 power_of_ten(int exponent) {
  GBX_CHECK(exponent >= 0 && exponent <= kDecimalsMax);
  UInt128 out = 1;
  for (int i = 0; i < exponent; i++) out *= 10;
  return out;
}

// Moves the digits at the front of `text` into `mantissa`; how many there were, or -1 when they do
// not fit.
int take_digits(std::string_view& text, std::uint64_t& mantissa) {
  int count = 0;
  while (!text.empty() && is_digit(text.front())) {
    if (mantissa >= static_cast<std::uint64_t>(power_of_ten(kDigitsMax - 1))) return -1;
    mantissa = mantissa * 10 + static_cast<std::uint64_t>(text.front() - '0');
    text.remove_prefix(1);
    count++;
  }
  return count;
}

// digits [ "." digits ] [ "e-" digits ], no leading zero but "0" itself, no trailing zeros kept.
Result<Amount> parse_amount(std::string_view text) {
  if (text.empty() || text.size() > kAmountCharactersMax) return kBadAmount;
  if (text.size() > 1 && text[0] == '0' && is_digit(text[1])) return kBadAmount;
  Amount out;
  if (take_digits(text, out.mantissa) <= 0) return kBadAmount;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    out.decimals = take_digits(text, out.mantissa);
    if (out.decimals <= 0) return kBadAmount;
  }
  if (text.starts_with("e-")) {
    text.remove_prefix(2);
    std::uint64_t exponent = 0;
    if (take_digits(text, exponent) <= 0 || exponent > kDecimalsMax) return kBadAmount;
    out.decimals += static_cast<int>(exponent);
  }
  if (!text.empty()) return kBadAmount;
  while (out.decimals > 0 && out.mantissa % 10 == 0) {
    out.mantissa /= 10;
    out.decimals--;
  }
  if (out.decimals > kDecimalsMax) return kBadAmount;
  return out;
}

std::uint64_t add_saturating(std::uint64_t a, std::uint64_t b) {
  constexpr std::uint64_t kMax = std::numeric_limits<std::uint64_t>::max();
  return a > kMax - b ? kMax : a + b;
}

}  // namespace

Price add(Price a, Price b) {
  return {add_saturating(a.epsilon, b.epsilon), add_saturating(a.delta, b.delta)};
}

bool covers(Price have, Price want) {
  return have.epsilon >= want.epsilon && have.delta >= want.delta;
}

Result<std::uint64_t> parse_epsilon(std::string_view text) {
  GBX_TRY_ASSIGN(const Amount amount, parse_amount(text));
  if (amount.decimals > 6) return kBadAmount;
  // < 10^19 * 10^6 < 2^84.
  const UInt128 units = UInt128{amount.mantissa} * power_of_ten(6 - amount.decimals);
  if (units == 0 || units > kEpsilonMax) return kBadAmount;
  return static_cast<std::uint64_t>(units);
}

std::string format_epsilon(std::uint64_t epsilon) {
  std::string out = std::to_string(epsilon / kEpsilonUnit);
  std::string fraction = std::to_string(kEpsilonUnit + epsilon % kEpsilonUnit).substr(1);
  while (!fraction.empty() && fraction.back() == '0') fraction.pop_back();
  return fraction.empty() ? out : out + "." + fraction;
}

Result<std::uint64_t> parse_delta(std::string_view text) {
  GBX_TRY_ASSIGN(const Amount amount, parse_amount(text));
  const UInt128 one = power_of_ten(amount.decimals);
  if (amount.mantissa >= one) return kBadAmount;
  // mantissa * 2^60 < 2^124; the quotient is below 2^60.
  const UInt128 units = UInt128{amount.mantissa} * kDeltaUnit / one;
  if (units == 0) return kBadAmount;
  return static_cast<std::uint64_t>(units);
}

std::string format_delta(std::uint64_t delta) {
  GBX_CHECK(delta < kDeltaUnit);
  if (delta == 0) return "0";
  // 10^19 > 2^60, so with 19 decimals ceil() stays below 1 and reads back; 2^60 * 10^19 < 2^124.
  for (int decimals = 1; decimals <= kDigitsMax; decimals++) {
    const UInt128 one = power_of_ten(decimals);
    const UInt128 mantissa = (UInt128{delta} * one + kDeltaUnit - 1) / kDeltaUnit;
    if (mantissa >= one || mantissa * kDeltaUnit / one != delta) continue;
    std::string digits = std::to_string(static_cast<std::uint64_t>(mantissa));
    const int exponent = decimals - static_cast<int>(digits.size()) + 1;
    if (digits.size() > 1) digits.insert(1, ".");
    return digits + "e-" + std::to_string(exponent);
  }
  GBX_CHECK(false);
}

Result<Scale> noise_scale(std::uint32_t groups_per_person, const Statistic& statistic) {
  if (groups_per_person == 0 || statistic.per_group < 1) return kOutOfRange;
  if (statistic.epsilon == 0 || statistic.epsilon > kEpsilonMax) return kOutOfRange;
  // < 2^32 * 2^63 * 2^20 = 2^115.
  UInt128 numerator = UInt128{groups_per_person} * static_cast<std::uint64_t>(statistic.per_group);
  numerator *= kEpsilonUnit;
  const auto rest = static_cast<std::uint64_t>(numerator % statistic.epsilon);
  const std::uint64_t divisor = std::gcd(rest, statistic.epsilon);
  numerator /= divisor;
  if (numerator > kScaleNumeratorMax) return kNoiseTooLarge;
  return Scale{static_cast<std::uint64_t>(numerator), statistic.epsilon / divisor};
}

Price Plan::price() const {
  Price out{0, delta};
  for (const Statistic& statistic : statistics) out = add(out, {statistic.epsilon, 0});
  return out;
}

Status check_plan(const Plan& plan) {
  const std::uint32_t groups_max = plan.grouped ? kGroupsPerPersonMax : 1;
  if (plan.groups_per_person < 1 || plan.groups_per_person > groups_max) return kOutOfRange;
  if (plan.people_min < 2 || plan.people_min > kPeopleMinMax) return kOutOfRange;
  if (plan.statistics.empty() || plan.statistics.size() > kStatisticsMax) return kOutOfRange;
  if (plan.statistics.front().per_group != 1) return kOutOfRange;
  if (plan.delta < 1 || plan.delta > kDeltaPlanMax) return kOutOfRange;
  if (plan.price().epsilon > kEpsilonMax) return kOutOfRange;
  for (const Statistic& statistic : plan.statistics) {
    if (auto scale = noise_scale(plan.groups_per_person, statistic); !scale) return scale.error();
  }
  return {};
}

Result<Plan> make_plan(const PlanRequest& request) {
  if (request.measure_bounds.size() >= kStatisticsMax) return kOutOfRange;
  const std::uint64_t count = request.measure_bounds.size() + 1;
  const std::uint64_t share = request.price.epsilon / count;
  if (share == 0) return kPriceTooSmall;
  Plan plan;
  plan.grouped = request.grouped;
  plan.groups_per_person = request.grouped ? request.groups_per_person : 1;
  plan.people_min = request.people_min;
  plan.delta = request.price.delta;
  plan.statistics.push_back({1, request.price.epsilon - share * (count - 1)});
  for (const std::int64_t bound : request.measure_bounds) plan.statistics.push_back({bound, share});
  GBX_TRY(check_plan(plan));
  return plan;
}

}  // namespace gbx::privacy
