// Identity packets come from strangers: whatever opens is signed by the key it names.

#include "client/keys/identity.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto identity = gbx::client::open_identity_packet(gbx::as_text({data, size}));
  if (identity) GBX_CHECK(gbx::client::is_member_name(identity->name));
  return 0;
}
