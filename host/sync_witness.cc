// Stands in for fsync() in the test program and notes what was synced.

#include "host/sync_witness.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <mutex>
#include <set>
#include <string>

namespace {

std::mutex mutex;

std::set<std::string>& synced() {
  static std::set<std::string> paths;
  return paths;
}

}  // namespace

extern "C" int fsync(int fd) {
  std::error_code none;
  const auto path = std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(fd), none);
  const std::lock_guard lock(mutex);
  synced().insert(path.string());
  return static_cast<int>(::syscall(SYS_fsync, fd));
}

namespace gbx::host {

bool was_synced(const std::filesystem::path& path) {
  const std::lock_guard lock(mutex);
  return synced().contains(path.string());
}

}  // namespace gbx::host
