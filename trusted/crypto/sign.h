#pragma once

// Ed25519 (RFC 8032). Thread-safe.

#include "trusted/base/bytes.h"
#include "trusted/base/seams.h"
#include "trusted/base/secret.h"

namespace gbx::crypto {

using PublicKey = std::array<std::uint8_t, 32>;
using Signature = std::array<std::uint8_t, 64>;

class SigningKey {
 public:
  // Fails with unavailable when entropy does.
  static Result<SigningKey> make(Entropy& entropy);
  static SigningKey from_seed(Secret<32> seed);
  [[nodiscard]] const PublicKey& public_key() const { return public_key_; }
  [[nodiscard]] const Secret<32>& seed() const { return seed_; }
  [[nodiscard]] Signature sign(ByteView message) const;

 private:
  SigningKey(Secret<32> seed, PublicKey public_key);
  Secret<32> seed_;
  PublicKey public_key_;
};

// Fails with unverified ("signature_wrong").
Status verify(const PublicKey& key, ByteView message, ByteView signature);

}  // namespace gbx::crypto
