#include "trusted/crypto/entropy.h"

#include <openssl/rand.h>

#include <algorithm>

#include "trusted/base/secret.h"

namespace gbx::crypto {

Status SystemEntropy::fill(std::span<std::uint8_t> out) noexcept {
  constexpr std::size_t kPieceMax = std::size_t{1} << 20;
  for (std::size_t at = 0; at < out.size();) {
    const std::size_t piece = std::min(kPieceMax, out.size() - at);
    if (RAND_bytes(out.data() + at, static_cast<int>(piece)) != 1) {
      wipe(out);
      return Error{ErrorCode::unavailable, "entropy_failed"};
    }
    at += piece;
  }
  return {};
}

}  // namespace gbx::crypto
