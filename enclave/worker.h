#pragma once

// The worker's own side: makes ready what its kind needs, enters the cage, reads one job, answers
// it and ends. For children of a zygote only.

#include <memory>

#include "enclave/zygote.h"
#include "engine/duckdb/database.h"

namespace gbx::enclave {

// Uses once what loads files when it is used first, so that it does not do so in the cage, and
// opens the parser of the settings, which costs ten times a parse: children have it as it is. It
// starts no thread. Null when it cannot be opened. For the zygote, before it serves.
std::unique_ptr<engine::Database> warm_up(const WorkerSettings& settings);

[[noreturn]] void work(WorkerFiles files, const WorkerSettings& settings);

}  // namespace gbx::enclave
