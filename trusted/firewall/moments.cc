#include "trusted/firewall/moments.h"

#include <algorithm>

namespace gbx::firewall {
namespace {

constexpr int kFraction = 32;  // binary digits after the point
constexpr Int128 kOne = Int128{1} << kFraction;
constexpr Int128 kCountMax = (Int128{1} << 53) - 1;

enum class Round : std::uint8_t { down, nearest, up };

// sum / n with a fraction, cut towards zero, for |sum| <= n * most.
Int128 quotient(Int128 sum, Int128 n, Int128 most) {
  const Int128 kept = std::clamp(sum, -n * most, n * most);
  return kept / n * kOne + kept % n * kOne / n;
}

// Of a sum that lies below or above zero: the few make it extreme.
Int128 lowest(Between sum, Between n, Int128 most) {
  return quotient(sum.low, sum.low < 0 ? n.low : n.high, most);
}
Int128 highest(Between sum, Between n, Int128 most) {
  return quotient(sum.high, sum.high < 0 ? n.high : n.low, most);
}

Int128 square(Int128 mean) { return mean * mean / kOne; }

// The largest root with root^2 <= value < 2^126.
Int128 floor_root(Int128 value) {
  Int128 root = 0;
  for (int bit = 62; bit >= 0; bit--) {
    const Int128 next = root | Int128{1} << bit;
    if (next <= value / next) root = next;
  }
  return root;
}

Int128 power_of_ten(int exponent) {
  Int128 out = 1;
  for (int i = 0; i < exponent; i++) out *= 10;
  return out;
}

Int128 divided(Int128 value, Int128 by, Round round) {
  const Int128 more = round == Round::down ? Int128{0} : round == Round::up ? by - 1 : by / 2;
  return (value + more) / by;
}

// From four times the variance, with a fraction, to the result.
Int128 result(const Moments& moments, Int128 fourfold, Round round) {
  if (!moments.root) {
    const int digits = moments.result_scale - 2 * moments.scale;
    const Int128 up = power_of_ten(std::max(digits, 0));
    return divided(fourfold * up, 4 * kOne * power_of_ten(std::max(-digits, 0)), round);
  }
  const Int128 up = power_of_ten(moments.result_scale - moments.scale);
  // Twice the deviation: its square is the fourfold variance.
  const Int128 twice = floor_root(fourfold * up * up / kOne);
  if (round == Round::up) return twice / 2 + 1;
  return round == Round::nearest ? (twice + 1) / 2 : twice / 2;
}

Int128 bounded(const Moments& moments, Int128 fourfold, Int128 n) {
  const Int128 most = Int128{moments.width} * moments.width * kOne;
  const Int128 kept = std::clamp(fourfold, Int128{0}, most);
  return moments.sample ? kept + kept / (n - 1) : kept;
}

}  // namespace

Int128 moment(const Moments& moments, Int128 n, Int128 s, Int128 q) {
  const Int128 count = std::clamp(n, Int128{moments.sample ? 2 : 1}, kCountMax);
  const Int128 most = Int128{moments.width} * moments.width;
  const Int128 squares = (quotient(q, count, most) + most * kOne) / 2;
  const Int128 mean = quotient(s, count, moments.width);
  return result(moments, bounded(moments, squares - square(mean), count), Round::nearest);
}

Between moment_interval(const Moments& moments, Between n, Between s, Between q) {
  const Int128 least = moments.sample ? 2 : 1;
  const Between count = {std::clamp(n.low, least, kCountMax), std::clamp(n.high, least, kCountMax)};
  const Int128 most = Int128{moments.width} * moments.width;
  const Between squares = {(lowest(q, count, most) + most * kOne) / 2 - 1,
                           (highest(q, count, most) + most * kOne) / 2 + 1};
  const Int128 first = lowest(s, count, moments.width);
  const Int128 last = highest(s, count, moments.width);
  const bool through_zero = first <= 0 && last >= 0;
  const Between means = {through_zero ? 0 : std::min(square(first), square(last)),
                         std::max(square(first), square(last)) + 1};
  const Int128 low = bounded(moments, squares.low - means.high, count.high);
  const Int128 high = bounded(moments, squares.high - means.low, count.low);
  return {result(moments, low, Round::down), result(moments, high, Round::up)};
}

}  // namespace gbx::firewall
