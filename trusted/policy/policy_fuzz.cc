// A policy packet from anywhere: what decodes encodes to the same bytes, and nothing that was not
// signed verifies.

#include "trusted/policy/policy.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gbx;
  const std::string_view text = as_text(ByteView(data, size));
  const auto json = Json::parse_canonical(text);
  if (!json) return 0;
  if (const auto policy = policy::decode(*json)) {
    GBX_CHECK(policy::encode(*policy).canonical() == text);
  }
  const packet::Envelope envelope{std::string(policy::kPolicyType), std::string(text), {}};
  GBX_CHECK(!policy::VerifiedPolicy::verify(envelope));
  return 0;
}
