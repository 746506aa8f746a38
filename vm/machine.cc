#include "vm/machine.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

namespace gbx::vm {
namespace {

namespace fs = std::filesystem;
using enclave::Descriptor;

constexpr auto kPatience = std::chrono::seconds(30);
constexpr int kRegisters = 16;
constexpr auto kPause = std::chrono::milliseconds(5);

struct Mount {
  const char* type;
  const char* where;
  unsigned long flags;
  const char* options;
};
constexpr unsigned long kBare = MS_NOSUID | MS_NOEXEC | MS_NODEV;
constexpr Mount kMounts[] = {
    {"proc", "/proc", kBare, nullptr},
    {"sysfs", "/sys", kBare, nullptr},
    {"devtmpfs", "/dev", MS_NOSUID | MS_NOEXEC, nullptr},
    {"securityfs", "/sys/kernel/security", kBare, nullptr},
    {"tmpfs", "/sealed", kBare, "size=50%,mode=0700"},
};

// Of which neither can be taken back before the next start.
constexpr const char* kLocks[] = {"/proc/sys/kernel/modules_disabled",
                                  "/proc/sys/kernel/kexec_load_disabled"};

bool write_one(const char* path) {
  std::ofstream file(path);
  file << "1" << std::flush;
  return file.good();
}

fs::path device_of(const char* name) {
  std::error_code failed;
  for (const auto& entry : fs::directory_iterator("/sys/class/virtio-ports", failed)) {
    std::ifstream file(entry.path() / "name");
    std::string text;
    if (std::getline(file, text) && text == name) return "/dev" / entry.path().filename();
  }
  return {};
}

bool connected(int port) {
  pollfd entry{port, 0, 0};
  return ::poll(&entry, 1, 0) >= 0 && (entry.revents & POLLHUP) == 0;
}

}  // namespace

Status mount_all() {
  for (const Mount& one : kMounts) {
    if (::mount(one.type, one.where, one.type, one.flags, one.options) != 0) {
      return Error{ErrorCode::unavailable, "vm_mount_failed"};
    }
  }
  return {};
}

Status load_modules() {
  const Error failed{ErrorCode::unavailable, "vm_modules_failed"};
  std::error_code unread;
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator("/modules", unread)) files.push_back(entry);
  if (unread) return failed;
  std::sort(files.begin(), files.end());
  for (const fs::path& path : files) {
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (::syscall(SYS_finit_module, file.get(), "", 0) != 0) return failed;
  }
  const bool locked = std::all_of(std::begin(kLocks), std::end(kLocks), write_one);
  return locked ? Status{} : failed;
}

void print_registers() {
  for (int index = 0; index < kRegisters; index++) {
    std::ifstream file("/sys/class/tpm/tpm0/pcr-sha256/" + std::to_string(index));
    std::string value;
    if (std::getline(file, value)) std::fprintf(stderr, "PCR %d=%s\n", index, value.c_str());
  }
}

Result<Descriptor> open_port(const char* name) {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  Descriptor port;
  while (std::chrono::steady_clock::now() < end) {
    const fs::path path = port.valid() ? fs::path() : device_of(name);
    if (!path.empty()) {
      port = Descriptor(::open(path.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
    }
    if (port.valid() && connected(port.get())) return port;
    std::this_thread::sleep_for(kPause);
  }
  return Error{ErrorCode::unavailable, "vm_port_missing"};
}

void power_off() {
  ::sync();
  ::reboot(RB_POWER_OFF);
  while (true) ::pause();
}

}  // namespace gbx::vm
