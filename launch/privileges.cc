#include <grp.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>

#include "launch/cage.h"

namespace gbx::launch {
namespace {

constexpr Error kPrivileges{ErrorCode::unavailable, "privileges_kept"};
constexpr rlim_t kDescriptorsMax = 256;

// Best effort, for what no_new_privs holds anyway: the sets that a later program could get from.
void close_ways_to_capabilities() {
  for (unsigned long one = 0; ::prctl(PR_CAPBSET_READ, one, 0, 0, 0) >= 0; one++) {
    ::prctl(PR_CAPBSET_DROP, one, 0, 0, 0);
  }
  ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  ::prctl(PR_SET_SECUREBITS, SECURE_ALL_BITS | SECURE_ALL_LOCKS);
}

bool drop_capabilities() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  const std::array<__user_cap_data_struct, 2> none{};
  return ::syscall(SYS_capset, &header, none.data()) == 0;
}

bool set_limit(__rlimit_resource resource, rlim_t value) {
  const rlimit limit{.rlim_cur = value, .rlim_max = value};
  return ::setrlimit(resource, &limit) == 0;
}

}  // namespace

Status become_room_user() {
  if (::geteuid() != 0) return {};
  // Only root can let the room lock its memory.
  set_limit(RLIMIT_MEMLOCK, RLIM_INFINITY);
  const bool done = ::setgroups(0, nullptr) == 0 &&
                    ::setresgid(kRoomUser, kRoomUser, kRoomUser) == 0 &&
                    ::setresuid(kRoomUser, kRoomUser, kRoomUser) == 0;
  return done ? Status{} : kPrivileges;
}

Status give_up_privileges() {
  close_ways_to_capabilities();
  const bool done = drop_capabilities() && ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
                    set_limit(RLIMIT_CORE, 0) && set_limit(RLIMIT_NOFILE, kDescriptorsMax);
  return done ? Status{} : kPrivileges;
}

}  // namespace gbx::launch
