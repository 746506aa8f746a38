#pragma once

// The zygote: a process that has loaded and relocated everything a worker needs, has opened an
// empty parser, has one thread and has seen nothing. The room asks it for workers over a socket:
// forking is quick, and each child is as fresh as the zygote.
//
// The room is trusted here; what must stay true is that no descriptor and no byte goes from one
// child to another or back into the zygote.

#include <vector>

#include "enclave/cage.h"
#include "enclave/worker_job.h"

namespace gbx::engine {
class Database;
}

namespace gbx::enclave {

// Of every worker of a zygote.
struct WorkerSettings {
  std::uint32_t threads = 1;
  CageLimits limits;
  engine::Database* parser = nullptr;  // open and locked down, for the one job of a parse worker
};

// What a child is given: its kind, its socket to the room, and the sealed streams.
struct WorkerFiles {
  JobKind kind = JobKind::parse;
  Descriptor socket;
  std::vector<Descriptor> streams;
};

// Serves requests from `control` (a SOCK_SEQPACKET) until the room closes it. A request is a byte,
// a JobKind, and descriptors: the worker's socket, then the streams. The answer is that byte and
// the child's pidfd, or 0. The child limits its resources and calls `work`, which does not return.
void run_zygote(Descriptor control, const WorkerSettings& settings,
                void (*work)(WorkerFiles files, const WorkerSettings& settings));

// The room's side of one request. Fails with unavailable ("worker_failed").
Result<Descriptor> request_worker(int control, JobKind kind, std::span<const int> descriptors);

}  // namespace gbx::enclave
