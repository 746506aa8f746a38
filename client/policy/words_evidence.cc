#include "client/policy/evidence_advice.h"
#include "client/policy/wording.h"

namespace gbx::client::words {
namespace {

constexpr std::string_view kBug = "please report it with the command that you ran";

// What can be wrong with any platform's evidence, and with certificates and trust policies.
constexpr Wording kWords[] = {
    {"certificate_expired", "a certificate of the chain is no longer valid", kClock},
    {"certificate_extension_unknown", "a certificate demands something that is not known here",
     kUpdate},
    {"certificate_leaf_is_authority",
     "the key that vouches is an authority itself, which no platform has", kFiles},
    {"certificate_malformed", "a certificate cannot be read, or is not in the one strict form",
     kFiles},
    {"certificate_not_authority", "a certificate signs others without being allowed to", kFiles},
    {"certificate_not_yet_valid", "a certificate of the chain is not valid yet", kClock},
    {"certificate_path_too_long", "an authority signs further down than it may", kFiles},
    {"certificate_revoked",
     "a certificate of the chain is revoked, by its authority or by the trust policy", kMachine},
    {"certificate_signature_wrong", "a certificate is not signed by the one above it", kFiles},
    {"chain_incomplete", "certificates between the evidence and a root are missing",
     "give all of them with --chain"},
    {"chain_issuer_wrong", "a certificate names another issuer than the one above it", kFiles},
    {"chain_malformed", "the certificates cannot be read",
     "give PEM or DER, one after the other, and nothing else"},
    {"chain_too_long", "the chain has more than eight certificates", kFiles},
    {"crl_expired", "a revocation list is no longer valid", kClock},
    {"crl_issuer_wrong", "a revocation list is from somebody else than the chain's authority",
     kFiles},
    {"crl_malformed", "a revocation list cannot be read", kFiles},
    {"crl_missing", "the revocation list of an authority is missing",
     "get it from the vendor and give it with --chain"},
    {"crl_not_yet_valid", "a revocation list is from the future", kClock},
    {"crl_signature_wrong", "a revocation list is not signed by its authority", kFiles},
    {"crl_too_old", "a revocation list is older than the trust policy allows", kClock},
    {"enrolment_malformed", "the offer, challenge or answer of an enrolment cannot be read",
     "make it again on the machine with glovebox-attester"},
    {"enrolment_proof_wrong",
     "the machine has not opened the challenge: the key is not in the TPM of that certificate",
     "do not believe this key; ask the operator of the machine"},
    {"evidence_too_large", "the evidence or what comes with it is too large", kFiles},
    {"key_malformed", "a public key is none, or of a kind that is not taken", kFiles},
    {"platform_not_trusted", "the trust policy has no section for this platform", kTrust},
    {"root_not_pinned", "the chain ends at a root that the trust policy does not name", kTrust},
    {"tpm_ek_not_rsa", "the endorsement certificate is not for an RSA key",
     "use the certificate of the RSA endorsement key"},
    {"trust_edit_failed", "the file would not say what was meant after the edit",
     "write the list as [one, two], without anchors, and try again"},
    {"trust_policy_malformed", "the trust policy cannot be read, or leaves something out",
     "see docs/spec/trust-policy.md"},
    {"verifier_incomplete", "a check of the verifier was not made", kBug},
};

}  // namespace

std::span<const Wording> of_evidence() { return kWords; }

}  // namespace gbx::client::words
