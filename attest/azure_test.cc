// The whole checklist of Azure's confidential VMs, beyond those of SEV-SNP reports and TPM quotes,
// which have tests of their own.

#include <gtest/gtest.h>

#include <functional>

#include "attest/azure_file.h"
#include "attest/testing/azure_maker.h"
#include "attest/testing/made_evidence.h"

namespace gbx::attest::testing {
namespace {

TEST(Azure, AcceptsWhatAParavisorMakes) {
  const Verdict verdict = AzureMaker().verdict();
  ASSERT_TRUE(verdict.ok()) << reasons_of(verdict);
  EXPECT_EQ(verdict.assurance(), Assurance::hw_cvm_paravisor);
  EXPECT_EQ(verdict.image_digest()[0], 2);
  EXPECT_EQ(*verdict.claim("vm_id"), "911b0ef8-9dba-48b0-b275-4e4df2d39252");
  EXPECT_EQ(*verdict.claim("secure_boot"), "true");
  EXPECT_EQ(*verdict.claim("product"), "genoa");
}

void replace(std::string& text, const std::string& from, const std::string& to) {
  text.replace(text.find(from), from.size(), to);
}

TEST(Azure, EachWrongThingHasItsName) {
  const std::pair<const char*, std::function<void(AzureMaker&)>> cases[] = {
      {"azure_runtime_unbound", [](auto& m) { m.bound = false; }},
      {"azure_runtime_unbound", [](auto& m) { m.report_data_tail = {1}; }},
      {"azure_secure_boot_off",
       [](auto& m) { replace(m.configuration, "\"secure-boot\":true", "\"secure-boot\":false"); }},
      {"azure_secure_boot_off",
       [](auto& m) { replace(m.configuration, "\"secure-boot\":true,", ""); }},
      {"azure_tpm_off",
       [](auto& m) { replace(m.configuration, "\"tpm-enabled\":true", "\"tpm-enabled\":false"); }},
      {"azure_tpm_off", [](auto& m) { replace(m.configuration, "\"tpm-enabled\":true,", ""); }},
      {"azure_console_on",
       [](auto& m) {
         replace(m.configuration, "\"console-enabled\":false", "\"console-enabled\":true");
       }},
      {"azure_console_on",
       [](auto& m) { replace(m.configuration, "\"console-enabled\":false,", ""); }},
      {"hcl_runtime_malformed", [](auto& m) { m.configuration += ",\"unknown\":1"; }},
      {"hcl_report_type_unknown", [](auto& m) { m.report_type = 3; }},
      {"evidence_signature_wrong", [](auto& m) { m.published = "other"; }},
      {"evidence_signature_wrong", [](auto& m) { m.quote.signer = "other"; }},
      {"binding_wrong", [](auto& m) { m.quote.extra_data[0] ^= 1; }},
      {"tpm_selection_wrong image_not_allowed", [](auto& m) { m.quote.selections[0].pcrs = 0x17; }},
      {"image_not_allowed", [](auto& m) { m.quote.pcrs[4][0] = 1; }},
      {"debug_enabled", [](auto& m) { m.snp.set(kSnpAtPolicy, 0xB0000, 8); }},
      {"measurement_not_allowed", [](auto& m) { m.snp.report[kSnpAtMeasurement] ^= 1; }},
      {"snp_signature_wrong", [](auto& m) { m.snp.signed_by_another = true; }},
      {"crl_missing", [](auto& m) { m.snp.with_crl = false; }},
      {"azure_td_quote_unexpected", [](auto& m) { m.td_quote = {1}; }},
  };
  for (const auto& [wanted, change] : cases) {
    AzureMaker maker;
    change(maker);
    EXPECT_EQ(reasons_of(maker.verdict()), wanted);
  }
}

TEST(Azure, ATrustDomainHasAProfileOfItsOwn) {
  const AzureMaker maker;
  for (const std::uint16_t version : std::initializer_list<std::uint16_t>{4, 5}) {
    const Verdict verdict = maker.make_tdx(DcapMaker(version)).verdict();
    ASSERT_TRUE(verdict.ok()) << reasons_of(verdict);
    EXPECT_EQ(verdict.assurance(), Assurance::hw_cvm_paravisor);
    EXPECT_NE(verdict.claim("mr_td"), nullptr);
  }
  AzureMaker unbound;
  unbound.bound = false;
  EXPECT_EQ(reasons_of(unbound.make_tdx(DcapMaker(4)).verdict()),
            "azure_runtime_unbound azure_td_quote_wrong");
  DcapMaker debug(4);
  debug.body[kTdAtAttributes] |= 1;
  EXPECT_TRUE(maker.make_tdx(debug).verdict().has_reason("debug_enabled"));
  DcapMaker other(4);
  other.body[kTdAtMrTd] ^= 1;
  EXPECT_TRUE(maker.make_tdx(other).verdict().has_reason("measurement_not_allowed"));
  MadeEvidence nobody = maker.make_tdx(DcapMaker(4));
  nobody.trust.azure->tdx.reset();
  EXPECT_TRUE(nobody.verdict().has_reason("platform_not_trusted"));
  MadeEvidence stale = maker.make_tdx(DcapMaker(4));
  stale.collateral.clear();
  EXPECT_TRUE(stale.verdict().has_reason("azure_td_quote_wrong"));
  // A section for trust domains without a paravisor is none for those under one.
  MadeEvidence elsewhere = maker.make_tdx(DcapMaker(4));
  elsewhere.trust.tdx = elsewhere.trust.azure->tdx;
  elsewhere.trust.azure->tdx.reset();
  EXPECT_TRUE(elsewhere.verdict().has_reason("platform_not_trusted"));
}

TEST(Azure, IsQuick) {
  EXPECT_LT(quickest_ms(AzureMaker().make()), kVerificationMsMax);
  EXPECT_LT(quickest_ms(AzureMaker().make_tdx(DcapMaker(5))), kVerificationMsMax);
}

TEST(Azure, WhatThePolicyLeavesOutIsRefused) {
  const auto refused = [](const std::function<void(TrustPolicy&)>& change) {
    MadeEvidence made = AzureMaker().make();
    change(made.trust);
    return reasons_of(made.verdict());
  };
  const std::string nobody = refused([](auto& t) { t.azure.reset(); });
  EXPECT_EQ(nobody.find("platform_not_trusted"), 0U);
  EXPECT_NE(nobody.find("root_not_pinned"), std::string::npos);
  EXPECT_NE(nobody.find("image_not_allowed"), std::string::npos);
  EXPECT_EQ(refused([](auto& t) { t.azure->snp.reset(); }).find("platform_not_trusted"), 0U);
  EXPECT_EQ(refused([](auto& t) { t.azure->pcrs.images.clear(); }), "image_not_allowed");
  EXPECT_EQ(refused([](auto& t) { t.azure->snp->images.clear(); }), "measurement_not_allowed");
  EXPECT_EQ(refused([](auto& t) { t.min_assurance = Assurance::hw_cvm; }), "assurance_too_low");
  AzureMaker console;
  replace(console.configuration, "\"console-enabled\":false", "\"console-enabled\":true");
  MadeEvidence made = console.make();
  made.trust.azure->allow_console = true;
  EXPECT_TRUE(made.verdict().ok());
}

TEST(Azure, FlippedBitsAreRefused) {
  EXPECT_TRUE(surviving_flips(AzureMaker().make(), &MadeEvidence::evidence, 403).empty());
}

TEST(AzureFile, WholeFilesOnly) {
  const MadeEvidence made = AzureMaker().make();
  EXPECT_EQ(print_azure_file(parse_azure_file(made.evidence).value()), as_text(made.evidence));
  const auto bad = [](const std::string& text) {
    const auto file = parse_azure_file(as_bytes(text));
    return !file && file.error().reason == Literal("azure_evidence_malformed");
  };
  EXPECT_TRUE(bad(""));
  EXPECT_TRUE(bad(std::string(as_text(made.evidence)) + "\n"));
  Json more = Json::parse(as_text(made.evidence)).value();
  more.set("zzz", 1);
  EXPECT_TRUE(bad(more.canonical()));
}

// Azure's own: a Milan whose report has version 2, so a refusal; but everything above it holds.
TEST(Azure, AzuresOwn) {
  const auto blob = read_vector("az-vtpm/snp-hcl-report.bin");
  if (!blob) GTEST_SKIP() << kNoVectors;
  const Json json = Json::parse(as_text(*read_vector("az-vtpm/snp-tpm-quote-v1.json"))).value();
  AzureFile file;
  file.hcl_report = *blob;
  file.quote.quote = from_hex(*json.find("message")->string()).value();
  const Bytes raw = from_hex(*json.find("signature")->string()).value();
  file.quote.signature = joined(Bytes{0, 0x14, 0, 0x0b}, tpm2b(raw));
  for (std::uint8_t i = 0; i < 24; i++) {
    file.quote.pcrs.push_back({i, from_hex(*(*json.find("pcrs")->array())[i].string()).value()});
  }
  MadeEvidence made = AzureMaker().make();
  made.chain = *read_vector("az-vtpm/snp-vcek.pem");
  made.expected.binding = to_bytes("challenge");
  made.trust.azure->allow_console = true;
  made.trust.azure->pcrs.selection = 0xffffff;
  made.trust.azure->pcrs.images[0].pcrs = {file.quote.pcrs[4], file.quote.pcrs[7]};
  const auto reasons = [&](const AzureFile& changed) {
    made.evidence = to_bytes(print_azure_file(changed));
    return made.verdict();
  };
  const Verdict whole = reasons(file);
  for (const Literal reason : whole.reasons()) {
    const bool below = reason.view().starts_with("snp_") || reason == Literal("root_not_pinned") ||
                       reason == Literal("crl_missing") ||
                       reason == Literal("machine_not_allowed") ||
                       reason == Literal("measurement_not_allowed");
    EXPECT_TRUE(below) << reason.view();
  }
  EXPECT_TRUE(whole.has_reason("snp_version_not_allowed"));
  EXPECT_FALSE(whole.has_reason("snp_signature_wrong"));
  AzureFile other = file;
  other.hcl_report[0x6e0] ^= 1;
  EXPECT_TRUE(reasons(other).has_reason("azure_runtime_unbound"));
  other = file;
  other.hcl_report[0x540] = 0;
  EXPECT_TRUE(reasons(other).has_reason("hcl_runtime_malformed"));
  made.expected.binding = to_bytes("challengf");
  EXPECT_TRUE(reasons(file).has_reason("binding_wrong"));
}

}  // namespace
}  // namespace gbx::attest::testing
