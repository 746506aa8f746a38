#include "enclave/cage.h"

#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <csignal>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define GBX_SHADOW_MEMORY 1  // needs terabytes of address space, and calls of its own
#endif

namespace gbx::enclave {
namespace {

constexpr Error kFailed{ErrorCode::unavailable, "cage_failed"};

// Memory, waiting on each other, descriptors that are there already, time, and the end; and what a
// thread that was started before says first. What may make memory executable is below, with its
// condition.
constexpr std::array kAllowed = {
    SCMP_SYS(brk),
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(madvise),
    SCMP_SYS(futex),
    SCMP_SYS(sched_yield),
    SCMP_SYS(membarrier),
    SCMP_SYS(read),
    SCMP_SYS(pread64),
    SCMP_SYS(write),
    SCMP_SYS(close),
    SCMP_SYS(poll),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_nanosleep),
    SCMP_SYS(nanosleep),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(getrandom),
    SCMP_SYS(getpid),
    SCMP_SYS(gettid),
    SCMP_SYS(getcpu),
    SCMP_SYS(sysinfo),
    SCMP_SYS(getrusage),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(sigaltstack),
    SCMP_SYS(sched_getaffinity),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
    SCMP_SYS(restart_syscall),
    SCMP_SYS(rseq),
    SCMP_SYS(set_robust_list),
#ifdef GBX_SHADOW_MEMORY
    SCMP_SYS(pipe2),  // the undefined-behaviour sanitizer looks whether memory is there
#endif
};

bool set_limit(__rlimit_resource resource, std::uint64_t value) {
  const ::rlimit limit{.rlim_cur = value, .rlim_max = value};
  return ::setrlimit(resource, &limit) == 0;
}

bool allow_calls(scmp_filter_ctx filter) {
  for (const int call : kAllowed) {
    if (::seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 0) != 0) return false;
  }
  // The third argument of both is the protection.
  const ::scmp_arg_cmp not_executable{
      .arg = 2, .op = SCMP_CMP_MASKED_EQ, .datum_a = PROT_EXEC, .datum_b = 0};
  for (const int call : {SCMP_SYS(mmap), SCMP_SYS(mprotect)}) {
    if (::seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, call, 1, &not_executable) != 0) {
      return false;
    }
  }
  return true;
}

}  // namespace

Status give_up_privileges() {
  const bool done = ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
                    ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 && set_limit(RLIMIT_CORE, 0);
  return done ? Status{} : kFailed;
}

Status limit_resources(const CageLimits& limits, int parent) {
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0 || ::getppid() != parent) return kFailed;
#ifndef GBX_SHADOW_MEMORY
  // Address space holds the libraries, the threads' stacks and heaps that are reserved and empty.
  constexpr std::uint64_t kReserved = std::uint64_t{4} << 30;
  if (!set_limit(RLIMIT_AS, limits.memory_bytes + kReserved) ||
      !set_limit(RLIMIT_DATA, limits.memory_bytes)) {
    return kFailed;
  }
#endif
  const bool done = set_limit(RLIMIT_CPU, limits.cpu_seconds) && set_limit(RLIMIT_FSIZE, 0) &&
                    set_limit(RLIMIT_CORE, 0) && set_limit(RLIMIT_NOFILE, limits.descriptors);
  return done ? Status{} : kFailed;
}

Status enter_cage() {
  scmp_filter_ctx filter = ::seccomp_init(SCMP_ACT_KILL_PROCESS);
  if (filter == nullptr) return kFailed;
  const bool done = ::seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1) == 0 &&
                    ::seccomp_attr_set(filter, SCMP_FLTATR_CTL_NNP, 1) == 0 &&
                    allow_calls(filter) && ::seccomp_load(filter) == 0;
  ::seccomp_release(filter);
  return done ? Status{} : kFailed;
}

}  // namespace gbx::enclave
