#pragma once

// A TPM quote as a file: the quote, its signature and the PCR values that it is a digest of, as
// canonical JSON, because a TPM hands them out as separate structures. And the checks that a quote
// gets on every platform that has one. An attacker writes all of it; what must stay true: nothing
// is said about a PCR that the quote does not select, and the quote selects exactly what the trust
// policy names, in one bank that is not SHA-1.

#include "attest/evidence_verdict.h"
#include "attest/platform_trust.h"
#include "attest/tpm_structures.h"
#include "trusted/base/json.h"

namespace gbx::attest {

struct TpmEvidence {
  Bytes quote;                 // TPMS_ATTEST
  Bytes signature;             // TPMT_SIGNATURE
  std::vector<PcrValue> pcrs;  // ascending, of the quoted bank
};

// Reads the members pcrs, quote and signature, leaving what else there is to the caller.
TpmEvidence take_tpm_evidence(Fields& fields);
// The same members.
void put_tpm_evidence(Json& out, const TpmEvidence& evidence);

// The evidence file of the platform `tpm`.
struct TpmFile {
  Bytes ak_public;  // TPMT_PUBLIC
  TpmEvidence quote;
};

// Canonical JSON {"ak_public", "pcrs", "quote", "signature"}. Fails with unverified
// (tpm_evidence_malformed).
Result<TpmFile> parse_tpm_file(ByteView file);
std::string print_tpm_file(const TpmFile& file);

// What came out of a quote.
struct QuotedPcrs {
  TpmAlgorithm bank = TpmAlgorithm::null;
  PcrMask selected = 0;
  std::array<Bytes, kPcrCount> values;  // empty where not selected
  const TpmImage* image = nullptr;      // the first of the rules that all of this matches
};

// All checks of quote_checklist(), and the claims. `key` is the attestation key; that it can be
// trusted, the caller checks. nullopt when the quote cannot be read.
std::optional<QuotedPcrs> check_quote(Findings& findings, const TpmEvidence& evidence,
                                      const crypto::VerifyingKey& key, const PcrRules& rules,
                                      const Expected& expected);

std::span<const Literal> quote_checklist();

}  // namespace gbx::attest
