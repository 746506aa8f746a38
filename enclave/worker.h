#pragma once

// The worker's own side: makes ready what its kind needs, enters the cage, reads one job, answers
// it and ends. For children of a zygote only.

#include "enclave/zygote.h"

namespace gbx::enclave {

// Uses once what loads files when it is used first, so that it does not do so in the cage. For the
// zygote, before it serves.
void warm_up();

[[noreturn]] void work(WorkerFiles files, const WorkerSettings& settings);

}  // namespace gbx::enclave
