#include "attest/testing/azure_maker.h"

#include <algorithm>

#include "attest/azure_file.h"

namespace gbx::attest::testing {
namespace {

std::string base64url(ByteView bytes) {
  std::string out = to_base64(bytes);
  std::erase(out, '=');
  std::replace(out.begin(), out.end(), '+', '-');
  std::replace(out.begin(), out.end(), '/', '_');
  return out;
}

Bytes hcl_blob(const Bytes& report, const std::string& runtime, std::uint32_t type) {
  const auto size = static_cast<std::uint32_t>(runtime.size());
  Writer out;
  out.raw(as_bytes("HCLA"));
  for (const std::uint32_t word : {1U, 32U + 1184 + 20 + size, 2U, 0U, 0U, 0U, 0U}) out.u32(word);
  out.raw(report);
  for (const std::uint32_t word : {20U + size, 1U, type, 1U, size}) out.u32(word);
  out.raw(as_bytes(runtime));
  for (int i = 0; i < 16; i++) out.u8(0);
  return out.take();
}

}  // namespace

AzureMaker::AzureMaker() {
  quote.kind = crypto::KeyKind::rsa;
  quote.scheme = TpmAlgorithm::rsassa;
  quote.extra_data = digest_bytes("binding", 32);
}

std::string AzureMaker::runtime() const {
  const Bytes modulus = key_of(published, crypto::KeyKind::rsa).modulus();
  return R"({"keys":[{"kid":"HCLAkPub","key_ops":["sign"],"kty":"RSA","e":"AQAB","n":")" +
         base64url(modulus) + R"("}],"vm-configuration":{)" + configuration + R"(},"user-data":")" +
         std::string(128, '0') + "\"}";
}

MadeEvidence AzureMaker::above(MadeEvidence below, const Bytes& report, Bytes quote_of_td) const {
  AzureFile file;
  file.hcl_report = hcl_blob(report, runtime(), report_type);
  file.quote = quote.make();
  file.td_quote = std::move(quote_of_td);
  below.platform = Platform::azure;
  below.evidence = to_bytes(print_azure_file(file));
  below.expected.binding = digest_bytes("binding", 64);
  const QuoteMaker good;
  TpmImage image;
  image.image_digest.fill(2);
  for (const auto& [index, value] : good.pcrs) image.pcrs.push_back({index, value});
  AzureTrust azure;
  azure.snp = below.trust.snp;
  azure.tdx = below.trust.tdx;
  azure.pcrs = {TpmAlgorithm::sha256, good.selections[0].pcrs, {image}};
  below.trust.azure = azure;
  below.trust.snp.reset();
  below.trust.tdx.reset();
  below.trust.min_assurance = Assurance::hw_cvm_paravisor;
  return below;
}

MadeEvidence AzureMaker::make() const {
  SnpMaker hardware = snp;
  const Hash digest = crypto::sha256(as_bytes(runtime()));
  const auto at = hardware.report.begin() + kSnpAtReportData;
  std::fill_n(at, 64, 0);
  if (bound) std::copy(digest.begin(), digest.end(), at);
  std::copy(report_data_tail.begin(), report_data_tail.end(), at + 32);
  MadeEvidence out = hardware.make();
  const Bytes report = out.evidence;
  return above(std::move(out), report, td_quote);
}

MadeEvidence AzureMaker::make_tdx(DcapMaker tdx) const {
  const Hash digest = crypto::sha256(as_bytes(runtime()));
  const auto at = tdx.body.begin() + kTdAtReportData;
  std::fill_n(at, 64, 0);
  if (bound) std::copy(digest.begin(), digest.end(), at);
  tdx.body[kTdAtAttributes + 3] &= 0xef;  // SEPT_VE_DISABLE
  MadeEvidence out = tdx.make();
  Bytes td = out.evidence;
  AzureMaker copy = *this;
  copy.report_type = 4;
  return copy.above(std::move(out), Bytes(1184, 0), std::move(td));
}

}  // namespace gbx::attest::testing
