// Frames and refusals from anywhere: what decodes encodes to the same bytes.

#include "enclave/frames.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gbx;
  const ByteView bytes(data, size);
  if (const auto frame = enclave::decode_frame(bytes)) {
    const Bytes again = enclave::encode_frame(frame->call, frame->payload);
    GBX_CHECK(again == Bytes(bytes.begin(), bytes.end()));
    if (frame->call == enclave::Call::refusal) {
      const auto refusal = enclave::decode_refusal(frame->payload);
      GBX_CHECK(!refusal || refusal->reason.size() <= enclave::kReasonBytesMax);
    }
  }
  return 0;
}
