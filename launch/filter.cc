#include <sched.h>
#include <seccomp.h>

#include <array>
#include <cerrno>
#include <memory>

#include "launch/cage.h"

namespace gbx::launch {
namespace {

constexpr Error kRefused{ErrorCode::unavailable, "filter_refused"};

// What a room and its worker do from their first instruction on. Both narrow it further before they
// know a secret (enclave/harden.h, enclave/cage.h). Not in it: sockets to anybody, settings of
// terminals and devices, mounts, namespaces, other processes' memory, keys, modules, clocks to set.
constexpr std::array kAllowed{
    // being loaded
    SCMP_SYS(access),
    SCMP_SYS(arch_prctl),
    SCMP_SYS(execve),
    SCMP_SYS(execveat),
    SCMP_SYS(faccessat),
    SCMP_SYS(faccessat2),
    SCMP_SYS(open),
    SCMP_SYS(openat),
    SCMP_SYS(readlink),
    SCMP_SYS(readlinkat),
    SCMP_SYS(set_robust_list),
    SCMP_SYS(set_tid_address),
    SCMP_SYS(rseq),
    SCMP_SYS(stat),
    SCMP_SYS(uname),
    // memory
    SCMP_SYS(brk),
    SCMP_SYS(madvise),
    SCMP_SYS(membarrier),
    SCMP_SYS(mlock),
    SCMP_SYS(mlockall),
    SCMP_SYS(mmap),
    SCMP_SYS(mprotect),
    SCMP_SYS(mremap),
    SCMP_SYS(munmap),
    // descriptors
    SCMP_SYS(close),
    SCMP_SYS(close_range),
    SCMP_SYS(dup2),
    SCMP_SYS(fcntl),
    SCMP_SYS(fstat),
    SCMP_SYS(lseek),
    SCMP_SYS(newfstatat),
    SCMP_SYS(poll),
    SCMP_SYS(ppoll),
    SCMP_SYS(pread64),
    SCMP_SYS(read),
    SCMP_SYS(readv),
    SCMP_SYS(write),
    SCMP_SYS(writev),
    // host, zygote and workers: a pair is connected to nothing but itself
    SCMP_SYS(recvfrom),
    SCMP_SYS(recvmsg),
    SCMP_SYS(sendmsg),
    SCMP_SYS(sendto),
    SCMP_SYS(setsockopt),
    SCMP_SYS(socketpair),
    SCMP_SYS(fork),
    SCMP_SYS(vfork),
    SCMP_SYS(pidfd_open),
    SCMP_SYS(pidfd_send_signal),
    SCMP_SYS(wait4),
    // time, randomness, locks
    SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_nanosleep),
    SCMP_SYS(futex),
    SCMP_SYS(getcpu),
    SCMP_SYS(getrandom),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(nanosleep),
    SCMP_SYS(sched_getaffinity),
    SCMP_SYS(sched_yield),
    SCMP_SYS(time),
    // itself
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
    SCMP_SYS(getegid),
    SCMP_SYS(geteuid),
    SCMP_SYS(getgid),
    SCMP_SYS(getpid),
    SCMP_SYS(getppid),
    SCMP_SYS(getrusage),
    SCMP_SYS(gettid),
    SCMP_SYS(getuid),
    SCMP_SYS(prctl),
    SCMP_SYS(prlimit64),
    SCMP_SYS(restart_syscall),
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(seccomp),
    SCMP_SYS(sigaltstack),
    SCMP_SYS(sysinfo),
    SCMP_SYS(tgkill),
};

struct Release {
  void operator()(void* filter) const { seccomp_release(filter); }
};

bool allow_calls(scmp_filter_ctx filter) {
  for (const int call : kAllowed) {
    if (seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 0) != 0) return false;
  }
  // Threads and children, in no namespace of their own. What clone3 would do cannot be seen from
  // here: the C library takes its absence for an older kernel.
  constexpr scmp_datum_t kNamespaces = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC |
                                       CLONE_NEWUTS | CLONE_NEWPID | CLONE_NEWCGROUP;
  const scmp_arg_cmp none{.arg = 0, .op = SCMP_CMP_MASKED_EQ, .datum_a = kNamespaces, .datum_b = 0};
  return seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1, &none) == 0 &&
         seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0) == 0;
}

}  // namespace

Status enter_filter() {
  const std::unique_ptr<void, Release> filter(seccomp_init(SCMP_ACT_ERRNO(EPERM)));
  if (filter == nullptr || !allow_calls(filter.get())) return kRefused;
  if (seccomp_load(filter.get()) != 0) return kRefused;
  return {};
}

}  // namespace gbx::launch
