#include "enclave/file_source.h"

#include <unistd.h>

#include <cerrno>

namespace gbx::enclave {

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
