#pragma once

// Walks all tables of a plan with steps together, person by person, collects the rows of many
// persons, has the steps evaluated and hands the last one's rows to a Bounder. Persons are those in
// any table, but only where the last step can have rows for them.

#include <atomic>
#include <vector>

#include "engine/merge/bounder.h"
#include "engine/merge/cursor.h"
#include "engine/merge/steps_run.h"

namespace gbx::engine {

// One object per thread.
class StepsWalk {
 public:
  // `plan`, `stop` and `out` must outlive the walk; `stop` may be null.
  StepsWalk(const Plan& plan, const std::atomic<bool>* stop, Bounder& out);

  // Evaluates the persons of the range. Fails like Table::read_block and Bounder::add, and with
  // unavailable ("too_many_rows", "engine_stopped").
  Status run(const TokenRange& range);

 private:
  // One table: where it is, and the rows of the batch.
  struct Source {
    Source(const RelationPlan& relation, const TablePlan& table)
        : cursor(relation), plan(table), blocks(relation.table->block_count()) {}
    Cursor cursor;
    const TablePlan& plan;
    std::size_t blocks;
    bool opened = false;
    bool ended = false;
    std::vector<std::uint32_t> waiting;  // rows of the cursor's block, to be copied
    snapshot::Block rows;                // texts as codes of the pool
    std::uint32_t count = 0;             // rows of the batch, copied or waiting
  };

  Result<bool> find(UInt128& target);
  Status seek(Source& source, UInt128 target);
  [[nodiscard]] bool is_at(const Source& source, UInt128 person) const;
  Status take_person(UInt128 person);
  Status take_rows(Source& source);
  static void copy_waiting(Source& source);
  Status evaluate();
  Status evaluate_persons(std::size_t first, std::size_t end);
  Status hand_on(std::size_t first_person);
  void clear();

  const Plan& plan_;
  const std::atomic<bool>* stop_;
  Bounder& out_;
  StepsRun steps_;
  std::vector<std::unique_ptr<Source>> sources_;  // by table; null where no step reads it
  bool any_required_ = false;
  std::vector<std::uint32_t> hashes_;  // h(p), by person of the batch
  std::uint32_t persons_before_ = 0;   // in earlier batches
  // Of the rows that are handed on.
  std::vector<std::uint32_t> person_;
  std::vector<std::uint32_t> hash_;
};

}  // namespace gbx::engine
