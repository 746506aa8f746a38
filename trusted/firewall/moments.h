#pragma once

// Variance and standard deviation from three noised sums. Post-processing: what comes in has been
// released, so nothing here can leak; an attacker can only make numbers that mean nothing, and
// those must stay inside their types.
//
// Let y = 2x - (low + high), which lies in [-w, w] with w = high - low. Released are
//   n   how many values                S = sum of y
//   Q = sum of 2 y^2 - w^2             in +-w^2 for each row: centred, so that its noise is half
// Then E[y] = S / n, E[y^2] = (Q / n + w^2) / 2, and the variance of x is (E[y^2] - E[y]^2) / 4,
// clamped to [0, w^2 / 4]; of a sample, times n / (n - 1), n being at least 2.
// All in 128-bit integers with 32 binary digits after the point: w^2 <= 2^53, n <= 2^53, |S| <= n
// w, |Q| <= n w^2 keep every product below 2^127.

#include <cstdint>

#include "trusted/base/value.h"

namespace gbx::firewall {

// The largest w^2 that fits.
constexpr std::int64_t kSquareMax = std::int64_t{1} << 53;

// What lies between two bounds, both included.
struct Between {
  Int128 low = 0;
  Int128 high = 0;
};

struct Moments {
  std::int64_t width = 0;  // w; 0 .. sqrt(kSquareMax)
  bool sample = false;     // divide by n - 1
  bool root = false;       // the standard deviation
  int scale = 0;           // of x, and of the result: decimal digits after the point, 0..12
  int result_scale = 0;    // at least `scale` with `root`; at most 4 more than x (x^2 without) has
};

// The result in units of 10^-result_scale, rounded to the nearest. Any numbers may come in.
Int128 moment(const Moments& moments, Int128 n, Int128 s, Int128 q);
// Where the result can be when each input lies between its bounds: by the corners of the box, ends
// rounded outwards.
Between moment_interval(const Moments& moments, Between n, Between s, Between q);

}  // namespace gbx::firewall
