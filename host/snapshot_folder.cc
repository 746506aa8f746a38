#include "host/snapshot_folder.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "trusted/crypto/hash.h"

namespace gbx::host {
namespace {

using enclave::Descriptor;
using enclave::write_all;

const Error kDiskFailed{ErrorCode::unavailable, "disk_failed"};
constexpr std::size_t kPieceBytes = std::size_t{1} << 20;

// The first `size` bytes of `from`, wherever its file position is: the owner may still use it.
bool copy_bytes(int from, int to, std::uint64_t size) {
  Bytes piece(kPieceBytes);
  std::uint64_t offset = 0;
  while (offset < size) {
    const std::size_t want = std::min<std::uint64_t>(size - offset, piece.size());
    const ssize_t got = ::pread(from, piece.data(), want, static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    if (!write_all(to, ByteView(piece).first(static_cast<std::size_t>(got)))) return false;
    offset += static_cast<std::uint64_t>(got);
  }
  return ::fsync(to) == 0;
}

// False when fewer than SnapshotFolder::kSpareBytes would be left.
bool has_space(const std::filesystem::path& folder, std::uint64_t size) {
  std::error_code failed;
  const std::filesystem::space_info space = std::filesystem::space(folder, failed);
  return !failed && space.available >= SnapshotFolder::kSpareBytes &&
         size <= space.available - SnapshotFolder::kSpareBytes;
}

}  // namespace

SnapshotFolder::SnapshotFolder(std::filesystem::path folder, std::uint64_t snapshot_bytes_max)
    : folder_(std::move(folder)), snapshot_bytes_max_(snapshot_bytes_max) {
  std::filesystem::create_directories(folder_);
  for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
    if (entry.path().extension() == ".part") std::filesystem::remove(entry.path());
  }
}

Result<SnapshotFolder::Incoming> SnapshotFolder::receive(const Descriptor& source) {
  struct stat info{};
  if (!source.valid() || ::fstat(source.get(), &info) != 0 || !S_ISREG(info.st_mode)) {
    return Error{ErrorCode::invalid_argument, "snapshot_no_file"};
  }
  const auto size = static_cast<std::uint64_t>(info.st_size);
  if (size > snapshot_bytes_max_) return Error{ErrorCode::invalid_argument, "snapshot_too_large"};
  Incoming out;
  const Descriptor target = reserve(size, out);
  if (!target.valid() || !copy_bytes(source.get(), target.get(), size)) {
    discard(out);
    return kDiskFailed;
  }
  return out;
}

// One at a time, and taken before a byte is copied: what two would need together is counted.
Descriptor SnapshotFolder::reserve(std::uint64_t size, Incoming& incoming) {
  const std::lock_guard lock(received_->mutex);
  if (!has_space(folder_, size)) return {};
  incoming.path = folder_ / (std::to_string(received_->count++) + ".part");
  Descriptor target(::open(incoming.path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  incoming.file = Descriptor(::open(incoming.path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!target.valid() || !incoming.file.valid()) return {};
  if (size > 0 && ::posix_fallocate(target.get(), 0, static_cast<off_t>(size)) != 0) return {};
  return target;
}

void SnapshotFolder::keep(ByteView manifest, const Incoming& incoming) {
  const std::filesystem::path path = folder_ / (to_hex(crypto::sha256(manifest)) + ".gbx");
  const std::filesystem::path beside = path.string() + ".json";
  const Descriptor text(::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  // The room has its descriptor: a copy that cannot be named is no reason to refuse.
  if (!text.valid() || !write_all(text.get(), manifest) ||
      ::rename(incoming.path.c_str(), path.c_str()) != 0) {
    discard(incoming);
  }
}

void SnapshotFolder::discard(const Incoming& incoming) { ::unlink(incoming.path.c_str()); }

}  // namespace gbx::host
