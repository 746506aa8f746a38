#include "attest/evidence_verdict.h"

#include <gtest/gtest.h>

#include <functional>

#include "attest/sim.h"
#include "attest/trust_policy.h"
#include "trusted/crypto/hash.h"

namespace gbx::attest {
namespace {

constexpr Literal kChecklist[] = {"debug_enabled", "binding_wrong"};

TEST(Findings, YesNeedsEveryItemOfTheList) {
  Findings all;
  all.require(true, "debug_enabled");
  all.require(true, "binding_wrong");
  const Verdict good = std::move(all).conclude(Assurance::hw_cvm, Hash{1}, kChecklist);
  EXPECT_TRUE(good.ok());
  EXPECT_EQ(good.assurance(), Assurance::hw_cvm);
  EXPECT_TRUE(good.reasons().empty());

  Findings skipped;
  skipped.require(true, "debug_enabled");
  const Verdict bad = std::move(skipped).conclude(Assurance::hw_cvm, Hash{1}, kChecklist);
  EXPECT_FALSE(bad.ok());
  EXPECT_TRUE(bad.has_reason("verifier_incomplete"));
  EXPECT_FALSE(Findings().conclude(Assurance::hw_cvm, Hash{1}, {}).ok());
  EXPECT_FALSE(Findings().refused().ok());
  EXPECT_TRUE(Findings().refused().has_reason("verifier_incomplete"));
}

TEST(Findings, YesNeedsAnImage) {
  Findings all;
  all.require(true, "debug_enabled");
  all.require(true, "binding_wrong");
  EXPECT_FALSE(std::move(all).conclude(Assurance::hw_cvm, Hash{}, kChecklist).ok());
}

TEST(Findings, KeepsEachReasonOnceAndAllOfThem) {
  Findings findings;
  EXPECT_FALSE(findings.require(false, "debug_enabled"));
  EXPECT_FALSE(findings.require(false, "debug_enabled"));
  EXPECT_FALSE(findings.require("binding_wrong", {"crl_expired", "crl_expired", "crl_missing"}));
  const Verdict bad = std::move(findings).conclude(Assurance::hw_cvm, Hash{1}, kChecklist);
  ASSERT_EQ(bad.reasons().size(), 3U);
  EXPECT_EQ(bad.reasons()[0].view(), "debug_enabled");
  EXPECT_EQ(bad.reasons()[2].view(), "crl_missing");
}

TEST(Binding, FillsTheFieldWithZerosOnly) {
  Expected expected;
  const Bytes field{1, 2, 0, 0};
  EXPECT_FALSE(holds_binding(field, expected));
  for (const Bytes& good : {Bytes{1, 2}, Bytes{1, 2, 0}, field}) {
    expected.binding = good;
    EXPECT_TRUE(holds_binding(field, expected));
  }
  for (const Bytes& bad : {Bytes{1}, Bytes{1, 2, 1}, Bytes{1, 2, 0, 0, 0}, Bytes{2, 2}}) {
    expected.binding = bad;
    EXPECT_FALSE(holds_binding(field, expected));
  }
  expected.binding = {0, 0};
  EXPECT_FALSE(holds_binding(Bytes{0, 0}, expected));
}

TEST(Words, ComeBack) {
  for (const char* word : {"INSECURE-SIM", "DEV-TPM", "DEV-VM", "CLOUD-TPM", "TPM",
                           "HW-CVM-PARAVISOR", "HW-CVM", "HW-ENCLAVE"}) {
    EXPECT_EQ(assurance_word(assurance_from(word).value()), word);
  }
  for (const char* name : {"sim", "tpm", "snp", "sgx", "tdx", "nitro", "azure"}) {
    EXPECT_EQ(platform_name(platform_from(name).value()), name);
  }
  EXPECT_FALSE(assurance_from("hw-cvm"));
  EXPECT_FALSE(platform_from("SNP"));
}

TEST(VerifyEvidence, APlatformWithoutASectionIsNotTrusted) {
  for (const char* name : {"sim", "tpm", "snp", "sgx", "tdx", "nitro", "azure"}) {
    const EvidenceFiles files{*platform_from(name), as_bytes("x"), {}, {}};
    const Verdict verdict = verify_evidence(files, {}, {Bytes{1}, Hash{1}, 1});
    EXPECT_FALSE(verdict.ok());
    EXPECT_TRUE(verdict.has_reason("platform_not_trusted")) << name;
  }
}

TEST(VerifyEvidence, RefusesWhatIsTooLarge) {
  const Bytes large(kCollateralBytesMax + 1);
  for (int i = 0; i < 3; i++) {
    EvidenceFiles files;
    (i == 0 ? files.evidence : i == 1 ? files.chain : files.collateral) = large;
    EXPECT_TRUE(
        verify_evidence(files, {}, {Bytes{1}, Hash{1}, 1}).has_reason("evidence_too_large"));
  }
}

#if defined(GBX_SIM)
struct Sim {
  SimReport report;
  TrustPolicy trust;
  Expected expected;

  Sim() {
    report.measurement.fill(3);
    report.host_data.fill(4);
    report.report_data.fill(5);
    trust.min_assurance = Assurance::insecure_sim;
    trust.sim = SimTrust{{report.measurement}};
    expected.binding.assign(report.report_data.begin(), report.report_data.end());
    expected.policy_hash = report.host_data;
    expected.now = 1;
  }
  [[nodiscard]] Verdict verdict() const {
    const Bytes evidence = forge_sim_report(report);
    return verify_evidence({Platform::sim, evidence, {}, {}}, trust, expected);
  }
};

TEST(VerifyEvidence, EachWrongThingOfSimHasItsName) {
  EXPECT_TRUE(Sim().verdict().ok());
  EXPECT_EQ(Sim().verdict().image_digest(), Sim().report.measurement);
  const std::pair<const char*, std::function<void(Sim&)>> cases[] = {
      {"platform_not_trusted", [](Sim& s) { s.trust.sim.reset(); }},
      {"evidence_version_unknown", [](Sim& s) { s.report.version = 2; }},
      {"debug_enabled", [](Sim& s) { s.report.debug = true; }},
      {"binding_wrong", [](Sim& s) { s.report.report_data[0] ^= 1; }},
      {"policy_hash_wrong", [](Sim& s) { s.report.host_data[0] ^= 1; }},
      {"policy_hash_wrong", [](Sim& s) { s.expected.policy_hash = s.report.host_data = {}; }},
      {"image_not_allowed", [](Sim& s) { s.trust.sim->images.clear(); }},
      {"assurance_too_low", [](Sim& s) { s.trust.min_assurance = Assurance::dev_tpm; }},
      {"expectation_not_set", [](Sim& s) { s.expected.now = 0; }},
      {"expectation_not_set", [](Sim& s) { s.expected.binding.clear(); }},
  };
  for (const auto& [reason, change] : cases) {
    Sim sim;
    change(sim);
    EXPECT_FALSE(sim.verdict().ok()) << reason;
    EXPECT_TRUE(sim.verdict().has_reason(reason)) << reason;
  }
}
#endif

}  // namespace
}  // namespace gbx::attest
