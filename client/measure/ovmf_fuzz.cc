// Hostile firmware: any bytes end in a digest or in a refusal, soon.

#include "client/measure/tdx_launch.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // The tables are at the end: whole pages, as a firmware must have.
  gbx::Bytes image((4096 - size % 4096) % 4096, 0);
  image.insert(image.end(), data, data + size);
  (void)gbx::client::tdx_launch_digest(image, gbx::client::PageOrder::page);
  gbx::client::SnpGuest guest;
  guest.firmware = image;
  (void)gbx::client::snp_launch_digest(guest);
  guest.kernel = gbx::client::DirectKernel{};
  (void)gbx::client::snp_launch_digest(guest);
  return 0;
}
