// Files that go between an owner and a machine: offers and challenges of keys, manifests of images.
// What can be read is written as it came, and no offer is believed by whoever names no root.

#include "attest/enrolment.h"
#include "attest/launch_events.h"
#include "trusted/crypto/entropy.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto json = gbx::Json::parse_canonical(gbx::as_text({data, size}));
  if (!json) return 0;
  if (const auto offer = gbx::attest::decode_key_offer(*json)) {
    GBX_CHECK(gbx::attest::encode(*offer).canonical() == json->canonical());
    gbx::crypto::SystemEntropy entropy;
    GBX_CHECK(!gbx::attest::make_key_challenge(*offer, {{}, 1'800'000'000}, entropy));
  }
  if (const auto challenge = gbx::attest::decode_key_challenge(*json)) {
    GBX_CHECK(gbx::attest::encode(*challenge).canonical() == json->canonical());
  }
  if (const auto events = gbx::attest::launch_events(*json)) {
    GBX_CHECK(events->size() >= 2 && events->size() <= gbx::attest::kImageFilesMax + 1);
    GBX_CHECK(events->back().what == json->canonical());
  }
  return 0;
}
