#include "trusted/crypto/aead.h"

#include <openssl/evp.h>

#include <limits>
#include <memory>

namespace gbx::crypto {
namespace {

constexpr Error kBroken{ErrorCode::unverified, "seal_broken"};

struct Free {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_CIPHER_CTX, Free>;

const EVP_CIPHER* cipher_of(Cipher cipher) {
  switch (cipher) {
    case Cipher::aes_256_gcm: return EVP_aes_256_gcm();
    case Cipher::chacha20_poly1305: return EVP_chacha20_poly1305();
  }
  GBX_CHECK(false);
}

// OpenSSL counts in int.
constexpr std::size_t kSizeMax = std::numeric_limits<int>::max();

int size_of(ByteView bytes) {
  GBX_CHECK(bytes.size() <= kSizeMax);
  return static_cast<int>(bytes.size());
}

}  // namespace

Bytes aead_seal(const AeadKey& key, const AeadNonce& nonce, ByteView aad, ByteView plaintext,
                Cipher cipher) {
  const Context context(EVP_CIPHER_CTX_new());
  GBX_CHECK(context != nullptr);
  Bytes out(plaintext.size() + kAeadTagSize);
  int written = 0;
  GBX_CHECK(EVP_EncryptInit_ex(context.get(), cipher_of(cipher), nullptr, key.view().data(),
                               nonce.data()) == 1);
  GBX_CHECK(EVP_EncryptUpdate(context.get(), nullptr, &written, aad.data(), size_of(aad)) == 1);
  GBX_CHECK(EVP_EncryptUpdate(context.get(), out.data(), &written, plaintext.data(),
                              size_of(plaintext)) == 1);
  GBX_CHECK(EVP_EncryptFinal_ex(context.get(), out.data() + plaintext.size(), &written) == 1);
  GBX_CHECK(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, kAeadTagSize,
                                out.data() + plaintext.size()) == 1);
  return out;
}

Result<Bytes> aead_open(const AeadKey& key, const AeadNonce& nonce, ByteView aad, ByteView sealed,
                        Cipher cipher) {
  if (sealed.size() < kAeadTagSize) return kBroken;
  Bytes out(sealed.size() - kAeadTagSize);
  AeadOpener opener(key, cipher);
  GBX_TRY(opener.open(nonce, aad, sealed, out));
  return out;
}

AeadOpener::AeadOpener(const AeadKey& key, Cipher cipher) : context_(EVP_CIPHER_CTX_new()) {
  GBX_CHECK(context_ != nullptr);
  GBX_CHECK(EVP_DecryptInit_ex(static_cast<EVP_CIPHER_CTX*>(context_), cipher_of(cipher), nullptr,
                               key.view().data(), nullptr) == 1);
}

AeadOpener::~AeadOpener() { EVP_CIPHER_CTX_free(static_cast<EVP_CIPHER_CTX*>(context_)); }

Status AeadOpener::open(const AeadNonce& nonce, ByteView aad, ByteView sealed,
                        std::span<std::uint8_t> out) {
  if (sealed.size() < kAeadTagSize || out.size() != sealed.size() - kAeadTagSize) return kBroken;
  if (sealed.size() > kSizeMax || aad.size() > kSizeMax) return kBroken;
  auto* context = static_cast<EVP_CIPHER_CTX*>(context_);
  std::array<std::uint8_t, kAeadTagSize> tag{};
  const ByteView expected = sealed.last(kAeadTagSize);
  std::copy(expected.begin(), expected.end(), tag.begin());
  int written = 0;
  GBX_CHECK(EVP_DecryptInit_ex(context, nullptr, nullptr, nullptr, nonce.data()) == 1);
  GBX_CHECK(EVP_DecryptUpdate(context, nullptr, &written, aad.data(), size_of(aad)) == 1);
  GBX_CHECK(EVP_DecryptUpdate(context, out.data(), &written, sealed.data(), size_of(out)) == 1);
  GBX_CHECK(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, kAeadTagSize, tag.data()) == 1);
  std::uint8_t none = 0;
  if (EVP_DecryptFinal_ex(context, &none, &written) != 1) {
    wipe(out);
    return kBroken;
  }
  return {};
}

Gmac::Gmac(const AeadKey& key) : context_(EVP_CIPHER_CTX_new()) {
  GBX_CHECK(context_ != nullptr);
  GBX_CHECK(EVP_EncryptInit_ex(static_cast<EVP_CIPHER_CTX*>(context_), EVP_aes_256_gcm(), nullptr,
                               key.view().data(), nullptr) == 1);
}

Gmac::~Gmac() { EVP_CIPHER_CTX_free(static_cast<EVP_CIPHER_CTX*>(context_)); }

AeadTag Gmac::tag(const AeadNonce& nonce, ByteView message) {
  auto* context = static_cast<EVP_CIPHER_CTX*>(context_);
  AeadTag out{};
  int written = 0;
  std::uint8_t none = 0;
  GBX_CHECK(EVP_EncryptInit_ex(context, nullptr, nullptr, nullptr, nonce.data()) == 1);
  GBX_CHECK(EVP_EncryptUpdate(context, nullptr, &written, message.data(), size_of(message)) == 1);
  GBX_CHECK(EVP_EncryptFinal_ex(context, &none, &written) == 1);
  GBX_CHECK(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, kAeadTagSize, out.data()) == 1);
  return out;
}

}  // namespace gbx::crypto
