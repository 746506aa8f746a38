#include "client/import/import.h"
#include "client/policy/collaboration.h"
#include "trusted/crypto/entropy.h"

// Rules of other clean rooms from anybody: the first byte chooses the system. A draft is refused as
// long as its blanks are in it, whatever the file says.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using gbx::client::ImportSource;
  if (size == 0) return 0;
  constexpr ImportSource kSources[] = {ImportSource::aws, ImportSource::bigquery,
                                       ImportSource::snowflake};
  const std::string text(data + 1, data + size);
  try {
    const auto imported = gbx::client::import_policy(kSources[data[0] % 3], {{"file", text}});
    gbx::crypto::SystemEntropy entropy;
    bool refused = false;
    try {
      gbx::client::parse_collaboration(imported.yaml, "draft.yaml", {}, entropy);
    } catch (const gbx::client::Mistake&) {
      refused = true;
    }
    GBX_CHECK(refused);
  } catch (const gbx::client::Mistake&) {
    return 0;
  }
  return 0;
}
