#include "trusted/crypto/hpke.h"

#include <openssl/evp.h>

#include <algorithm>
#include <memory>

#include "trusted/crypto/aead.h"
#include "trusted/crypto/hash.h"

namespace gbx::crypto {
namespace {

constexpr std::size_t kKeySize = 32;
constexpr std::size_t kNonceSize = 12;
// "KEM" || 0x0020 and "HPKE" || 0x0020 || 0x0001 || 0x0003: the suite identifiers of RFC 9180,
// sections 4.1 and 5.1.
constexpr std::array<std::uint8_t, 5> kKemSuite = {'K', 'E', 'M', 0x00, 0x20};
constexpr std::array<std::uint8_t, 10> kHpkeSuite = {'H',  'P',  'K',  'E',  0x00,
                                                     0x20, 0x00, 0x01, 0x00, 0x03};

struct Free {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(EVP_PKEY_CTX* context) const { EVP_PKEY_CTX_free(context); }
};
using Key = std::unique_ptr<EVP_PKEY, Free>;
using Context = std::unique_ptr<EVP_PKEY_CTX, Free>;

void append(Bytes& out, ByteView bytes) { out.insert(out.end(), bytes.begin(), bytes.end()); }

// RFC 9180 section 4: LabeledExtract and LabeledExpand.
Secret<32> labeled_extract(ByteView suite, ByteView salt, std::string_view label, ByteView ikm) {
  static constexpr Hash kNoSalt{};
  SecretBytes message;
  Bytes& bytes = message.mutable_bytes();
  bytes.reserve(7 + suite.size() + label.size() + ikm.size());
  append(bytes, as_bytes("HPKE-v1"));
  append(bytes, suite);
  append(bytes, as_bytes(label));
  append(bytes, ikm);
  return hmac_sha256(salt.empty() ? ByteView(kNoSalt) : salt, bytes);
}

// Every output here is at most one HMAC block, so expanding is a single round.
Secret<32> labeled_expand(ByteView suite, const Secret<32>& prk, std::string_view label,
                          ByteView info, std::uint16_t size) {
  GBX_CHECK(size <= 32);
  Bytes message = {static_cast<std::uint8_t>(size >> 8U), static_cast<std::uint8_t>(size & 255U)};
  append(message, as_bytes("HPKE-v1"));
  append(message, suite);
  append(message, as_bytes(label));
  append(message, info);
  message.push_back(1);
  return hmac_sha256(prk.view(), message);
}

// The X25519 shared secret; invalid_argument when it is all zeros (a public key of low order).
Result<Secret<32>> diffie_hellman(const Secret<32>& secret, const SealingPublicKey& to) {
  const Error bad{ErrorCode::invalid_argument, "sealing_key_wrong"};
  const Key mine(
      EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, nullptr, secret.view().data(), kKeySize));
  const Key theirs(EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, nullptr, to.data(), to.size()));
  if (mine == nullptr || theirs == nullptr) return bad;
  const Context context(EVP_PKEY_CTX_new(mine.get(), nullptr));
  GBX_CHECK(context != nullptr);
  Secret<32> out;
  std::size_t size = kKeySize;
  if (EVP_PKEY_derive_init(context.get()) != 1 ||
      EVP_PKEY_derive_set_peer(context.get(), theirs.get()) != 1 ||
      EVP_PKEY_derive(context.get(), out.mutable_view().data(), &size) != 1 || size != kKeySize) {
    return bad;
  }
  if (equal_constant_time(out.view(), Secret<32>().view())) return bad;
  return out;
}

struct Schedule {
  AeadKey key;
  AeadNonce nonce{};
};

// RFC 9180 sections 4.1 (ExtractAndExpand) and 5.1 (KeySchedule), mode_base, no PSK, sequence
// number 0.
Schedule key_schedule(const Secret<32>& shared, ByteView enc, const SealingPublicKey& to,
                      ByteView info) {
  Bytes kem_context(enc.begin(), enc.end());
  append(kem_context, to);
  const Secret<32> eae = labeled_extract(kKemSuite, {}, "eae_prk", shared.view());
  const Secret<32> secret = labeled_expand(kKemSuite, eae, "shared_secret", kem_context, kKeySize);
  const Secret<32> psk_id = labeled_extract(kHpkeSuite, {}, "psk_id_hash", {});
  const Secret<32> info_hash = labeled_extract(kHpkeSuite, {}, "info_hash", info);
  Bytes context = {0};
  append(context, psk_id.view());
  append(context, info_hash.view());
  const Secret<32> prk = labeled_extract(kHpkeSuite, secret.view(), "secret", {});
  Schedule out;
  out.key = labeled_expand(kHpkeSuite, prk, "key", context, kKeySize);
  const Secret<32> nonce = labeled_expand(kHpkeSuite, prk, "base_nonce", context, kNonceSize);
  std::copy_n(nonce.view().begin(), kNonceSize, out.nonce.begin());
  return out;
}

}  // namespace

SealingKey::SealingKey(Secret<32> secret, SealingPublicKey public_key)
    : secret_(std::move(secret)), public_key_(public_key) {}

Result<SealingKey> SealingKey::make(Entropy& entropy) {
  Secret<32> secret;
  GBX_TRY(entropy.fill(secret.mutable_view()));
  return from_secret(std::move(secret));
}

SealingKey SealingKey::from_secret(Secret<32> secret) {
  const Key key(
      EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, nullptr, secret.view().data(), kKeySize));
  GBX_CHECK(key != nullptr);
  SealingPublicKey public_key{};
  std::size_t size = public_key.size();
  GBX_CHECK(EVP_PKEY_get_raw_public_key(key.get(), public_key.data(), &size) == 1);
  return {std::move(secret), public_key};
}

Result<Bytes> hpke_seal(const SealingPublicKey& to, ByteView info, ByteView aad, ByteView plaintext,
                        Entropy& entropy) {
  GBX_TRY_ASSIGN(const SealingKey ephemeral, SealingKey::make(entropy));
  GBX_TRY_ASSIGN(const Secret<32> shared, diffie_hellman(ephemeral.secret(), to));
  const Schedule schedule = key_schedule(shared, ephemeral.public_key(), to, info);
  Bytes out(ephemeral.public_key().begin(), ephemeral.public_key().end());
  append(out, aead_seal(schedule.key, schedule.nonce, aad, plaintext, Cipher::chacha20_poly1305));
  return out;
}

Result<SecretBytes> hpke_open(const SealingKey& key, ByteView info, ByteView aad, ByteView sealed) {
  const Error broken{ErrorCode::unverified, "seal_broken"};
  if (sealed.size() < kKeySize + kAeadTagSize) return broken;
  SealingPublicKey enc{};
  std::copy_n(sealed.begin(), kKeySize, enc.begin());
  const auto shared = diffie_hellman(key.secret(), enc);
  if (!shared) return broken;
  const Schedule schedule = key_schedule(*shared, enc, key.public_key(), info);
  GBX_TRY_ASSIGN(Bytes plaintext, aead_open(schedule.key, schedule.nonce, aad,
                                            sealed.subspan(kKeySize), Cipher::chacha20_poly1305));
  return SecretBytes(std::move(plaintext));
}

}  // namespace gbx::crypto
