#include "attest/snp.h"

#include <gtest/gtest.h>

#include <functional>
#include <set>

#include "attest/testing/snp_maker.h"
#include "tests/spec/examples.h"

namespace gbx::attest {
namespace {

using testing::MadeEvidence;
using testing::reasons_of;
using testing::SnpMaker;

constexpr const char* kHwid = "1.3.6.1.4.1.3704.1.4";
constexpr const char* kCsp = "1.3.6.1.4.1.3704.1.5";
constexpr const char* kSnpSpl = "1.3.6.1.4.1.3704.1.3.3";
constexpr const char* kFmc = "1.3.6.1.4.1.3704.1.3.9";

struct Case {
  const char* reasons;
  std::function<void(SnpMaker&)> change;
};

TEST(Snp, TakesEachProductAndKindOfKey) {
  for (const SnpProduct product : {SnpProduct::genoa, SnpProduct::turin}) {
    for (const SnpKeyKind kind : {SnpKeyKind::vcek, SnpKeyKind::vlek}) {
      const Verdict verdict = SnpMaker(product, kind).verdict();
      EXPECT_EQ(reasons_of(verdict), "");
      ASSERT_TRUE(verdict.ok());
      EXPECT_EQ(verdict.assurance(), Assurance::hw_cvm);
      EXPECT_EQ(verdict.image_digest()[0], 1);
      EXPECT_EQ(*verdict.claim("product"), snp_product_name(product));
    }
  }
}

TEST(Snp, MilanNeedsAPolicyThatSaysSo) {
  SnpMaker milan(SnpProduct::milan);
  EXPECT_EQ(reasons_of(milan.verdict()), "snp_model_denied");
  milan.trust.snp->denied_models.clear();
  EXPECT_TRUE(milan.verdict().ok());
}

const Case kReportCases[] = {
    {"snp_version_not_allowed", [](SnpMaker& m) { m.set(testing::kSnpAtVersion, 6, 4); }},
    {"snp_policy_malformed", [](SnpMaker& m) { m.set(testing::kSnpAtPolicy, 0x10000, 8); }},
    {"snp_policy_malformed", [](SnpMaker& m) { m.set(testing::kSnpAtPolicy, 0x4030000, 8); }},
    {"debug_enabled", [](SnpMaker& m) { m.set(testing::kSnpAtPolicy, 0xB0000, 8); }},
    {"snp_migration_allowed", [](SnpMaker& m) { m.set(testing::kSnpAtPolicy, 0x70000, 8); }},
    {"snp_policy_bits_wrong", [](SnpMaker& m) { m.trust.snp->policy_forbidden = 0x10000; }},
    {"snp_policy_bits_wrong", [](SnpMaker& m) { m.trust.snp->policy_required = 0x100000; }},
    {"snp_vmpl_wrong", [](SnpMaker& m) { m.set(testing::kSnpAtVmpl, 1, 4); }},
    {"snp_vmpl_wrong", [](SnpMaker& m) { m.set(testing::kSnpAtVmpl, 0xFFFFFFFF, 4); }},
    {"snp_algorithm_wrong", [](SnpMaker& m) { m.set(testing::kSnpAtAlgorithm, 0, 4); }},
    {"snp_platform_info_unknown",
     [](SnpMaker& m) { m.set(testing::kSnpAtPlatformInfo, 0x165, 8); }},
    {"snp_alias_check_missing", [](SnpMaker& m) { m.set(testing::kSnpAtPlatformInfo, 5, 8); }},
    {"snp_platform_bits_wrong", [](SnpMaker& m) { m.trust.snp->platform_required = 2; }},
    {"snp_platform_bits_wrong", [](SnpMaker& m) { m.trust.snp->platform_forbidden = 1; }},
    {"snp_chip_key_masked", [](SnpMaker& m) { m.set(testing::kSnpAtKeyInfo, 2, 4); }},
    {"snp_reserved_not_zero", [](SnpMaker& m) { m.set(testing::kSnpAtKeyInfo, 0x20, 4); }},
    {"snp_reserved_not_zero", [](SnpMaker& m) { m.set(0x4C, 1, 4); }},
    {"snp_reserved_not_zero", [](SnpMaker& m) { m.set(0x18B, 1, 1); }},
    {"snp_reserved_not_zero", [](SnpMaker& m) { m.set(0x1EB, 1, 1); }},
    {"snp_reserved_not_zero", [](SnpMaker& m) { m.set(0x1F8, 1, 1); }},  // a vector of version 5
    {"snp_reserved_not_zero", [](SnpMaker& m) { m.set(0x29F, 1, 1); }},
    {"snp_signing_key_not_allowed snp_key_kind_mismatch snp_hwid_mismatch snp_csp_not_allowed",
     [](SnpMaker& m) { m.set(testing::kSnpAtKeyInfo, 4, 4); }},
    {"snp_signing_key_not_allowed snp_key_kind_mismatch",
     [](SnpMaker& m) { m.set(testing::kSnpAtKeyInfo, 0x1C, 4); }},
    {"snp_signing_key_not_allowed", [](SnpMaker& m) { m.trust.snp->signing_keys.clear(); }},
    {"snp_product_unknown snp_product_not_allowed",
     [](SnpMaker& m) { m.set(testing::kSnpAtCpuid, 0x0017, 2); }},
    {"snp_model_denied", [](SnpMaker& m) { m.trust.snp->denied_models = {{0x19, 0xA0, 0xA0}}; }},
    {"snp_product_not_allowed snp_tcb_too_low snp_launch_tcb_too_low",
     [](SnpMaker& m) { m.trust.snp->products.clear(); }},
    {"snp_model_denied snp_product_not_allowed snp_key_kind_mismatch snp_product_mismatch "
     "snp_tcb_too_low snp_launch_tcb_too_low",
     [](SnpMaker& m) { m.set(testing::kSnpAtCpuid, 0x0119, 2); }},  // a Genoa that says Milan
    {"snp_tcb_layout_wrong", [](SnpMaker& m) { m.set(testing::kSnpAtLaunchTcb + 2, 1, 1); }},
    {"snp_tcb_mismatch",
     [](SnpMaker& m) {
       m.set(testing::kSnpAtReportedTcb + 7, 205, 1);
       m.trust.snp->products[0].min_tcb.microcode = 1;
     }},
    {"snp_tcb_mismatch snp_tcb_over_current",
     [](SnpMaker& m) { m.set(testing::kSnpAtReportedTcb + 7, 207, 1); }},
    {"snp_firmware_provisional", [](SnpMaker& m) { m.set(testing::kSnpAtCurrentTcb, 10, 1); }},
    {"snp_firmware_provisional",
     [](SnpMaker& m) { m.set(testing::kSnpAtCurrentVersion, 0x29, 1); }},
    {"snp_tcb_too_low snp_launch_tcb_too_low",
     [](SnpMaker& m) { m.trust.snp->products[0].min_tcb.snp = 25; }},
    {"snp_tcb_too_low snp_launch_tcb_too_low",
     [](SnpMaker& m) { m.trust.snp->products[0].min_tcb.tee = 2; }},
    {"snp_launch_tcb_too_low", [](SnpMaker& m) { m.set(testing::kSnpAtLaunchTcb + 6, 23, 1); }},
    {"measurement_not_allowed", [](SnpMaker& m) { m.set(testing::kSnpAtMeasurement, 0, 1); }},
    {"measurement_not_allowed", [](SnpMaker& m) { m.trust.snp->images.clear(); }},
    {"policy_hash_wrong", [](SnpMaker& m) { m.set(testing::kSnpAtHostData, 0, 1); }},
    {"policy_hash_wrong", [](SnpMaker& m) { m.expected.policy_hash = {}; }},
    {"binding_wrong", [](SnpMaker& m) { m.set(testing::kSnpAtReportData + 63, 0, 1); }},
    {"binding_wrong", [](SnpMaker& m) { m.expected.binding.pop_back(); }},
    {"expectation_not_set binding_wrong", [](SnpMaker& m) { m.expected.binding.clear(); }},
    {"machine_not_allowed", [](SnpMaker& m) { m.trust.snp->machines->clear(); }},
    {"snp_hwid_mismatch machine_not_allowed",
     [](SnpMaker& m) { m.set(testing::kSnpAtChipId + 63, 0, 1); }},
    {"assurance_too_low", [](SnpMaker& m) { m.trust.min_assurance = Assurance::hw_enclave; }},
    {"platform_not_trusted", [](SnpMaker& m) { m.trust.snp.reset(); }},
    {"snp_size_wrong", [](SnpMaker& m) { m.report.pop_back(); }},
    {"snp_size_wrong", [](SnpMaker& m) { m.report.push_back(0); }},
    {"snp_signature_wrong", [](SnpMaker& m) { m.signed_by_another = true; }},
    {"snp_signature_wrong", [](SnpMaker& m) { m.signature = Bytes(512); }},
};

const Case kChainCases[] = {
    {"root_not_pinned", [](SnpMaker& m) { m.pin_root = false; }},
    {"certificate_expired", [](SnpMaker& m) { m.leaf.not_after = m.expected.now - 1; }},
    {"certificate_expired", [](SnpMaker& m) { m.root.not_after = m.expected.now - 1; }},
    {"certificate_not_yet_valid", [](SnpMaker& m) { m.leaf.not_before = m.expected.now + 1; }},
    {"certificate_leaf_is_authority", [](SnpMaker& m) { m.leaf.authority = true; }},
    {"certificate_not_authority", [](SnpMaker& m) { m.authority.authority = false; }},
    {"snp_leaf_missing", [](SnpMaker& m) { m.with_leaf = false; }},
    {"snp_leaf_missing", [](SnpMaker& m) { m.leaf.subject = "VCEK"; }},
    {"snp_key_kind_mismatch", [](SnpMaker& m) { m.leaf.subject = "SEV-VLEK"; }},
    {"snp_key_kind_mismatch",  // a VCEK under the authority of VLEKs
     [](SnpMaker& m) { m.authority.subject = m.leaf.issuer = "SEV-VLEK-Genoa"; }},
    {"snp_product_mismatch",
     [](SnpMaker& m) {
       m.root.subject = m.root.issuer = m.authority.issuer = m.crl.issuer = "ARK-Turin";
     }},
    {"snp_product_mismatch",
     [](SnpMaker& m) { m.extension("1.3.6.1.4.1.3704.1.2") = {0x16, 5, 'T', 'u', 'r', 'i', 'n'}; }},
    {"snp_hwid_mismatch", [](SnpMaker& m) { m.drop_extension(kHwid); }},
    {"snp_hwid_mismatch", [](SnpMaker& m) { m.extension(kHwid)[0] ^= 1; }},
    {"snp_hwid_mismatch", [](SnpMaker& m) { m.extension(kHwid).resize(8); }},
    {"snp_csp_not_allowed",
     [](SnpMaker& m) { m.extension(kCsp) = {0x16, 5, 'c', 'l', 'o', 'u', 'd'}; }},
    {"snp_tcb_mismatch", [](SnpMaker& m) { m.drop_extension(kSnpSpl); }},
    {"snp_tcb_mismatch", [](SnpMaker& m) { m.extension(kSnpSpl) = {2, 1, 23}; }},
    {"snp_tcb_mismatch", [](SnpMaker& m) { m.extension(kSnpSpl) = {2, 2, 1, 24}; }},
    {"snp_tcb_mismatch", [](SnpMaker& m) { m.extension(kFmc) = {2, 1, 0}; }},  // Turin's layout
    {"certificate_extension_unknown", [](SnpMaker& m) { m.leaf.extensions[0].critical = true; }},
    {"crl_missing", [](SnpMaker& m) { m.with_crl = false; }},
    {"crl_expired", [](SnpMaker& m) { m.crl.next_update = m.expected.now - 1; }},
    {"crl_not_yet_valid", [](SnpMaker& m) { m.crl.this_update = m.expected.now + 1; }},
    {"crl_too_old", [](SnpMaker& m) { m.trust.crl_age_max_s = 86'399; }},
    {"crl_missing", [](SnpMaker& m) { m.crl.issuer = "ARK-Turin"; }},
    {"crl_issuer_wrong crl_signature_wrong crl_missing",
     [](SnpMaker& m) { m.crl.issuer = "SEV-Genoa"; }},
    {"certificate_revoked", [](SnpMaker& m) { m.crl.revoked.push_back(m.authority.serial); }},
};

TEST(Snp, EachItemOfTheListHasItsNegative) {
  std::set<std::string> seen;
  for (const auto& cases :
       {std::span<const Case>(kReportCases), std::span<const Case>(kChainCases)}) {
    for (const Case& entry : cases) {
      SnpMaker maker;
      entry.change(maker);
      const Verdict verdict = maker.verdict();
      EXPECT_FALSE(verdict.ok());
      const std::string all = reasons_of(verdict);
      if (std::string(entry.reasons) == "platform_not_trusted" ||
          std::string(entry.reasons) == "snp_leaf_missing") {
        EXPECT_EQ(all.find(entry.reasons), 0U) << all;
      } else {
        EXPECT_EQ(all, entry.reasons);
      }
      for (const Literal reason : verdict.reasons()) seen.emplace(reason.view());
    }
  }
  for (const Literal item : kSnpChecklist) {
    EXPECT_TRUE(spec::mentions("evidence.md", "`" + std::string(item.view()) + "`")) << item.view();
    EXPECT_TRUE(seen.contains(std::string(item.view())) ||
                item.view() == "certificate_signature_wrong")
        << item.view();
  }
}

TEST(Snp, AVlekIsNoVcekAndHasNoChip) {
  SnpMaker vlek(SnpProduct::genoa, SnpKeyKind::vlek);
  vlek.extension(kHwid) = Bytes(64, 0x5A);
  EXPECT_EQ(reasons_of(vlek.verdict()), "snp_hwid_mismatch");
  SnpMaker other_cloud(SnpProduct::genoa, SnpKeyKind::vlek);
  other_cloud.trust.snp->csp_ids = {"another"};
  EXPECT_EQ(reasons_of(other_cloud.verdict()), "snp_csp_not_allowed");
  // As Amazon's certificates say it: whoever writes a policy copies it from the claim.
  const Bytes amazon = to_bytes(
      "\x16\x1d"
      "CN=cc-us-east-2.amazonaws.com");
  other_cloud.extension(kCsp) = amazon;
  EXPECT_EQ(*other_cloud.verdict().claim("csp_id"), "CN=cc-us-east-2.amazonaws.com");
  other_cloud.trust.snp->csp_ids = {"CN=cc-us-east-2.amazonaws.com"};
  EXPECT_EQ(reasons_of(other_cloud.verdict()), "");
  other_cloud.extension(kCsp)[5] = '\n';  // nothing that a terminal obeys is shown
  EXPECT_EQ(other_cloud.verdict().claim("csp_id"), nullptr);
  SnpMaker no_cloud(SnpProduct::genoa, SnpKeyKind::vlek);
  no_cloud.drop_extension(kCsp);
  EXPECT_EQ(reasons_of(no_cloud.verdict()), "snp_csp_not_allowed");
  SnpMaker under_ask(SnpProduct::genoa, SnpKeyKind::vlek);
  under_ask.authority.subject = under_ask.leaf.issuer = "SEV-Genoa";
  EXPECT_EQ(reasons_of(under_ask.verdict()), "snp_key_kind_mismatch");
}

// Genoa's authorities issue for them; a report of one says Genoa's family and model.
TEST(Snp, SienaAndBergamoAreGenoas) {
  const std::string kProduct = "1.3.6.1.4.1.3704.1.2";
  SnpMaker genoa(SnpProduct::genoa);
  genoa.extension(kProduct) = to_bytes("\x16\x08Siena-B0");
  EXPECT_EQ(reasons_of(genoa.verdict()), "");
  genoa.extension(kProduct) = to_bytes(
      "\x16\x07"
      "Bergamo");
  EXPECT_EQ(reasons_of(genoa.verdict()), "");
  SnpMaker milan(SnpProduct::milan);
  milan.trust.snp->denied_models.clear();
  milan.extension(kProduct) = to_bytes("\x16\x05Siena");
  EXPECT_EQ(reasons_of(milan.verdict()), "snp_product_mismatch");
}

TEST(Snp, TurinHasItsOwnLayout) {
  SnpMaker turin(SnpProduct::turin);
  turin.trust.snp->products[0].min_tcb.fmc = 3;
  EXPECT_EQ(reasons_of(turin.verdict()), "snp_tcb_too_low snp_launch_tcb_too_low");
  SnpMaker without(SnpProduct::turin);
  without.drop_extension(kFmc);
  EXPECT_EQ(reasons_of(without.verdict()), "snp_tcb_mismatch");
  SnpMaker genoa_layout(SnpProduct::turin);
  genoa_layout.set(testing::kSnpAtCurrentTcb, 0xCE18'0000'0000'0109, 8);
  EXPECT_EQ(reasons_of(genoa_layout.verdict()), "snp_tcb_layout_wrong");
  SnpMaker vector(SnpProduct::turin);  // version 5 names mitigations here
  vector.set(0x1F8, 1, 8);
  EXPECT_TRUE(vector.verdict().ok());
}

TEST(Snp, HwidMayBeWrappedAndTheListMayBeWaived) {
  SnpMaker wrapped;
  Bytes& hwid = wrapped.extension(kHwid);
  hwid.insert(hwid.begin(), {4, 64});
  EXPECT_TRUE(wrapped.verdict().ok());
  SnpMaker waived;
  waived.with_crl = false;
  waived.trust.snp->require_crl = false;
  EXPECT_TRUE(waived.verdict().ok());
  SnpMaker any_machine;
  any_machine.trust.snp->machines.reset();
  EXPECT_TRUE(any_machine.verdict().ok());
}

TEST(Snp, TheMembersMayRevokeAnyCertificate) {
  MadeEvidence made = SnpMaker().make();
  made.trust.revoked_certificates = made.trust.snp->roots;
  EXPECT_EQ(reasons_of(made.verdict()), "certificate_revoked");
}

// All bits are flipped in flips_test.cc, which takes minutes.
TEST(Snp, FlippedBitsAreRefused) {
  const MadeEvidence made = SnpMaker().make();
  ASSERT_TRUE(made.verdict().ok());
  EXPECT_TRUE(testing::surviving_flips(made, &MadeEvidence::evidence, 37).empty());
  EXPECT_TRUE(testing::surviving_flips(made, &MadeEvidence::chain, 127).empty());
}

TEST(Snp, IsQuick) {
  const double best = testing::quickest_ms(SnpMaker().make());
  RecordProperty("microseconds", static_cast<int>(1000 * best));
  EXPECT_LT(best, testing::kVerificationMsMax);
}

}  // namespace
}  // namespace gbx::attest
