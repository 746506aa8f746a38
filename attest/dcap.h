#pragma once

// Intel DCAP: is this quote from a genuine processor that Intel still vouches for, with an enclave
// or trust domain that we allow? Evidence: the quote. Chain and collateral: Intel's, as
// docs/spec/evidence.md#sgx-and-tdx says. An attacker writes the quote and may choose among all
// collateral that Intel has ever signed. verify_sgx() and verify_tdx() are in platforms.h; they go
// in the order of Intel's own verifier, and nothing but unreadable bytes ends them early.

#include "attest/evidence_verdict.h"

namespace gbx::attest {

// What both must have made, and what each of them besides.
extern const std::span<const Literal> kDcapChecklist;
extern const std::span<const Literal> kSgxChecklist;
extern const std::span<const Literal> kTdxChecklist;

}  // namespace gbx::attest
