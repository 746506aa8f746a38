#pragma once

// What synthetic evidence of TPMs and enclaves has in common: a time, keys that are made once for
// all tests, and a chain with a root of its own.

#include <string>

#include "attest/testing/made_evidence.h"
#include "trusted/crypto/hash.h"
#include "trusted/crypto/testing/issue.h"

namespace gbx::attest::testing {

constexpr std::int64_t kNow = 1'800'000'000;
constexpr std::int64_t kDay = 86'400;

// Keys by their names; the same name and kind is the same key.
const crypto::testing::TestKey& key_of(const std::string& name, crypto::KeyKind kind);

// A certificate. The same specification always gives the same bytes, although signatures are
// random: a root is pinned by them.
Bytes issued(const crypto::testing::CertificateSpec& spec, const crypto::testing::TestKey& subject,
             const crypto::testing::TestKey& issuer);

// A root, one authority below it, and room for a leaf; tests change the specs before issuing.
struct TestChain {
  explicit TestChain(crypto::KeyKind kind, crypto::Digest digest);
  crypto::KeyKind kind;
  crypto::testing::CertificateSpec root;
  crypto::testing::CertificateSpec middle;
  crypto::testing::CrlSpec root_crl;
  crypto::testing::CrlSpec middle_crl;
  bool forged_root = false;    // another key under the root's name
  bool forged_middle = false;  // the middle is signed by somebody else

  [[nodiscard]] Bytes root_der() const;
  [[nodiscard]] Bytes middle_der() const;
  [[nodiscard]] Bytes leaf_der(const crypto::testing::CertificateSpec& spec,
                               const crypto::testing::TestKey& key) const;
  [[nodiscard]] Bytes crls() const;
  [[nodiscard]] crypto::testing::CertificateSpec leaf(const std::string& name) const;
};

inline Bytes digest_bytes(std::string_view text, std::size_t size) {
  const auto hash = crypto::sha512(as_bytes(text));
  return {hash.begin(), hash.begin() + static_cast<std::ptrdiff_t>(size)};
}

// What everybody expects of made evidence.
inline Expected expected_now() {
  return {.binding = digest_bytes("binding", 64),
          .policy_hash = crypto::sha256(as_bytes("policy")),
          .now = kNow};
}

template <typename... Parts>
Bytes joined(const Parts&... parts) {
  Bytes out;
  (out.insert(out.end(), parts.begin(), parts.end()), ...);
  return out;
}

}  // namespace gbx::attest::testing
