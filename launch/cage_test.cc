#include "launch/cage.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <functional>

namespace gbx::launch {
namespace {

// What a child yields, by its exit code.
int in_child(const std::function<int()>& run) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(run());
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 100 + WTERMSIG(status);
}

// In a child of a process that has its own namespaces. 99: they could not be had.
int in_namespaces(const std::function<int()>& run) {
  return in_child([&] {
    if (!become_room_user() || !enter_namespaces()) return 99;
    return in_child(run);
  });
}

// 0 when the call is refused with `error`.
template <typename F>
int refused(const F& call, int error) {
  errno = 0;
  return call() == -1 && errno == error ? 0 : 1;
}

TEST(Filter, RefusesWhatARoomHasNoUseFor) {
  const std::vector<std::function<long()>> calls{
      [] { return ::socket(AF_INET, SOCK_STREAM, 0); },
      [] { return ::socket(AF_UNIX, SOCK_STREAM, 0); },
      [] { return ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr); },
      [] { return ::mount("a", "/", "tmpfs", 0, nullptr); },
      [] { return ::unshare(CLONE_NEWUSER); },
      [] { return ::ioctl(0, TIOCSTI, "x"); },
      [] { return ::memfd_create("more", 0); },
      [] { return ::kill(::getppid(), 0); },
      [] { return ::chroot("/"); },
      [] { return ::syscall(SYS_process_vm_readv, ::getppid(), nullptr, 0, nullptr, 0, 0); },
      [] { return ::syscall(SYS_bpf, 0, nullptr, 0); },
      [] { return ::syscall(SYS_keyctl, 0, 0, 0, 0, 0); },
      [] { return ::syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, nullptr, nullptr, nullptr, 0); },
      [] { return ::syscall(SYS_clone, CLONE_NEWNET | SIGCHLD, nullptr, nullptr, nullptr, 0); },
      [] { return ::syscall(SYS_io_uring_setup, 1, nullptr); },
      [] { return ::syscall(SYS_userfaultfd, 0); },
  };
  for (std::size_t i = 0; i < calls.size(); i++) {
    const int outcome = in_child([&] {
      if (!give_up_privileges() || !enter_filter()) return 98;
      return refused(calls[i], EPERM);
    });
    EXPECT_EQ(outcome, 0) << i;
  }
}

TEST(Filter, LetsAProgramBeExecuted) {
  const int outcome = in_child([] {
    if (!give_up_privileges() || !enter_filter()) return 98;
    ::execl("/bin/true", "true", nullptr);
    return 97;
  });
  EXPECT_EQ(outcome, 0);
}

TEST(Privileges, AreGoneAndStayGone) {
  const int outcome = in_child([] {
    if (!become_room_user() || !give_up_privileges()) return 98;
    rlimit core{1, 1};
    if (::getrlimit(RLIMIT_CORE, &core) != 0 || core.rlim_max != 0) return 1;
    if (::geteuid() == 0 || ::setresuid(0, 0, 0) == 0) return 2;
    return ::chroot("/") == -1 && errno == EPERM ? 0 : 3;
  });
  EXPECT_EQ(outcome, 0);
}

TEST(Namespaces, TheFirstProcessSeesNobodyElse) {
  const int outcome = in_namespaces([] {
    if (::getpid() != 1) return 1;
    // No way out: not even a loopback device is up.
    const int probe = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    return probe >= 0 && ::kill(2, 0) == -1 && errno == ESRCH ? 0 : 2;
  });
  EXPECT_EQ(outcome, 0);
}

TEST(Root, HoldsProcessesAndNullAlone) {
  const int outcome = in_namespaces([] {
    if (!enter_root(false)) return 98;
    int entries = 0;
    for (const auto& entry : std::filesystem::directory_iterator("/")) {
      const std::string name = entry.path().filename();
      if (name != "proc" && name != "dev") return 1;
      entries++;
    }
    if (entries != 2) return 2;
    if (!std::filesystem::exists("/proc/self/fd") || !std::filesystem::exists("/dev/null")) {
      return 3;
    }
    if (std::filesystem::exists("/proc/sys") || std::filesystem::exists("/dev/zero")) return 4;
    return refused([] { return ::open("/x", O_CREAT | O_WRONLY, 0600); }, EROFS);
  });
  EXPECT_EQ(outcome, 0);
}

TEST(Root, ShowsLibrariesOnDemandAndNobodyWritesThere) {
  const int outcome = in_namespaces([] {
    if (!enter_root(true)) return 98;
    if (!std::filesystem::exists("/usr/lib/x86_64-linux-gnu/libc.so.6")) return 1;
    if (!std::filesystem::exists("/lib64/ld-linux-x86-64.so.2")) return 2;
    if (std::filesystem::exists("/usr/bin")) return 3;
    return refused([] { return ::open("/usr/lib/x", O_CREAT | O_WRONLY, 0600); }, EROFS);
  });
  EXPECT_EQ(outcome, 0);
}

}  // namespace
}  // namespace gbx::launch
