#pragma once

// The cage of a worker: what a process can still do when it meets rows or SQL text. Whoever takes
// it over can compute, use the memory that it may have, read its own descriptors and answer; it
// cannot open, connect, start, signal or wait for anything. One call too many kills it.
//
// The order matters: everything that needs more (loading, starting threads) comes before, and sees
// no data.

#include <cstdint>

#include "trusted/base/result.h"

namespace gbx::enclave {

struct CageLimits {
  std::uint64_t memory_bytes = std::uint64_t{1} << 30;  // of data; address space may be more
  std::uint64_t cpu_seconds = 120;
  std::uint64_t descriptors = 64;
};

// For a process that is about to fork workers, and its children: no new privileges, no core, no
// tracer.
Status give_up_privileges();

// Dies when its parent does; `parent` is who that was before. Resource limits of `limits`.
Status limit_resources(const CageLimits& limits, int parent);

// All threads may from now on make the calls of kAllowed (cage.cc) alone. Fails with unavailable
// ("cage_failed"): the caller must then end.
Status enter_cage();

}  // namespace gbx::enclave
