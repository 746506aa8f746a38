#pragma once

// A trust policy, edited: one more image, one more machine. The file is the person's own; what must
// stay true is that an edit never makes it believe more than the person said: no section appears by
// itself, and naming the first machine ends "any".

#include <optional>
#include <string>
#include <vector>

#include "attest/trust_policy.h"

namespace gbx::client {

// The values that a platform reports for one image; what the platform does not use stays empty.
struct NewImage {
  attest::Platform platform = attest::Platform::sim;
  Hash image_digest{};
  Bytes measurement;                         // snp: 48 bytes; sgx: MRENCLAVE, 32; tdx: MRTD, 48
  std::uint8_t vmpl = 0;                     // snp
  std::vector<attest::PcrValue> pcrs;        // tpm, nitro, azure; RTMR 0 to 3 of tdx
  std::optional<packet::Envelope> manifest;  // signed, where the trust policy names builders
  std::optional<std::string> proof;          // that it is logged, where it names a log
};

// As the first of its list. Fails with not_found (platform_not_trusted) or invalid_argument
// (image_values_missing; image_signature_unasked: a manifest, and no builders;
// image_log_proof_unasked: a proof, and no log), or as attest::check_builders() and
// attest::check_image_log() do; nothing has changed then. Where a platform fixes data at the start
// (HOST_DATA, MRCONFIGID), the image must be started with the policy's hash.
Status add_image(attest::TrustPolicy& trust, const NewImage& image);

// As the first of its list. Fails with not_found (platform_not_trusted) or invalid_argument
// (machine_malformed, machine_repeated); nothing has changed then.
Status pin_machine(attest::TrustPolicy& trust, attest::Platform platform, const Bytes& machine);

// An attestation key that was enrolled (enrol_key.h), as the first of its list. Fails with
// not_found (platform_not_trusted) or invalid_argument (machine_repeated, trust_policy_malformed:
// no TPM has that assurance word); nothing has changed then.
Status enrol_key(attest::TrustPolicy& trust, const attest::TpmKey& key);

// Fails with invalid_argument (trust_policy_malformed).
Result<attest::TrustPolicy> parse_trust_file(std::string_view text);
std::string print_trust_file(const attest::TrustPolicy& trust);

}  // namespace gbx::client
