#pragma once

// Authenticated encryption: AES-256-GCM. Security: IND-CCA2 as long as no (key, nonce) is used
// twice; GCM is not key-committing, so whatever must bind its bytes for the key holder too carries
// a hash beside it. Thread-safe.

#include "trusted/base/bytes.h"
#include "trusted/base/secret.h"

namespace gbx::crypto {

using AeadKey = Secret<32>;
using AeadNonce = std::array<std::uint8_t, 12>;
constexpr std::size_t kAeadTagSize = 16;
using AeadTag = std::array<std::uint8_t, kAeadTagSize>;

// AES-256-GCM for data, ChaCha20-Poly1305 (RFC 8439) inside HPKE, whose published vectors cover
// that suite.
enum class Cipher : std::uint8_t { aes_256_gcm, chacha20_poly1305 };

// Ciphertext followed by the 16-byte tag.
Bytes aead_seal(const AeadKey& key, const AeadNonce& nonce, ByteView aad, ByteView plaintext,
                Cipher cipher = Cipher::aes_256_gcm);
// Fails with unverified ("seal_broken"): nothing of the plaintext is then visible.
Result<Bytes> aead_open(const AeadKey& key, const AeadNonce& nonce, ByteView aad, ByteView sealed,
                        Cipher cipher = Cipher::aes_256_gcm);

// The same for many chunks under one key, without allocation: `out` holds sealed.size() - 16 bytes.
// One object per thread.
class AeadOpener {
 public:
  explicit AeadOpener(const AeadKey& key, Cipher cipher = Cipher::aes_256_gcm);
  ~AeadOpener();
  AeadOpener(const AeadOpener&) = delete;
  AeadOpener& operator=(const AeadOpener&) = delete;
  AeadOpener(AeadOpener&&) = delete;
  AeadOpener& operator=(AeadOpener&&) = delete;
  Status open(const AeadNonce& nonce, ByteView aad, ByteView sealed, std::span<std::uint8_t> out);

 private:
  void* context_;
};

// GMAC (NIST SP 800-38D), AES-256-GCM of no plaintext: tags that only holders of the key can make.
// Under one key a nonce is for one message; who lacks the key meets its tag with another one with
// probability at most (n + 2) / 2^128 a try, n = the longer one's blocks of 16 bytes. Unlike a hash
// it binds nobody who has the key. One object per thread.
class Gmac {
 public:
  explicit Gmac(const AeadKey& key);
  ~Gmac();
  Gmac(const Gmac&) = delete;
  Gmac& operator=(const Gmac&) = delete;
  Gmac(Gmac&&) = delete;
  Gmac& operator=(Gmac&&) = delete;
  AeadTag tag(const AeadNonce& nonce, ByteView message);

 private:
  void* context_;
};

}  // namespace gbx::crypto
