#include <algorithm>

#include "attest/azure_file.h"
#include "attest/hcl.h"
#include "attest/platforms.h"
#include "attest/snp.h"
#include "trusted/crypto/hash.h"

namespace gbx::attest {
namespace {

constexpr Literal kChecklist[] = {
    "platform_not_trusted", "azure_runtime_unbound", "azure_secure_boot_off",
    "azure_tpm_off",        "azure_console_on",      "assurance_too_low",
};

constexpr Literal kTdQuoteWrong = "azure_td_quote_wrong";
constexpr Literal kTdQuoteUnexpected = "azure_td_quote_unexpected";

// The report carries SHA-256 of the paravisor's data, then zeros.
bool vouches_for(ByteView report_data, ByteView runtime) {
  Expected wanted;
  const Hash digest = crypto::sha256(runtime);
  wanted.binding.assign(digest.begin(), digest.end());
  return holds_binding(report_data, wanted);
}

void claim_runtime(Findings& findings, const HclRuntime& runtime) {
  const auto word = [](const std::optional<bool>& value) {
    return std::string(!value ? "absent" : *value ? "true" : "false");
  };
  findings.claim("vm_id", runtime.vm_id);
  findings.claim("secure_boot", word(runtime.secure_boot));
  findings.claim("console_enabled", word(runtime.console_enabled));
  findings.claim("tpm_enabled", word(runtime.tpm_enabled));
  findings.claim("user_data", runtime.user_data);
}

struct Question {
  const EvidenceFiles& files;
  const TrustPolicy& trust;
  const Expected& expected;
};

// Whether what the hardware reports below the paravisor holds, and is one of the policy's
// paravisors; nullopt when there is nothing to go on with.
std::optional<bool> check_snp_below(Findings& findings, const AzureFile& file, const HclBlob& blob,
                                    const Question& question) {
  const auto& rules = question.trust.azure;
  const SnpTrust nobody;
  findings.require(rules && rules->snp, "platform_not_trusted");
  const SnpTrust& snp = rules && rules->snp ? *rules->snp : nobody;
  const auto answer = check_snp(
      {blob.report, question.files.chain, &snp, &question.trust, &question.expected}, findings);
  if (!answer) return std::nullopt;
  findings.require(vouches_for(answer->report.report_data, blob.runtime), "azure_runtime_unbound");
  findings.require(file.td_quote.empty(), kTdQuoteUnexpected);
  return answer->image != nullptr;
}

// The same for a trust domain, whose quote is beside the paravisor's report: that one is written
// for the machine itself, and nothing of it is read.
bool check_tdx_below(Findings& findings, const AzureFile& file, const HclBlob& blob,
                     const Question& question) {
  TrustPolicy below = question.trust;
  below.min_assurance = Assurance::insecure_sim;
  below.tdx = below.azure ? below.azure->tdx : std::nullopt;
  Expected wanted = question.expected;
  const Hash digest = crypto::sha256(blob.runtime);
  wanted.binding.assign(digest.begin(), digest.end());
  const EvidenceFiles files{Platform::tdx, file.td_quote, question.files.chain,
                            question.files.collateral};
  const Verdict verdict = verify_tdx_paravisor(files, below, wanted, Findings());
  for (const Claim& claim : verdict.claims()) findings.claim(claim.name, claim.value);
  for (const Literal reason : verdict.reasons()) {
    if (reason != Literal("binding_wrong")) findings.refuse(reason);
  }
  findings.require(below.tdx.has_value(), "platform_not_trusted");
  findings.require(!verdict.has_reason("binding_wrong"), "azure_runtime_unbound");
  return findings.require(verdict.ok(), kTdQuoteWrong);
}

void check_runtime(Findings& findings, const HclRuntime& runtime, const TrustPolicy& trust) {
  claim_runtime(findings, runtime);
  findings.require(runtime.secure_boot == true, "azure_secure_boot_off");
  findings.require(runtime.tpm_enabled == true, "azure_tpm_off");
  const bool allowed = trust.azure && trust.azure->allow_console;
  findings.require(allowed || runtime.console_enabled == false, "azure_console_on");
}

std::vector<Literal> whole_checklist(HclReportKind kind) {
  std::vector<Literal> out(std::begin(kChecklist), std::end(kChecklist));
  const auto quote = quote_checklist();
  out.insert(out.end(), quote.begin(), quote.end());
  if (kind == HclReportKind::tdx) {
    out.push_back(kTdQuoteWrong);
  } else {
    out.insert(out.end(), kSnpChecklist.begin(), kSnpChecklist.end());
    out.push_back(kTdQuoteUnexpected);
  }
  return out;
}

}  // namespace

Verdict verify_azure(const EvidenceFiles& files, const TrustPolicy& trust, const Expected& expected,
                     Findings findings) {
  findings.require(trust.azure.has_value(), "platform_not_trusted");
  const AzureTrust nobody;
  const AzureTrust& rules = trust.azure ? *trust.azure : nobody;
  const auto file = parse_azure_file(files.evidence);
  const auto blob = file ? parse_hcl_blob(file->hcl_report) : Result<HclBlob>(file.error());
  const auto runtime = blob ? parse_hcl_runtime(blob->runtime) : Result<HclRuntime>(blob.error());
  if (!runtime) {
    findings.refuse(runtime.error());
    return std::move(findings).refused();
  }
  const Question question{files, trust, expected};
  const std::optional<bool> paravisor = blob->kind == HclReportKind::snp
                                            ? check_snp_below(findings, *file, *blob, question)
                                            : check_tdx_below(findings, *file, *blob, question);
  check_runtime(findings, *runtime, trust);
  const auto key = crypto::VerifyingKey::from_rsa(runtime->ak_modulus, runtime->ak_exponent);
  if (!key) {
    findings.refuse(key.error());
    return std::move(findings).refused();
  }
  const auto quoted = check_quote(findings, file->quote, *key, rules.pcrs, expected);
  require_assurance(findings, trust, Assurance::hw_cvm_paravisor);
  if (!paravisor || !*paravisor || !quoted || quoted->image == nullptr) {
    return std::move(findings).refused();
  }
  return std::move(findings).conclude(Assurance::hw_cvm_paravisor, quoted->image->image_digest,
                                      whole_checklist(blob->kind));
}

}  // namespace gbx::attest
