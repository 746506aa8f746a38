#pragma once

#include "trusted/base/seams.h"

namespace gbx::crypto {

// The operating system's generator through OpenSSL's, reseeded after fork. Thread-safe.
class SystemEntropy final : public Entropy {
 public:
  Status fill(std::span<std::uint8_t> out) noexcept override;
};

}  // namespace gbx::crypto
