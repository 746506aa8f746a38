#include "host/ledger.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

#include "host/durable_file.h"

namespace gbx::host {
namespace {

[[noreturn]] void fail(const std::filesystem::path& file) {
  throw std::system_error(errno, std::generic_category(), file.string());
}

// Where the last whole line ends.
off_t whole_lines(int fd, off_t size, const std::filesystem::path& file) {
  std::array<char, 4096> piece{};
  off_t end = size;
  while (end > 0) {
    const off_t begin = std::max<off_t>(0, end - static_cast<off_t>(piece.size()));
    const auto count = static_cast<std::size_t>(end - begin);
    if (::pread(fd, piece.data(), count, begin) != static_cast<ssize_t>(count)) fail(file);
    for (std::size_t i = count; i > 0; i--) {
      if (piece[i - 1] == '\n') return begin + static_cast<off_t>(i);
    }
    end = begin;
  }
  return 0;
}

}  // namespace

Ledger::Ledger(const std::filesystem::path& file)
    : file_(::open(file.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600)) {
  if (!file_.valid()) fail(file);
  const off_t size = ::lseek(file_.get(), 0, SEEK_END);
  if (size < 0) fail(file);
  const off_t whole = whole_lines(file_.get(), size, file);
  if (whole != size && (::ftruncate(file_.get(), whole) != 0 || ::fsync(file_.get()) != 0)) {
    fail(file);
  }
  if (!sync_folder(std::filesystem::absolute(file).parent_path())) fail(file);
}

bool Ledger::append(ByteView entry) {
  if (broken_ || std::find(entry.begin(), entry.end(), '\n') != entry.end()) return false;
  Bytes line(entry.begin(), entry.end());
  line.push_back('\n');
  ByteView rest = line;
  while (!rest.empty()) {
    const ssize_t written = ::write(file_.get(), rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      broken_ = true;
      return false;
    }
    rest = rest.subspan(static_cast<std::size_t>(written));
  }
  broken_ = ::fdatasync(file_.get()) != 0;
  return !broken_;
}

}  // namespace gbx::host
