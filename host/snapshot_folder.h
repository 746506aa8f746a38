#pragma once

// Sealed snapshots as the host keeps them: a copy of what an owner handed over, beside its signed
// manifest, named by the manifest's hash. All of it is ciphertext and signed text.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>

#include "enclave/channel.h"

namespace gbx::host {

class SnapshotFolder {
 public:
  static constexpr std::uint64_t kSpareBytes = std::uint64_t{64} << 20;

  // Creates `folder`, or clears it of what an earlier host has not finished. Throws
  // std::filesystem::filesystem_error.
  SnapshotFolder(std::filesystem::path folder, std::uint64_t snapshot_bytes_max);

  // Copies the regular file `source` and yields the copy, open for reading only. It has a name of
  // its own until keep() or discard(). Leaves kSpareBytes of the disk, however many are received at
  // once: the ledger is on it. Fails with invalid_argument (snapshot_no_file, snapshot_too_large)
  // or unavailable (disk_failed).
  // Thread-safe: an owner's slow file is waited for by nobody else.
  struct Incoming {
    enclave::Descriptor file;
    std::filesystem::path path;
  };
  Result<Incoming> receive(const enclave::Descriptor& source);
  // The room has taken it: beside its manifest, under the manifest's hash, in place of what was
  // kept for that.
  void keep(ByteView manifest, const Incoming& incoming);
  void discard(const Incoming& incoming);

 private:
  // The file to write to, with its space taken; invalid when there is not enough.
  enclave::Descriptor reserve(std::uint64_t size, Incoming& incoming);

  std::filesystem::path folder_;
  std::uint64_t snapshot_bytes_max_;
  struct Received {
    std::mutex mutex;
    std::uint64_t count = 0;
  };
  std::unique_ptr<Received> received_ = std::make_unique<Received>();  // so that this can be moved
};

}  // namespace gbx::host
