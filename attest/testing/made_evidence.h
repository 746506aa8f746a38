#pragma once

// What a maker of synthetic evidence gives: everything that the verifier takes.

#include "attest/evidence_verdict.h"
#include "attest/trust_policy.h"

namespace gbx::attest::testing {

struct MadeEvidence {
  Platform platform = Platform::snp;
  Bytes evidence;
  Bytes chain;
  Bytes collateral;
  TrustPolicy trust;
  Expected expected;
  [[nodiscard]] Verdict verdict() const { return verdict(trust, expected); }
  // Under another policy, or of somebody who expects something else.
  [[nodiscard]] Verdict verdict(const TrustPolicy& by, const Expected& wanted) const {
    return verify_evidence({platform, evidence, chain, collateral}, by, wanted);
  }
};

// The bits of one of the parts (evidence, chain, collateral) whose flip is still believed,
// ascending; every `stride`-th bit is tried. Each try is a whole verification, nothing of which is
// kept for the next; they are shared out among the processors.
std::vector<std::size_t> surviving_flips(const MadeEvidence& made, Bytes MadeEvidence::* part,
                                         std::size_t stride = 1);

// Processor time of the quickest of many verifications, which must all say yes.
double quickest_ms(const MadeEvidence& made);
constexpr double kVerificationMsMax = 20;

// Why a test of real evidence is skipped: it is others' data, which this repository does not carry.
constexpr const char* kNoVectors =
    "the real vectors are not beside this checkout (../shared/vectors); the same items are held "
    "against synthetic evidence";
// The text of a file of the real vectors beside this checkout; nullopt when they are not there.
std::optional<Bytes> read_vector(const std::string& name);
// All reasons, in order, separated by spaces.
std::string reasons_of(const Verdict& verdict);

}  // namespace gbx::attest::testing
