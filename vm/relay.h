#pragma once

// Between the host's line into a virtual machine, which carries bytes alone, and the room's socket:
// frames pass as they are, one call at a time, and the pieces of a sealed file become the
// descriptor of their attach. The host writes every byte; what is sealed is verified in the room,
// chunk by chunk, so nothing here is believed, and nothing here is secret. No exceptions; one
// thread.

#include <filesystem>

#include "enclave/channel.h"

namespace gbx::vm {

// The file that is coming. Pieces that do not fit are dropped, and the attach is refused.
class SealedFile {
 public:
  // `folder` limits how much fits: a tmpfs of that size.
  explicit SealedFile(std::filesystem::path folder) : folder_(std::move(folder)) {}

  void add(ByteView piece) noexcept;
  // What has come, open for reading alone and without a name; then there is nothing again. Fails
  // with unavailable (sealed_not_kept).
  Result<enclave::Descriptor> take() noexcept;

 private:
  std::filesystem::path folder_;
  enclave::Descriptor file_;
  bool failed_ = false;
};

// Relays until one side ends; why, is what it returns: unavailable (channel_closed,
// channel_timeout, frame_unexpected), or invalid_argument (frame_malformed, frame_too_large).
Status relay(enclave::Channel& host, enclave::Channel& room, SealedFile sealed);

}  // namespace gbx::vm
