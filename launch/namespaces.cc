#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <string>

#include "enclave/channel.h"
#include "launch/cage.h"

namespace gbx::launch {
namespace {

constexpr Error kNamespaces{ErrorCode::unavailable, "namespaces_refused"};
constexpr Error kRoot{ErrorCode::unavailable, "root_refused"};
constexpr unsigned long kPlain = MS_NOSUID | MS_NODEV;

bool write_file(const char* path, const std::string& text) {
  const enclave::Descriptor file(::open(path, O_WRONLY | O_CLOEXEC));
  return file.valid() &&
         ::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

// A folder of the old root, or where its link points, at the same place of the new one.
bool show_folder(const char* path) {
  struct ::stat about{};
  const std::string place = "." + std::string(path);
  if (::lstat(path, &about) != 0) return true;
  if (S_ISLNK(about.st_mode)) {
    std::array<char, 256> target{};
    const ssize_t size = ::readlink(path, target.data(), target.size() - 1);
    return size > 0 && ::symlink(target.data(), place.c_str()) == 0;
  }
  return ::mkdir(place.c_str(), 0755) == 0 &&
         ::mount(path, place.c_str(), nullptr, MS_BIND | MS_REC, nullptr) == 0 &&
         ::mount(nullptr, place.c_str(), nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY | kPlain,
                 nullptr) == 0;
}

// In the new root, which is the working directory.
bool furnish(bool system_libraries) {
  bool done = ::mkdir("proc", 0755) == 0 && ::mkdir("dev", 0755) == 0;
  // Of /proc, processes alone: no settings of the kernel.
  done = done && ::mount("proc", "proc", "proc", kPlain | MS_NOEXEC, "subset=pid") == 0;
  const enclave::Descriptor null(::open("dev/null", O_CREAT | O_WRONLY | O_CLOEXEC, 0666));
  done = done && null.valid() && ::mount("/dev/null", "dev/null", nullptr, MS_BIND, nullptr) == 0;
  if (!system_libraries) return done;
  done = done && ::mkdir("usr", 0755) == 0;
  for (const char* path : {"/usr/lib", "/usr/lib64", "/lib", "/lib64"})
    done = done && show_folder(path);
  return done;
}

// The old root goes. It cannot be left when it is the kernel's first one (an initramfs): then the
// new one covers it.
bool leave_old_root() {
  if (::syscall(SYS_pivot_root, ".", ".") == 0) return ::umount2(".", MNT_DETACH) == 0;
  return ::mount(".", "/", nullptr, MS_MOVE, nullptr) == 0 && ::chroot(".") == 0;
}

}  // namespace

Status enter_namespaces() {
  const std::string user = std::to_string(::geteuid());
  const std::string group = std::to_string(::getegid());
  // Else our own files in /proc are root's; nobody has told us a secret.
  ::prctl(PR_SET_DUMPABLE, 1);
  constexpr int kOwn = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS |
                       CLONE_NEWPID | CLONE_NEWCGROUP;
  if (::unshare(kOwn) != 0) return kNamespaces;
  const bool mapped = write_file("/proc/self/setgroups", "deny") &&
                      write_file("/proc/self/uid_map", user + " " + user + " 1") &&
                      write_file("/proc/self/gid_map", group + " " + group + " 1");
  return mapped ? Status{} : kNamespaces;
}

Status enter_root(bool system_libraries) {
  // Any folder will do; this one is always there.
  constexpr const char* kPlace = "/proc";
  const bool done = ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
                    ::mount("room", kPlace, "tmpfs", kPlain, "size=64k,mode=0755") == 0 &&
                    ::chdir(kPlace) == 0 && furnish(system_libraries) && leave_old_root() &&
                    ::chdir("/") == 0 &&
                    ::mount(nullptr, "/", nullptr,
                            MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOEXEC | kPlain, nullptr) == 0 &&
                    ::sethostname("room", 4) == 0;
  return done ? Status{} : kRoot;
}

}  // namespace gbx::launch
