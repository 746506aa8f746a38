#include "attest/testing/test_chain.h"

#include <map>

namespace gbx::attest::testing {

using crypto::testing::CertificateSpec;
using crypto::testing::TestKey;

const TestKey& key_of(const std::string& name, crypto::KeyKind kind) {
  static std::map<std::pair<std::string, crypto::KeyKind>, TestKey> keys;
  const std::pair which(name, kind);
  auto found = keys.find(which);
  if (found == keys.end()) found = keys.emplace(which, TestKey::make(kind)).first;
  return found->second;
}

Bytes issued(const CertificateSpec& spec, const TestKey& subject, const TestKey& issuer) {
  static std::map<std::string, Bytes> certificates;
  std::string what = spec.subject + "|" + spec.issuer + "|" + spec.usage;
  for (const std::int64_t number :
       {spec.serial, spec.not_before, spec.not_after, std::int64_t{spec.authority},
        std::int64_t{spec.path_length}, static_cast<std::int64_t>(spec.digest),
        std::int64_t{spec.pss}}) {
    what += "|" + std::to_string(number);
  }
  for (const auto& extension : spec.extensions) {
    what += "|" + extension.oid + (extension.critical ? "!" : "=") + to_hex(extension.value);
  }
  for (const TestKey* key : {&subject, &issuer}) {
    const Bytes spki = key->kind() == crypto::KeyKind::rsa ? key->modulus() : key->point();
    what += "|" + to_hex(spki);
  }
  const auto found = certificates.find(what);
  if (found != certificates.end()) return found->second;
  return certificates[what] = issue(spec, subject, issuer);
}

TestChain::TestChain(crypto::KeyKind kind_of_keys, crypto::Digest digest) : kind(kind_of_keys) {
  root.subject = root.issuer = middle.issuer = "test root";
  middle.subject = "test authority";
  for (CertificateSpec* spec : {&root, &middle}) {
    spec->not_before = kNow - 100 * kDay;
    spec->not_after = kNow + 100 * kDay;
    spec->authority = true;
    spec->usage = "keyCertSign,cRLSign";
    spec->digest = digest;
  }
  middle.serial = 2;
  root_crl.issuer = root.subject;
  middle_crl.issuer = middle.subject;
  for (auto* spec : {&root_crl, &middle_crl}) {
    spec->this_update = kNow - kDay;
    spec->next_update = kNow + kDay;
    spec->digest = digest;
  }
}

Bytes TestChain::root_der() const {
  const TestKey& key = key_of(forged_root ? "other" : "root", kind);
  return issued(root, key, key);
}

Bytes TestChain::middle_der() const {
  return issued(middle, key_of("middle", kind), key_of(forged_middle ? "other" : "root", kind));
}

Bytes TestChain::leaf_der(const CertificateSpec& spec, const TestKey& key) const {
  return issued(spec, key, key_of("middle", kind));
}

Bytes TestChain::crls() const {
  return joined(issue_crl(root_crl, key_of("root", kind)),
                issue_crl(middle_crl, key_of("middle", kind)));
}

CertificateSpec TestChain::leaf(const std::string& name) const {
  CertificateSpec out;
  out.subject = name;
  out.issuer = middle.subject;
  out.serial = 3;
  out.not_before = kNow - kDay;
  out.not_after = kNow + kDay;
  out.usage = "digitalSignature";
  out.digest = middle.digest;
  return out;
}

}  // namespace gbx::attest::testing
