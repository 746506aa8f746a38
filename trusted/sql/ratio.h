#pragma once

// Exact fractions, for arithmetic on released numbers: sums, differences, products and quotients of
// what was noised, rounded once, when they are shown.
//
// What must stay true: no operation loses anything or fails but division by zero, which is a bug.
// Numbers grow with every operation, so whoever computes bounds how many there are (released.h).
// Nothing here is secret, and time depends on the values.

#include <compare>
#include <cstdint>
#include <vector>

#include "trusted/sql/expression.h"

namespace gbx::sql {

class Ratio {
 public:
  Ratio() = default;  // 0
  // units / 10^digits, 0 <= digits <= 36; numbers of 10^-digits.
  static Ratio of(std::int64_t units, unsigned digits = 0);

  [[nodiscard]] int sign() const { return top_.empty() ? 0 : negative_ ? -1 : 1; }
  // How many 10^-digits it is, rounded; +-(2^63 - 1) at most.
  [[nodiscard]] std::int64_t units(unsigned digits, Rounding rounding) const;

  // Whether it is written alike; equal ones need not be.
  [[nodiscard]] bool is_same(const Ratio& other) const {
    return negative_ == other.negative_ && top_ == other.top_ && bottom_ == other.bottom_;
  }

  friend Ratio operator+(const Ratio& a, const Ratio& b);
  friend Ratio operator-(Ratio a);
  friend Ratio operator*(const Ratio& a, const Ratio& b);
  friend Ratio operator/(const Ratio& a, const Ratio& b);  // b is not 0
  friend std::strong_ordering operator<=>(const Ratio& a, const Ratio& b);
  friend bool operator==(const Ratio& a, const Ratio& b) { return (a <=> b) == 0; }

 private:
  using Digits = std::vector<std::uint32_t>;  // least first, the last is not 0

  bool negative_ = false;
  Digits top_;
  Digits bottom_ = {1};
};

}  // namespace gbx::sql
