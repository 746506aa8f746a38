#pragma once

// X.509 as evidence uses it: certificates, revocation lists and the keys in them, pinned roots, no
// network, no clock, no options. An attacker writes every certificate but the pinned roots. What
// must stay true: one certificate has one spelling (strict DER, nothing after it); a chain ends at
// a root that is known by the SHA-256 of its DER, whatever it says of itself; an algorithm,
// critical extension or usage that is not listed here is a refusal.
//
// Not OpenSSL's own chain builder: its strict mode refuses genuine AMD and AWS certificates (they
// have no AuthorityKeyIdentifier) and its default mode trusts by subject. Thread-safe.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "trusted/base/bytes.h"

namespace gbx::crypto {

enum class Digest : std::uint8_t { sha256, sha384, sha512 };
enum class SignatureForm : std::uint8_t {
  ecdsa_raw,  // r || s, big-endian, each as long as the curve's field
  rsa_pkcs1,
  rsa_pss,  // MGF1 and salt of the digest
};
enum class KeyKind : std::uint8_t { p256, p384, rsa };

class Certificate;

// A public key that can only check signatures: ECDSA on P-256 or P-384, or RSA of 2048 to 4096
// bits.
class VerifyingKey {
 public:
  // x || y, 64 bytes for P-256 or 96 for P-384. Fails with unverified (key_malformed) for a point
  // that is not on the curve.
  static Result<VerifyingKey> from_point(ByteView point);
  // Big-endian modulus. Fails with unverified (key_malformed).
  static Result<VerifyingKey> from_rsa(ByteView modulus, std::uint32_t exponent);
  [[nodiscard]] KeyKind kind() const { return kind_; }
  // SubjectPublicKeyInfo in DER: equal for equal keys.
  [[nodiscard]] Bytes spki() const;
  // Fails with unverified (signature_wrong), also when the form does not fit the key.
  [[nodiscard]] Status verify(SignatureForm form, Digest digest, ByteView message,
                              ByteView signature) const;

 private:
  friend class Certificate;
  friend class Crl;
  friend std::vector<Literal> chain_faults(std::span<const Certificate> chain,
                                           std::span<const Hash> roots, std::int64_t now);
  VerifyingKey(std::shared_ptr<void> key, KeyKind kind) : key_(std::move(key)), kind_(kind) {}
  static Result<VerifyingKey> wrap(std::shared_ptr<void> key);
  std::shared_ptr<void> key_;  // EVP_PKEY
  KeyKind kind_;
};

constexpr std::size_t kCertificateBytesMax = 8192;
constexpr std::size_t kCrlBytesMax = std::size_t{1} << 20;
constexpr std::size_t kChainMax = 8;

class Certificate {
 public:
  // Exactly one certificate, version 3, in strict DER. Fails with unverified
  // (certificate_malformed).
  static Result<Certificate> parse(ByteView der);

  [[nodiscard]] const Bytes& der() const { return der_; }
  [[nodiscard]] const Hash& fingerprint() const { return fingerprint_; }  // SHA-256 of der()
  [[nodiscard]] const VerifyingKey& key() const { return key_; }
  // The one commonName; "" when there is none or several, or it is no printable ASCII.
  [[nodiscard]] std::string common_name() const;
  [[nodiscard]] std::string issuer_common_name() const;
  [[nodiscard]] Bytes subject() const;  // the Name in DER
  [[nodiscard]] Bytes issuer() const;
  [[nodiscard]] Bytes serial() const;  // big-endian, without leading zeros
  [[nodiscard]] std::int64_t not_before() const { return not_before_; }  // seconds since 1970
  [[nodiscard]] std::int64_t not_after() const { return not_after_; }
  [[nodiscard]] bool is_authority() const;  // basicConstraints CA
  // The value of the extension with this dotted OID; nullopt when it is absent.
  [[nodiscard]] std::optional<Bytes> extension(const char* oid) const;

 private:
  friend class Crl;
  friend std::vector<Literal> chain_faults(std::span<const Certificate> chain,
                                           std::span<const Hash> roots, std::int64_t now);
  Certificate(std::shared_ptr<void> x509, VerifyingKey key)
      : x509_(std::move(x509)), key_(std::move(key)) {}
  std::shared_ptr<void> x509_;  // X509
  VerifyingKey key_;
  Bytes der_;
  Hash fingerprint_{};
  std::int64_t not_before_ = 0;
  std::int64_t not_after_ = 0;
};

// Everything that is wrong with a chain, leaf first and root last; empty only when the root is one
// of `roots` (SHA-256 of DER) and signs itself, each certificate is named and signed by the next
// one with an algorithm we know, all are valid at `now`, the leaf is no authority, every other is
// one for certificates and for a path of this length, and no critical extension is unknown.
// Words: chain_incomplete, chain_too_long, chain_issuer_wrong, certificate_signature_wrong,
// certificate_expired, certificate_not_yet_valid, certificate_not_authority,
// certificate_leaf_is_authority, certificate_path_too_long, certificate_extension_unknown,
// root_not_pinned.
std::vector<Literal> chain_faults(std::span<const Certificate> chain, std::span<const Hash> roots,
                                  std::int64_t now);

// The same list of certificates in order: the one of `leaf`, its issuer, and so on to a self-issued
// one; what is not needed stays out. Only names decide here: chain_faults() decides.
std::vector<Certificate> order_chain(const Certificate& leaf, std::span<const Certificate> others);

class Crl {
 public:
  // Exactly one list in strict DER, with nextUpdate and without critical extensions (no deltas, no
  // partitions). Fails with unverified (crl_malformed).
  static Result<Crl> parse(ByteView der);
  [[nodiscard]] Bytes issuer() const;
  [[nodiscard]] std::int64_t this_update() const { return this_update_; }
  [[nodiscard]] std::int64_t next_update() const { return next_update_; }
  // crl_issuer_wrong (name, or no cRLSign), crl_signature_wrong, crl_not_yet_valid, crl_expired.
  [[nodiscard]] std::vector<Literal> faults(const Certificate& issuer, std::int64_t now) const;
  // True when this list names the serial number.
  [[nodiscard]] bool revokes(const Certificate& certificate) const;

 private:
  explicit Crl(std::shared_ptr<void> crl) : crl_(std::move(crl)) {}
  std::shared_ptr<void> crl_;  // X509_CRL
  std::int64_t this_update_ = 0;
  std::int64_t next_update_ = 0;
};

}  // namespace gbx::crypto
