#pragma once

// The walls around a room that is started measured. A program in here has no file system but /proc,
// /dev/null and, on demand, the system's libraries; no network, no other process, no privilege and
// no way to get one. Every step either has been done or ends the start: a wall that is missing is
// never passed over in silence.

#include "trusted/base/result.h"

namespace gbx::launch {

// Who the room is when root starts it; nobody else should be.
constexpr unsigned kRoomUser = 61'993;

// Where this process is root it becomes kRoomUser, without groups; any other user stays. Fails with
// unavailable (privileges_kept), as below.
Status become_room_user();

// Own namespaces (user, mount, net, ipc, uts, pid, cgroup) for the children of this process, which
// is not root. Fails with unavailable (namespaces_refused).
Status enter_namespaces();

// In the first child: a root of its own, read-only, without the old one. `system_libraries` shows
// /usr/lib, too, for a program that is not an image. Fails with unavailable (root_refused).
Status enter_root(bool system_libraries);

// No privilege and no way to one; no core dumps, and few descriptors. Fails with unavailable
// (privileges_kept).
Status give_up_privileges();

// From here on this thread and its children make the calls of kAllowed (filter.cc) alone: enough to
// execute the room, its worker and what they do. Fails with unavailable (filter_refused).
Status enter_filter();

}  // namespace gbx::launch
