#include "attest/trust_policy.h"
#include "trusted/base/bytes.h"

// A trust policy that is read is printed in the same bytes.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto json = gbx::Json::parse_canonical(gbx::as_text({data, size}));
  if (!json) return 0;
  const auto trust = gbx::attest::decode_trust_policy(*json);
  if (!trust) return 0;
  GBX_CHECK(gbx::attest::encode_trust_policy(*trust).canonical() == json->canonical());
  return 0;
}
