#pragma once

// A sealed stream in a file or memfd that the host gave. The host may change it at any time; what
// reads through this holds every chunk against its leaf. Thread-safe.

#include "enclave/channel.h"
#include "trusted/snapshot/stream.h"

namespace gbx::enclave {

class FileSource final : public snapshot::BlockSource {
 public:
  explicit FileSource(Descriptor file) : file_(std::move(file)) {}
  Status read(std::uint64_t offset, std::span<std::uint8_t> out) const noexcept override;
  [[nodiscard]] int descriptor() const { return file_.get(); }

 private:
  Descriptor file_;
};

}  // namespace gbx::enclave
