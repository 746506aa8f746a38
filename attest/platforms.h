#pragma once

// One verifier for each platform, for verify_evidence() only; each in its own file. A verifier
// writes down everything that it finds wrong, goes on as long as the bytes can be read, and ends in
// Findings::conclude() with its checklist.

#include "attest/evidence_verdict.h"
#include "attest/trust_policy.h"

namespace gbx::attest {

using Verifier = Verdict(const EvidenceFiles& files, const TrustPolicy& trust,
                         const Expected& expected, Findings findings);
Verifier verify_sim;
Verifier verify_snp;
Verifier verify_sgx;
Verifier verify_tdx;
Verifier verify_tpm;
Verifier verify_nitro;
Verifier verify_azure;

// verify_tdx() of a domain that a paravisor runs in: that one handles #VE itself, so there, and
// only there, SEPT_VE_DISABLE may be off.
Verifier verify_tdx_paravisor;

// What all of them do at their end: the platform's word against the policy's minimum.
inline bool require_assurance(Findings& findings, const TrustPolicy& trust, Assurance assurance) {
  return findings.require(assurance >= trust.min_assurance, "assurance_too_low");
}

}  // namespace gbx::attest
