// Hostile enclave image files: any bytes end in three registers or in a refusal, soon.

#include "client/measure/eif.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto pcrs = gbx::client::pcrs_of_eif(gbx::ByteView(data, size));
  GBX_CHECK(!pcrs || pcrs->size() == 3);
  return 0;
}
