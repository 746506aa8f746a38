// Real quotes and collateral, when the vectors are beside this checkout: reasons as we expect them,
// and a yes exactly where the vectors' manifest says ACCEPT.

#include <gtest/gtest.h>

#include "attest/dcap_quote.h"
#include "attest/testing/made_evidence.h"

namespace gbx::attest {
namespace {

using testing::MadeEvidence;
using testing::read_vector;
using testing::reasons_of;

constexpr std::int64_t kYear = 31'622'400;
constexpr std::int64_t kJuly2025 = 1'751'328'000;
constexpr std::int64_t kMarch2026 = 1'772'323'200;
constexpr std::int64_t kJune2023 = 1'687'600'000;

// The policy of somebody who trusts exactly what this quote says, as far as it is trustworthy.
MadeEvidence made_of(const std::string& quote, const std::string& collateral, std::int64_t now) {
  MadeEvidence out;
  out.platform = Platform::tdx;
  out.evidence = read_vector(quote).value();
  if (!collateral.empty()) out.collateral = read_vector(collateral).value();
  const DcapQuote parsed = parse_dcap_quote(out.evidence, true).value();
  TdxImage image;
  image.image_digest.fill(1);
  image.mr_td = parsed.td->mr_td;
  image.rtmrs = parsed.td->rtmrs;
  image.mr_owner = parsed.td->mr_owner;
  image.mr_owner_config = parsed.td->mr_owner_config;
  image.mr_config_id.fixed = parsed.td->mr_config_id;
  DcapTrust section;
  section.roots = {Hash{}};
  for (const KnownRoot& root : known_roots()) {
    const Bytes bytes = from_hex(root.sha256).value();
    if (root.name == "intel-sgx") std::copy(bytes.begin(), bytes.end(), section.roots[0].begin());
  }
  section.min_tcb_evaluation_data_number = 15;
  section.accepted_statuses = {TcbStatus::up_to_date};
  section.machines.reset();
  out.trust.min_assurance = Assurance::hw_cvm;
  out.trust.collateral_age_max_s = 30 * std::int64_t{86'400};
  out.trust.crl_age_max_s = kYear;
  out.trust.tdx = TdxTrust{section, 0x642E7, 1ULL << 28, false, {image}};
  out.expected.binding.assign(parsed.td->report_data.begin(), parsed.td->report_data.end());
  out.expected.now = now;
  return out;
}

void append(Bytes& out, const std::string& vector) {
  const Bytes more = read_vector(vector).value();
  out.insert(out.end(), more.begin(), more.end());
}

class DcapVectors : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!read_vector("manifest.json")) {
      GTEST_SKIP() << testing::kNoVectors;
    }
  }
};

TEST_F(DcapVectors, Version4IsTaken) {
  MadeEvidence made =
      made_of("dcap/phala-tdx-v4.quote.bin", "dcap/phala-tdx-v4.collateral.json", kJuly2025);
  EXPECT_EQ(reasons_of(made.verdict()), "");
  EXPECT_TRUE(made.verdict().ok());
  EXPECT_EQ(*made.verdict().claim("tdx_module"), "TDX_01");
  EXPECT_TRUE(testing::surviving_flips(made, &MadeEvidence::evidence, 499).empty());
  made.expected.now = kMarch2026;
  EXPECT_EQ(reasons_of(made.verdict()), "crl_expired collateral_expired collateral_too_old");
  made.expected.now = kJuly2025;
  made.trust.tdx->min_tcb_evaluation_data_number = 18;
  EXPECT_EQ(reasons_of(made.verdict()), "collateral_evaluation_too_old");
}

TEST_F(DcapVectors, Version5IsTaken) {
  const MadeEvidence made = made_of("dcap/gtg-quote_v5_sample.dat",
                                    "dcap/phala-tdx-outdated.collateral.json", kMarch2026);
  EXPECT_EQ(reasons_of(made.verdict()), "");
  EXPECT_TRUE(made.verdict().ok());
}

TEST_F(DcapVectors, CollateralOfAnotherPlatform) {
  const MadeEvidence made =
      made_of("dcap/phala-tdx-v4.quote.bin", "dcap/phala-tdx-outdated.collateral.json", kMarch2026);
  const Verdict verdict = made.verdict();
  EXPECT_TRUE(verdict.has_reason("dcap_fmspc_mismatch")) << reasons_of(verdict);
  EXPECT_FALSE(verdict.ok());
}

// Intel's raw responses, with certificates and lists as files.
TEST_F(DcapVectors, ADebugDomainWithRawCollateral) {
  MadeEvidence made = made_of("dcap/coco-tdx_quote_4.dat", "", kJune2023);
  append(made.collateral, "dcap/gtg-sample_tcbInfo_response");
  append(made.collateral, "dcap/gtg-sample_qeIdentity_response");
  append(made.chain, "dcap/intel-tcb-signing-chain.pem");
  append(made.chain, "dcap/gtg-pckcrl");
  append(made.chain, "dcap/gtg-rootcrl.der");
  // The signer's certificate is of 2025, with the key of 2023.
  EXPECT_EQ(reasons_of(made.verdict()), "certificate_not_yet_valid debug_enabled");
  EXPECT_EQ(*made.verdict().claim("tcb_status"), "UpToDate");
}

TEST_F(DcapVectors, NothingIsTakenWithoutCollateral) {
  const MadeEvidence made = made_of("dcap/phala-tdx-v4.quote.bin", "", kJuly2025);
  EXPECT_EQ(reasons_of(made.verdict()), "collateral_missing");
}

}  // namespace
}  // namespace gbx::attest
