#pragma once

// AMD SEV-SNP: is this report from a genuine chip with firmware, guest and machine that we allow?
// Everything of the checklist in docs/spec/evidence.md#snp but what REPORT_DATA must hold, which
// differs under Azure's paravisor. An attacker writes report and chain.

#include "attest/evidence_verdict.h"
#include "attest/snp_report.h"
#include "attest/trust_policy.h"

namespace gbx::attest {

struct SnpQuestion {
  ByteView report;
  ByteView chain;  // VCEK or VLEK, ASK or ASVK, ARK, and AMD's revocation list
  const SnpTrust* trust = nullptr;
  const TrustPolicy* policy = nullptr;
  const Expected* expected = nullptr;
};

struct SnpAnswer {
  SnpReport report;
  const SnpImage* image = nullptr;  // of the trust policy; nullptr when refused
};

// What a verifier that called check_snp() must find made.
extern const std::span<const Literal> kSnpChecklist;

// nullopt when the report cannot be read; the reason is in `findings`.
std::optional<SnpAnswer> check_snp(const SnpQuestion& question, Findings& findings);

}  // namespace gbx::attest
