#include "client/keys/atomic_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace gbx::client {
namespace {

constexpr Error kUnwritable{ErrorCode::unavailable, "file_unwritable"};
constexpr Error kUnreadable{ErrorCode::unavailable, "file_unreadable"};
constexpr Error kDiskFull{ErrorCode::unavailable, "disk_full"};

class File {
 public:
  File(const std::filesystem::path& path, int flags, unsigned mode)
      : fd_(open(path.c_str(), flags | O_CLOEXEC, static_cast<mode_t>(mode))) {}
  ~File() {
    if (fd_ >= 0) close(fd_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  File(File&&) = delete;
  File& operator=(File&&) = delete;
  [[nodiscard]] int fd() const { return fd_; }

 private:
  int fd_;
};

Status write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return errno == ENOSPC || errno == EDQUOT ? kDiskFull : kUnwritable;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

void sync_folder(const std::filesystem::path& folder) {
  const File file(folder.empty() ? "." : folder, O_RDONLY | O_DIRECTORY, 0);
  if (file.fd() >= 0) fsync(file.fd());
}

Status write_new(const std::filesystem::path& path, std::string_view bytes, unsigned mode) {
  const File file(path, O_WRONLY | O_CREAT | O_EXCL, mode);
  if (file.fd() < 0) return errno == ENOSPC || errno == EDQUOT ? kDiskFull : kUnwritable;
  GBX_TRY(write_all(file.fd(), bytes));
  if (fsync(file.fd()) != 0) return errno == ENOSPC || errno == EDQUOT ? kDiskFull : kUnwritable;
  return {};
}

}  // namespace

Result<std::string> read_file(const std::filesystem::path& path, std::size_t size_max) {
  const File file(path, O_RDONLY, 0);
  if (file.fd() < 0) {
    return errno == ENOENT ? Error{ErrorCode::not_found, "file_missing"} : kUnreadable;
  }
  constexpr std::size_t kPiece = 65536;
  std::string out;
  for (;;) {
    const std::size_t before = out.size();
    out.resize(before + kPiece);
    const ssize_t got = read(file.fd(), out.data() + before, kPiece);
    if (got < 0 && errno != EINTR) return kUnreadable;
    out.resize(before + static_cast<std::size_t>(got < 0 ? 0 : got));
    if (got == 0) return out;
    if (out.size() > size_max) return Error{ErrorCode::invalid_argument, "file_too_large"};
  }
}

Status write_file(const std::filesystem::path& path, std::string_view bytes, unsigned mode) {
  std::filesystem::path temporary = path;
  temporary += ".tmp" + std::to_string(getpid());
  unlink(temporary.c_str());
  Status written = write_new(temporary, bytes, mode);
  if (written && rename(temporary.c_str(), path.c_str()) != 0) written = kUnwritable;
  if (!written) unlink(temporary.c_str());
  if (written) sync_folder(path.parent_path());
  return written;
}

Result<FolderLock> FolderLock::take(const std::filesystem::path& folder) {
  FolderLock lock(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (lock.fd_ < 0) return kUnwritable;
  while (flock(lock.fd_, LOCK_EX) != 0) {
    if (errno != EINTR) return kUnwritable;
  }
  return lock;
}

FolderLock::~FolderLock() {
  if (fd_ >= 0) close(fd_);
}

FolderLock::FolderLock(FolderLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

}  // namespace gbx::client
