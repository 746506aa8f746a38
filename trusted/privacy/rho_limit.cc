// rho_for() in integers only: an owner who hands out an allotment, the room that counts it and
// whoever verifies an answer must come to the same number on any machine, so no function of a
// mathematical library may have a part in it. docs/spec/privacy.md#the-limit-in-zcdp has the steps.
//
// Every a = 1 + x gives a valid bound of epsilon (amount.h), hence for a wanted epsilon this rho:
//   (epsilon - (L - ln(1 + x)) / x + ln(1 + x) - ln x) / (1 + x),     L = -ln delta.
// It is computed as too small by each rounding, for x = m 2^e with few digits, so what is found is
// never more than what the promise allows. Where to look is a matter of how much, not of safety.

#include <algorithm>
#include <bit>

#include "trusted/base/value.h"
#include "trusted/privacy/amount.h"

namespace gbx::privacy {
namespace {

constexpr int kFraction = 62;  // binary digits after the point
constexpr Int128 kOne = Int128{1} << kFraction;
constexpr Int128 kLn2 = 0x2C5C85FDF473DE6A;  // floor(ln 2 * 2^62)
// By how much ln() is too small at most: 25 terms cut off by less than 3 units each, twice, and 63
// times what kLn2 lacks.
constexpr Int128 kLnError = 256;

constexpr int kExponentMin = -12;
constexpr int kExponentMax = 40;
constexpr int kDigits = 14;  // of m, after its first: a loss below 10^-8 of rho

// ln n for 1 <= n < 2^61: never too large. With n = y 2^k and z = (y - 1) / (y + 1) <= 1/3,
// ln y = 2 (z + z^3 / 3 + z^5 / 5 + ...).
Int128 ln(std::uint64_t n) {
  const int k = static_cast<int>(std::bit_width(n)) - 1;
  const Int128 power = Int128{1} << k;
  const Int128 z = ((Int128{n} - power) << kFraction) / (Int128{n} + power);
  const Int128 square = (z * z) >> kFraction;
  Int128 sum = 0;
  Int128 term = z;
  for (int odd = 1; term != 0; odd += 2) {
    sum += term / odd;
    term = (term * square) >> kFraction;
  }
  return 2 * sum + k * kLn2;
}

Int128 floor_quotient(Int128 a, Int128 b) { return a / b - (a % b != 0 && a < 0 ? 1 : 0); }

// m * 2^exponent, 1 <= m < 2^15.
struct Point {
  std::int64_t m = 1;
  int exponent = 0;
};

// What is to be met: epsilon, and ln(1 / delta), which is never too small.
struct Promise {
  Int128 epsilon = 0;
  Int128 log = 0;
};

// The rho that x allows, with kFraction digits; negative where it allows none. Every product stays
// below 2^(92 + 15).
Int128 rho_at(const Promise& promise, Point x) {
  const Int128 up = Int128{1} << std::max(x.exponent, 0);
  const Int128 down = Int128{1} << std::max(-x.exponent, 0);  // x = m up / down
  const Int128 sum = down + x.m * up;                         // 1 + x = sum / down
  const Int128 log_sum =
      ln(static_cast<std::uint64_t>(sum)) - std::max(-x.exponent, 0) * (kLn2 + 1);
  const Int128 log_x = ln(static_cast<std::uint64_t>(x.m)) + kLnError +
                       x.exponent * (x.exponent > 0 ? kLn2 + 1 : kLn2);
  const Int128 part = -floor_quotient(-(promise.log - log_sum) * down, x.m * up);
  return floor_quotient((promise.epsilon - part + log_sum - log_x) * down, sum);
}

}  // namespace

std::uint64_t rho_for(std::uint64_t epsilon, std::uint64_t delta) {
  GBX_CHECK(epsilon <= kEpsilonMax && delta >= 1 && delta < kDeltaUnit);
  const Promise promise = {Int128{epsilon} * kOne / kEpsilonUnit, 60 * (kLn2 + 1) - ln(delta)};
  Point best = {1, kExponentMin};
  Int128 most = rho_at(promise, best);
  const auto consider = [&](Point x) {
    const Int128 rho = rho_at(promise, x);
    if (rho <= most) return;
    most = rho;
    best = x;
  };
  for (int e = kExponentMin + 1; e <= kExponentMax; e++) consider({1, e});
  for (int digit = 0; digit < kDigits; digit++) {
    const Point middle = {2 * best.m, best.exponent - 1};
    best = middle;
    consider({middle.m - 1, middle.exponent});
    consider({middle.m + 1, middle.exponent});
  }
  const Int128 units = most >> (kFraction - 40);  // rho is in 2^-40
  return static_cast<std::uint64_t>(std::clamp(units, Int128{0}, Int128{kRhoMax}));
}

}  // namespace gbx::privacy
