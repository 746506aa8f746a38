#pragma once

// Synthetic evidence of SEV-SNP with roots of its own: a positive that a test then spoils in one
// place.

#include <string>

#include "attest/testing/made_evidence.h"
#include "trusted/crypto/testing/issue.h"

namespace gbx::attest::testing {

class SnpMaker {
 public:
  explicit SnpMaker(SnpProduct product = SnpProduct::genoa, SnpKeyKind kind = SnpKeyKind::vcek);

  // Issues the chain, pins its root and signs the report, anew each time.
  [[nodiscard]] MadeEvidence make() const;
  [[nodiscard]] Verdict verdict() const { return make().verdict(); }
  void set(std::size_t offset, std::uint64_t value, std::size_t size);
  void set_tcb(std::size_t offset, const SnpTcb& tcb);
  // The extension of the leaf with this OID, to be changed.
  Bytes& extension(const std::string& oid);
  void drop_extension(const std::string& oid);

  Bytes report;  // unsigned
  crypto::testing::CertificateSpec root;
  crypto::testing::CertificateSpec authority;
  crypto::testing::CertificateSpec leaf;
  crypto::testing::CrlSpec crl;
  bool with_crl = true;
  bool with_leaf = true;
  bool pin_root = true;
  bool signed_by_another = false;
  Bytes signature;  // used instead of a right one when not empty: 512 bytes
  TrustPolicy trust;
  Expected expected;

 private:
  [[nodiscard]] Bytes signed_report() const;
  SnpProduct product_;
};

// Offsets in a report.
constexpr std::size_t kSnpAtVersion = 0x00;
constexpr std::size_t kSnpAtPolicy = 0x08;
constexpr std::size_t kSnpAtVmpl = 0x30;
constexpr std::size_t kSnpAtAlgorithm = 0x34;
constexpr std::size_t kSnpAtCurrentTcb = 0x38;
constexpr std::size_t kSnpAtPlatformInfo = 0x40;
constexpr std::size_t kSnpAtKeyInfo = 0x48;
constexpr std::size_t kSnpAtReportData = 0x50;
constexpr std::size_t kSnpAtMeasurement = 0x90;
constexpr std::size_t kSnpAtHostData = 0xC0;
constexpr std::size_t kSnpAtReportedTcb = 0x180;
constexpr std::size_t kSnpAtCpuid = 0x188;
constexpr std::size_t kSnpAtChipId = 0x1A0;
constexpr std::size_t kSnpAtCommittedTcb = 0x1E0;
constexpr std::size_t kSnpAtCurrentVersion = 0x1E8;
constexpr std::size_t kSnpAtCommittedVersion = 0x1EC;
constexpr std::size_t kSnpAtLaunchTcb = 0x1F0;

}  // namespace gbx::attest::testing
