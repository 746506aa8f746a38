#pragma once

// What the room process gives up before it knows a secret.

#include "trusted/base/result.h"

namespace gbx::enclave {

// No core dumps, no ptrace by the same user, memory locked where the machine allows it.
void forbid_dumps();

// From here on this process opens no file, makes no socket, starts no program and debugs nobody:
// such calls fail with EPERM. Cannot be undone. Fails with unavailable (seccomp_failed).
Status forbid_opening();

}  // namespace gbx::enclave
