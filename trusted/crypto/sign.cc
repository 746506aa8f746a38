#include "trusted/crypto/sign.h"

#include <openssl/evp.h>

#include <memory>

namespace gbx::crypto {
namespace {

struct Free {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using Key = std::unique_ptr<EVP_PKEY, Free>;
using Context = std::unique_ptr<EVP_MD_CTX, Free>;

Key private_key(const Secret<32>& seed) {
  Key key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, seed.view().data(),
                                       seed.view().size()));
  GBX_CHECK(key != nullptr);
  return key;
}

}  // namespace

SigningKey::SigningKey(Secret<32> seed, PublicKey public_key)
    : seed_(std::move(seed)), public_key_(public_key) {}

Result<SigningKey> SigningKey::make(Entropy& entropy) {
  Secret<32> seed;
  GBX_TRY(entropy.fill(seed.mutable_view()));
  return from_seed(std::move(seed));
}

SigningKey SigningKey::from_seed(Secret<32> seed) {
  PublicKey public_key{};
  std::size_t size = public_key.size();
  GBX_CHECK(EVP_PKEY_get_raw_public_key(private_key(seed).get(), public_key.data(), &size) == 1);
  GBX_CHECK(size == public_key.size());
  return {std::move(seed), public_key};
}

Signature SigningKey::sign(ByteView message) const {
  const Key key = private_key(seed_);
  const Context context(EVP_MD_CTX_new());
  GBX_CHECK(context != nullptr);
  Signature out{};
  std::size_t size = out.size();
  GBX_CHECK(EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key.get()) == 1);
  GBX_CHECK(EVP_DigestSign(context.get(), out.data(), &size, message.data(), message.size()) == 1);
  GBX_CHECK(size == out.size());
  return out;
}

Status verify(const PublicKey& key, ByteView message, ByteView signature) {
  const Error wrong{ErrorCode::unverified, "signature_wrong"};
  if (signature.size() != sizeof(Signature)) return wrong;
  const Key parsed(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, key.data(), key.size()));
  const Context context(EVP_MD_CTX_new());
  if (parsed == nullptr || context == nullptr) return wrong;
  if (EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, parsed.get()) != 1)
    return wrong;
  if (EVP_DigestVerify(context.get(), signature.data(), signature.size(), message.data(),
                       message.size()) != 1) {
    return wrong;
  }
  return {};
}

}  // namespace gbx::crypto
