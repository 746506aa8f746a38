#pragma once

// The person-merge operator: answers a task in one pass over snapshots that are sorted by person.
//
// Join, filter, bound, clamp and add happen person by person, so nothing is materialised: memory is
// a block per table and thread, the groups, and the texts; never the rows. The tables' owners wrote
// the rows and may be hostile; what they can do is make a query slow (a person with many rows in
// two tables has their product in the join) or fail (too many groups). The caller limits the time.
//
// A task with steps (step.h) has the rows of a batch of persons in memory instead, step by step: no
// more than kPersonRowsMax a step, and a person with more fails the query.

#include <atomic>
#include <vector>

#include "engine/merge/crew.h"
#include "trusted/base/result.h"
#include "trusted/snapshot/table.h"
#include "trusted/sql/task.h"

namespace gbx::engine {

struct MergeOptions {
  std::uint32_t threads = 1;                // 1..64; started for this run
  Crew* crew = nullptr;                     // instead: threads that are there already
  const std::atomic<bool>* stop = nullptr;  // true = give up soon
};

// The rows of the answer, ascending by key. `tables` by table of the task.
// Fails with invalid_argument ("task_misfit") before reading anything; with what read_block fails
// with; with unavailable ("too_many_groups": more than groups_max groups occur in the join, kept or
// not; "too_many_rows": one person has more than kPersonRowsMax in a step, or in a table that steps
// read; "engine_stopped"; "engine_failed": out of memory, or a value outside its stated interval).
// Thread-safe.
Result<std::vector<sql::GroupRow>> run_merge(const sql::Task& task,
                                             const std::vector<const snapshot::Table*>& tables,
                                             const MergeOptions& options) noexcept;

}  // namespace gbx::engine
