#include "attest/sim.h"
#include "attest/verify.h"
#include "trusted/packet/dsse.h"

// Evidence is hostile. Nothing that a fuzzer finds can verify: it expects a binding that nobody has
// quoted.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  gbx::attest::Expectation expected;
  expected.binding.fill(1);
  expected.policy_hash.fill(1);
  expected.image_digest.fill(1);
  expected.min_assurance = "INSECURE-SIM";
  GBX_CHECK(!gbx::attest::verify(gbx::as_text({data, size}), expected));
  static_cast<void>(gbx::attest::open_sim_report({data, size}));
  return 0;
}
