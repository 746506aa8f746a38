#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

#include "trusted/crypto/openssl_types.h"
#include "trusted/crypto/x509.h"

namespace gbx::crypto {
namespace {

constexpr int kRsaBitsMin = 2048;
constexpr int kRsaBitsMax = 4096;

struct Free {
  void operator()(EVP_PKEY_CTX* p) const { EVP_PKEY_CTX_free(p); }
  void operator()(EVP_MD_CTX* p) const { EVP_MD_CTX_free(p); }
  void operator()(OSSL_PARAM_BLD* p) const { OSSL_PARAM_BLD_free(p); }
  void operator()(OSSL_PARAM* p) const { OSSL_PARAM_free(p); }
  void operator()(BIGNUM* p) const { BN_free(p); }
  void operator()(ECDSA_SIG* p) const { ECDSA_SIG_free(p); }
};
template <typename T>
using Owned = std::unique_ptr<T, Free>;

const EVP_MD* digest_of(Digest digest) {
  switch (digest) {
    case Digest::sha256: return EVP_sha256();
    case Digest::sha384: return EVP_sha384();
    case Digest::sha512: return EVP_sha512();
  }
  GBX_CHECK(false);
}

std::shared_ptr<void> key_from(const char* type, OSSL_PARAM* params) {
  const Owned<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* key = nullptr;
  if (context == nullptr || EVP_PKEY_fromdata_init(context.get()) != 1) return nullptr;
  if (EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params) != 1) return nullptr;
  return {key, [](void* p) { EVP_PKEY_free(static_cast<EVP_PKEY*>(p)); }};
}

// In range, on the curve, not infinity. That it has the curve's order follows: the curves that are
// taken have cofactor 1, so the full check's multiplication by the order, the dearest part of a
// verification, could find nothing more (SP 800-56A rev. 3, 5.6.2.3.4).
bool is_valid_public(EVP_PKEY* key) {
  const Owned<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new(key, nullptr));
  return context != nullptr && EVP_PKEY_public_check_quick(context.get()) == 1;
}

// A curve that is written out instead of named: another spelling of the same key, whose parameters
// are the sender's (CVE-2020-0601). RFC 5480, 2.1.1 forbids it.
bool names_its_curve(EVP_PKEY* key) {
  int is_explicit = 0;
  const char* parameter = OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS;
  return EVP_PKEY_get_int_param(key, parameter, &is_explicit) == 1 && is_explicit == 0;
}

// r || s to the DER that OpenSSL takes; empty when it cannot be.
Bytes to_der(ByteView raw) {
  const std::size_t half = raw.size() / 2;
  const Owned<ECDSA_SIG> signature(ECDSA_SIG_new());
  BIGNUM* r = BN_bin2bn(raw.data(), static_cast<int>(half), nullptr);
  BIGNUM* s = BN_bin2bn(raw.data() + half, static_cast<int>(half), nullptr);
  if (signature == nullptr || ECDSA_SIG_set0(signature.get(), r, s) != 1) {
    BN_free(r);
    BN_free(s);
    return {};
  }
  std::uint8_t* out = nullptr;
  const int size = i2d_ECDSA_SIG(signature.get(), &out);
  if (size <= 0) return {};
  Bytes der(out, out + size);
  OPENSSL_free(out);
  return der;
}

bool set_padding(EVP_PKEY_CTX* context, SignatureForm form) {
  if (form == SignatureForm::rsa_pkcs1) {
    return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1;
  }
  return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
         EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) == 1;
}

}  // namespace

Result<VerifyingKey> VerifyingKey::wrap(std::shared_ptr<void> key) {
  const Error malformed{ErrorCode::unverified, "key_malformed"};
  EVP_PKEY* raw = as_pkey(key);
  if (raw == nullptr) return malformed;
  if (EVP_PKEY_is_a(raw, "RSA") == 1) {
    const int bits = EVP_PKEY_get_bits(raw);
    if (bits < kRsaBitsMin || bits > kRsaBitsMax) return malformed;
    return VerifyingKey(std::move(key), KeyKind::rsa);
  }
  if (EVP_PKEY_is_a(raw, "EC") != 1 || !names_its_curve(raw)) return malformed;
  std::array<char, 32> group{};
  if (EVP_PKEY_get_group_name(raw, group.data(), group.size(), nullptr) != 1) return malformed;
  const std::string_view name(group.data());
  const bool is_p256 = name == SN_X9_62_prime256v1;
  if ((!is_p256 && name != SN_secp384r1) || !is_valid_public(raw)) return malformed;
  return VerifyingKey(std::move(key), is_p256 ? KeyKind::p256 : KeyKind::p384);
}

Result<VerifyingKey> VerifyingKey::from_point(ByteView point) {
  const Error malformed{ErrorCode::unverified, "key_malformed"};
  if (point.size() != 64 && point.size() != 96) return malformed;
  const char* group = point.size() == 64 ? SN_X9_62_prime256v1 : SN_secp384r1;
  Bytes uncompressed{4};
  uncompressed.insert(uncompressed.end(), point.begin(), point.end());
  const Owned<OSSL_PARAM_BLD> build(OSSL_PARAM_BLD_new());
  GBX_CHECK(build != nullptr);
  GBX_CHECK(OSSL_PARAM_BLD_push_utf8_string(build.get(), OSSL_PKEY_PARAM_GROUP_NAME, group, 0) ==
            1);
  GBX_CHECK(OSSL_PARAM_BLD_push_octet_string(build.get(), OSSL_PKEY_PARAM_PUB_KEY,
                                             uncompressed.data(), uncompressed.size()) == 1);
  const Owned<OSSL_PARAM> params(OSSL_PARAM_BLD_to_param(build.get()));
  GBX_CHECK(params != nullptr);
  return wrap(key_from("EC", params.get()));
}

Result<VerifyingKey> VerifyingKey::from_rsa(ByteView modulus, std::uint32_t exponent) {
  const Error malformed{ErrorCode::unverified, "key_malformed"};
  if (modulus.size() > kRsaBitsMax / 8 || exponent < 3 || exponent % 2 == 0) return malformed;
  const Owned<BIGNUM> n(BN_bin2bn(modulus.data(), static_cast<int>(modulus.size()), nullptr));
  const Owned<BIGNUM> e(BN_new());
  const Owned<OSSL_PARAM_BLD> build(OSSL_PARAM_BLD_new());
  GBX_CHECK(n != nullptr && e != nullptr && build != nullptr &&
            BN_set_word(e.get(), exponent) == 1);
  GBX_CHECK(OSSL_PARAM_BLD_push_BN(build.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) == 1);
  GBX_CHECK(OSSL_PARAM_BLD_push_BN(build.get(), OSSL_PKEY_PARAM_RSA_E, e.get()) == 1);
  const Owned<OSSL_PARAM> params(OSSL_PARAM_BLD_to_param(build.get()));
  GBX_CHECK(params != nullptr);
  return wrap(key_from("RSA", params.get()));
}

Bytes VerifyingKey::spki() const {
  std::uint8_t* out = nullptr;
  const int size = i2d_PUBKEY(as_pkey(key_), &out);
  GBX_CHECK(size > 0);
  Bytes der(out, out + size);
  OPENSSL_free(out);
  return der;
}

Status VerifyingKey::verify(SignatureForm form, Digest digest, ByteView message,
                            ByteView signature) const {
  const Error wrong{ErrorCode::unverified, "signature_wrong"};
  const bool ecdsa = form == SignatureForm::ecdsa_raw;
  if (ecdsa != (kind_ != KeyKind::rsa)) return wrong;
  const std::size_t raw_size = kind_ == KeyKind::p256 ? 64 : 96;
  if (ecdsa && signature.size() != raw_size) return wrong;
  const Bytes der = ecdsa ? to_der(signature) : Bytes(signature.begin(), signature.end());
  const Owned<EVP_MD_CTX> context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* parameters = nullptr;
  if (context == nullptr || der.empty() ||
      EVP_DigestVerifyInit(context.get(), &parameters, digest_of(digest), nullptr, as_pkey(key_)) !=
          1) {
    return wrong;
  }
  if (!ecdsa && !set_padding(parameters, form)) return wrong;
  if (EVP_DigestVerify(context.get(), der.data(), der.size(), message.data(), message.size()) !=
      1) {
    return wrong;
  }
  return {};
}

}  // namespace gbx::crypto
