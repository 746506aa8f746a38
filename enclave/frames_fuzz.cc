// Frames and refusals from anywhere: what decodes encodes to the same bytes.

#include "enclave/frames.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const gbx::ByteView bytes(data, size);
  if (const auto frame = gbx::enclave::decode_frame(bytes)) {
    const gbx::Bytes again = gbx::enclave::encode_frame(frame->call, frame->payload);
    GBX_CHECK(again == gbx::Bytes(bytes.begin(), bytes.end()));
    if (frame->call == gbx::enclave::Call::refusal) {
      const auto refusal = gbx::enclave::decode_refusal(frame->payload);
      if (!refusal) return 0;
      GBX_CHECK(refusal->reason.size() <= gbx::enclave::kReasonBytesMax);
      gbx::Bytes said(refusal->body.begin(), refusal->body.end());
      said.insert(said.end(), refusal->signature.begin(), refusal->signature.end());
      GBX_CHECK(said == frame->payload);
    }
  }
  return 0;
}
