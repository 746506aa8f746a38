#include "trusted/room/engine.h"

#include "trusted/firewall/check.h"

namespace gbx::room {

Result<privacy::Aggregate> Engine::run(const firewall::CheckedQuery& query,
                                       sql::SamplingKey sampling,
                                       std::span<const Dataset> datasets) {
  const Error failed{ErrorCode::unavailable, "engine_failed"};
  sql::Task task = query.task();
  task.sampling = sampling;
  auto groups = compute(task, datasets);
  if (!groups || !check_groups(task, datasets, *groups)) return failed;
  std::vector<privacy::ExactGroup> exact;
  exact.reserve(groups->size());
  for (sql::GroupRow& group : *groups) {
    privacy::ExactGroup& out = exact.emplace_back();
    out.key = std::move(group.key);
    out.histograms = std::move(group.histograms);
    out.statistics.push_back(group.persons);
    out.statistics.insert(out.statistics.end(), group.sums.begin(), group.sums.end());
  }
  return privacy::Aggregate(std::move(exact));
}

}  // namespace gbx::room
