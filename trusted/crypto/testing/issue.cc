#include "trusted/crypto/testing/issue.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

namespace gbx::crypto::testing {
namespace {

EVP_PKEY* pkey_of(const TestKey& key) { return static_cast<EVP_PKEY*>(key.pkey()); }

const EVP_MD* md_of(Digest digest) {
  switch (digest) {
    case Digest::sha256: return EVP_sha256();
    case Digest::sha384: return EVP_sha384();
    case Digest::sha512: return EVP_sha512();
  }
  GBX_CHECK(false);
}

template <typename T, typename Encode>
Bytes der_of(T* object, Encode encode) {
  std::uint8_t* out = nullptr;
  const int size = encode(object, &out);
  GBX_CHECK(size > 0);
  Bytes der(out, out + size);
  OPENSSL_free(out);
  return der;
}

std::unique_ptr<X509_NAME, decltype(&X509_NAME_free)> name_of(const std::string& text) {
  std::unique_ptr<X509_NAME, decltype(&X509_NAME_free)> name(X509_NAME_new(), &X509_NAME_free);
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.c_str());
  GBX_CHECK(X509_NAME_add_entry_by_txt(name.get(), "CN", MBSTRING_ASC, bytes, -1, -1, 0) == 1);
  return name;
}

void add_standard(X509* x509, int nid, const std::string& value) {
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, nid, value.c_str());
  GBX_CHECK(extension != nullptr && X509_add_ext(x509, extension, -1) == 1);
  X509_EXTENSION_free(extension);
}

void add_raw(X509* x509, const TestExtension& extension) {
  ASN1_OBJECT* oid = OBJ_txt2obj(extension.oid.c_str(), 1);
  ASN1_OCTET_STRING* value = ASN1_OCTET_STRING_new();
  GBX_CHECK(ASN1_OCTET_STRING_set(value, extension.value.data(),
                                  static_cast<int>(extension.value.size())) == 1);
  X509_EXTENSION* made =
      X509_EXTENSION_create_by_OBJ(nullptr, oid, extension.critical ? 1 : 0, value);
  GBX_CHECK(made != nullptr && X509_add_ext(x509, made, -1) == 1);
  X509_EXTENSION_free(made);
  ASN1_OCTET_STRING_free(value);
  ASN1_OBJECT_free(oid);
}

// The signing context of an issuer; the caller frees it.
EVP_MD_CTX* signing(const TestKey& issuer, Digest digest, bool pss) {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  EVP_PKEY_CTX* parameters = nullptr;
  GBX_CHECK(EVP_DigestSignInit(context, &parameters, md_of(digest), nullptr, pkey_of(issuer)) == 1);
  if (pss) {
    GBX_CHECK(EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING) == 1);
    GBX_CHECK(EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, RSA_PSS_SALTLEN_DIGEST) == 1);
  }
  return context;
}

Bytes raw_signature(ByteView der, std::size_t half) {
  const std::uint8_t* at = der.data();
  ECDSA_SIG* signature = d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size()));
  GBX_CHECK(signature != nullptr);
  Bytes out(2 * half);
  const int size = static_cast<int>(half);
  GBX_CHECK(BN_bn2binpad(ECDSA_SIG_get0_r(signature), out.data(), size) == size);
  GBX_CHECK(BN_bn2binpad(ECDSA_SIG_get0_s(signature), out.data() + half, size) == size);
  ECDSA_SIG_free(signature);
  return out;
}

}  // namespace

TestKey TestKey::of_public(ByteView spki, KeyKind kind) {
  const std::uint8_t* in = spki.data();
  EVP_PKEY* key = d2i_PUBKEY(nullptr, &in, static_cast<long>(spki.size()));
  GBX_CHECK(key != nullptr);
  return {
      std::shared_ptr<void>(key, [](void* used) { EVP_PKEY_free(static_cast<EVP_PKEY*>(used)); }),
      kind};
}

TestKey TestKey::make(KeyKind kind) {
  EVP_PKEY* key = nullptr;
  switch (kind) {
    case KeyKind::p256: key = EVP_EC_gen("P-256"); break;
    case KeyKind::p384: key = EVP_EC_gen("P-384"); break;
    case KeyKind::rsa: key = EVP_RSA_gen(2048); break;
  }
  GBX_CHECK(key != nullptr);
  return {{key, [](void* p) { EVP_PKEY_free(static_cast<EVP_PKEY*>(p)); }}, kind};
}

Bytes TestKey::sign(SignatureForm form, Digest digest, ByteView message) const {
  EVP_MD_CTX* context = signing(*this, digest, form == SignatureForm::rsa_pss);
  std::size_t size = 0;
  GBX_CHECK(EVP_DigestSign(context, nullptr, &size, message.data(), message.size()) == 1);
  Bytes out(size);
  GBX_CHECK(EVP_DigestSign(context, out.data(), &size, message.data(), message.size()) == 1);
  out.resize(size);
  EVP_MD_CTX_free(context);
  if (form == SignatureForm::ecdsa_raw) return raw_signature(out, kind_ == KeyKind::p256 ? 32 : 48);
  return out;
}

Bytes TestKey::point() const {
  std::array<std::uint8_t, 128> out{};
  std::size_t size = 0;
  GBX_CHECK(EVP_PKEY_get_octet_string_param(static_cast<EVP_PKEY*>(key_.get()),
                                            OSSL_PKEY_PARAM_PUB_KEY, out.data(), out.size(),
                                            &size) == 1);
  GBX_CHECK(size % 2 == 1 && out[0] == 4);
  return {out.begin() + 1, out.begin() + static_cast<std::ptrdiff_t>(size)};
}

Bytes TestKey::modulus() const {
  BIGNUM* n = nullptr;
  GBX_CHECK(EVP_PKEY_get_bn_param(static_cast<EVP_PKEY*>(key_.get()), OSSL_PKEY_PARAM_RSA_N, &n) ==
            1);
  Bytes out(static_cast<std::size_t>(BN_num_bytes(n)));
  GBX_CHECK(BN_bn2bin(n, out.data()) == static_cast<int>(out.size()));
  BN_free(n);
  return out;
}

Bytes issue(const CertificateSpec& spec, const TestKey& subject, const TestKey& issuer) {
  const std::unique_ptr<X509, decltype(&X509_free)> x509(X509_new(), &X509_free);
  GBX_CHECK(X509_set_version(x509.get(), X509_VERSION_3) == 1);
  GBX_CHECK(ASN1_INTEGER_set_int64(X509_get_serialNumber(x509.get()), spec.serial) == 1);
  GBX_CHECK(ASN1_TIME_set(X509_getm_notBefore(x509.get()), spec.not_before) != nullptr);
  GBX_CHECK(ASN1_TIME_set(X509_getm_notAfter(x509.get()), spec.not_after) != nullptr);
  GBX_CHECK(X509_set_subject_name(x509.get(), name_of(spec.subject).get()) == 1);
  GBX_CHECK(X509_set_issuer_name(x509.get(), name_of(spec.issuer).get()) == 1);
  GBX_CHECK(X509_set_pubkey(x509.get(), pkey_of(subject)) == 1);
  if (spec.authority) {
    const std::string path =
        spec.path_length < 0 ? "" : ",pathlen:" + std::to_string(spec.path_length);
    add_standard(x509.get(), NID_basic_constraints, "critical,CA:TRUE" + path);
  }
  if (!spec.usage.empty()) add_standard(x509.get(), NID_key_usage, "critical," + spec.usage);
  for (const TestExtension& extension : spec.extensions) add_raw(x509.get(), extension);
  EVP_MD_CTX* context = signing(issuer, spec.digest, spec.pss);
  if (spec.mask) {
    EVP_PKEY_CTX* parameters = EVP_MD_CTX_get_pkey_ctx(context);
    GBX_CHECK(EVP_PKEY_CTX_set_rsa_mgf1_md(parameters, md_of(*spec.mask)) == 1);
  }
  GBX_CHECK(X509_sign_ctx(x509.get(), context) > 0);
  EVP_MD_CTX_free(context);
  return der_of(x509.get(), i2d_X509);
}

Bytes issue_crl(const CrlSpec& spec, const TestKey& issuer) {
  const std::unique_ptr<X509_CRL, decltype(&X509_CRL_free)> crl(X509_CRL_new(), &X509_CRL_free);
  GBX_CHECK(X509_CRL_set_version(crl.get(), X509_CRL_VERSION_2) == 1);
  GBX_CHECK(X509_CRL_set_issuer_name(crl.get(), name_of(spec.issuer).get()) == 1);
  const std::unique_ptr<ASN1_TIME, decltype(&ASN1_TIME_free)> from(
      ASN1_TIME_set(nullptr, spec.this_update), &ASN1_TIME_free);
  const std::unique_ptr<ASN1_TIME, decltype(&ASN1_TIME_free)> until(
      ASN1_TIME_set(nullptr, spec.next_update), &ASN1_TIME_free);
  GBX_CHECK(X509_CRL_set1_lastUpdate(crl.get(), from.get()) == 1);
  GBX_CHECK(X509_CRL_set1_nextUpdate(crl.get(), until.get()) == 1);
  for (const std::int64_t serial : spec.revoked) {
    X509_REVOKED* entry = X509_REVOKED_new();
    ASN1_INTEGER* number = ASN1_INTEGER_new();
    GBX_CHECK(ASN1_INTEGER_set_int64(number, serial) == 1);
    GBX_CHECK(X509_REVOKED_set_serialNumber(entry, number) == 1);
    GBX_CHECK(X509_REVOKED_set_revocationDate(entry, from.get()) == 1);
    GBX_CHECK(X509_CRL_add0_revoked(crl.get(), entry) == 1);
    ASN1_INTEGER_free(number);
  }
  EVP_MD_CTX* context = signing(issuer, spec.digest, spec.pss);
  GBX_CHECK(X509_CRL_sign_ctx(crl.get(), context) > 0);
  EVP_MD_CTX_free(context);
  return der_of(crl.get(), i2d_X509_CRL);
}

std::string to_pem(ByteView der, const std::string& label) {
  const std::string base64 = to_base64(der);
  std::string out = "-----BEGIN " + label + "-----\n";
  for (std::size_t i = 0; i < base64.size(); i += 64) out += base64.substr(i, 64) + "\n";
  return out + "-----END " + label + "-----\n";
}

}  // namespace gbx::crypto::testing
