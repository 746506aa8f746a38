#pragma once

// The engine's seam, and the only maker of exact aggregates.
//
// Whatever implements compute() is inside the attested boundary but not trusted to be right: it
// runs where untrusted code (a SQL engine) touches plaintext. run() believes nothing of its answer
// that the task and the opened snapshots do not allow: the shape, types and texts of keys, how many
// persons, how far a sum can go. Beyond that (wrong but possible numbers) noise and k are applied
// to a lie: they bound what one person changes in the engine's honest answer, not what an engine
// that has been taken over can encode in numbers of its choice.

#include <span>
#include <vector>

#include "trusted/base/result.h"
#include "trusted/crypto/aead.h"
#include "trusted/privacy/aggregate.h"
#include "trusted/snapshot/table.h"
#include "trusted/sql/task.h"

namespace gbx::firewall {
class CheckedQuery;
}

namespace gbx::snapshot {
class BlockSource;
struct Marks;
struct SnapshotManifest;
}  // namespace gbx::snapshot

namespace gbx::room {

// One table's data. `table` has been opened and validated whole; an engine in another process
// reads the same sealed bytes there, under the same key.
struct Dataset {
  const snapshot::Table* table = nullptr;
  const snapshot::BlockSource* sealed = nullptr;
  const snapshot::SnapshotManifest* manifest = nullptr;
  const crypto::AeadKey* key = nullptr;
  const snapshot::Marks* marks = nullptr;  // of the sealed chunks, as `table` was opened
  std::uint64_t persons = 0;               // distinct, in `table`
};

// Every group row fits `task` over `datasets` (one per table): key arity, types and intervals,
// texts that some row could yield, distinct keys, at least one person (an ungrouped answer has
// exactly one row and may have none), no more persons than persons_max (possible.h) and in all no
// more than those times groups_per_person, one person a row in a list, sums within persons x clamp,
// histograms of ascending bins that add up to their sum, at most groups_max. Fails with unavailable
// (engine_failed), whatever is wrong. Pure.
Status check_groups(const sql::Task& task, std::span<const Dataset> datasets,
                    const std::vector<sql::GroupRow>& groups);

class Engine {
 public:
  Engine() = default;
  virtual ~Engine() = default;
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;
  Engine(Engine&&) = delete;
  Engine& operator=(Engine&&) = delete;

  // The exact aggregate of a checked query over `datasets`, one per table of its task; of a list of
  // persons its rows, too, of whom each is in every table.
  //   sampling  fresh for this release
  // Fails with unavailable (engine_failed) and nothing finer: why an engine fails can depend on
  // rows.
  Result<privacy::Aggregate> run(const firewall::CheckedQuery& query, sql::SamplingKey sampling,
                                 std::span<const Dataset> datasets);

 private:
  // Any failure is the same to the caller; its code and reason are thrown away.
  virtual Result<std::vector<sql::GroupRow>> compute(
      const sql::Task& task, std::span<const Dataset> datasets) noexcept = 0;
};

}  // namespace gbx::room
