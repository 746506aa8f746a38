#include "engine/merge/merge.h"

#include <algorithm>
#include <memory>
#include <optional>

#include "engine/listing.h"
#include "engine/merge/joiner.h"
#include "engine/merge/steps_walk.h"

namespace gbx::engine {
namespace {

constexpr std::size_t kRangesPerThread = 4;  // so that no thread waits long for the last

// Splits the tokens at block borders of the table with most blocks.
std::vector<TokenRange> split(const Plan& plan, std::size_t ranges) {
  const snapshot::Table* longest = plan.relations[0].table;
  for (const RelationPlan& relation : plan.relations) {
    if (relation.table->block_count() > longest->block_count()) longest = relation.table;
  }
  const std::size_t blocks = longest->block_count();
  ranges = std::max<std::size_t>(1, std::min(ranges, blocks));
  std::vector<TokenRange> out(1);
  for (std::size_t i = 1; i < ranges; i++) {
    const UInt128 border = token_number(longest->first_person(blocks * i / ranges));
    if (border <= out.back().begin) continue;  // one person over several parts
    out.back().end = border;
    out.push_back({.begin = border, .end = {}});
  }
  return out;
}

// What the threads share.
struct Work {
  const Plan& plan;
  const std::vector<TokenRange>& ranges;
  const std::atomic<bool>* stop;
  std::atomic<std::size_t> next{0};
};

template <typename Walk>
Status walk_ranges(Work& work, Walk&& walk, Bounder& out) {
  for (;;) {
    const std::size_t mine = work.next.fetch_add(1);
    if (mine >= work.ranges.size()) return {};
    Status status = walk.run(work.ranges[mine]);
    out.finish();
    if (!status) {
      work.next = work.ranges.size();
      return status;
    }
  }
}

Status work_on(Work& work, Bounder& out) noexcept {
  try {
    if (work.plan.steps == nullptr)
      return walk_ranges(work, Joiner(work.plan, work.stop, out), out);
    return walk_ranges(work, StepsWalk(work.plan, work.stop, out), out);
  } catch (...) {
    work.next = work.ranges.size();
    return Error{ErrorCode::unavailable, "engine_failed"};
  }
}

Result<std::vector<sql::GroupRow>> merge(const Plan& plan, Crew& crew,
                                         const std::atomic<bool>* stop) {
  const std::uint32_t threads = crew.size();
  const std::vector<TokenRange> ranges = split(plan, threads == 1 ? 1 : threads * kRangesPerThread);
  Work work{.plan = plan, .ranges = ranges, .stop = stop};
  std::vector<std::unique_ptr<Bounder>> bounders;
  for (std::uint32_t i = 0; i < threads; i++) bounders.push_back(std::make_unique<Bounder>(plan));
  std::vector<Status> statuses(threads);
  crew.run([&](std::uint32_t i) { statuses[i] = work_on(work, *bounders[i]); });
  for (const Status& status : statuses) GBX_TRY(status);
  for (std::uint32_t i = 1; i < threads; i++) GBX_TRY(bounders[0]->absorb(*bounders[i]));
  return bounders[0]->rows();
}

}  // namespace

Result<std::vector<sql::GroupRow>> run_merge(const sql::Task& task,
                                             const std::vector<const snapshot::Table*>& tables,
                                             const MergeOptions& options) noexcept {
  try {
    if (task.lists && !task.steps.empty()) {
      return Error{ErrorCode::invalid_argument, "task_misfit"};
    }
    const Listing listing(task, tables);
    GBX_TRY_ASSIGN(const auto plan, make_plan(listing.task(), listing.tables()));
    if (options.crew != nullptr) return merge(*plan, *options.crew, options.stop);
    Crew crew(options.threads);
    return merge(*plan, crew, options.stop);
  } catch (...) {
    return Error{ErrorCode::unavailable, "engine_failed"};
  }
}

}  // namespace gbx::engine
