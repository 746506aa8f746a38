// The text is anybody's. The scanner and the parser must say the same of it; and of the parser's
// own canonical form, whenever that may be signed.

#include "trusted/base/bytes.h"
#include "trusted/base/canonical.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = gbx::as_text({data, size});
  const auto same = [](std::string_view one) {
    const std::size_t scanned = gbx::canonical_size(one);
    const bool all = scanned > 0 && scanned == one.size();
    GBX_CHECK(all == gbx::Json::parse_canonical(one).has_value());
  };
  same(text);
  if (const auto json = gbx::Json::parse(text)) same(json->canonical());
  return 0;
}
