#pragma once

// Files that appear whole or not at all, for secrets and for tables of many gigabytes. Another
// program may read, kill or fill the disk at any moment; what must stay true: a name never stands
// for half a file, what was published survives a power cut, and what a killed run left is removed
// by the next one that writes the same name.

#include <filesystem>
#include <string>

#include "trusted/base/bytes.h"

namespace gbx::client {

// The whole of a file of at most `size_max` bytes. Fails with not_found (file_missing),
// invalid_argument (file_too_large, file_is_folder) or unavailable (file_unreadable,
// file_without_writer: a pipe into which nobody began to write for two seconds).
Result<std::string> read_file(const std::filesystem::path& path, std::size_t size_max);

// A file that is written without a name, or under a temporary one, and gets its name when all of it
// is on the disk. The first failure stays: every later call fails with it, and nothing is named
// (but for a folder that cannot be synced: then the name stands, and may not survive a power cut).
// Fails with unavailable (file_unwritable, disk_full). Not thread-safe.
class AtomicFile {
 public:
  // `mode` as for open(); 0600 for whatever is not meant for others. Only a regular file is ever
  // replaced: a folder or a device of that name is a failure.
  AtomicFile(std::filesystem::path path, unsigned mode);
  // Without publish(), nothing is left.
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;
  AtomicFile(AtomicFile&&) = delete;
  AtomicFile& operator=(AtomicFile&&) = delete;

  [[nodiscard]] Status status() const;
  Status write(ByteView bytes) noexcept;
  // Puts what was written on the disk; still without its name.
  Status sync() noexcept;
  // Syncs, gives the file its name, replacing one of that name, and syncs the folder.
  Status publish() noexcept;
  // Why it failed, in words ("the disk is full"); the system's for what has no better ones.
  [[nodiscard]] std::string why() const;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  void open(unsigned mode);
  bool give_temporary_name() noexcept;
  Status fail(int error) noexcept;

  std::filesystem::path path_;
  std::string temporary_;  // the temporary name; in use when `named_`
  bool named_ = false;
  int file_ = -1;
  int error_ = 0;
};

// Removes `path` for good: after a power cut it is still gone. A name that is not there is fine.
// Fails with unavailable (file_unwritable).
Status remove_file(const std::filesystem::path& path);

// Replaces `path` by `bytes` or leaves it as it was. Fails as AtomicFile does.
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
