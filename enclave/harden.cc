#include "enclave/harden.h"

#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <array>
#include <cerrno>
#include <memory>

namespace gbx::enclave {
namespace {

// The names that libseccomp knows; those that this kernel's headers lack are skipped by it.
constexpr std::array kForbidden{
    "open",
    "openat",
    "openat2",
    "creat",
    "open_by_handle_at",
    "name_to_handle_at",
    "link",
    "linkat",
    "symlink",
    "symlinkat",
    "unlink",
    "unlinkat",
    "rename",
    "renameat",
    "renameat2",
    "mkdir",
    "mkdirat",
    "mknod",
    "mknodat",
    "truncate",
    "chmod",
    "fchmodat",
    "chown",
    "fchownat",
    "mount",
    "umount2",
    "pivot_root",
    "chroot",
    "socket",
    "connect",
    "bind",
    "listen",
    "accept",
    "accept4",
    "execve",
    "execveat",
    "fork",
    "vfork",
    "ptrace",
    "process_vm_readv",
    "process_vm_writev",
    "kexec_load",
    "init_module",
    "finit_module",
    "bpf",
    "perf_event_open",
    "userfaultfd",
    "io_uring_setup",
    "keyctl",
    "add_key",
    "request_key",
    "setns",
    "unshare",
    "memfd_secret",
    "personality",
    "pidfd_getfd",
};

struct Release {
  void operator()(void* filter) const { seccomp_release(filter); }
};

}  // namespace

void forbid_dumps() {
  ::prctl(PR_SET_DUMPABLE, 0);
  const rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
  const rlimit all{RLIM_INFINITY, RLIM_INFINITY};
  // A limit that we may not raise would make later allocations fail: then pages stay swappable.
  if (::setrlimit(RLIMIT_MEMLOCK, &all) == 0) {
    ::mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT);
  }
}

Status forbid_opening() {
  const Error failed{ErrorCode::unavailable, "seccomp_failed"};
  const std::unique_ptr<void, Release> filter(seccomp_init(SCMP_ACT_ALLOW));
  if (filter == nullptr) return failed;
  for (const char* name : kForbidden) {
    const int call = seccomp_syscall_resolve_name(name);
    if (call == __NR_SCMP_ERROR) continue;
    if (seccomp_rule_add(filter.get(), SCMP_ACT_ERRNO(EPERM), call, 0) != 0) return failed;
  }
  if (seccomp_load(filter.get()) != 0) return failed;
  return {};
}

}  // namespace gbx::enclave
