#include <gtest/gtest.h>

#include "attest/sim.h"
#include "attest/verify.h"

namespace gbx::attest {
namespace {

// A build without the sim platform takes no evidence of it, whatever the policy says.
TEST(WithoutSim, SimIsAnUnknownPlatform) {
  Expectation expected;
  expected.binding.fill(1);
  expected.policy_hash.fill(1);
  expected.image_digest.fill(1);
  expected.images = {expected.image_digest};
  expected.min_assurance = "INSECURE-SIM";
  const auto claims = verify(print_evidence("sim", as_bytes("{}")), expected);
  EXPECT_EQ(claims.error().reason.view(), "platform_unknown");
}

}  // namespace
}  // namespace gbx::attest
