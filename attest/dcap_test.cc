#include "attest/dcap.h"

#include <gtest/gtest.h>

#include <functional>
#include <set>

#include "attest/dcap_tcb.h"
#include "attest/testing/dcap_maker.h"
#include "tests/spec/examples.h"

namespace gbx::attest {
namespace {

using testing::DcapMaker;
using testing::MadeEvidence;
using testing::reasons_of;

struct Case {
  const char* reasons;
  std::function<void(DcapMaker&)> change;
};

void set(Bytes& bytes, std::size_t at, std::uint8_t value) { bytes[at] = value; }

// The module that started the domain, and with TDX 1.5 the one that runs now.
void set_module(DcapMaker& maker, std::size_t at, std::uint8_t value) {
  set(maker.body, testing::kTdAtTeeTcbSvn + at, value);
  if (maker.body.size() > 584) set(maker.body, testing::kTdAtTeeTcbSvn2 + at, value);
}

TEST(Dcap, TakesEachVersion) {
  for (const std::uint16_t version : {std::uint16_t{3}, std::uint16_t{4}, std::uint16_t{5}}) {
    const Verdict verdict = DcapMaker(version).verdict();
    EXPECT_EQ(reasons_of(verdict), "") << version;
    ASSERT_TRUE(verdict.ok());
    EXPECT_EQ(verdict.assurance(), version == 3 ? Assurance::hw_enclave : Assurance::hw_cvm);
    EXPECT_EQ(*verdict.claim("tcb_status"), "UpToDate");
    EXPECT_EQ(*verdict.claim("fmspc"), "b0c06f000000");
  }
  DcapMaker td10(5);  // the body of TDX 1.0 in a quote of version 5
  td10.body.resize(584);
  EXPECT_TRUE(td10.verdict().ok());
  DcapMaker zeros;
  zeros.trailing = Bytes(70);
  zeros.after_pem.clear();
  EXPECT_TRUE(zeros.verdict().ok());
}

// What stands for itself in every kind of quote.
const Case kCases[] = {
    {"expectation_not_set binding_wrong", [](DcapMaker& m) { m.expected.binding.clear(); }},
    {"dcap_vendor_unknown", [](DcapMaker& m) { set(m.header, 12, 0); }},
    {"dcap_version_not_allowed", [](DcapMaker& m) { set(m.header, 0, 6); }},
    {"dcap_version_not_allowed", [](DcapMaker& m) { set(m.header, 4, 0x82); }},
    {"dcap_key_type_unknown", [](DcapMaker& m) { set(m.header, 2, 3); }},
    {"dcap_malformed", [](DcapMaker& m) { m.certificate_type = 4; }},
    {"dcap_malformed", [](DcapMaker& m) { m.signature_size_error = 1; }},
    {"dcap_malformed", [](DcapMaker& m) { m.signature_size_error = 0xFFFFFFFF; }},
    {"dcap_trailing_bytes", [](DcapMaker& m) { m.trailing = {0, 1}; }},
    {"chain_malformed", [](DcapMaker& m) { m.after_pem = {0, 0}; }},
    {"chain_malformed", [](DcapMaker& m) { m.after_pem = {'\n'}; }},
    {"dcap_reserved_not_zero", [](DcapMaker& m) { set(m.qe_report, 383 - 64, 1); }},
    {"dcap_leaf_wrong", [](DcapMaker& m) { m.pck.subject = "SGX PCK"; }},
    {"dcap_leaf_wrong",
     [](DcapMaker& m) {
       m.pck.issuer = m.authority.subject = m.pck_crl.issuer = "Intel SGX PCK CA";
     }},
    {"chain_issuer_wrong certificate_signature_wrong certificate_path_too_long crl_issuer_wrong "
     "crl_signature_wrong",
     [](DcapMaker& m) { m.extra_certificate = true; }},
    {"dcap_tcb_info_signature_wrong dcap_tcb_signer_missing dcap_qe_identity_signature_wrong",
     [](DcapMaker& m) { m.signer.subject = "Intel SGX"; }},
    {"root_not_pinned", [](DcapMaker& m) { m.pin_root = false; }},
    {"certificate_expired", [](DcapMaker& m) { m.pck.not_after = m.expected.now - 1; }},
    {"certificate_expired", [](DcapMaker& m) { m.signer.not_after = m.expected.now - 1; }},
    {"certificate_not_yet_valid", [](DcapMaker& m) { m.root.not_before = m.expected.now + 1; }},
    {"certificate_leaf_is_authority", [](DcapMaker& m) { m.pck.authority = true; }},
    {"certificate_not_authority", [](DcapMaker& m) { m.authority.usage = "cRLSign"; }},
    {"certificate_revoked", [](DcapMaker& m) { m.pck_crl.revoked = {78}; }},
    {"certificate_revoked", [](DcapMaker& m) { m.root_crl.revoked = {77}; }},
    {"certificate_revoked", [](DcapMaker& m) { m.root_crl.revoked = {79}; }},
    {"crl_expired", [](DcapMaker& m) { m.pck_crl.next_update = m.expected.now - 1; }},
    {"crl_not_yet_valid", [](DcapMaker& m) { m.root_crl.this_update = m.expected.now + 1; }},
    {"crl_too_old", [](DcapMaker& m) { m.trust.crl_age_max_s = 86'400; }},
    {"crl_missing", [](DcapMaker& m) { m.pck_crl.issuer = "Intel SGX PCK Processor CA"; }},
    {"dcap_tcb_info_signature_wrong", [](DcapMaker& m) { m.wrong = DcapMaker::Signed::tcb_info; }},
    {"dcap_qe_identity_signature_wrong",
     [](DcapMaker& m) { m.wrong = DcapMaker::Signed::identity; }},
    {"dcap_signature_wrong", [](DcapMaker& m) { m.wrong = DcapMaker::Signed::quote; }},
    {"dcap_qe_signature_wrong", [](DcapMaker& m) { m.wrong = DcapMaker::Signed::qe; }},
    {"dcap_key_binding_wrong", [](DcapMaker& m) { m.key_bound = false; }},
    {"dcap_pck_malformed", [](DcapMaker& m) { m.with_pck_extension = false; }},
    {"collateral_missing", [](DcapMaker& m) { m.with_collateral = false; }},
    {"collateral_malformed", [](DcapMaker& m) { m.extra_member = ",\"more\":1"; }},
    {"collateral_malformed", [](DcapMaker& m) { m.extra_member = ",\"id\":\"TDX\""; }},
    {"collateral_expired", [](DcapMaker& m) { m.info.dates.next_update = m.expected.now - 1; }},
    {"collateral_expired", [](DcapMaker& m) { m.identity.dates.next_update = m.expected.now - 1; }},
    {"collateral_not_yet_valid",
     [](DcapMaker& m) { m.identity.dates.issued = m.expected.now + 1; }},
    {"collateral_too_old", [](DcapMaker& m) { m.trust.collateral_age_max_s = 86'399; }},
    {"collateral_evaluation_too_old", [](DcapMaker& m) { m.info.dates.evaluation_number = 16; }},
    {"collateral_evaluation_too_old",
     [](DcapMaker& m) { m.identity.dates.evaluation_number = 16; }},
    {"collateral_evaluation_too_old",
     [](DcapMaker& m) { m.section().min_tcb_evaluation_data_number = 0; }},
    {"dcap_fmspc_mismatch", [](DcapMaker& m) { m.info.fmspc[5] = 1; }},
    {"dcap_pceid_mismatch", [](DcapMaker& m) { m.info.pce_id[0] = 1; }},
    {"dcap_fmspc_denied",
     [](DcapMaker& m) { m.section().denied_fmspc = {{0xB0, 0xC0, 0x6F, 0, 0, 0}}; }},
    {"machine_not_allowed", [](DcapMaker& m) { m.section().machines->clear(); }},
    {"machine_not_allowed", [](DcapMaker& m) { m.with_instance = false; }},
    {"dcap_qe_identity_kind_wrong", [](DcapMaker& m) { m.identity.id = "QVE"; }},
    {"dcap_qe_signer_wrong", [](DcapMaker& m) { m.identity.mrsigner[0] = 0; }},
    {"dcap_qe_product_wrong", [](DcapMaker& m) { m.identity.isv_prod_id = 1; }},
    {"dcap_qe_misc_select_wrong",
     [](DcapMaker& m) { set(m.qe_report, testing::kEnclaveAtMiscSelect, 1); }},
    {"dcap_qe_attributes_wrong",
     [](DcapMaker& m) { set(m.qe_report, testing::kEnclaveAtAttributes + 15, 1); }},
    {"dcap_qe_debug",  // a mask that forgets the bit
     [](DcapMaker& m) {
       set(m.qe_report, testing::kEnclaveAtAttributes, 0x13);
       m.identity.attributes_mask[0] = 0xFD;
     }},
    {"dcap_tcb_status_not_accepted dcap_advisory_not_accepted",
     [](DcapMaker& m) { set(m.qe_report, testing::kEnclaveAtSvn, 3); }},
    {"dcap_qe_tcb_not_supported",
     [](DcapMaker& m) { set(m.qe_report, testing::kEnclaveAtSvn, 1); }},
    {"dcap_tcb_status_not_accepted dcap_advisory_not_accepted",
     [](DcapMaker& m) { m.pck_facts.component_svns[0] = 1; }},
    {"dcap_tcb_status_not_accepted dcap_advisory_not_accepted",
     [](DcapMaker& m) { m.pck_facts.pce_svn = 10; }},
    {"dcap_tcb_not_supported", [](DcapMaker& m) { m.info.levels.clear(); }},
    {"dcap_tcb_status_not_accepted",
     [](DcapMaker& m) { m.info.levels[0].outcome.status = TcbStatus::revoked; }},
    {"dcap_tcb_status_not_accepted",  // even if a policy in memory takes it
     [](DcapMaker& m) {
       m.info.levels[0].outcome.status = TcbStatus::revoked;
       m.section().accepted_statuses = {TcbStatus::revoked};
     }},
    {"dcap_tcb_status_not_accepted",
     [](DcapMaker& m) { m.info.levels[0].outcome.status = TcbStatus::sw_hardening_needed; }},
    {"dcap_advisory_not_accepted",
     [](DcapMaker& m) { m.info.levels[0].outcome.advisories = {"INTEL-SA-00615"}; }},
    {"dcap_tcb_status_not_accepted", [](DcapMaker& m) { m.section().accepted_statuses.clear(); }},
};

const Case kTdxCases[] = {
    {"dcap_tcb_info_kind_wrong tdx_module_unknown",  // and so nothing of TDX is in it
     [](DcapMaker& m) {
       m.info.id = "SGX";
       m.info.module.reset();
     }},
    {"debug_enabled", [](DcapMaker& m) { set(m.body, testing::kTdAtAttributes, 1); }},
    {"tdx_attributes_not_allowed", [](DcapMaker& m) { set(m.body, testing::kTdAtAttributes, 2); }},
    {"tdx_attributes_not_allowed",
     [](DcapMaker& m) { set(m.body, testing::kTdAtAttributes + 7, 0x80); }},
    {"tdx_sept_ve_enabled", [](DcapMaker& m) { set(m.body, testing::kTdAtAttributes + 3, 0); }},
    {"tdx_xfam_not_allowed", [](DcapMaker& m) { set(m.body, testing::kTdAtXfam + 1, 0x42); }},
    {"tdx_seam_attributes_wrong tdx_module_signer_wrong",
     [](DcapMaker& m) { set(m.body, testing::kTdAtSeamAttributes, 1); }},
    {"tdx_module_signer_wrong", [](DcapMaker& m) { set(m.body, testing::kTdAtMrSignerSeam, 1); }},
    {"tdx_module_unknown", [](DcapMaker& m) { set_module(m, 1, 2); }},
    {"tdx_module_not_supported", [](DcapMaker& m) { set_module(m, 0, 3); }},
    {"dcap_tcb_status_not_accepted dcap_advisory_not_accepted",
     [](DcapMaker& m) { set_module(m, 0, 5); }},
    {"dcap_tcb_not_supported", [](DcapMaker& m) { set_module(m, 2, 1); }},
    {"measurement_not_allowed", [](DcapMaker& m) { set(m.body, testing::kTdAtMrTd, 0); }},
    {"tdx_log_mismatch tdx_rtmr_wrong", [](DcapMaker& m) { m.body[testing::kTdAtRtmr0] ^= 1; }},
    {"tdx_log_incomplete tdx_rtmr_wrong",
     [](DcapMaker& m) { set(m.body, testing::kTdAtRtmr0 + 191, 1); }},
    {"tdx_rtmr_wrong", [](DcapMaker& m) { m.trust.tdx->images[0].rtmrs[2][47] ^= 1; }},
    {"tdx_log_missing tdx_log_incomplete", [](DcapMaker& m) { m.with_log = false; }},
    {"tdx_log_mismatch", [](DcapMaker& m) { m.log.events[1].digest[0] ^= 1; }},
    {"tdx_log_mismatch", [](DcapMaker& m) { std::swap(m.log.events[0], m.log.events[2]); }},
    {"tdx_log_mismatch", [](DcapMaker& m) { m.log.events.push_back(m.log.events[0]); }},
    {"tdx_log_mismatch",  // in the log and not in the register
     [](DcapMaker& m) {
       m.log.events.push_back(m.log.events[0]);
       m.log.events.back().pcr = 4;
     }},
    {"tdx_log_incomplete", [](DcapMaker& m) { m.log.events.pop_back(); }},
    {"tdx_log_register_wrong", [](DcapMaker& m) { m.log.events[0].pcr = 0; }},
    {"tdx_log_register_wrong", [](DcapMaker& m) { m.log.events[0].pcr = 5; }},
    {"event_log_malformed", [](DcapMaker& m) { m.log.trailing = {0xff, 0}; }},
    {"event_log_malformed", [](DcapMaker& m) { m.log.first_pcr = 2; }},
    {"event_log_bank_missing", [](DcapMaker& m) { m.log.banks = {TpmAlgorithm::sha256}; }},
    {"event_log_too_large", [](DcapMaker& m) { m.log.events.resize(kEventsMax + 1); }},
    {"collateral_malformed", [](DcapMaker& m) { m.log.trailing.resize(kEventLogBytesMax, 0xff); }},
    {"tdx_owner_wrong", [](DcapMaker& m) { set(m.body, testing::kTdAtMrOwner, 1); }},
    {"tdx_owner_wrong", [](DcapMaker& m) { set(m.body, testing::kTdAtMrOwner + 48, 1); }},
    {"policy_hash_wrong", [](DcapMaker& m) { set(m.body, testing::kTdAtMrConfigId, 0); }},
    {"policy_hash_wrong", [](DcapMaker& m) { set(m.body, testing::kTdAtMrConfigId + 47, 1); }},
    {"policy_hash_wrong", [](DcapMaker& m) { m.expected.policy_hash = {}; }},
    {"binding_wrong", [](DcapMaker& m) { set(m.body, testing::kTdAtReportData, 0); }},
    {"assurance_too_low", [](DcapMaker& m) { m.trust.min_assurance = Assurance::hw_enclave; }},
};

const Case kTdx15Cases[] = {
    {"tdx_service_td_bound", [](DcapMaker& m) { set(m.body, testing::kTdAtMrServiceTd, 1); }},
    {"tdx_relaunch_advised dcap_tcb_status_not_accepted dcap_advisory_not_accepted",
     [](DcapMaker& m) { set(m.body, testing::kTdAtTeeTcbSvn, 5); }},
    {"tdx_relaunch_advised", [](DcapMaker& m) { set(m.body, testing::kTdAtTeeTcbSvn2, 5); }},
    {"dcap_version_not_allowed", [](DcapMaker& m) { m.body.push_back(0); }},
};

const Case kSgxCases[] = {
    {"dcap_tcb_info_kind_wrong",
     [](DcapMaker& m) {
       m.info.id = "TDX";
       m.info.module.emplace();
     }},
    {"debug_enabled", [](DcapMaker& m) { set(m.body, testing::kEnclaveAtAttributes, 7); }},
    {"sgx_not_initialised", [](DcapMaker& m) { set(m.body, testing::kEnclaveAtAttributes, 4); }},
    {"dcap_reserved_not_zero", [](DcapMaker& m) { set(m.body, 20, 1); }},
    {"measurement_not_allowed", [](DcapMaker& m) { set(m.body, testing::kEnclaveAtMrEnclave, 0); }},
    {"measurement_not_allowed", [](DcapMaker& m) { m.trust.sgx->images.clear(); }},
    {"binding_wrong", [](DcapMaker& m) { set(m.body, testing::kEnclaveAtReportData + 63, 0); }},
};

void expect_all(std::uint16_t version, std::span<const Case> cases, std::set<std::string>& seen) {
  for (const Case& entry : cases) {
    DcapMaker maker(version);
    entry.change(maker);
    const Verdict verdict = maker.verdict();
    EXPECT_FALSE(verdict.ok());
    EXPECT_EQ(reasons_of(verdict), entry.reasons) << version;
    for (const Literal reason : verdict.reasons()) seen.emplace(reason.view());
  }
}

TEST(Dcap, EachItemOfTheListHasItsNegative) {
  std::set<std::string> seen;
  expect_all(3, kCases, seen);
  expect_all(4, kCases, seen);
  expect_all(3, kSgxCases, seen);
  expect_all(4, kTdxCases, seen);
  expect_all(5, kTdxCases, seen);
  expect_all(5, kTdx15Cases, seen);
  for (const auto& list : {kDcapChecklist, kSgxChecklist, kTdxChecklist}) {
    for (const Literal item : list) {
      EXPECT_TRUE(spec::mentions("evidence.md", "`" + std::string(item.view()) + "`"))
          << item.view();
      // The one that only a platform without a section has: see PlatformsAreNotMixedUp.
      if (item.view() == "platform_not_trusted") continue;
      EXPECT_TRUE(seen.contains(std::string(item.view()))) << item.view();
    }
  }
}

TEST(Dcap, AnEnclaveMayBeNamedByItsSigner) {
  DcapMaker maker(3);
  SgxImage& image = maker.trust.sgx->images[0];
  image.mrenclave.reset();
  EXPECT_EQ(reasons_of(maker.verdict()), "measurement_not_allowed");  // nothing named at all
  image.mrsigner.emplace().fill(0x66);
  image.isv_prod_id = 7;
  image.isv_svn_min = 3;
  EXPECT_TRUE(maker.verdict().ok());
  image.isv_svn_min = 4;
  EXPECT_EQ(reasons_of(maker.verdict()), "measurement_not_allowed");
  image.isv_svn_min = 3;
  image.isv_prod_id = 6;
  EXPECT_EQ(reasons_of(maker.verdict()), "measurement_not_allowed");
}

TEST(Dcap, AModuleOfVersionZeroIsOfThePlatform) {
  DcapMaker maker;
  set(maker.body, testing::kTdAtTeeTcbSvn + 1, 0);
  EXPECT_TRUE(maker.verdict().ok());
  set(maker.body, testing::kTdAtTeeTcbSvn, 4);  // now the first two SVNs are compared
  EXPECT_EQ(reasons_of(maker.verdict()), "dcap_tcb_not_supported");
}

TEST(Dcap, HardeningIsTakenWithItsAdvisories) {
  DcapMaker maker;
  maker.info.levels[0].outcome = {TcbStatus::sw_hardening_needed, {"INTEL-SA-00615"}};
  maker.section().accepted_statuses = {TcbStatus::up_to_date, TcbStatus::sw_hardening_needed};
  EXPECT_EQ(reasons_of(maker.verdict()), "dcap_advisory_not_accepted");
  maker.section().accepted_advisories = {"INTEL-SA-00615"};
  EXPECT_TRUE(maker.verdict().ok());
  EXPECT_EQ(*maker.verdict().claim("advisories"), "INTEL-SA-00615");
}

TEST(Dcap, StatusesConvergeToTheWorst) {
  const auto both = [](TcbStatus a, TcbStatus b) {
    const TcbOutcome ab = converge({a, {"x"}}, {b, {"x", "y"}});
    EXPECT_EQ(ab.advisories.size(), 2U);
    EXPECT_EQ(ab.status, converge({b, {}}, {a, {}}).status);
    return ab.status;
  };
  using enum TcbStatus;
  EXPECT_EQ(both(up_to_date, up_to_date), up_to_date);
  EXPECT_EQ(both(up_to_date, sw_hardening_needed), sw_hardening_needed);
  EXPECT_EQ(both(configuration_needed, sw_hardening_needed), configuration_and_sw_hardening_needed);
  EXPECT_EQ(both(configuration_needed, out_of_date), out_of_date_configuration_needed);
  EXPECT_EQ(both(sw_hardening_needed, out_of_date), out_of_date);
  EXPECT_EQ(both(configuration_and_sw_hardening_needed, out_of_date),
            out_of_date_configuration_needed);
  EXPECT_EQ(both(out_of_date_configuration_needed, revoked), revoked);
}

TEST(Dcap, WhatIntelDoesNotNameHasNoStatus) {
  const std::function<void(DcapMaker&)> changes[] = {
      [](DcapMaker& m) { m.info.levels.clear(); },
      [](DcapMaker& m) { set(m.qe_report, testing::kEnclaveAtSvn, 1); },
      [](DcapMaker& m) { set_module(m, 1, 2); },
      [](DcapMaker& m) { set_module(m, 0, 3); },
  };
  for (const auto& change : changes) {
    DcapMaker maker;
    change(maker);
    const Verdict verdict = maker.verdict();
    EXPECT_FALSE(verdict.ok());
    EXPECT_EQ(verdict.claim("tcb_status"), nullptr);
  }
}

TEST(Dcap, PlatformsAreNotMixedUp) {
  MadeEvidence sgx = DcapMaker(3).make();
  sgx.platform = Platform::tdx;
  EXPECT_EQ(reasons_of(sgx.verdict()), "platform_not_trusted dcap_version_not_allowed");
  MadeEvidence tdx = DcapMaker(4).make();
  tdx.platform = Platform::sgx;
  EXPECT_EQ(reasons_of(tdx.verdict()), "platform_not_trusted dcap_version_not_allowed");
}

TEST(Dcap, EveryTruncationIsRefused) {
  const MadeEvidence made = DcapMaker(5).make();
  for (std::size_t size = 0; size < made.evidence.size(); size += 7) {
    MadeEvidence bad = made;
    bad.evidence.resize(size);
    const Verdict verdict = bad.verdict();
    EXPECT_FALSE(verdict.ok()) << size;
    EXPECT_FALSE(verdict.reasons().empty());
  }
}

// All bits are flipped in flips_test.cc, which takes minutes.
TEST(Dcap, FlippedBitsAreRefused) {
  for (const std::uint16_t version : {std::uint16_t{3}, std::uint16_t{5}}) {
    const MadeEvidence made = DcapMaker(version).make();
    EXPECT_TRUE(testing::surviving_flips(made, &MadeEvidence::evidence, 211).empty());
  }
}

TEST(Dcap, IsQuick) {
  const double best = testing::quickest_ms(DcapMaker(5).make());
  RecordProperty("microseconds", static_cast<int>(1000 * best));
  EXPECT_LT(best, testing::kVerificationMsMax);
}

}  // namespace
}  // namespace gbx::attest
