#pragma once

#include <filesystem>
#include <string>

#include "trusted/base/bytes.h"

namespace gbx::client {

// The whole of a file of at most `size_max` bytes. Fails with not_found (file_missing),
// invalid_argument (file_too_large) or unavailable (file_unreadable).
Result<std::string> read_file(const std::filesystem::path& path, std::size_t size_max);

// Replaces `path` by `bytes` or leaves it as it was: a temporary file beside it, synced, then
// renamed. `mode` as for chmod. Fails with unavailable (file_unwritable, disk_full); the temporary
// file is then gone.
Status write_file(const std::filesystem::path& path, std::string_view bytes, unsigned mode);

// One writer of a folder at a time, over processes; let go when it dies. Move-only.
class FolderLock {
 public:
  // Waits for its turn. Fails with unavailable (file_unwritable).
  static Result<FolderLock> take(const std::filesystem::path& folder);
  ~FolderLock();
  FolderLock(FolderLock&& other) noexcept;
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;
  FolderLock& operator=(FolderLock&&) = delete;

 private:
  explicit FolderLock(int fd) : fd_(fd) {}
  int fd_;
};

}  // namespace gbx::client
