#pragma once

// The forms in which others keep evidence, brought into ours (docs/reference/evidence.md). An
// attacker writes all of it. Nothing is decided here: a file that is in no foreign form is given on
// as it is, for the verifier to refuse; and nothing is added that was not in the files.

#include "attest/evidence_bundle.h"
#include "attest/tpm_structures.h"

namespace gbx::client {

using EvidenceFile = attest::EvidenceBundle;

// What is read besides our own forms:
//   any     hex or base64 of a binary file; PEM with explanations; our own JSON, printed otherwise
//   snp     the kernel's answer to SNP_GET_REPORT; a report with its table of certificates behind
//   it sgx, tdx  collateral with revocation lists in PEM or base64, and with whole responses
//   inside, as
//           Intel's quote provider library hands it out
//   tpm     the Attestation message of go-tpm-tools, of which the quote over `bank` is taken
//   azure   the evidence of Trustee's az-snp-vtpm and az-tdx-vtpm in all versions; a paravisor's
//   blob
//           as evidence, with the quote beside it as collateral
// Pure and thread-safe.
EvidenceFile import_evidence(EvidenceFile file, attest::TpmAlgorithm bank);

// A trust domain's evidence with the log of its start, where the verifier looks for it.
EvidenceFile with_event_log(EvidenceFile file, ByteView log);

}  // namespace gbx::client
