#include "enclave/file_source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace gbx::enclave {

std::shared_ptr<const FileSource> FileSource::adopt(Descriptor file) noexcept {
  struct stat info{};
  const int flags = file.valid() ? ::fcntl(file.get(), F_GETFL) : -1;
  // O_PATH descriptors say read-only, too; they cannot be read.
  if (flags < 0 || (flags & O_ACCMODE) != O_RDONLY || (flags & O_PATH) != 0 ||
      ::fstat(file.get(), &info) != 0 || !S_ISREG(info.st_mode)) {
    return nullptr;
  }
  return std::make_shared<const FileSource>(std::move(file));
}

Status FileSource::read(std::uint64_t offset, std::span<std::uint8_t> out) const noexcept {
  while (!out.empty()) {
    const ssize_t got = ::pread(file_.get(), out.data(), out.size(), static_cast<::off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return Error{ErrorCode::unavailable, "source_unreadable"};
    out = out.subspan(static_cast<std::size_t>(got));
    offset += static_cast<std::uint64_t>(got);
  }
  return {};
}

}  // namespace gbx::enclave
