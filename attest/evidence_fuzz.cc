#include "attest/sim.h"
#include "attest/trust_policy.h"
#include "trusted/packet/dsse.h"

// Evidence packets are hostile. Nothing that a fuzzer finds can verify: it expects a binding that
// nobody has quoted.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gbx;
  static_cast<void>(attest::open_sim_report({data, size}));
  const auto packet = Json::parse_canonical(as_text({data, size}));
  if (!packet) return 0;
  packet::Binding binding;
  binding.policy_hash.fill(1);
  binding.image_digest.fill(1);
  attest::TrustPolicy trust;
  trust.min_assurance = attest::Assurance::insecure_sim;
  trust.sim.emplace();
  GBX_CHECK(!attest::verify_room(*packet, binding, trust, 1));
  const auto bundle = attest::decode_evidence(*packet);
  if (bundle) GBX_CHECK(attest::encode(*bundle).canonical() == as_text({data, size}));
  return 0;
}
