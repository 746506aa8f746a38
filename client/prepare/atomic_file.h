#pragma once

// A file that appears whole or not at all: written without a name, or under a temporary one, and
// given its name when all of it is on the disk. Whatever ends the program before leaves nothing.

#include <string>

#include "trusted/snapshot/stream.h"

namespace gbx::prepare {

class AtomicFile final : public snapshot::ChunkSink {
 public:
  // Throws Failure when the folder cannot be written to.
  explicit AtomicFile(std::string path);
  ~AtomicFile() override;
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;
  AtomicFile(AtomicFile&&) = delete;
  AtomicFile& operator=(AtomicFile&&) = delete;

  Status write(ByteView bytes) noexcept override;
  // Puts what was written on the disk; still without its name. Throws Failure.
  void sync();
  // Gives the file its name, replacing one of that name. Throws Failure.
  void publish();
  // Why the last write() failed, in words ("the disk is full").
  [[nodiscard]] std::string why() const;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
  std::string temporary_;  // "" while the file has no name at all
  int file_ = -1;
  int error_ = 0;
};

}  // namespace gbx::prepare
