#include "trusted/crypto/credential.h"

#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "trusted/crypto/openssl_types.h"

namespace gbx::crypto {

Result<Bytes> rsa_oaep(const VerifyingKey& key, std::string_view label, ByteView message) {
  const Error malformed{ErrorCode::unverified, "key_malformed"};
  if (key.kind() != KeyKind::rsa) return malformed;
  const Bytes spki = key.spki();
  const std::uint8_t* place = spki.data();
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> rsa(
      d2i_PUBKEY(nullptr, &place, static_cast<long>(spki.size())), EVP_PKEY_free);
  const std::unique_ptr<EVP_PKEY_CTX, decltype(&EVP_PKEY_CTX_free)> context(
      rsa == nullptr ? nullptr : EVP_PKEY_CTX_new(rsa.get(), nullptr), EVP_PKEY_CTX_free);
  if (context == nullptr || EVP_PKEY_encrypt_init(context.get()) != 1 ||
      EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_OAEP_PADDING) != 1 ||
      EVP_PKEY_CTX_set_rsa_oaep_md(context.get(), EVP_sha256()) != 1 ||
      EVP_PKEY_CTX_set_rsa_mgf1_md(context.get(), EVP_sha256()) != 1) {
    return malformed;
  }
  void* owned = OPENSSL_memdup(label.data(), label.size());
  if (owned == nullptr ||
      EVP_PKEY_CTX_set0_rsa_oaep_label(context.get(), owned, static_cast<int>(label.size())) != 1) {
    OPENSSL_free(owned);
    return malformed;
  }
  std::size_t size = 0;
  if (EVP_PKEY_encrypt(context.get(), nullptr, &size, message.data(), message.size()) != 1) {
    return malformed;
  }
  Bytes out(size);
  if (EVP_PKEY_encrypt(context.get(), out.data(), &size, message.data(), message.size()) != 1) {
    return malformed;
  }
  out.resize(size);
  return out;
}

Bytes aes128_cfb(ByteView key, ByteView plain) {
  GBX_CHECK(key.size() == 16);
  constexpr std::array<std::uint8_t, 16> kZeros{};
  const std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)> context(
      EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
  Bytes out(plain.size());
  int size = 0;
  GBX_CHECK(context != nullptr &&
            EVP_EncryptInit_ex(context.get(), EVP_aes_128_cfb128(), nullptr, key.data(),
                               kZeros.data()) == 1 &&
            EVP_EncryptUpdate(context.get(), out.data(), &size, plain.data(),
                              static_cast<int>(plain.size())) == 1 &&
            static_cast<std::size_t>(size) == plain.size());
  return out;
}

}  // namespace gbx::crypto
