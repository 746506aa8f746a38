#pragma once

// HPKE (RFC 9180), base mode, single shot: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256,
// ChaCha20-Poly1305: the suite whose vectors the RFC prints. Anybody can seal to a public key:
// whoever must know the sender signs around it. Thread-safe.

#include "trusted/base/bytes.h"
#include "trusted/base/seams.h"
#include "trusted/base/secret.h"

namespace gbx::crypto {

using SealingPublicKey = std::array<std::uint8_t, 32>;  // X25519

class SealingKey {
 public:
  // Fails with unavailable when entropy does.
  static Result<SealingKey> make(Entropy& entropy);
  static SealingKey from_secret(Secret<32> secret);
  [[nodiscard]] const SealingPublicKey& public_key() const { return public_key_; }
  [[nodiscard]] const Secret<32>& secret() const { return secret_; }

 private:
  SealingKey(Secret<32> secret, SealingPublicKey public_key);
  Secret<32> secret_;
  SealingPublicKey public_key_;
};

// enc (32 bytes) || ciphertext || tag. Fails with unavailable (entropy) or invalid_argument (a key
// of low order).
Result<Bytes> hpke_seal(const SealingPublicKey& to, ByteView info, ByteView aad, ByteView plaintext,
                        Entropy& entropy);
// Fails with unverified ("seal_broken").
Result<SecretBytes> hpke_open(const SealingKey& key, ByteView info, ByteView aad, ByteView sealed);

}  // namespace gbx::crypto
