#include "attest/azure_file.h"

namespace gbx::attest {
namespace {

constexpr std::size_t kHclBytesMax = 16384;
constexpr std::size_t kTdQuoteBytesMax = 16384;

}  // namespace

Result<AzureFile> parse_azure_file(ByteView file) {
  const Error malformed{ErrorCode::unverified, "azure_evidence_malformed"};
  const auto json = Json::parse_canonical(as_text(file));
  if (!json) return malformed;
  Fields fields(*json, "azure_evidence_malformed");
  AzureFile out;
  out.hcl_report = fields.base64("hcl_report", kHclBytesMax);
  out.quote = take_tpm_evidence(fields);
  out.td_quote = fields.base64("td_quote", kTdQuoteBytesMax);
  if (!fields.finish()) return malformed;
  return out;
}

std::string print_azure_file(const AzureFile& file) {
  Json out = Json::object(
      {{"hcl_report", to_base64(file.hcl_report)}, {"td_quote", to_base64(file.td_quote)}});
  put_tpm_evidence(out, file.quote);
  return out.canonical();
}

}  // namespace gbx::attest
