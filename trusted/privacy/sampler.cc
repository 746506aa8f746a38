#include "trusted/privacy/sampler.h"

#include <bit>
#include <cmath>

#include "trusted/base/secret.h"

namespace gbx::privacy {
namespace {

constexpr Error kStuck{ErrorCode::unavailable, "entropy_stuck"};

// Chances of reaching these, with a working generator: below 2^-128 (each try is rejected with
// probability under 1/2), 1/63! < 2^-289, e^-1024, and 0.7^512 < 2^-263 (a try of the outer loop
// fails with probability at most 1 - (1 - 1/e) + (1 - 1/e) / 2 < 0.7).
constexpr int kRejectionsMax = 128;
constexpr std::uint64_t kExpansionMax = 64;
constexpr std::uint64_t kWholeMax = 1024;
constexpr int kTriesMax = 512;
// Coins of exp(-1) in a row: e^-256.
constexpr int kCoinsMax = 256;

// The number of successes of Bernoulli(1/e) before the first failure.
Result<std::uint64_t> whole_part(RandomBits& bits) {
  for (std::uint64_t count = 0; count < kWholeMax; count++) {
    GBX_TRY_ASSIGN(const bool more, bernoulli_exp(bits, 1, 1));
    if (!more) return count;
  }
  return kStuck;
}

}  // namespace

RandomBits::~RandomBits() {
  wipe(buffer_);
  wipe({reinterpret_cast<std::uint8_t*>(&word_), sizeof word_});
}

Status RandomBits::refill() {
  if (next_ == kBufferBytes) {
    GBX_TRY(entropy_->fill(buffer_));
    next_ = 0;
  }
  word_ = 0;
  for (unsigned i = 0; i < 8; i++) word_ |= std::uint64_t{buffer_[next_ + i]} << (8 * i);
  next_ += 8;
  left_ = 64;
  return {};
}

Result<std::uint64_t> RandomBits::take(unsigned count) {
  GBX_CHECK(count <= 64);
  std::uint64_t out = 0;
  unsigned have = 0;
  while (have < count) {
    if (left_ == 0) GBX_TRY(refill());
    const unsigned step = count - have < left_ ? count - have : left_;
    const std::uint64_t mask = step == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << step) - 1;
    out |= (word_ & mask) << have;
    word_ = step == 64 ? 0 : word_ >> step;
    left_ -= step;
    have += step;
  }
  taken_ += count;
  steps_++;
  return out;
}

Result<std::uint64_t> RandomBits::below(std::uint64_t bound) {
  GBX_CHECK(bound >= 1);
  const auto width = static_cast<unsigned>(std::bit_width(bound - 1));
  for (int i = 0; i < kRejectionsMax; i++) {
    GBX_TRY_ASSIGN(const std::uint64_t value, take(width));
    if (value < bound) return value;
  }
  return kStuck;
}

Result<UInt128> RandomBits::below_wide(UInt128 bound) {
  GBX_CHECK(bound >= 1 && bound <= UInt128{1} << 127);
  const auto high = static_cast<std::uint64_t>((bound - 1) >> 64);
  const auto low = static_cast<std::uint64_t>(bound - 1);
  const auto high_width = static_cast<unsigned>(std::bit_width(high));
  const auto low_width = high != 0 ? 64 : static_cast<unsigned>(std::bit_width(low));
  for (int i = 0; i < kRejectionsMax; i++) {
    GBX_TRY_ASSIGN(const std::uint64_t low_word, take(low_width));
    GBX_TRY_ASSIGN(const std::uint64_t high_word, take(high_width));
    const UInt128 value = UInt128{high_word} << 64 | low_word;
    if (value < bound) return value;
  }
  return kStuck;
}

// Draws K = 1, 2, ... while Bernoulli(gamma / K) succeeds: P[K > k] = gamma^k / k!, so P[K odd] =
// sum over even k of gamma^k / k! - gamma^(k+1) / (k+1)! = e^-gamma. Bernoulli(gamma / K) is drawn
// as Bernoulli(1 / K) and Bernoulli(gamma), independent, so no product is ever formed.
Result<bool> bernoulli_exp(RandomBits& bits, std::uint64_t numerator, std::uint64_t denominator) {
  GBX_CHECK(denominator >= 1 && numerator <= denominator);
  for (std::uint64_t k = 1; k < kExpansionMax; k++) {
    GBX_TRY_ASSIGN(const std::uint64_t kth, bits.below(k));
    if (kth != 0) return k % 2 == 1;
    GBX_TRY_ASSIGN(const std::uint64_t part, bits.below(denominator));
    if (part >= numerator) return k % 2 == 1;
  }
  return kStuck;
}

Result<bool> bernoulli_exp_wide(RandomBits& bits, UInt128 numerator, UInt128 denominator) {
  GBX_CHECK(denominator >= 1 && denominator <= UInt128{1} << 127);
  const UInt128 whole = numerator / denominator;
  const UInt128 rest = numerator % denominator;
  for (UInt128 i = 0; i < whole; i++) {
    if (i == kCoinsMax) return kStuck;
    GBX_TRY_ASSIGN(const bool go_on, bernoulli_exp(bits, 1, 1));
    if (!go_on) return false;
  }
  for (std::uint64_t k = 1; k < kExpansionMax; k++) {
    GBX_TRY_ASSIGN(const std::uint64_t kth, bits.below(k));
    if (kth != 0) return k % 2 == 1;
    GBX_TRY_ASSIGN(const UInt128 part, bits.below_wide(denominator));
    if (part >= rest) return k % 2 == 1;
  }
  return kStuck;
}

// With b = t / s: U uniform on [0, t) kept with probability e^(-U/t), V geometric, so X = U + t V
// has P[X = x] proportional to e^(-x/t), and Y = floor(X / s) has P[Y = y] proportional to
// e^(-y s/t). A sign bit makes it two-sided; -0 is drawn again, or zero would count twice.
// Bounds: t <= 2^62, V < 2^10, so X < 2^73 in 128 bits.
Result<Int128> discrete_laplace(RandomBits& bits, Scale scale) {
  const std::uint64_t t = scale.numerator;
  GBX_CHECK(t >= 1 && t <= kScaleNumeratorMax && scale.denominator >= 1);
  for (int i = 0; i < kTriesMax; i++) {
    GBX_TRY_ASSIGN(const std::uint64_t u, bits.below(t));
    GBX_TRY_ASSIGN(const bool keep, bernoulli_exp(bits, u, t));
    if (!keep) continue;
    GBX_TRY_ASSIGN(const std::uint64_t v, whole_part(bits));
    const UInt128 x = UInt128{t} * v + u;
    const auto y = static_cast<Int128>(x / scale.denominator);
    GBX_TRY_ASSIGN(const std::uint64_t negative, bits.take(1));
    if (negative == 1 && y == 0) continue;
    return negative == 1 ? -y : y;
  }
  return kStuck;
}

// Y is discrete Laplace of scale t and kept with probability exp(-(|Y| - sigma^2 / t)^2 / (2
// sigma^2)). Any whole t >= 1 is right; near sigma most draws are kept. With sigma = m / q:
//   q = 1:  t = m,            exponent (|Y| - m)^2 / (2 m^2)
//   q > 1:  t = floor(m/q)+1, exponent (|Y| q^2 t - m^2)^2 / (2 m^2 q^2 t^2)
// |Y| < 2^10 t, as whole_part() holds it. q = 1: m <= 2^52, so squares stay below 2^125. q = 2^12:
// m < 2^22 and t <= 2^10, so |Y| q^2 t < 2^54 and the square is below 2^108, the divisor 2^89.
Result<Int128> discrete_gaussian(RandomBits& bits, Sigma sigma) {
  const std::uint64_t m = sigma.numerator;
  const std::uint64_t q = sigma.denominator;
  GBX_CHECK(m >= 1 && (q == 1 ? m <= kSigmaMax : q == kSigmaGrid && m <= kSigmaFine * q));
  const std::uint64_t t = q == 1 ? m : m / q + 1;
  const UInt128 centre = q == 1 ? UInt128{m} : UInt128{m} * m;
  const UInt128 step = q == 1 ? UInt128{1} : UInt128{q} * q * t;
  const UInt128 divisor = 2 * centre * (q == 1 ? UInt128{m} : UInt128{q} * q * t * t);
  for (int i = 0; i < kTriesMax; i++) {
    GBX_TRY_ASSIGN(const Int128 y, discrete_laplace(bits, {t, 1}));
    const UInt128 reach = static_cast<UInt128>(y < 0 ? -y : y) * step;
    const UInt128 distance = reach < centre ? centre - reach : reach - centre;
    GBX_TRY_ASSIGN(const bool keep, bernoulli_exp_wide(bits, distance * distance, divisor));
    if (keep) return y;
  }
  return kStuck;
}

Result<bool> coin(RandomBits& bits, double probability) {
  GBX_CHECK(probability >= 0 && probability <= 1);
  constexpr unsigned kWidth = 62;
  const auto limit = static_cast<std::uint64_t>(std::floor(std::ldexp(probability, kWidth)));
  GBX_TRY_ASSIGN(const std::uint64_t value, bits.take(kWidth));
  return value < limit;
}

}  // namespace gbx::privacy
