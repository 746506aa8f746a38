#include "trusted/crypto/x509.h"

#include <openssl/obj_mac.h>
#include <openssl/rsa.h>

#include <algorithm>

#include "trusted/base/value.h"
#include "trusted/crypto/hash.h"
#include "trusted/crypto/openssl_types.h"

namespace gbx::crypto {
namespace {

constexpr std::int64_t kSecondsPerDay = 86'400;
constexpr int kExtensionsMax = 64;

template <typename T, typename Encode>
Bytes encoded(T* object, Encode encode) {
  std::uint8_t* out = nullptr;
  const int size = encode(object, &out);
  if (size <= 0) return {};
  Bytes der(out, out + size);
  OPENSSL_free(out);
  return der;
}

Bytes name_der(const X509_NAME* name) { return encoded(name, i2d_X509_NAME); }

std::optional<std::int64_t> seconds_of(const ASN1_TIME* time) {
  tm parts{};
  if (time == nullptr || ASN1_TIME_to_tm(time, &parts) != 1) return std::nullopt;
  const std::int64_t days =
      days_from_civil({parts.tm_year + 1900, static_cast<unsigned>(parts.tm_mon + 1),
                       static_cast<unsigned>(parts.tm_mday)});
  const std::int64_t minutes = std::int64_t{parts.tm_hour} * 60 + parts.tm_min;
  return days * kSecondsPerDay + minutes * 60 + parts.tm_sec;
}

std::string only_common_name(const X509_NAME* name) {
  const int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
  if (at < 0 || X509_NAME_get_index_by_NID(name, NID_commonName, at) >= 0) return {};
  const ASN1_STRING* text = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at));
  std::string out;
  for (int i = 0; i < ASN1_STRING_length(text); i++) {
    const std::uint8_t c = ASN1_STRING_get0_data(text)[i];
    if (c < 0x20 || c > 0x7E) return {};
    out.push_back(static_cast<char>(c));
  }
  return out;
}

// A BIT STRING of whole bytes: unused bits would be a second spelling.
bool has_whole_bytes(const ASN1_BIT_STRING* bits) {
  return (bits->flags & 0x07) == 0;  // the count of unused bits, when it is not the default 0
}

int nid_of(const X509_ALGOR* algorithm) {
  const ASN1_OBJECT* oid = nullptr;
  X509_ALGOR_get0(&oid, nullptr, nullptr, algorithm);
  return OBJ_obj2nid(oid);
}

// Absent, it would be MGF1 with SHA-1.
bool is_mgf1_sha384(const X509_ALGOR* mask) {
  if (mask == nullptr || nid_of(mask) != NID_mgf1) return false;
  const void* value = nullptr;
  int type = 0;
  X509_ALGOR_get0(nullptr, &type, &value, mask);
  if (type != V_ASN1_SEQUENCE) return false;
  const auto* sequence = static_cast<const ASN1_STRING*>(value);
  const std::uint8_t* at = ASN1_STRING_get0_data(sequence);
  const std::unique_ptr<X509_ALGOR, decltype(&X509_ALGOR_free)> hash(
      d2i_X509_ALGOR(nullptr, &at, ASN1_STRING_length(sequence)), &X509_ALGOR_free);
  return hash != nullptr && nid_of(hash.get()) == NID_sha384;
}

// The only ways in which certificates and lists are signed here. PSS must be SHA-384 with its own
// MGF1 and a salt of 48 bytes, as AMD signs; OpenSSL reads those parameters.
bool is_known_algorithm(int nid, const X509* certificate, const X509_CRL* crl) {
  switch (nid) {
    case NID_ecdsa_with_SHA256:
    case NID_ecdsa_with_SHA384:
    case NID_sha256WithRSAEncryption:
    case NID_sha384WithRSAEncryption:
    case NID_sha512WithRSAEncryption: return true;
    case NID_rsassaPss: break;
    default: return false;
  }
  const X509_ALGOR* algorithm = nullptr;
  if (certificate != nullptr) X509_get0_signature(nullptr, &algorithm, certificate);
  if (crl != nullptr) X509_CRL_get0_signature(crl, nullptr, &algorithm);
  const void* value = nullptr;
  int type = 0;
  X509_ALGOR_get0(nullptr, &type, &value, algorithm);
  if (type != V_ASN1_SEQUENCE) return false;
  const auto* sequence = static_cast<const ASN1_STRING*>(value);
  const std::uint8_t* at = ASN1_STRING_get0_data(sequence);
  RSA_PSS_PARAMS* raw = d2i_RSA_PSS_PARAMS(nullptr, &at, ASN1_STRING_length(sequence));
  const std::unique_ptr<RSA_PSS_PARAMS, decltype(&RSA_PSS_PARAMS_free)> params(
      raw, &RSA_PSS_PARAMS_free);
  if (params == nullptr || params->hashAlgorithm == nullptr || params->saltLength == nullptr) {
    return false;
  }
  return nid_of(params->hashAlgorithm) == NID_sha384 && is_mgf1_sha384(params->maskGenAlgorithm) &&
         ASN1_INTEGER_get(params->saltLength) == 48;
}

bool has_unknown_critical(const X509* certificate) {
  for (int i = 0; i < X509_get_ext_count(certificate); i++) {
    X509_EXTENSION* extension = X509_get_ext(certificate, i);
    if (X509_EXTENSION_get_critical(extension) == 0) continue;
    switch (OBJ_obj2nid(X509_EXTENSION_get_object(extension))) {
      case NID_basic_constraints:
      case NID_key_usage:
      case NID_ext_key_usage:
      case NID_subject_alt_name: break;
      default: return true;
    }
  }
  return false;
}

bool has_duplicate_extension(const X509* certificate) {
  const int count = X509_get_ext_count(certificate);
  if (count > kExtensionsMax) return true;
  for (int i = 0; i < count; i++) {
    const ASN1_OBJECT* oid = X509_EXTENSION_get_object(X509_get_ext(certificate, i));
    if (X509_get_ext_by_OBJ(certificate, oid, i) >= 0) return true;
  }
  return false;
}

bool may_sign(X509* certificate, std::uint32_t usage) {
  return (X509_get_extension_flags(certificate) & EXFLAG_KUSAGE) != 0 &&
         (X509_get_key_usage(certificate) & usage) != 0;
}

void add(std::vector<Literal>& faults, bool holds, Literal word) {
  if (!holds && std::find(faults.begin(), faults.end(), word) == faults.end()) {
    faults.push_back(word);
  }
}

bool signs(EVP_PKEY* issuer, X509* subject) {
  return is_known_algorithm(X509_get_signature_nid(subject), subject, nullptr) &&
         X509_verify(subject, issuer) == 1;
}

}  // namespace

Result<Certificate> Certificate::parse(ByteView der) {
  const Error malformed{ErrorCode::unverified, "certificate_malformed"};
  if (der.empty() || der.size() > kCertificateBytesMax) return malformed;
  const std::uint8_t* at = der.data();
  X509* raw = d2i_X509(nullptr, &at, static_cast<long>(der.size()));
  if (raw == nullptr) return malformed;
  std::shared_ptr<void> x509(raw, [](void* p) { X509_free(static_cast<X509*>(p)); });
  const ASN1_BIT_STRING* signature = nullptr;
  X509_get0_signature(&signature, nullptr, raw);
  // Encoding again gives the same bytes only for strict DER with nothing after it.
  if (!std::ranges::equal(encoded(raw, i2d_X509), der) || !has_whole_bytes(signature) ||
      X509_get_version(raw) != X509_VERSION_3 || has_duplicate_extension(raw) ||
      (X509_get_extension_flags(raw) & EXFLAG_INVALID) != 0) {
    return malformed;
  }
  const auto from = seconds_of(X509_get0_notBefore(raw));
  const auto until = seconds_of(X509_get0_notAfter(raw));
  EVP_PKEY* pkey = X509_get_pubkey(raw);
  auto key = VerifyingKey::wrap({pkey, [](void* p) { EVP_PKEY_free(static_cast<EVP_PKEY*>(p)); }});
  if (!from || !until || !key) return malformed;
  Certificate out(std::move(x509), std::move(key).value());
  out.der_.assign(der.begin(), der.end());
  out.fingerprint_ = sha256(der);
  out.not_before_ = *from;
  out.not_after_ = *until;
  return out;
}

std::string Certificate::common_name() const {
  return only_common_name(X509_get_subject_name(as_x509(x509_)));
}
std::string Certificate::issuer_common_name() const {
  return only_common_name(X509_get_issuer_name(as_x509(x509_)));
}
Bytes Certificate::subject() const { return name_der(X509_get_subject_name(as_x509(x509_))); }
Bytes Certificate::issuer() const { return name_der(X509_get_issuer_name(as_x509(x509_))); }

Bytes Certificate::serial() const {
  const ASN1_INTEGER* serial = X509_get0_serialNumber(as_x509(x509_));
  const std::uint8_t* data = ASN1_STRING_get0_data(serial);
  Bytes out(data, data + ASN1_STRING_length(serial));
  const auto first = std::ranges::find_if(out, [](std::uint8_t b) { return b != 0; });
  out.erase(out.begin(), first);
  return out;
}

bool Certificate::is_authority() const {
  return (X509_get_extension_flags(as_x509(x509_)) & EXFLAG_CA) != 0;
}

std::optional<Bytes> Certificate::extension(const char* oid) const {
  const std::unique_ptr<ASN1_OBJECT, decltype(&ASN1_OBJECT_free)> object(OBJ_txt2obj(oid, 1),
                                                                         &ASN1_OBJECT_free);
  GBX_CHECK(object != nullptr);
  const int at = X509_get_ext_by_OBJ(as_x509(x509_), object.get(), -1);
  if (at < 0) return std::nullopt;
  const ASN1_OCTET_STRING* value = X509_EXTENSION_get_data(X509_get_ext(as_x509(x509_), at));
  const std::uint8_t* data = ASN1_STRING_get0_data(value);
  return Bytes(data, data + ASN1_STRING_length(value));
}

std::vector<Literal> chain_faults(std::span<const Certificate> chain, std::span<const Hash> roots,
                                  std::int64_t now) {
  if (chain.size() < 2) return {"chain_incomplete"};
  if (chain.size() > kChainMax) return {"chain_too_long"};
  std::vector<Literal> faults;
  const Certificate& root = chain.back();
  add(faults, std::ranges::find(roots, root.fingerprint()) != roots.end(), "root_not_pinned");
  add(faults, !chain.front().is_authority(), "certificate_leaf_is_authority");
  for (std::size_t i = 0; i < chain.size(); i++) {
    X509* subject = as_x509(chain[i].x509_);
    const Certificate& issuer = i + 1 < chain.size() ? chain[i + 1] : root;
    add(faults, chain[i].issuer() == issuer.subject(), "chain_issuer_wrong");
    add(faults, signs(as_pkey(issuer.key_.key_), subject), "certificate_signature_wrong");
    add(faults, chain[i].not_before() <= now, "certificate_not_yet_valid");
    add(faults, now <= chain[i].not_after(), "certificate_expired");
    add(faults, !has_unknown_critical(subject), "certificate_extension_unknown");
    if (i == 0) continue;
    add(faults, chain[i].is_authority() && may_sign(subject, KU_KEY_CERT_SIGN),
        "certificate_not_authority");
    const long path = X509_get_pathlen(subject);
    add(faults, path < 0 || static_cast<std::size_t>(path) + 1 >= i, "certificate_path_too_long");
  }
  return faults;
}

std::vector<Certificate> order_chain(const Certificate& leaf, std::span<const Certificate> others) {
  std::vector<Certificate> chain{leaf};
  while (chain.size() <= kChainMax && chain.back().issuer() != chain.back().subject()) {
    const Bytes wanted = chain.back().issuer();
    const auto next = std::ranges::find_if(
        others, [&](const Certificate& entry) { return entry.subject() == wanted; });
    if (next == others.end()) break;
    chain.push_back(*next);
  }
  return chain;
}

Result<Crl> Crl::parse(ByteView der) {
  const Error malformed{ErrorCode::unverified, "crl_malformed"};
  if (der.empty() || der.size() > kCrlBytesMax) return malformed;
  const std::uint8_t* at = der.data();
  X509_CRL* raw = d2i_X509_CRL(nullptr, &at, static_cast<long>(der.size()));
  if (raw == nullptr) return malformed;
  Crl out({raw, [](void* p) { X509_CRL_free(static_cast<X509_CRL*>(p)); }});
  const ASN1_BIT_STRING* signature = nullptr;
  X509_CRL_get0_signature(raw, &signature, nullptr);
  if (!std::ranges::equal(encoded(raw, i2d_X509_CRL), der) || !has_whole_bytes(signature)) {
    return malformed;
  }
  for (int i = 0; i < X509_CRL_get_ext_count(raw); i++) {
    if (X509_EXTENSION_get_critical(X509_CRL_get_ext(raw, i)) != 0) return malformed;
  }
  const auto from = seconds_of(X509_CRL_get0_lastUpdate(raw));
  const auto until = seconds_of(X509_CRL_get0_nextUpdate(raw));
  if (!from || !until) return malformed;
  out.this_update_ = *from;
  out.next_update_ = *until;
  return out;
}

Bytes Crl::issuer() const { return name_der(X509_CRL_get_issuer(as_crl(crl_))); }

std::vector<Literal> Crl::faults(const Certificate& issuer, std::int64_t now) const {
  std::vector<Literal> faults;
  X509* authority = as_x509(issuer.x509_);
  X509_CRL* crl = as_crl(crl_);
  add(faults, this->issuer() == issuer.subject() && may_sign(authority, KU_CRL_SIGN),
      "crl_issuer_wrong");
  add(faults,
      is_known_algorithm(X509_CRL_get_signature_nid(crl), nullptr, crl) &&
          X509_CRL_verify(crl, as_pkey(issuer.key_.key_)) == 1,
      "crl_signature_wrong");
  add(faults, this_update_ <= now, "crl_not_yet_valid");
  add(faults, now <= next_update_, "crl_expired");
  return faults;
}

bool Crl::revokes(const Certificate& certificate) const {
  X509_REVOKED* entry = nullptr;
  return X509_CRL_get0_by_serial(as_crl(crl_), &entry,
                                 X509_get0_serialNumber(as_x509(certificate.x509_))) != 0;
}

}  // namespace gbx::crypto
