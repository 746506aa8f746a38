#pragma once

// TPM quotes, keys and event logs for tests: what a TPM would write, and what it never would.

#include <map>
#include <optional>

#include "attest/event_log.h"
#include "attest/testing/test_chain.h"
#include "attest/tpm_evidence.h"

namespace gbx::attest::testing {

// Big-endian numbers, and bytes with a u16 length before them.
Bytes be(std::uint64_t value, std::size_t size);
Bytes tpm2b(ByteView bytes);

struct QuoteMaker {
  QuoteMaker();

  std::uint32_t magic = 0xff544347;
  std::uint16_t type = 0x8018;
  Bytes extra_data;
  std::uint64_t clock_ms = 123456;
  std::uint32_t reset_count = 7;
  std::uint32_t restart_count = 3;
  std::uint8_t safe = 1;
  std::vector<PcrSelection> selections;
  std::map<std::uint8_t, Bytes> pcrs;  // what is handed over
  std::optional<Bytes> pcr_digest;     // nullopt: the right one
  TpmAlgorithm hash = TpmAlgorithm::sha256;
  TpmAlgorithm scheme = TpmAlgorithm::ecdsa;
  crypto::KeyKind kind = crypto::KeyKind::p256;
  std::string signer = "ak";
  Bytes trailing;

  [[nodiscard]] Bytes attest() const;
  [[nodiscard]] TpmEvidence make() const;
};

struct LoggedEvent {
  std::uint32_t pcr = 0;
  std::uint32_t type = 13;  // EV_IPL
  Bytes digest;             // SHA-256; the others are its prefix and zeros
  Bytes data;
};

struct LogMaker {
  std::vector<TpmAlgorithm> banks = {TpmAlgorithm::sha1, TpmAlgorithm::sha256};
  std::vector<LoggedEvent> events;
  std::string signature{"Spec ID Event03\0", 16};
  std::uint32_t first_pcr = 0;
  Bytes trailing;
  [[nodiscard]] Bytes make() const;
};

struct TpmMaker {
  TpmMaker();

  TestChain chain{crypto::KeyKind::p256, crypto::Digest::sha256};
  crypto::testing::CertificateSpec leaf;
  std::uint32_t attributes = 0x00050072;
  QuoteMaker quote;
  LogMaker log;
  bool enrolled = false;  // no certificate
  std::string certified = "ak";
  std::optional<Bytes> event_log;  // nullopt: what `log` makes

  [[nodiscard]] Bytes ak_public() const;
  [[nodiscard]] TpmFile file() const;
  [[nodiscard]] Bytes chain_file() const;
  [[nodiscard]] static TrustPolicy trust();
  [[nodiscard]] static Expected expected();
  [[nodiscard]] MadeEvidence make() const;
  [[nodiscard]] Verdict verdict() const { return make().verdict(); }
  [[nodiscard]] Verdict verdict(const TrustPolicy& trust, const Expected& expected) const;
  // Evidence of an enrolled key, in which every bit of the file counts.
  [[nodiscard]] static MadeEvidence make_enrolled();
};

// TPMT_PUBLIC of a signing key.
Bytes public_area(const crypto::testing::TestKey& key, std::uint32_t attributes,
                  TpmAlgorithm scheme, TpmAlgorithm hash);

}  // namespace gbx::attest::testing
