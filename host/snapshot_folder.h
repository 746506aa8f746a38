#pragma once

// Sealed snapshots as the host keeps them: a copy of what an owner handed over, beside its signed
// manifest, named by the manifest's hash. All of it is ciphertext and signed text.

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>

#include "enclave/channel.h"

namespace gbx::host {

class SnapshotFolder {
 public:
  static constexpr std::uint64_t kSpareBytes = std::uint64_t{64} << 20;

  // Creates `folder`, or clears it of what an earlier host has not finished. Throws
  // std::filesystem::filesystem_error.
  SnapshotFolder(std::filesystem::path folder, std::uint64_t snapshot_bytes_max);

  // Copies the regular file `source` and yields the copy, open for reading only. It has a name of
  // its own until keep() or discard(). Leaves kSpareBytes of the disk: the ledger is on it. Fails
  // with invalid_argument (snapshot_no_file, snapshot_too_large) or unavailable (disk_failed).
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
  std::filesystem::path folder_;
  std::uint64_t snapshot_bytes_max_;
  std::unique_ptr<std::atomic<std::uint64_t>> received_ =
      std::make_unique<std::atomic<std::uint64_t>>(0);  // on the heap, so that this can be moved
};

}  // namespace gbx::host
