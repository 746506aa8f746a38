#pragma once

// What the room process gives up before it knows a secret.

#include "trusted/base/result.h"

namespace gbx::enclave {

// No core dumps, no ptrace by the same user, memory locked where the machine allows it.
void forbid_dumps();

// From here on this process makes the calls of kAllowed (harden.cc) alone: it opens no file,
// connects to nobody, starts no thread or program, makes no memory executable and debugs nobody.
// Every other call fails with EPERM. Of the calling thread and those that it starts; cannot be
// undone. Fails with unavailable (seccomp_failed).
Status forbid_opening();

}  // namespace gbx::enclave
