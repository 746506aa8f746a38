// Platforms whose verifier is not built yet: never trusted.

#include "attest/platforms.h"

namespace gbx::attest {

Verdict verify_tpm(const EvidenceFiles& /*files*/, const TrustPolicy& /*trust*/,
                   const Expected& /*expected*/, Findings findings) {
  findings.refuse("platform_not_trusted");
  return std::move(findings).refused();
}

Verdict verify_nitro(const EvidenceFiles& /*files*/, const TrustPolicy& /*trust*/,
                     const Expected& /*expected*/, Findings findings) {
  findings.refuse("platform_not_trusted");
  return std::move(findings).refused();
}

Verdict verify_azure(const EvidenceFiles& /*files*/, const TrustPolicy& /*trust*/,
                     const Expected& /*expected*/, Findings findings) {
  findings.refuse("platform_not_trusted");
  return std::move(findings).refused();
}

}  // namespace gbx::attest
