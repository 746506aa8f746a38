#pragma once

// Enrolling the attestation key of a TPM that has no certificate for it: the owner's side of
// attest/enrolment.h, in two steps with files between. An attacker writes offer and answer; what is
// kept between the steps is the owner's own, and secret until the answer is there.

#include <string_view>

#include "attest/enrolment.h"

namespace gbx::client {

struct BegunEnrolment {
  Json challenge;  // for the machine
  Json kept;       // {"ak_sha256", "proof"}: for finish_enrolment(), and for nobody else
};

// `roots` is a file of certificates, each of which is believed as a root. Fails with
// invalid_argument (enrolment_malformed) or as attest::make_key_challenge() does.
Result<BegunEnrolment> begin_enrolment(std::string_view offer, ByteView roots, std::int64_t now,
                                       Entropy& entropy);

// The key that was proven, as trust policies name it. Fails with invalid_argument
// (enrolment_malformed) or unverified (enrolment_proof_wrong).
Result<Hash> finish_enrolment(std::string_view kept, std::string_view answer);

}  // namespace gbx::client
