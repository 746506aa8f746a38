#pragma once

// Hashes, MACs and key derivation. The only folder that includes OpenSSL is this one.
// All functions are pure and thread-safe; they end the process if the library itself fails.

#include "trusted/base/bytes.h"
#include "trusted/base/secret.h"

namespace gbx::crypto {

Hash sha256(ByteView bytes);
std::array<std::uint8_t, 48> sha384(ByteView bytes);
std::array<std::uint8_t, 64> sha512(ByteView bytes);

// Hashes what comes in pieces.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;
  Sha256(Sha256&&) = delete;
  Sha256& operator=(Sha256&&) = delete;
  void update(ByteView bytes);
  Hash finish();  // once

 private:
  void* context_;
};

Secret<32> hmac_sha256(ByteView key, ByteView message);
// RFC 5869 with SHA-256; `size` at most 255 * 32.
SecretBytes hkdf_sha256(ByteView secret, ByteView salt, ByteView info, std::size_t size);

// A person's token: HMAC-SHA-256 with the key's two blocks compressed once. 128 bits kept.
// Messages up to 55 bytes cost two compressions. Thread-safe.
class Tokeniser {
 public:
  explicit Tokeniser(const Secret<32>& key);
  ~Tokeniser();
  Tokeniser(const Tokeniser&) = delete;
  Tokeniser& operator=(const Tokeniser&) = delete;
  Tokeniser(Tokeniser&&) = delete;
  Tokeniser& operator=(Tokeniser&&) = delete;
  // HMAC-SHA-256(key, message)[0..16).
  [[nodiscard]] Token token(ByteView message) const;

 private:
  struct State;
  State* state_;
};

struct ScryptCost {
  std::uint64_t n = std::uint64_t{1} << 17;  // with r = 8: 128 MiB
  std::uint32_t r = 8;
  std::uint32_t p = 1;
};
// RFC 7914, memory-hard. Fails with invalid_argument when the cost is out of range (n no power of
// two, or more than 1 GiB): a key file is hostile input too.
Result<Secret<32>> scrypt(ByteView passphrase, ByteView salt, ScryptCost cost);

}  // namespace gbx::crypto
