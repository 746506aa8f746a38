#pragma once

// A sealed stream in a file that the host gave. The host may change it at any time; what reads
// through this holds every chunk against its leaf. Workers, which may be taken over after they have
// opened rows, get the same descriptor: it must not be a way back to the host. Thread-safe.

#include <memory>

#include "enclave/channel.h"
#include "trusted/snapshot/stream.h"

namespace gbx::enclave {

class FileSource final : public snapshot::BlockSource {
 public:
  explicit FileSource(Descriptor file) : file_(std::move(file)) {}
  // What a host handed in; nullptr unless it is a regular file (or memfd) that is open for reading
  // alone: a file open for writing too could be mapped and written by a caged worker, and a device,
  // pipe or socket could carry anything or never answer.
  static std::shared_ptr<const FileSource> adopt(Descriptor file) noexcept;
  Status read(std::uint64_t offset, std::span<std::uint8_t> out) const noexcept override;
  [[nodiscard]] int descriptor() const { return file_.get(); }

 private:
  Descriptor file_;
};

}  // namespace gbx::enclave
