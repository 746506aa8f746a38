#include "client/evidence/import_evidence.h"

#include <gtest/gtest.h>

#include "attest/azure_file.h"
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

}  // namespace
}  // namespace gbx::client
