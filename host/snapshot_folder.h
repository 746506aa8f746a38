#pragma once

// Sealed snapshots as the host keeps them: a copy of what an owner handed over, beside its signed
// manifest, named by the manifest's hash. All of it is ciphertext and signed text.

#include <cstdint>
#include <filesystem>

#include "enclave/channel.h"

namespace gbx::host {

class SnapshotFolder {
 public:
  // Creates `folder`. Throws std::filesystem::filesystem_error.
  SnapshotFolder(std::filesystem::path folder, std::uint64_t snapshot_bytes_max);

  // Copies the regular file `source` and yields the copy, open for reading only; replaces what was
  // kept for the same manifest. Nothing half-written stays under the final name. Fails with
  // invalid_argument (snapshot_no_file, snapshot_too_large) or unavailable (disk_failed).
  Result<enclave::Descriptor> keep(ByteView manifest, const enclave::Descriptor& source);

 private:
  std::filesystem::path folder_;
  std::uint64_t snapshot_bytes_max_;
};

}  // namespace gbx::host
