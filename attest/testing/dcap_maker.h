#pragma once

// Synthetic quotes of SGX and TDX with collateral and roots of their own: a positive that a test
// then spoils in one place.

#include "attest/dcap_collateral.h"
#include "attest/pck.h"
#include "attest/testing/tpm_maker.h"
#include "trusted/crypto/testing/issue.h"

namespace gbx::attest::testing {

class DcapMaker {
 public:
  // 3 is SGX, 4 and 5 are TDX.
  explicit DcapMaker(std::uint16_t version = 4);

  [[nodiscard]] MadeEvidence make() const;
  [[nodiscard]] Verdict verdict() const { return make().verdict(); }
  [[nodiscard]] bool is_tdx() const { return version != 3; }
  // The section of the platform, whichever it is.
  DcapTrust& section();

  std::uint16_t version;
  Bytes header;  // 48 bytes
  Bytes body;
  Bytes qe_report;  // its report data is filled in
  Bytes auth_data;
  Bytes trailing;
  Bytes after_pem{0};
  std::uint16_t certificate_type = 5;
  std::uint32_t signature_size_error = 0;  // added to the length of the signature
  PckFacts pck_facts;
  bool with_pck_extension = true;
  bool with_instance = true;
  crypto::testing::CertificateSpec root;
  crypto::testing::CertificateSpec authority;
  crypto::testing::CertificateSpec pck;
  crypto::testing::CertificateSpec signer;
  crypto::testing::CrlSpec root_crl;
  crypto::testing::CrlSpec pck_crl;
  TcbInfo info;
  QeIdentity identity;
  std::string extra_member;        // put into TCB info, as ,"name":value
  bool extra_certificate = false;  // the root once more, between the others
  bool with_collateral = true;
  LogMaker log;          // of the start, which leaves RTMR 0 to 2; of TDX only
  bool with_log = true;  // behind the collateral
  bool pin_root = true;
  bool key_bound = true;
  enum class Signed : std::uint8_t { nothing, quote, qe, tcb_info, identity };
  Signed wrong = Signed::nothing;  // what somebody else has signed
  TrustPolicy trust;
  Expected expected;

 private:
  struct Chain;
  [[nodiscard]] Chain make_chain() const;
  [[nodiscard]] Bytes make_certification(const Chain& chain) const;
  [[nodiscard]] Bytes make_quote(const Bytes& certification) const;
  [[nodiscard]] Json make_collateral(const Chain& chain) const;
};

// Offsets in a TD report and in an enclave's.
constexpr std::size_t kTdAtTeeTcbSvn = 0;
constexpr std::size_t kTdAtMrSignerSeam = 64;
constexpr std::size_t kTdAtSeamAttributes = 112;
constexpr std::size_t kTdAtAttributes = 120;
constexpr std::size_t kTdAtXfam = 128;
constexpr std::size_t kTdAtMrTd = 136;
constexpr std::size_t kTdAtMrConfigId = 184;
constexpr std::size_t kTdAtMrOwner = 232;
constexpr std::size_t kTdAtRtmr0 = 328;
constexpr std::size_t kTdAtReportData = 520;
constexpr std::size_t kTdAtTeeTcbSvn2 = 584;
constexpr std::size_t kTdAtMrServiceTd = 600;
constexpr std::size_t kEnclaveAtMiscSelect = 16;
constexpr std::size_t kEnclaveAtAttributes = 48;
constexpr std::size_t kEnclaveAtMrEnclave = 64;
constexpr std::size_t kEnclaveAtMrSigner = 128;
constexpr std::size_t kEnclaveAtProdId = 256;
constexpr std::size_t kEnclaveAtSvn = 258;
constexpr std::size_t kEnclaveAtReportData = 320;

}  // namespace gbx::attest::testing
