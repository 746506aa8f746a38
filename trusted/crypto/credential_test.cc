#include "trusted/crypto/credential.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "trusted/crypto/testing/issue.h"

namespace gbx::crypto {
namespace {

using testing::TestKey;

Bytes opened(const TestKey& key, std::string_view label, const Bytes& sealed) {
  EVP_PKEY_CTX* context = EVP_PKEY_CTX_new(static_cast<EVP_PKEY*>(key.pkey()), nullptr);
  EVP_PKEY_decrypt_init(context);
  EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING);
  EVP_PKEY_CTX_set_rsa_oaep_md(context, EVP_sha256());
  EVP_PKEY_CTX_set_rsa_mgf1_md(context, EVP_sha256());
  void* copy = OPENSSL_memdup(label.data(), label.size());
  EVP_PKEY_CTX_set0_rsa_oaep_label(context, copy, static_cast<int>(label.size()));
  Bytes out(512);
  std::size_t size = out.size();
  const bool good = EVP_PKEY_decrypt(context, out.data(), &size, sealed.data(), sealed.size()) == 1;
  EVP_PKEY_CTX_free(context);
  out.resize(good ? size : 0);
  return out;
}

TEST(RsaOaep, OpensForItsKeyAndLabelOnly) {
  const TestKey key = TestKey::make(KeyKind::rsa);
  const VerifyingKey open = VerifyingKey::from_rsa(key.modulus(), 65537).value();
  const Bytes message(32, 5);
  const std::string_view label("IDENTITY\0", 9);
  const Bytes sealed = rsa_oaep(open, label, message).value();
  EXPECT_EQ(sealed.size(), 256U);
  EXPECT_EQ(opened(key, label, sealed), message);
  EXPECT_TRUE(opened(key, "IDENTITY", sealed).empty());
  EXPECT_TRUE(opened(TestKey::make(KeyKind::rsa), label, sealed).empty());
  EXPECT_NE(rsa_oaep(open, label, message).value(), sealed);
}

TEST(RsaOaep, RefusesOtherKeysAndWhatDoesNotFit) {
  const VerifyingKey curve = VerifyingKey::from_point(TestKey::make(KeyKind::p256).point()).value();
  EXPECT_FALSE(rsa_oaep(curve, "x", Bytes(32, 1)));
  const VerifyingKey open =
      VerifyingKey::from_rsa(TestKey::make(KeyKind::rsa).modulus(), 65537).value();
  EXPECT_FALSE(rsa_oaep(open, "x", Bytes(256, 1)));
}

// FIPS 197: AES-128 of a block of zeros under a key of zeros; CFB adds it to the first block.
TEST(Aes128Cfb, KnownAnswer) {
  EXPECT_EQ(to_hex(aes128_cfb(Bytes(16, 0), Bytes(16, 0))), "66e94bd4ef8a2c3b884cfa59ca342b2e");
  EXPECT_EQ(to_hex(aes128_cfb(Bytes(16, 0), Bytes(3, 0xff))), "9916b4");
  EXPECT_TRUE(aes128_cfb(Bytes(16, 0), {}).empty());
}

}  // namespace
}  // namespace gbx::crypto
