#include "client/evidence/explain_evidence.h"

#include <algorithm>
#include <array>

#include "attest/trust_policy.h"

namespace gbx::client {
namespace {

enum class Subject : std::uint8_t { machine, firmware, code, bound, time, vouches, other };

struct Label {
  std::string_view claim;
  Subject subject;
  std::string_view words;
};

constexpr Label kLabels[] = {
    {"product", Subject::machine, "processor"},
    {"cpu_family", Subject::machine, "processor family"},
    {"cpu_model", Subject::machine, "processor model"},
    {"chip_id", Subject::machine, "this chip"},
    {"fmspc", Subject::machine, "processor family and model (FMSPC)"},
    {"platform_instance_id", Subject::machine, "this platform"},
    {"module_id", Subject::machine, "instance and enclave"},
    {"google_instance_id", Subject::machine, "instance of Google Cloud"},
    {"vm_id", Subject::machine, "virtual machine of Azure"},
    {"console_enabled", Subject::machine, "serial console"},
    {"current_tcb", Subject::firmware, "versions that run"},
    {"reported_tcb", Subject::firmware, "versions that are certified"},
    {"committed_tcb", Subject::firmware, "versions that cannot be rolled back"},
    {"launch_tcb", Subject::firmware, "versions at the start"},
    {"tcb_status", Subject::firmware, "what the vendor says of them"},
    {"advisories", Subject::firmware, "open advisories"},
    {"tdx_module_status", Subject::firmware, "what the vendor says of the TDX module"},
    {"tcb_evaluation_data_number", Subject::firmware, "as of the vendor's evaluation number"},
    {"firmware_version", Subject::firmware, "of the TPM"},
    {"secure_boot", Subject::firmware, "secure boot"},
    {"measurement", Subject::code, "what was started"},
    {"mrenclave", Subject::code, "what was started (MRENCLAVE)"},
    {"mrsigner", Subject::code, "who signed it (MRSIGNER)"},
    {"mr_td", Subject::code, "firmware of the machine (MRTD)"},
    {"events", Subject::code, "events in the log of the start"},
    {"host_data", Subject::bound, "policy, fixed at the start"},
    {"mr_config_id", Subject::bound, "policy, fixed at the start"},
    {"report_data", Subject::bound, "keys, policy, log and nonce"},
    {"extra_data", Subject::bound, "keys, policy, log and nonce"},
    {"nonce", Subject::bound, "nonce"},
    {"public_key", Subject::bound, "public key"},
    {"user_data", Subject::bound, "user data"},
    {"clock_ms", Subject::time, "milliseconds that the TPM's own clock has run"},
    {"clock_safe", Subject::time, "that clock did not go back at a start"},
    {"reset_count", Subject::time, "starts of the TPM"},
    {"restart_count", Subject::time, "resumes since then"},
    {"timestamp_ms", Subject::time, "milliseconds since 1970 by the hypervisor's clock"},
    {"hwid", Subject::vouches, "chip that the certificate names"},
    {"csp_id", Subject::vouches, "cloud that the certificate names"},
    {"ak_sha256", Subject::vouches, "attestation key (SHA-256 of TPMT_PUBLIC)"},
    {"ak_certificate_sha256", Subject::vouches, "its certificate"},
    {"certificate_sha256", Subject::vouches, "certificate"},
    {"root_sha256", Subject::vouches, "root"},
};

constexpr std::array<std::string_view, 7> kTitles = {
    "Machine", "Firmware", "Code", "Bound to", "When", "Who vouches", "Also says"};

Label label_of(std::string_view claim) {
  const auto* found = std::find_if(std::begin(kLabels), std::end(kLabels),
                                   [&](const Label& label) { return label.claim == claim; });
  if (found != std::end(kLabels)) return *found;
  if (claim.starts_with("pcr_") && claim != "pcr_bank") {
    return {claim, Subject::code, "measured into register"};
  }
  if (claim.starts_with("rtmr")) return {claim, Subject::code, "measured into register"};
  return {claim, Subject::other, claim};
}

std::string name_root(const std::string& sha256) {
  for (const attest::KnownRoot& root : attest::known_roots()) {
    if (root.sha256 == sha256) return std::string(root.name);
  }
  return sha256;
}

bool is_all_zero(std::string_view hex) {
  return !hex.empty() && hex.find_first_not_of('0') == std::string_view::npos;
}

}  // namespace

std::string platform_sentence(attest::Platform platform) {
  switch (platform) {
    case attest::Platform::sim:
      return "The sim platform: signed with a key that everybody has. It proves nothing.";
    case attest::Platform::tpm:
      return "A quote of a TPM 2.0: the TPM vouches for what firmware and kernel have measured; "
             "memory is not encrypted.";
    case attest::Platform::snp:
      return "An AMD SEV-SNP report: the processor vouches for the start of a confidential VM.";
    case attest::Platform::sgx: return "An Intel SGX quote: the processor vouches for an enclave.";
    case attest::Platform::tdx:
      return "An Intel TDX quote: the processor vouches for the start of a confidential VM.";
    case attest::Platform::nitro:
      return "An AWS Nitro document: Amazon's hypervisor vouches for an enclave; Amazon is the "
             "only "
             "root.";
    case attest::Platform::azure:
      return "A confidential VM of Azure: the processor vouches for Microsoft's paravisor, and the "
             "paravisor's TPM for what runs above it.";
  }
  GBX_CHECK(false);
}

std::string assurance_sentence(attest::Assurance assurance) {
  switch (assurance) {
    case attest::Assurance::insecure_sim: return "Anybody can forge it.";
    case attest::Assurance::dev_tpm:
      return "A software TPM: whoever owns the machine can forge it.";
    case attest::Assurance::dev_vm:
      return "The measured start of production on a software TPM: whoever owns the machine can "
             "forge it.";
    case attest::Assurance::cloud_tpm:
      return "The cloud vouches for firmware, kernel and code, and can read the memory.";
    case attest::Assurance::tpm:
      return "A TPM of the machine vouches for firmware, kernel and code; whoever reaches the "
             "memory or the TPM's bus can break it.";
    case attest::Assurance::hw_cvm_paravisor:
      return "The processor protects the VM; Microsoft's paravisor inside it is trusted.";
    case attest::Assurance::hw_cvm:
      return "The processor protects the VM; whoever puts a probe on its memory bus can break it.";
    case attest::Assurance::hw_enclave:
      return "The processor, or Amazon's hypervisor, protects the enclave.";
  }
  GBX_CHECK(false);
}

std::vector<EvidenceSection> explain_claims(const attest::Verdict& verdict) {
  std::array<EvidenceSection, kTitles.size()> sections;
  for (std::size_t i = 0; i < kTitles.size(); i++) sections[i].title = kTitles[i];
  for (const attest::Claim& claim : verdict.claims()) {
    const std::string_view name = claim.name.view();
    const Label label = label_of(name);
    std::string words(label.words);
    if (label.words.ends_with("register")) words += " " + std::string(name.substr(4));
    std::string value = name == "root_sha256" ? name_root(claim.value) : claim.value;
    if (value.size() >= 32 && is_all_zero(value)) value = "zeros";
    sections[static_cast<std::size_t>(label.subject)].rows.emplace_back(words, value);
  }
  std::vector<EvidenceSection> out;
  for (EvidenceSection& section : sections) {
    if (!section.rows.empty()) out.push_back(std::move(section));
  }
  return out;
}

}  // namespace gbx::client
