#pragma once

// Exact samplers over the integers: no floating point, so the distribution is the one in the proof
// and not one near it.
//
// Source: Canonne, Kamath, Steinke, "The Discrete Gaussian for Differential Privacy" (2020),
// arXiv:2004.00010, Algorithms 1, 2 and 3. An attacker sees outputs and may feed any public scale;
// the host may make entropy fail. Then a draw fails with unavailable and there is no number. Every
// loop has a limit whose chance is below 2^-120; reaching it (a stuck generator) is unavailable
// too. Nothing here is thread-safe; nothing here outlives one release.

#include <array>
#include <cstddef>
#include <cstdint>

#include "trusted/base/seams.h"
#include "trusted/base/value.h"
#include "trusted/privacy/plan.h"

namespace gbx::privacy {

// Random bits, each used once, in the order of the generator's bytes, lowest bit first.
class RandomBits {
 public:
  explicit RandomBits(Entropy& entropy) : entropy_(&entropy) {}
  ~RandomBits();
  RandomBits(const RandomBits&) = delete;
  RandomBits& operator=(const RandomBits&) = delete;
  RandomBits(RandomBits&&) = delete;
  RandomBits& operator=(RandomBits&&) = delete;

  // `count` fresh bits as a number, count 0..64. Fails with unavailable.
  Result<std::uint64_t> take(unsigned count);
  // Uniform on [0, bound), bound >= 1, by masked rejection. Fails with unavailable.
  Result<std::uint64_t> below(std::uint64_t bound);
  // The same for 1 <= bound <= 2^127.
  Result<UInt128> below_wide(UInt128 bound);
  // How many bits have been used so far, and by how many calls of take(): the measure of work.
  [[nodiscard]] std::uint64_t taken() const { return taken_; }
  [[nodiscard]] std::uint64_t steps() const { return steps_; }

 private:
  Status refill();

  static constexpr std::size_t kBufferBytes = 4096;
  Entropy* entropy_;
  std::array<std::uint8_t, kBufferBytes> buffer_{};
  std::size_t next_ = kBufferBytes;  // first unused byte
  std::uint64_t word_ = 0;           // its lowest left_ bits are unused
  unsigned left_ = 0;
  std::uint64_t taken_ = 0;
  std::uint64_t steps_ = 0;
};

// True with probability exp(-numerator / denominator), 0 <= numerator <= denominator, 1 <=
// denominator. Algorithm 1 for gamma <= 1. Fails with unavailable.
Result<bool> bernoulli_exp(RandomBits& bits, std::uint64_t numerator, std::uint64_t denominator);

// True with probability exp(-numerator / denominator), 1 <= denominator <= 2^127: as many coins of
// exp(-1) as there are ones in the exponent, and one for the rest. Fails with unavailable.
Result<bool> bernoulli_exp_wide(RandomBits& bits, UInt128 numerator, UInt128 denominator);

// P[X = x] = (e^(1/b) - 1) / (e^(1/b) + 1) * e^(-|x| / b), b = scale. Algorithm 2. |X| < 2^75.
// Fails with unavailable.
Result<Int128> discrete_laplace(RandomBits& bits, Scale scale);

// P[X = x] proportional to e^(-x^2 / (2 sigma^2)). Algorithm 3. |X| < 2^63. Fails with unavailable.
Result<Int128> discrete_gaussian(RandomBits& bits, Sigma sigma);

// True with probability floor(probability * 2^62) / 2^62; one draw, whatever it is. Fails with
// unavailable.
Result<bool> coin(RandomBits& bits, double probability);

}  // namespace gbx::privacy
