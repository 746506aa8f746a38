#include "trusted/privacy/sampler.h"

#include <bit>

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

}  // namespace gbx::privacy
