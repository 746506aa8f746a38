#include "trusted/room/engine.h"

#include <algorithm>

#include "trusted/firewall/check.h"

namespace gbx::room {
namespace {

constexpr Error kEngineFailed{ErrorCode::unavailable, "engine_failed"};

// Every person of `listed` (ascending) has rows in the table: whatever an engine answers, a list
// holds nobody that is not in each of its tables, so nobody that its receiver does not have itself.
Status check_persons(const snapshot::Table& table, const std::vector<privacy::ListedRow>& listed) {
  snapshot::Block block;
  auto next = listed.begin();
  for (std::size_t i = 0; i < table.block_count() && next != listed.end(); i++) {
    if (table.last_person(i) < next->person) continue;
    if (!table.read_block(i, {}, block)) return kEngineFailed;
    auto at = block.persons.begin();
    for (; next != listed.end() && next->person <= block.persons.back(); ++next) {
      at = std::lower_bound(at, block.persons.end(), next->person);
      if (at == block.persons.end() || *at != next->person) return kEngineFailed;
    }
  }
  return next == listed.end() ? Status() : Status(kEngineFailed);
}

std::vector<privacy::ListedRow> listed_of(std::vector<sql::GroupRow> groups) {
  std::vector<privacy::ListedRow> out;
  out.reserve(groups.size());
  for (sql::GroupRow& group : groups) {
    privacy::ListedRow& row = out.emplace_back();
    row.person = sql::person_of(group.key).value();  // check_groups() has seen it
    row.cells.assign(std::make_move_iterator(group.key.begin() + sql::kPersonWords),
                     std::make_move_iterator(group.key.end()));
  }
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) {
    return a.person != b.person ? a.person < b.person : a.cells < b.cells;
  });
  return out;
}

Int128 persons_in(const std::vector<privacy::ListedRow>& listed) {
  Int128 out = 0;
  for (std::size_t i = 0; i < listed.size(); i++) {
    if (i == 0 || listed[i].person != listed[i - 1].person) out++;
  }
  return out;
}

std::vector<privacy::ExactGroup> exact_of(std::vector<sql::GroupRow> groups) {
  std::vector<privacy::ExactGroup> out;
  out.reserve(groups.size());
  for (sql::GroupRow& group : groups) {
    privacy::ExactGroup& exact = out.emplace_back();
    exact.key = std::move(group.key);
    exact.histograms = std::move(group.histograms);
    exact.statistics.push_back(group.persons);
    exact.statistics.insert(exact.statistics.end(), group.sums.begin(), group.sums.end());
  }
  return out;
}

}  // namespace

Result<privacy::Aggregate> Engine::run(const firewall::CheckedQuery& query,
                                       sql::SamplingKey sampling,
                                       std::span<const Dataset> datasets) {
  sql::Task task = query.task();
  task.sampling = sampling;
  auto groups = compute(task, datasets);
  if (!groups || !check_groups(task, datasets, *groups)) return kEngineFailed;
  if (!task.lists) return privacy::Aggregate(exact_of(std::move(*groups)));
  std::vector<privacy::ListedRow> listed = listed_of(std::move(*groups));
  for (const Dataset& dataset : datasets) GBX_TRY(check_persons(*dataset.table, listed));
  privacy::ExactGroup all;
  all.statistics.push_back(persons_in(listed));
  return privacy::Aggregate({std::move(all)}, std::move(listed));
}

}  // namespace gbx::room
