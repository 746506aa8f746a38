#pragma once

// Evidence with everything that it takes to verify it later and offline, as one packet; and the
// question that keys and answers rest on: is this the room that the binding names, running what
// the members' trust policy allows? An attacker writes the packet and carries it. What must stay
// true: the verdict is verify_evidence()'s, and the image that was proven is the binding's.

#include "attest/evidence_verdict.h"
#include "trusted/packet/binding.h"

namespace gbx::attest {

// EvidenceFiles that own their bytes.
struct EvidenceBundle {
  Platform platform = Platform::sim;
  Bytes evidence;
  Bytes chain;
  Bytes collateral;
  [[nodiscard]] EvidenceFiles files() const { return {platform, evidence, chain, collateral}; }
};

// {"chain", "collateral", "evidence": base64, "platform": word}; docs/spec/evidence.md#packet.
Json encode(const EvidenceBundle& bundle);
// Fails with unverified: platform_unknown, evidence_malformed (also for what is larger than
// verify_evidence() takes).
Result<EvidenceBundle> decode_evidence(const Json& packet);

// What evidence has proven of a room.
struct ProvenRoom {
  Platform platform = Platform::sim;
  Assurance assurance = Assurance::insecure_sim;
  Hash image_digest{};
};

// Whether `packet` proves a room with exactly this binding under `trust`. `now` is the verifier's
// own, in seconds since 1970, > 0; whoever made `binding` known has compared nonce and policy hash
// before. Fails with unverified and the first of the verdict's reasons, measurement_wrong (another
// image of the trust policy than the binding names), or as decode_evidence() does. Pure and
// thread-safe.
Result<ProvenRoom> verify_room(const Json& packet, const packet::Binding& binding,
                               const TrustPolicy& trust, std::int64_t now);

}  // namespace gbx::attest
