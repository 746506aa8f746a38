// Hostile VM images: any bytes end in registers or in a refusal, soon; what is taken fixes all.

#include "client/measure/vm_start.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto pcrs = gbx::client::pcrs_of_vm(gbx::ByteView(data, size));
  GBX_CHECK(!pcrs || pcrs->size() == 6);
  const auto rtmrs =
      gbx::client::rtmrs_of_vm(gbx::ByteView(data, size), gbx::client::Separator::rtmr1);
  GBX_CHECK(bool(rtmrs) == bool(pcrs) && (!rtmrs || rtmrs->size() == 3));
  return 0;
}
