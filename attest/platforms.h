#pragma once

// One verifier for each platform, for verify_evidence() only; each in its own file. A verifier
// writes down everything that it finds wrong, goes on as long as the bytes can be read, and ends in
// Findings::conclude() with its checklist.

#include "attest/evidence_verdict.h"
#include "attest/trust_policy.h"

namespace gbx::attest {

Verdict verify_sim(const EvidenceFiles& files, const TrustPolicy& trust, const Expected& expected,
                   Findings findings);
Verdict verify_snp(const EvidenceFiles& files, const TrustPolicy& trust, const Expected& expected,
                   Findings findings);
Verdict verify_sgx(const EvidenceFiles& files, const TrustPolicy& trust, const Expected& expected,
                   Findings findings);
Verdict verify_tdx(const EvidenceFiles& files, const TrustPolicy& trust, const Expected& expected,
                   Findings findings);
Verdict verify_tpm(const EvidenceFiles& files, const TrustPolicy& trust, const Expected& expected,
                   Findings findings);
Verdict verify_nitro(const EvidenceFiles& files, const TrustPolicy& trust, const Expected& expected,
                     Findings findings);
Verdict verify_azure(const EvidenceFiles& files, const TrustPolicy& trust, const Expected& expected,
                     Findings findings);

// What all of them do at their end: the platform's word against the policy's minimum.
inline bool require_assurance(Findings& findings, const TrustPolicy& trust, Assurance assurance) {
  return findings.require(assurance >= trust.min_assurance, "assurance_too_low");
}

}  // namespace gbx::attest
