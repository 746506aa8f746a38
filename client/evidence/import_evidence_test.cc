#include "client/evidence/import_evidence.h"

#include <gtest/gtest.h>

#include "attest/azure_file.h"
#include "attest/tdx_event_log.h"
#include "attest/testing/azure_maker.h"
#include "attest/testing/made_evidence.h"
#include "attest/testing/nitro_maker.h"
#include "attest/tpm_evidence.h"
#include "attest/trust_policy.h"

namespace gbx::client {
namespace {

using attest::Platform;
using attest::TpmAlgorithm;
using attest::testing::joined;
using attest::testing::read_vector;

EvidenceFile import_as(Platform platform, Bytes evidence) {
  return import_evidence({platform, std::move(evidence), {}, {}}, TpmAlgorithm::sha256);
}

TEST(ImportEvidence, BinaryDocumentsThatWereKeptAsText) {
  const Bytes document = attest::testing::NitroMaker().document();
  const std::string base64 = to_base64(document) + "\n";
  for (const Platform platform : {Platform::nitro, Platform::snp, Platform::sgx, Platform::tdx}) {
    EXPECT_EQ(import_as(platform, document).evidence, document);
    EXPECT_EQ(import_as(platform, to_bytes(base64)).evidence, document);
    EXPECT_EQ(import_as(platform, to_bytes(to_hex(document))).evidence, document);
  }
  EXPECT_EQ(import_as(Platform::sim, to_bytes(base64)).evidence, to_bytes(base64));
  EXPECT_TRUE(import_as(Platform::nitro, {}).evidence.empty());
}

Bytes varint(std::uint64_t value) {
  Bytes out;
  for (; value >= 0x80; value >>= 7U) out.push_back(static_cast<std::uint8_t>(value | 0x80U));
  out.push_back(static_cast<std::uint8_t>(value));
  return out;
}

Bytes field(std::uint64_t number, const Bytes& bytes) {
  return joined(varint(number << 3U | 2U), varint(bytes.size()), bytes);
}
Bytes field(std::uint64_t number, std::uint64_t value) {
  return joined(varint(number << 3U), varint(value));
}

// The Attestation message of go-tpm-tools.
Bytes attestation(const attest::testing::TpmMaker& maker) {
  const attest::TpmFile file = maker.file();
  Bytes pcrs = field(1, 11);
  for (auto pcr = file.quote.pcrs.rbegin(); pcr != file.quote.pcrs.rend(); ++pcr) {
    pcrs = joined(pcrs, field(2, joined(field(1, pcr->index), field(2, pcr->value))));
  }
  const Bytes quote =
      joined(field(1, file.quote.quote), field(2, file.quote.signature), field(3, pcrs));
  const Bytes sha1 = joined(field(1, Bytes{1}), field(2, Bytes{2}), field(3, field(1, 4)));
  return joined(field(1, file.ak_public), field(2, sha1), field(2, quote),
                field(3, maker.log.make()), field(6, maker.chain_file()));
}

TEST(ImportEvidence, AttestationsOfGoTpmTools) {
  const attest::testing::TpmMaker maker;
  const auto made = maker.make();
  const EvidenceFile file = import_as(Platform::tpm, attestation(maker));
  EXPECT_TRUE(attest::parse_tpm_file(file.evidence));
  EXPECT_EQ(file.collateral, made.collateral);
  const attest::Verdict verdict = attest::verify_evidence(
      {Platform::tpm, file.evidence, file.chain, file.collateral}, made.trust, made.expected);
  EXPECT_TRUE(verdict.ok()) << attest::testing::reasons_of(verdict);
  // What is no such message, or has no quote over the bank, stays as it is.
  const Bytes cut(file.evidence.begin(), file.evidence.begin() + 9);
  EXPECT_EQ(import_as(Platform::tpm, cut).evidence, cut);
  const Bytes whole = attestation(maker);
  EXPECT_EQ(import_evidence({Platform::tpm, whole, {}, {}}, TpmAlgorithm::sha384).evidence, whole);
  EXPECT_EQ(import_as(Platform::tpm, made.evidence).evidence, made.evidence);
}

TEST(ImportEvidence, GooglesMachine) {
  const auto message = read_vector("tpm/gce-cos-85-nonce9009.pb");
  if (!message) GTEST_SKIP() << attest::testing::kNoVectors;
  const EvidenceFile file = import_as(Platform::tpm, *message);
  EXPECT_EQ(file.chain, *read_vector("tpm/gce-cos-85-nonce9009.akcert.der"));
  EXPECT_EQ(file.collateral, *read_vector("tpm/gce-cos-85-nonce9009.eventlog.bin"));
  const attest::TpmFile tpm = attest::parse_tpm_file(file.evidence).value();
  EXPECT_EQ(tpm.quote.pcrs.size(), 24U);
}

// --- AMD SEV-SNP ---

Bytes words(std::initializer_list<std::uint32_t> values) {
  Bytes out;
  for (const std::uint32_t value : values) {
    for (unsigned shift = 0; shift < 32; shift += 8) {
      out.push_back(static_cast<std::uint8_t>(value >> shift));
    }
  }
  return out;
}

bool verifies(const EvidenceFile& file, const attest::testing::MadeEvidence& made) {
  return attest::verify_evidence(file.files(), made.trust, made.expected).ok();
}

TEST(ImportEvidence, AnswersOfTheKernel) {
  const auto made = attest::testing::SnpMaker().make();
  const Bytes head = joined(words({0, 1184}), Bytes(24));
  for (const std::size_t padding : {std::size_t{0}, std::size_t{4000 - 32 - 1184}}) {
    const Bytes whole = joined(head, made.evidence, Bytes(padding));
    EXPECT_EQ(import_as(Platform::snp, whole).evidence, made.evidence);
    EXPECT_EQ(import_as(Platform::snp, to_bytes(to_base64(whole))).evidence, made.evidence);
  }
  for (const Bytes& other : {joined(words({1, 1184}), Bytes(24), made.evidence),
                             joined(words({0, 1183}), Bytes(24), made.evidence),
                             joined(words({0, 1184}), Bytes(24, 1), made.evidence),
                             joined(head, made.evidence, Bytes{1}), joined(head, Bytes(1183))}) {
    EXPECT_EQ(import_as(Platform::snp, other).evidence, other);
  }
}

TEST(ImportEvidence, ExtendedReports) {
  const auto made = attest::testing::SnpMaker().make();
  const Bytes vcek = {0x63, 0xDA, 0x75, 0x8D, 0xE6, 0x64, 0x45, 0x64,
                      0xAD, 0xC5, 0xF4, 0xB9, 0x3B, 0xE8, 0xAC, 0xCD};
  const Bytes table = joined(vcek, words({48, 3}), Bytes(24), Bytes{1, 2, 3});
  const Bytes whole = joined(made.evidence, table);
  const EvidenceFile file = import_as(Platform::snp, whole);
  EXPECT_EQ(file.evidence, made.evidence);
  EXPECT_EQ(file.chain, table);
  const Bytes other = joined(made.evidence, Bytes(16, 7), table);
  EXPECT_EQ(import_as(Platform::snp, other).evidence, other);
}

TEST(ImportEvidence, ChainsWithExplanations) {
  const auto made = attest::testing::SnpMaker().make();
  const std::string pem = crypto::testing::to_pem(Bytes{0x30, 0});
  const EvidenceFile file = import_evidence(
      {Platform::snp, made.evidence, to_bytes("subject: CN = SEV-VCEK\n" + pem), {}},
      TpmAlgorithm::sha256);
  EXPECT_EQ(as_text(file.chain), pem);
}

// --- Intel's collateral ---

std::string pem_of_hex(const std::string& hex) {
  return crypto::testing::to_pem(from_hex(hex).value(), "X509 CRL");
}

TEST(ImportEvidence, ListsOfCollateralInEverySpelling) {
  for (const std::uint16_t version : {std::uint16_t{3}, std::uint16_t{4}}) {
    const auto made = attest::testing::DcapMaker(version).make();
    const auto parts = attest::split_domain_collateral(made.collateral).value();
    const Json json = Json::parse(as_text(parts.intel)).value();
    for (const std::string spelling : {"hex", "base64", "pem"}) {
      Json other = Json::object({});
      for (const auto& [name, value] : *json.object()) {
        std::string text = *value.string();
        if (name.ends_with("_crl")) {
          if (spelling == "base64") text = to_base64(from_hex(text).value());
          if (spelling == "pem") text = pem_of_hex(text);
        }
        other.set(name, text);
      }
      const Bytes log = parts.log.value_or(Bytes());
      const EvidenceFile file = import_evidence(
          with_event_log({made.platform, made.evidence, {}, to_bytes(other.pretty())}, log),
          TpmAlgorithm::sha256);
      EXPECT_TRUE(verifies(file, made)) << spelling;
    }
  }
}

TEST(ImportEvidence, CollateralOfTheQuoteProviderLibrary) {
  const auto made = attest::testing::DcapMaker(4).make();
  const auto parts = attest::split_domain_collateral(made.collateral).value();
  const Json json = Json::parse(as_text(parts.intel)).value();
  const auto text = [&](const std::string& name) { return *json.find(name)->string(); };
  const std::string nul(1, '\0');
  Json whole = Json::object({{"version", 3}, {"tee_type", 129}});
  whole.set("tcb_info", R"({"tcbInfo":)" + text("tcb_info") + R"(,"signature":")" +
                            text("tcb_info_signature") + "\"}" + nul);
  whole.set("qe_identity", R"({"enclaveIdentity":)" + text("qe_identity") + R"(,"signature":")" +
                               text("qe_identity_signature") + "\"}" + nul);
  for (const char* name :
       {"tcb_info_issuer_chain", "qe_identity_issuer_chain", "pck_crl_issuer_chain"}) {
    whole.set(name, text(name) + nul);
  }
  whole.set("root_ca_crl", text("root_ca_crl") + nul);
  whole.set("pck_crl", pem_of_hex(text("pck_crl")) + nul);
  const EvidenceFile file = import_evidence(
      with_event_log({made.platform, made.evidence, {}, to_bytes(whole.canonical())}, *parts.log),
      TpmAlgorithm::sha256);
  EXPECT_TRUE(verifies(file, made));
  // A member that is missing is not made up.
  Json less = Json::object({});
  for (const auto& [name, value] : *whole.object()) {
    if (name != "pck_crl") less.set(name, value);
  }
  const Bytes left(to_bytes(less.canonical()));
  EXPECT_EQ(
      import_evidence({made.platform, made.evidence, {}, left}, TpmAlgorithm::sha256).collateral,
      left);
}

// --- Azure ---

std::string azure_json(const attest::AzureFile& file, bool whole) {
  Json::Array pcrs;
  for (std::uint8_t i = 0; i < 24; i++) {
    const auto same = [&](const auto& pcr) { return pcr.index == i; };
    const auto& known = file.quote.pcrs;
    const auto found = std::find_if(known.begin(), known.end(), same);
    pcrs.emplace_back(found == known.end() ? to_hex(Bytes(32, 0)) : to_hex(found->value));
  }
  const ByteView raw = ByteView(file.quote.signature).subspan(6);
  Json quote = Json::object(
      {{"message", to_hex(file.quote.quote)}, {"pcrs", pcrs}, {"signature", to_hex(raw)}});
  if (!whole) return quote.canonical();
  return Json::object({{"hcl_report", to_base64(file.hcl_report)},
                       {"tpm_quote", quote},
                       {"vcek", to_base64(Bytes{1, 2})},
                       {"version", "2"}})
      .canonical();
}

TEST(ImportEvidence, EvidenceOfTrustee) {
  const auto made = attest::testing::AzureMaker().make();
  const attest::AzureFile azure = attest::parse_azure_file(made.evidence).value();
  const EvidenceFile whole = import_as(Platform::azure, to_bytes(azure_json(azure, true)));
  EXPECT_EQ(whole.chain, (Bytes{1, 2}));
  const EvidenceFile apart = import_evidence(
      {Platform::azure, azure.hcl_report, made.chain, to_bytes(azure_json(azure, false))},
      TpmAlgorithm::sha256);
  EXPECT_EQ(apart.evidence, whole.evidence);
  EXPECT_TRUE(apart.collateral.empty());
  const attest::Verdict verdict = attest::verify_evidence(
      {Platform::azure, apart.evidence, apart.chain, {}}, made.trust, made.expected);
  EXPECT_TRUE(verdict.ok()) << attest::testing::reasons_of(verdict);
  EXPECT_EQ(import_as(Platform::azure, made.evidence).evidence, made.evidence);
  EXPECT_EQ(import_as(Platform::azure, to_bytes("{}")).evidence, to_bytes("{}"));
}

Json numbers(ByteView bytes) {
  Json::Array out;
  for (const std::uint8_t byte : bytes) out.emplace_back(int{byte});
  return out;
}

// The oldest version of Trustee's evidence has bytes as lists of numbers, and other names.
TEST(ImportEvidence, OldestEvidenceOfTrustee) {
  const auto made = attest::testing::AzureMaker().make();
  const attest::AzureFile azure = attest::parse_azure_file(made.evidence).value();
  const Json newer = Json::parse(azure_json(azure, false)).value();
  Json::Array pcrs;
  for (const Json& pcr : *newer.find("pcrs")->array()) {
    pcrs.push_back(numbers(from_hex(*pcr.string()).value()));
  }
  const Json quote =
      Json::object({{"message", numbers(azure.quote.quote)},
                    {"pcrs", pcrs},
                    {"signature", numbers(ByteView(azure.quote.signature).subspan(6))}});
  Json json = Json::object({{"quote", quote},
                            {"report", numbers(azure.hcl_report)},
                            {"vcek", crypto::testing::to_pem(Bytes{0x30, 0})}});
  const EvidenceFile file = import_as(Platform::azure, to_bytes(json.canonical()));
  const EvidenceFile same = import_as(Platform::azure, to_bytes(azure_json(azure, true)));
  EXPECT_EQ(file.evidence, same.evidence);
  EXPECT_EQ(as_text(file.chain), crypto::testing::to_pem(Bytes{0x30, 0}));
  EXPECT_TRUE(verifies({Platform::azure, file.evidence, made.chain, {}}, made));
  Json wrong = json;
  wrong.set("td_quote", Json(Json::Array{Json(256)}));
  const Bytes text = to_bytes(wrong.canonical());
  EXPECT_EQ(import_as(Platform::azure, text).evidence, text);
}

TEST(ImportEvidence, TrusteeOnATrustDomain) {
  const auto made =
      attest::testing::AzureMaker().make_tdx(attest::testing::DcapMaker(std::uint16_t{4}));
  const attest::AzureFile azure = attest::parse_azure_file(made.evidence).value();
  const Json quote = Json::parse(azure_json(azure, false)).value();
  const Json json = Json::object({{"hcl_report", to_base64(azure.hcl_report)},
                                  {"td_quote", to_base64(azure.td_quote)},
                                  {"tpm_quote", quote},
                                  {"version", "1"}});
  const EvidenceFile file =
      import_evidence({Platform::azure, to_bytes(json.canonical()), made.chain, made.collateral},
                      TpmAlgorithm::sha256);
  EXPECT_TRUE(verifies(file, made));
}

TEST(ImportEvidence, OurOwnFormPrintedOtherwise) {
  for (const auto& made :
       {attest::testing::AzureMaker().make(), attest::testing::TpmMaker().make()}) {
    const Json json = Json::parse(as_text(made.evidence)).value();
    EXPECT_EQ(import_as(made.platform, to_bytes(json.pretty() + "\n")).evidence, made.evidence);
  }
}

}  // namespace
}  // namespace gbx::client
