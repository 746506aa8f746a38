#include "client/keys/atomic_file.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

namespace gbx::client {
namespace {

constexpr Error kUnwritable{ErrorCode::unavailable, "file_unwritable"};
constexpr Error kUnreadable{ErrorCode::unavailable, "file_unreadable"};
constexpr Error kDiskFull{ErrorCode::unavailable, "disk_full"};
constexpr std::string_view kTemporary = ".part-";
constexpr int kFirstWriterMs = 2000;
constexpr long kNamelessPipes = 0x50495045;  // PIPEFS_MAGIC

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

std::filesystem::path folder_of(const std::filesystem::path& path) {
  return path.has_parent_path() ? path.parent_path() : ".";
}

// False, with errno, when the names in the folder of `path` may not be on the disk.
bool sync_folder(const std::filesystem::path& path) {
  const File folder(folder_of(path), O_RDONLY | O_DIRECTORY, 0);
  return folder.fd() >= 0 && fsync(folder.fd()) == 0;
}

// False for a pipe with a name that nobody writes into, or nobody in time: whoever unpacks files
// from elsewhere may have one among them, and would wait for ever. Nameless ones (a shell's
// `<(...)`) have a writer.
bool has_writer(int fd) {
  struct stat info{};
  struct statfs system{};
  if (fstat(fd, &info) != 0 || !S_ISFIFO(info.st_mode)) return true;
  if (fstatfs(fd, &system) == 0 && system.f_type == kNamelessPipes) return true;
  pollfd wait{fd, POLLIN, 0};
  return poll(&wait, 1, kFirstWriterMs) != 0;
}

// What runs that were killed left of `path`. A run that lives holds a lock on its own.
void remove_leftovers(const std::filesystem::path& path) {
  const std::string prefix = path.filename().string() + std::string(kTemporary);
  std::error_code error;
  for (std::filesystem::directory_iterator entry(folder_of(path), error), end;
       !error && entry != end; entry.increment(error)) {
    if (!entry->path().filename().string().starts_with(prefix)) continue;
    const File left(entry->path(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);
    if (left.fd() >= 0 && flock(left.fd(), LOCK_EX | LOCK_NB) == 0) unlink(entry->path().c_str());
  }
}

}  // namespace

Result<std::string> read_file(const std::filesystem::path& path, std::size_t size_max) {
  const File file(path, O_RDONLY | O_NONBLOCK, 0);
  if (file.fd() < 0) {
    return errno == ENOENT ? Error{ErrorCode::not_found, "file_missing"} : kUnreadable;
  }
  if (!has_writer(file.fd())) return Error{ErrorCode::unavailable, "file_without_writer"};
  const int flags = fcntl(file.fd(), F_GETFL);
  if (flags < 0 || fcntl(file.fd(), F_SETFL, flags & ~O_NONBLOCK) != 0) return kUnreadable;
  constexpr std::size_t kPiece = 65536;
  std::string out;
  for (;;) {
    const std::size_t before = out.size();
    out.resize(before + kPiece);
    const ssize_t got = read(file.fd(), out.data() + before, kPiece);
    if (got < 0 && errno == EISDIR) return Error{ErrorCode::invalid_argument, "file_is_folder"};
    if (got < 0 && errno != EINTR) return kUnreadable;
    out.resize(before + static_cast<std::size_t>(got < 0 ? 0 : got));
    if (got == 0) return out;
    if (out.size() > size_max) return Error{ErrorCode::invalid_argument, "file_too_large"};
  }
}

AtomicFile::AtomicFile(std::filesystem::path path, unsigned mode) : path_(std::move(path)) {
  static std::atomic<unsigned> count{0};
  temporary_ = path_.string() + std::string(kTemporary) + std::to_string(getpid()) + "-" +
               std::to_string(count++);
  struct stat info{};
  if (stat(path_.c_str(), &info) == 0 && !S_ISREG(info.st_mode)) {
    error_ = S_ISDIR(info.st_mode) ? EISDIR : EEXIST;
    return;
  }
  remove_leftovers(path_);
  open(mode);
}

void AtomicFile::open(unsigned mode) {
  const auto bits = static_cast<mode_t>(mode);
  file_ = ::open(folder_of(path_).c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, bits);
  if (file_ < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL)) {
    file_ = ::open(temporary_.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, bits);
    named_ = file_ >= 0;
  }
  if (file_ < 0 || flock(file_, LOCK_EX | LOCK_NB) != 0) error_ = errno;
}

AtomicFile::~AtomicFile() {
  if (named_) unlink(temporary_.c_str());
  if (file_ >= 0) close(file_);
}

Status AtomicFile::status() const {
  if (error_ == 0) return {};
  return error_ == ENOSPC || error_ == EDQUOT ? kDiskFull : kUnwritable;
}

Status AtomicFile::fail(int error) noexcept {
  error_ = error;
  return status();
}

Status AtomicFile::write(ByteView bytes) noexcept {
  while (error_ == 0 && !bytes.empty()) {
    const ssize_t put = ::write(file_, bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return fail(put < 0 ? errno : ENOSPC);
    bytes = bytes.subspan(static_cast<std::size_t>(put));
  }
  return status();
}

Status AtomicFile::sync() noexcept {
  return error_ == 0 && fsync(file_) != 0 ? fail(errno) : status();
}

bool AtomicFile::give_temporary_name() noexcept {
  const std::string self = "/proc/self/fd/" + std::to_string(file_);
  named_ = linkat(AT_FDCWD, self.c_str(), AT_FDCWD, temporary_.c_str(), AT_SYMLINK_FOLLOW) == 0;
  return named_;
}

Status AtomicFile::publish() noexcept {
  if (!sync()) return status();
  if (!named_ && !give_temporary_name()) return fail(errno);
  if (rename(temporary_.c_str(), path_.c_str()) != 0) return fail(errno);
  named_ = false;
  return sync_folder(path_) ? Status() : fail(errno);
}

std::string AtomicFile::why() const {
  if (error_ == ENOSPC || error_ == EDQUOT) return "the disk is full";
  if (error_ == EFBIG) return "the file would be larger than this system allows";
  if (error_ == EISDIR) return "it is a folder";
  if (error_ == EEXIST) return "it is no regular file";
  return std::strerror(error_);
}

Status remove_file(const std::filesystem::path& path) {
  if (unlink(path.c_str()) != 0) return errno == ENOENT ? Status() : kUnwritable;
  return sync_folder(path) ? Status() : kUnwritable;
}

Status write_file(const std::filesystem::path& path, std::string_view bytes, unsigned mode) {
  AtomicFile file(path, mode);
  GBX_TRY(file.write(as_bytes(bytes)));
  return file.publish();
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
