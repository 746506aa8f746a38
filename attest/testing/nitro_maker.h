#pragma once

// Nitro attestation documents for tests, with a root of their own.

#include <map>
#include <optional>

#include "attest/testing/test_chain.h"

namespace gbx::attest::testing {

// CBOR as the strict reader wants it.
Bytes cbor_head(std::uint8_t major, std::uint64_t value);
Bytes cbor_bytes(ByteView bytes);
Bytes cbor_text(std::string_view text);

struct NitroMaker {
  NitroMaker();

  TestChain chain{crypto::KeyKind::p384, crypto::Digest::sha384};
  crypto::testing::CertificateSpec leaf;
  crypto::KeyKind leaf_kind = crypto::KeyKind::p384;
  std::string digest = "SHA384";
  std::string module_id = "i-0123456789abcdef0-enc0123456789abcdef";
  std::uint64_t timestamp_ms = std::uint64_t{kNow} * 1000;
  std::map<std::uint8_t, Bytes> pcrs;
  std::optional<Bytes> nonce;
  std::optional<Bytes> public_key;
  std::optional<Bytes> user_data;
  Bytes extra_members;  // key and value, already in CBOR
  std::uint64_t extra_members_count = 0;
  Bytes protected_header;
  Bytes unprotected_header{0xa0};
  bool tagged = false;
  bool signed_by_other = false;

  [[nodiscard]] Bytes payload() const;
  [[nodiscard]] Bytes document() const;
  [[nodiscard]] Bytes sign(const Bytes& payload) const;
  // The pinned root, and the image that the PCRs stand for.
  [[nodiscard]] TrustPolicy trust() const;
  [[nodiscard]] static Expected expected();
  [[nodiscard]] MadeEvidence make() const;
  [[nodiscard]] Verdict verdict() const { return make().verdict(); }
  [[nodiscard]] Verdict verdict(const TrustPolicy& trust, const Expected& expected) const;
};

}  // namespace gbx::attest::testing
