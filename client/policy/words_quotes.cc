#include <array>

#include "client/policy/evidence_advice.h"
#include "client/policy/wording.h"

namespace gbx::client::words {
namespace {

constexpr std::string_view kLog =
    "get the log again from the machine, whole and of the same start as the quote";
constexpr std::string_view kSetUp = "have the operator set the machine up anew";

// What can be wrong with evidence of TPMs, Nitro enclaves and Azure's paravisor,
// with questions about evidence, and with edits of trust policies.
constexpr std::array<Wording, 55> kWords = {{
    {"azure_console_on",
     "the machine's serial console is on: whoever holds the subscription can use it",
     "have the operator switch it off, or agree on a trust policy that takes it"},
    {"azure_evidence_malformed",
     "this is no evidence of an Azure machine in the form of docs/spec/evidence.md", kFiles},
    {"azure_runtime_unbound",
     "the hardware's report does not vouch for the paravisor's data, and so not for the TPM's key",
     kMachine},
    {"azure_secure_boot_off", "the machine was started without secure boot", kSetUp},
    {"azure_td_quote_unexpected", "a quote of a TD comes with a report of SEV-SNP", kFiles},
    {"azure_td_quote_wrong", "the quote of the TD below the paravisor does not hold", kMachine},
    {"azure_tpm_off", "the paravisor does not say that its TPM is on", kSetUp},
    {"cbor_key_repeated", "a map of the document has a key twice", kFiles},
    {"cbor_malformed", "the document is not CBOR in its one strict form, or something follows it",
     kFiles},
    {"cbor_too_deep", "the document is nested more than eight levels deep", kFiles},
    {"cbor_too_large", "the document is larger than 64 KiB or has more than 1024 items", kFiles},
    {"certificate_usage_wrong", "the certificate is not for signing evidence", kFiles},
    {"cose_algorithm_wrong", "the document is signed with another algorithm than ES384", kFiles},
    {"cose_header_not_empty", "the document has headers that nobody signed", kFiles},
    {"cose_malformed", "the document is no COSE_Sign1 with one signed header, the algorithm",
     kFiles},
    {"event_log_bank_missing", "the event log has no digests of the quoted bank", kLog},
    {"event_log_incomplete", "the event log does not explain a register that the image rests on",
     kLog},
    {"event_log_malformed", "the event log cannot be read", kLog},
    {"event_log_mismatch", "the event log gives another value than the TPM has quoted", kMachine},
    {"event_log_missing", "the trust policy demands an event log", "give it with --collateral"},
    {"event_log_too_large", "the event log is larger than 1 MiB or has more than 4096 events",
     kLog},
    {"hcl_hash_not_allowed", "the paravisor's data is bound by another hash than SHA-256", kUpdate},
    {"hcl_malformed", "the paravisor's report cannot be read, or its sizes do not add up", kFiles},
    {"hcl_report_type_unknown", "the paravisor's report is of no hardware that is known", kUpdate},
    {"hcl_runtime_malformed",
     "the paravisor's data cannot be read, or says something that is not known", kUpdate},
    {"hcl_version_unknown", "the paravisor's report has a version that is not known", kUpdate},
    {"image_values_missing",
     "an image lacks values that its platform reports, has some twice, or names registers that are "
     "never used",
     "see docs/reference/evidence.md for what each platform needs"},
    {"machine_malformed", "a machine's name has another length than its platform's",
     "take it from what glovebox evidence show says"},
    {"machine_repeated", "the trust policy names this machine already", "nothing needs to be done"},
    {"nitro_document_malformed",
     "a member of the attestation document is missing, unknown or of the wrong size", kFiles},
    {"nitro_key_not_p384", "a certificate of the chain has another key than P-384", kFiles},
    {"nitro_pcr_missing", "the document leaves out a register of what runs: 0, 1 or 2", kFiles},
    {"nonce_missing", "no nonce was given, so the evidence could be an old one",
     "give with --nonce what you asked the machine to put into it"},
    {"quote_clock_missing", "only quotes of TPMs say what a clock showed that somebody vouches for",
     "rest on a nonce of your own: evidence show --room"},
    {"quote_clock_restarted",
     "the TPM was restarted between the two quotes, or its clock may have been set back",
     "how old it is cannot be known; ask the room again"},
    {"quote_of_another_key", "the two quotes are of different TPMs",
     "name the room on the machine that made it"},
    {"quote_too_old", "by the clock of its TPM the quote is older than you allow",
     "ask the room again"},
    {"time_malformed", "this is no time", "write it as in 2026-11-21T12:00:00Z"},
    {"tpm_ak_not_attestation_key",
     "the key may sign what the TPM has not itself written, or can leave the TPM",
     "make an attestation key: restricted, sign, fixedTPM, fixedParent, sensitiveDataOrigin"},
    {"tpm_ak_not_trusted", "nobody whom the trust policy names vouches for the attestation key",
     "give its certificates with --chain, or enrol it"},
    {"tpm_bank_not_allowed",
     "the quote is over more than one bank, over SHA-1, or over another bank than the trust "
     "policy's",
     "quote the one bank that the trust policy names"},
    {"tpm_evidence_malformed", "this is no TPM evidence in the form of docs/spec/evidence.md",
     kFiles},
    {"tpm_hash_not_allowed", "the quote is signed over SHA-1 or a hash that is not known",
     "use an attestation key with SHA-256 or better"},
    {"tpm_magic_wrong", "what is signed was not made by a TPM", kMachine},
    {"tpm_pcr_digest_wrong", "the values given are not those that the TPM has quoted", kMachine},
    {"tpm_pcr_missing", "the value of a quoted register is missing or has the wrong size", kFiles},
    {"tpm_public_malformed",
     "the attestation key cannot be read, or is of a kind that is not taken", kFiles},
    {"tpm_quote_malformed", "the quote cannot be read", kFiles},
    {"tpm_scheme_wrong", "the quote is signed in another scheme than the key's own", kMachine},
    {"tpm_selection_wrong",
     "the quote is not over exactly the registers that the trust policy names",
     "quote the registers that the trust policy names"},
    {"tpm_signature_malformed", "the quote's signature cannot be read", kFiles},
    {"tpm_type_wrong", "the TPM has signed something else than a quote", kFiles},
    {"trust_policy_missing", "no trust policy was given, so nothing is believed",
     "give one with --trust-policy; docs/spec/trust-policy.md"},
    {"vm_image_malformed", "this is no VM image as ./dev vm builds it",
     "give the unified kernel image, whole: glovebox.efi"},
    {"vm_start_not_fixed",
     "DEV-VM takes an image whose registers 0, 2, 4, 9, 11, 12 and 13 the trust policy fixes",
     "agree on all of them; glovebox measure vm computes them"},
}};

}  // namespace

std::span<const Wording> of_quotes() { return kWords; }

}  // namespace gbx::client::words
