// Real reports, when the vectors are beside this checkout: reasons as we expect them, and a yes
// exactly where the vectors' manifest says ACCEPT.

#include <gtest/gtest.h>

#include "attest/snp_report.h"
#include "attest/testing/made_evidence.h"

namespace gbx::attest {
namespace {

using testing::MadeEvidence;
using testing::read_vector;
using testing::reasons_of;

constexpr std::int64_t kJuly2025 = 1'751'328'000;

bool manifest_accepts(const std::string& file) {
  const Json manifest = Json::parse(as_text(read_vector("manifest.json").value())).value();
  for (const Json& entry : *manifest.find("files")->array()) {
    if (*entry.find("file")->string() != file) continue;
    return entry.find("verdict")->string()->starts_with("ACCEPT");
  }
  ADD_FAILURE() << file;
  return false;
}

// The policy of somebody who trusts exactly what this report says, as far as it is trustworthy.
MadeEvidence made_of(const std::string& report, const std::string& leaf, const std::string& chain) {
  MadeEvidence out;
  out.evidence = read_vector(report).value();
  out.chain = read_vector(leaf).value();
  const Bytes rest = read_vector(chain).value();
  out.chain.insert(out.chain.end(), rest.begin(), rest.end());
  const SnpReport parsed = parse_snp_report(out.evidence).value();
  SnpImage image;
  image.image_digest.fill(1);
  image.measurement = parsed.measurement;
  image.host_data.fixed = parsed.host_data;
  out.trust.min_assurance = Assurance::hw_cvm;
  out.trust.crl_age_max_s = 86'400;
  out.trust.snp = SnpTrust{.roots = {},
                           .products = {{SnpProduct::milan, {}}, {SnpProduct::genoa, {}}},
                           .denied_models = {kMilanModels},
                           .signing_keys = {SnpKeyKind::vcek},
                           .csp_ids = {},
                           .require_crl = false,
                           .machines = {},
                           .images = {image}};
  out.trust.snp->products[1].min_tcb.snp = 0x17;
  for (const KnownRoot& root : known_roots()) {
    Hash hash{};
    const Bytes bytes = from_hex(root.sha256).value();
    std::copy(bytes.begin(), bytes.end(), hash.begin());
    if (root.name.starts_with("amd-")) out.trust.snp->roots.push_back(hash);
  }
  out.expected.binding.assign(parsed.report_data.begin(), parsed.report_data.end());
  out.expected.now = kJuly2025;
  return out;
}

class SnpVectors : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!read_vector("manifest.json")) {
      GTEST_SKIP() << testing::kNoVectors;
    }
  }
};

TEST_F(SnpVectors, GenoaIsTaken) {
  MadeEvidence made = made_of("snp/coco-genoa-v3.report.bin", "snp/coco-genoa-v3.vcek.der",
                              "snp/ca/genoa-ask-ark.pem");
  EXPECT_EQ(reasons_of(made.verdict()), "");
  EXPECT_TRUE(made.verdict().ok());
  EXPECT_TRUE(manifest_accepts("snp/coco-genoa-v3.report.bin"));
  EXPECT_EQ(*made.verdict().claim("product"), "genoa");
  EXPECT_TRUE(testing::surviving_flips(made, &MadeEvidence::evidence, 97).empty());
  made.expected.now = 1'600'000'000;
  EXPECT_EQ(reasons_of(made.verdict()), "certificate_not_yet_valid");
  made.expected.now = kJuly2025;
  made.trust.snp->require_crl = true;
  EXPECT_EQ(reasons_of(made.verdict()), "crl_missing");
}

TEST_F(SnpVectors, GenoaUnderTheAuthorityOfVleks) {
  const MadeEvidence made = made_of("snp/coco-genoa-v3.report.bin", "snp/coco-genoa-v3.vcek.der",
                                    "snp/ca/genoa-asvk-ark.pem");
  EXPECT_EQ(reasons_of(made.verdict()), "chain_incomplete snp_product_mismatch");
}

TEST_F(SnpVectors, MilanWithDebug) {
  MadeEvidence made = made_of("snp/gsg-milan-v2.report.bin", "snp/gsg-milan-v2.vcek.der",
                              "snp/ca/milan-ask-ark.pem");
  EXPECT_EQ(reasons_of(made.verdict()),
            "snp_version_not_allowed snp_model_denied snp_alias_check_missing debug_enabled");
  EXPECT_FALSE(manifest_accepts("snp/gsg-milan-v2.report.bin"));
  made.trust.snp->denied_models.clear();
  EXPECT_EQ(reasons_of(made.verdict()),
            "snp_version_not_allowed snp_alias_check_missing debug_enabled");
}

TEST_F(SnpVectors, MilanWithProvisionalFirmware) {
  const MadeEvidence made =
      made_of("snp/coco-milan.report.bin", "snp/coco-milan.vcek.der", "snp/ca/milan-ask-ark.pem");
  EXPECT_EQ(reasons_of(made.verdict()),
            "snp_version_not_allowed snp_model_denied snp_firmware_provisional "
            "snp_alias_check_missing");
  EXPECT_FALSE(manifest_accepts("snp/coco-milan.report.bin"));
}

TEST_F(SnpVectors, ALeafThatAmdNeverSigned) {
  const MadeEvidence made = made_of("snp/coco-milan.report.bin", "snp/coco-vcek-invalid-legacy.der",
                                    "snp/ca/milan-ask-ark.pem");
  const std::string reasons = reasons_of(made.verdict());
  EXPECT_NE(reasons.find("certificate_signature_wrong"), std::string::npos) << reasons;
  EXPECT_FALSE(manifest_accepts("snp/coco-vcek-invalid-legacy.der"));
}

TEST_F(SnpVectors, TurinsAuthoritiesAreReadWithTheirLineEnds) {
  MadeEvidence made = made_of("snp/coco-genoa-v3.report.bin", "snp/coco-genoa-v3.vcek.der",
                              "snp/ca/turin-ask-ark.pem");
  EXPECT_EQ(reasons_of(made.verdict()), "chain_incomplete snp_product_mismatch");
}

}  // namespace
}  // namespace gbx::attest
