#pragma once

// Keys, certificates and revocation lists for tests: what a vendor's authority would issue, and
// what it never would.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "trusted/crypto/x509.h"

namespace gbx::crypto::testing {

class TestKey {
 public:
  static TestKey make(KeyKind kind);  // RSA of 2048 bits
  // Somebody else's, to be certified: it cannot sign.
  static TestKey of_public(ByteView spki, KeyKind kind);
  [[nodiscard]] Bytes sign(SignatureForm form, Digest digest, ByteView message) const;
  [[nodiscard]] Bytes point() const;    // x || y
  [[nodiscard]] Bytes modulus() const;  // of RSA; the exponent is 65537
  [[nodiscard]] KeyKind kind() const { return kind_; }
  [[nodiscard]] void* pkey() const { return key_.get(); }

 private:
  TestKey(std::shared_ptr<void> key, KeyKind kind) : key_(std::move(key)), kind_(kind) {}
  std::shared_ptr<void> key_;
  KeyKind kind_;
};

struct TestExtension {
  std::string oid;
  Bytes value;
  bool critical = false;
};

struct CertificateSpec {
  std::string subject;  // commonName
  std::string issuer;
  std::int64_t serial = 1;
  std::int64_t not_before = 0;
  std::int64_t not_after = 0;
  bool authority = false;
  int path_length = -1;  // -1: none
  std::string usage;     // "keyCertSign,cRLSign"; "" for no keyUsage
  Digest digest = Digest::sha256;
  bool pss = false;                           // RSASSA-PSS with the digest's own salt
  std::optional<Digest> mask = std::nullopt;  // of MGF1, where it is another one
  std::vector<TestExtension> extensions;
};
Bytes issue(const CertificateSpec& spec, const TestKey& subject, const TestKey& issuer);

struct CrlSpec {
  std::string issuer;
  std::int64_t this_update = 0;
  std::int64_t next_update = 0;
  std::vector<std::int64_t> revoked;  // serial numbers
  Digest digest = Digest::sha256;
  bool pss = false;
};
Bytes issue_crl(const CrlSpec& spec, const TestKey& issuer);

std::string to_pem(ByteView der, const std::string& label = "CERTIFICATE");

}  // namespace gbx::crypto::testing
