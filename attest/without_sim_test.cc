#include <gtest/gtest.h>

#include "attest/sim.h"
#include "attest/trust_policy.h"

namespace gbx::attest {
namespace {

// A build without the sim platform takes no evidence of it, whatever the policy says.
TEST(WithoutSim, SimIsAnUnknownPlatform) {
  packet::Binding binding;
  binding.image_digest.fill(1);
  TrustPolicy trust;
  trust.min_assurance = Assurance::insecure_sim;
  trust.sim = SimTrust{{binding.image_digest}};
  const Json packet = encode(EvidenceBundle{Platform::sim, to_bytes("{}"), {}, {}});
  EXPECT_EQ(verify_room(packet, binding, trust, 1).error().reason.view(), "platform_unknown");
}

}  // namespace
}  // namespace gbx::attest
