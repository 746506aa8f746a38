#include "client/prepare/atomic_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "client/prepare/failure.h"

namespace gbx::prepare {
namespace {

constexpr mode_t kMode = 0600;

std::string words(int error) {
  if (error == ENOSPC || error == EDQUOT) return "the disk is full";
  if (error == EFBIG) return "the file would be larger than this system allows";
  return std::strerror(error);
}

}  // namespace

AtomicFile::AtomicFile(std::string path) : path_(std::move(path)) {
  const std::filesystem::path folder = std::filesystem::path(path_).parent_path();
  const std::string in = folder.empty() ? "." : folder.string();
  file_ = ::open(in.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, kMode);
  if (file_ < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL)) {
    temporary_ = path_ + ".part-" + std::to_string(::getpid());
    file_ = ::open(temporary_.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, kMode);
  }
  if (file_ < 0) throw Failure("cannot write " + path_ + ": " + words(errno));
}

AtomicFile::~AtomicFile() {
  ::close(file_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

Status AtomicFile::write(ByteView bytes) noexcept {
  while (!bytes.empty()) {
    const ssize_t put = ::write(file_, bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) {
      error_ = put < 0 ? errno : ENOSPC;
      return Error{ErrorCode::unavailable, "write_failed"};
    }
    bytes = bytes.subspan(static_cast<std::size_t>(put));
  }
  return {};
}

std::string AtomicFile::why() const { return words(error_); }

void AtomicFile::sync() {
  if (::fsync(file_) != 0) throw Failure("cannot write " + path_ + ": " + words(errno));
}

void AtomicFile::publish() {
  if (temporary_.empty()) {
    const std::string named = path_ + ".part-" + std::to_string(::getpid());
    const std::string self = "/proc/self/fd/" + std::to_string(file_);
    if (::linkat(AT_FDCWD, self.c_str(), AT_FDCWD, named.c_str(), AT_SYMLINK_FOLLOW) != 0) {
      throw Failure("cannot write " + path_ + ": " + words(errno));
    }
    temporary_ = named;
  }
  if (std::rename(temporary_.c_str(), path_.c_str()) != 0) {
    throw Failure("cannot write " + path_ + ": " + words(errno));
  }
  temporary_.clear();
}

}  // namespace gbx::prepare
