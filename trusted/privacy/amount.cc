#include "trusted/privacy/amount.h"

#include <cmath>
#include <limits>
#include <utility>

#include "trusted/base/value.h"

namespace gbx::privacy {
namespace {

constexpr Error kBadAmount{ErrorCode::invalid_argument, "privacy_amount_malformed"};

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

// In units of 1 / `unit`, rounded down, in [1, most].
Result<std::uint64_t> parse_units(std::string_view text, std::uint64_t unit, std::uint64_t most) {
  GBX_TRY_ASSIGN(const Amount amount, parse_amount(text));
  // mantissa * unit < 2^124.
  const UInt128 units = UInt128{amount.mantissa} * unit / power_of_ten(amount.decimals);
  if (units == 0 || units > most) return kBadAmount;
  return static_cast<std::uint64_t>(units);
}

Result<std::uint64_t> parse_queries(std::string_view text) {
  GBX_TRY_ASSIGN(const Amount amount, parse_amount(text));
  if (amount.decimals > 0 || amount.mantissa == 0 || amount.mantissa > kQueriesMax) {
    return kBadAmount;
  }
  return amount.mantissa;
}

// mantissa * 10^-decimals, plain when that is short.
std::string decimal_text(std::string digits, int decimals) {
  constexpr int kZerosMax = 3;  // after these, the power of ten is easier to read
  const auto places = static_cast<std::size_t>(decimals);
  const int exponent = decimals - static_cast<int>(digits.size()) + 1;
  if (exponent > kZerosMax) {
    if (digits.size() > 1) digits.insert(1, ".");
    return digits + "e-" + std::to_string(exponent);
  }
  if (digits.size() <= places) digits.insert(0, places + 1 - digits.size(), '0');
  if (decimals > 0) digits.insert(digits.size() - places, ".");
  return digits;
}

// The shortest text that parse_units() reads back. With 19 decimals the spacing is below that of
// any unit here; value * 10^19 < 2^60 * 2^64 = 2^124.
std::string format_units(std::uint64_t value, std::uint64_t unit) {
  if (value == 0) return "0";
  for (int decimals = 0; decimals <= kDigitsMax; decimals++) {
    const UInt128 one = power_of_ten(decimals);
    const UInt128 mantissa = (UInt128{value} * one + unit - 1) / unit;
    if (mantissa * unit / one != value) continue;
    return decimal_text(std::to_string(static_cast<std::uint64_t>(mantissa)), decimals);
  }
  GBX_CHECK(false);
}

}  // namespace

Price add(Price a, Price b) {
  return {add_saturating(a.loss, b.loss), add_saturating(a.delta, b.delta)};
}

bool covers(Price have, Price want) { return have.loss >= want.loss && have.delta >= want.delta; }

Price minus(Price have, Price spent) {
  GBX_CHECK(covers(have, spent));
  return {have.loss - spent.loss, have.delta - spent.delta};
}

bool is_amount(Accounting accounting, Price price) {
  return price.loss != 0 && (price.delta != 0) == (accounting != Accounting::queries);
}

std::uint64_t loss_max(Accounting accounting) {
  switch (accounting) {
    case Accounting::pure: return kEpsilonMax;
    case Accounting::zcdp: return kRhoMax;
    case Accounting::queries: return kQueriesMax;
  }
  GBX_CHECK(false);
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
  return parse_units(text, kDeltaUnit, kDeltaUnit - 1);
}

std::string format_delta(std::uint64_t delta) {
  GBX_CHECK(delta < kDeltaUnit);
  return format_units(delta, kDeltaUnit);
}

Result<std::uint64_t> parse_rho(std::string_view text) {
  return parse_units(text, kRhoUnit, kRhoMax);
}

std::string format_rho(std::uint64_t rho) {
  GBX_CHECK(rho <= kRhoMax);
  return format_units(rho, kRhoUnit);
}

std::string_view accounting_name(Accounting accounting) {
  switch (accounting) {
    case Accounting::pure: return "pure";
    case Accounting::zcdp: return "zcdp";
    case Accounting::queries: return "queries";
  }
  GBX_CHECK(false);
}

std::optional<Accounting> accounting_from(std::string_view name) {
  for (const Accounting accounting : kAccountings) {
    if (accounting_name(accounting) == name) return accounting;
  }
  return std::nullopt;
}

std::string_view loss_name(Accounting accounting) {
  switch (accounting) {
    case Accounting::pure: return "epsilon";
    case Accounting::zcdp: return "rho";
    case Accounting::queries: return "queries";
  }
  GBX_CHECK(false);
}

Result<std::uint64_t> parse_loss(Accounting accounting, std::string_view text) {
  switch (accounting) {
    case Accounting::pure: return parse_epsilon(text);
    case Accounting::zcdp: return parse_rho(text);
    case Accounting::queries: return parse_queries(text);
  }
  GBX_CHECK(false);
}

std::string format_loss(Accounting accounting, std::uint64_t loss) {
  switch (accounting) {
    case Accounting::pure: return format_epsilon(loss);
    case Accounting::zcdp: return format_rho(loss);
    case Accounting::queries: return std::to_string(loss);
  }
  GBX_CHECK(false);
}

// epsilon^2 * 2^40 / (2 * 10^12) < 2^60 * 2^39: fits in 128 bits.
std::uint64_t rho_of_epsilon(std::uint64_t epsilon) {
  GBX_CHECK(epsilon <= kEpsilonMax);
  constexpr UInt128 kDivisor = UInt128{2} * kEpsilonUnit * kEpsilonUnit;
  const UInt128 rho = (UInt128{epsilon} * epsilon * kRhoUnit + kDivisor - 1) / kDivisor;
  return rho > kRhoMax ? std::numeric_limits<std::uint64_t>::max()
                       : static_cast<std::uint64_t>(rho);
}

std::uint64_t epsilon_within_rho(std::uint64_t rho) {
  std::uint64_t low = 0;  // always affordable
  std::uint64_t high = kEpsilonMax + 1;
  while (high - low > 1) {
    const std::uint64_t middle = low + (high - low) / 2;
    (rho_of_epsilon(middle) <= rho ? low : high) = middle;
  }
  return low;
}

// Every a gives a valid bound, so only the evaluation matters for safety: a dozen roundings, none
// cancelling to more than 2^-40 of the sum. The minimum is looked for in ln(a - 1), where the
// function falls and then rises.
double epsilon_of_rho(double rho, double delta) {
  GBX_CHECK(rho >= 0 && delta > 0 && delta < 1);
  const auto bound = [&](double log_excess) {
    const double excess = std::exp(log_excess);
    const double a = 1 + excess;
    return rho * a - (std::log(delta) + std::log1p(excess)) / excess + std::log(excess / a);
  };
  double low = -30;
  double high = 60;
  constexpr int kSteps = 200;  // (2/3)^200 of the range
  for (int i = 0; i < kSteps; i++) {
    const double left = low + (high - low) / 3;
    const double right = high - (high - low) / 3;
    if (bound(left) < bound(right)) {
      high = right;
    } else {
      low = left;
    }
  }
  constexpr double kRoundUp = 1.0 + 0x1p-30;
  return std::fmax(0, bound((low + high) / 2)) * kRoundUp;
}

Price limit_for(Accounting accounting, std::uint64_t epsilon, std::uint64_t delta) {
  GBX_CHECK(accounting != Accounting::queries);
  if (accounting == Accounting::pure) return {epsilon, delta};
  const std::uint64_t conversion = delta / 2;
  if (conversion == 0) return {};
  return {rho_for(epsilon, conversion), delta - conversion};
}

}  // namespace gbx::privacy
