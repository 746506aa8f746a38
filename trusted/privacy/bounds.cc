#include "trusted/privacy/bounds.h"

#include <algorithm>

namespace gbx::privacy {

std::int64_t bounds_threshold(const Noise& noise, const BoundsInput& input) {
  return std::max(input.people_min, selection_threshold(noise, kBoundsMiss / input.bins));
}

Result<QuantileLeaves> noisy_bounds(RandomBits& bits, const Noise& noise,
                                    const BoundsInput& input) {
  const std::int64_t threshold = bounds_threshold(noise, input);
  QuantileLeaves out{.low = input.bins, .high = 0};
  auto next = input.exact.begin();
  for (std::uint32_t bin = 0; bin < input.bins; bin++) {
    GBX_TRY_ASSIGN(Int128 count, draw(bits, noise));
    if (next != input.exact.end() && next->bin == bin) count += (next++)->count;
    if (count < threshold) continue;
    out.low = std::min(out.low, bin);
    out.high = bin;
  }
  if (out.low == input.bins) return QuantileLeaves{.low = 0, .high = input.bins - 1};
  return out;
}

}  // namespace gbx::privacy
