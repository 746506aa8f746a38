#pragma once

// Enrolling a TPM's attestation key: the proof that it is in the TPM whose endorsement certificate
// somebody shows (TCG TPM 2.0 Library, Part 1, 24: credential protection). The machine offers its
// key and certificate; whoever enrols checks the certificate against a root that it names itself,
// and makes a challenge that only that TPM can open, and only for that key; the right proof is the
// yes.
//
// An attacker writes offer and proof. What must stay true: no key is enrolled without the proof,
// and the key is one that signs only what its TPM has written.

#include "attest/evidence_verdict.h"
#include "trusted/base/seams.h"
#include "trusted/base/secret.h"

namespace gbx::attest {

struct KeyOffer {
  Bytes ak_public;  // TPMT_PUBLIC
  Bytes chain;      // the endorsement certificate, then what it needs to reach its root
};
Json encode(const KeyOffer& offer);  // {"ak_public", "chain"}: base64
// Fails with invalid_argument (enrolment_malformed), as decode_key_challenge() does.
Result<KeyOffer> decode_key_offer(const Json& json);

struct KeyChallenge {
  Bytes id_object;  // contents of TPM2B_ID_OBJECT
  Bytes secret;     // contents of TPM2B_ENCRYPTED_SECRET
};
Json encode(const KeyChallenge& challenge);  // {"id_object", "secret"}: base64
Result<KeyChallenge> decode_key_challenge(const Json& json);

// What an offer is held against.
struct EnrolmentRules {
  std::vector<Hash> roots;  // SHA-256 of DER; empty believes nobody
  std::int64_t now = 0;     // seconds since 1970
};

struct MadeChallenge {
  KeyChallenge challenge;
  Hash ak_sha256{};  // of TPMT_PUBLIC, as trust policies name it
  Hash proof{};      // what the machine must answer
};

// Checks the offer and makes a challenge. Fails with unverified: tpm_public_malformed,
// tpm_ak_not_attestation_key, the words of chains, certificate_usage_wrong (no endorsement
// certificate), tpm_ek_not_rsa; or unavailable (entropy). Nothing was proven yet.
Result<MadeChallenge> make_key_challenge(const KeyOffer& offer, const EnrolmentRules& rules,
                                         Entropy& entropy);

}  // namespace gbx::attest
