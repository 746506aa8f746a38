#include "trusted/sql/ratio.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <span>

namespace gbx::sql {
namespace {

using Digits = std::vector<std::uint32_t>;
constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();

void trim(Digits& a) {
  while (!a.empty() && a.back() == 0) a.pop_back();
}

Digits digits_of(UInt128 value) {
  Digits out;
  for (; value != 0; value >>= 32U) out.push_back(static_cast<std::uint32_t>(value));
  return out;
}

std::strong_ordering compare(const Digits& a, const Digits& b) {
  if (a.size() != b.size()) return a.size() <=> b.size();
  return std::lexicographical_compare_three_way(a.rbegin(), a.rend(), b.rbegin(), b.rend());
}

Digits sum(const Digits& a, const Digits& b) {
  Digits out(std::max(a.size(), b.size()) + 1);
  std::uint64_t carry = 0;
  for (std::size_t i = 0; i < out.size(); i++) {
    carry += i < a.size() ? a[i] : 0;
    carry += i < b.size() ? b[i] : 0;
    out[i] = static_cast<std::uint32_t>(carry);
    carry >>= 32U;
  }
  trim(out);
  return out;
}

// a - b, a >= b.
Digits difference(const Digits& a, const Digits& b) {
  Digits out(a.size());
  std::uint64_t borrowed = 0;
  for (std::size_t i = 0; i < a.size(); i++) {
    const std::uint64_t taken = (i < b.size() ? b[i] : 0) + borrowed;
    borrowed = a[i] < taken ? 1 : 0;
    out[i] = static_cast<std::uint32_t>((borrowed << 32U) + a[i] - taken);
  }
  GBX_CHECK(borrowed == 0);
  trim(out);
  return out;
}

Digits product(const Digits& a, const Digits& b) {
  Digits out(a.size() + b.size());
  for (std::size_t i = 0; i < a.size(); i++) {
    std::uint64_t carry = 0;
    for (std::size_t j = 0; j < b.size(); j++) {
      carry += out[i + j] + std::uint64_t{a[i]} * b[j];
      out[i + j] = static_cast<std::uint32_t>(carry);
      carry >>= 32U;
    }
    out[i + b.size()] = static_cast<std::uint32_t>(carry);
  }
  trim(out);
  return out;
}

UInt128 power_of_ten(unsigned digits) {
  GBX_CHECK(digits <= 36);
  UInt128 out = 1;
  for (unsigned i = 0; i < digits; i++) out *= 10;
  return out;
}

UInt128 small(const Digits& a) {
  UInt128 out = 0;
  for (std::size_t i = a.size(); i > 0; i--) out = (out << 32U) + a[i - 1];
  return out;
}

Digits shifted(const Digits& a, unsigned bits) {
  Digits out;
  std::uint64_t carry = 0;
  for (const std::uint32_t digit : a) {
    carry += std::uint64_t{digit} << bits;
    out.push_back(static_cast<std::uint32_t>(carry));
    carry >>= 32U;
  }
  out.push_back(static_cast<std::uint32_t>(carry));
  return out;
}

// Takes the divisor from the digits of `rest` from `at` on as often as it goes: less than 2^32
// times. The divisor's first digit is at least 2^31 (Knuth, The Art of Computer Programming, 4.3.1,
// algorithm D).
std::uint32_t take_divisor(Digits& rest, std::size_t at, std::span<const std::uint32_t> divisor) {
  constexpr std::uint64_t kBase = std::uint64_t{1} << 32U;
  const std::size_t n = divisor.size();
  const std::uint64_t top = rest[at + n] * kBase + rest[at + n - 1];
  std::uint64_t times = top / divisor[n - 1];
  std::uint64_t left = top % divisor[n - 1];
  while (times >= kBase || times * divisor[n - 2] > left * kBase + rest[at + n - 2]) {
    times--;
    left += divisor[n - 1];
    if (left >= kBase) break;
  }
  std::uint64_t carry = 0;
  std::uint64_t borrowed = 0;
  for (std::size_t i = 0; i <= n; i++) {
    carry += i < n ? times * divisor[i] : 0;
    const std::uint64_t taken = (carry & (kBase - 1)) + borrowed;
    carry >>= 32U;
    borrowed = rest[at + i] < taken ? 1 : 0;
    rest[at + i] = static_cast<std::uint32_t>((borrowed << 32U) + rest[at + i] - taken);
  }
  if (borrowed == 0) return static_cast<std::uint32_t>(times);
  carry = 0;  // once too often
  for (std::size_t i = 0; i <= n; i++) {
    carry += std::uint64_t{rest[at + i]} + (i < n ? divisor[i] : 0);
    rest[at + i] = static_cast<std::uint32_t>(carry);
    carry >>= 32U;
  }
  return static_cast<std::uint32_t>(times - 1);
}

// floor(a / b), kMost + 1 at most.
std::uint64_t quotient(const Digits& a, const Digits& b) {
  constexpr std::uint64_t kCut = std::uint64_t{1} << 63U;
  if (a.size() <= 4 && b.size() <= 4) {
    return static_cast<std::uint64_t>(std::min(small(a) / small(b), UInt128{kCut}));
  }
  if (a.size() < b.size()) return 0;
  if (a.size() - b.size() > 2) return kCut;  // more than 2^64
  const auto bits = static_cast<unsigned>(std::countl_zero(b.back()));
  const Digits divisor = shifted(b, bits);
  Digits rest = shifted(a, bits);
  UInt128 out = 0;
  for (std::size_t at = a.size() - b.size() + 1; at > 0; at--) {
    out = (out << 32U) + take_divisor(rest, at - 1, std::span(divisor).first(b.size()));
  }
  return static_cast<std::uint64_t>(std::min(out, UInt128{kCut}));
}

}  // namespace

Ratio Ratio::of(std::int64_t units, unsigned digits) {
  Ratio out;
  out.negative_ = units < 0;
  out.top_ = digits_of(static_cast<UInt128>(units < 0 ? -Int128{units} : Int128{units}));
  if (units != 0) out.bottom_ = digits_of(power_of_ten(digits));
  return out;
}

std::int64_t Ratio::units(unsigned digits, Rounding rounding) const {
  const Digits top = product(top_, digits_of(power_of_ten(digits)));
  std::uint64_t out = quotient(top, bottom_);
  if (out <= static_cast<std::uint64_t>(kMost)) {
    const Digits rest = difference(top, product(bottom_, digits_of(out)));
    bool away = false;
    if (rounding == Rounding::half_away) away = compare(sum(rest, rest), bottom_) >= 0;
    if (rounding == Rounding::down) away = negative_ && !rest.empty();
    if (rounding == Rounding::up) away = !negative_ && !rest.empty();
    if (away) out++;
  }
  const std::int64_t size =
      out > static_cast<std::uint64_t>(kMost) ? kMost : static_cast<std::int64_t>(out);
  return negative_ ? -size : size;
}

Ratio operator-(Ratio a) {
  a.negative_ = !a.negative_ && !a.top_.empty();
  return a;
}

Ratio operator+(const Ratio& a, const Ratio& b) {
  if (a.top_.empty()) return b;
  if (b.top_.empty()) return a;
  Ratio out;
  Digits left = a.top_;
  Digits right = b.top_;
  out.bottom_ = a.bottom_;
  if (a.bottom_ != b.bottom_) {
    left = product(left, b.bottom_);
    right = product(right, a.bottom_);
    out.bottom_ = product(a.bottom_, b.bottom_);
  }
  if (a.negative_ == b.negative_) {
    out.negative_ = a.negative_;
    out.top_ = sum(left, right);
    return out;
  }
  const auto order = compare(left, right);
  if (order == 0) return {};
  out.negative_ = order > 0 ? a.negative_ : b.negative_;
  out.top_ = order > 0 ? difference(left, right) : difference(right, left);
  return out;
}

Ratio operator*(const Ratio& a, const Ratio& b) {
  if (a.top_.empty() || b.top_.empty()) return {};
  Ratio out;
  out.negative_ = a.negative_ != b.negative_;
  out.top_ = product(a.top_, b.top_);
  out.bottom_ = product(a.bottom_, b.bottom_);
  return out;
}

Ratio operator/(const Ratio& a, const Ratio& b) {
  GBX_CHECK(!b.top_.empty());
  Ratio inverse = b;
  std::swap(inverse.top_, inverse.bottom_);
  return a * inverse;
}

std::strong_ordering operator<=>(const Ratio& a, const Ratio& b) {
  if (a.sign() != b.sign()) return a.sign() <=> b.sign();
  const auto order = a.bottom_ == b.bottom_
                         ? compare(a.top_, b.top_)
                         : compare(product(a.top_, b.bottom_), product(b.top_, a.bottom_));
  return a.negative_ ? 0 <=> order : order;
}

}  // namespace gbx::sql
