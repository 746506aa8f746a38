#include <algorithm>
#include <set>

#include "trusted/room/engine.h"
#include "trusted/room/possible.h"

namespace gbx::room {
namespace {

// `texts`: those that the expression can yield, when it is text.
bool fits(const Cell& cell, const sql::Expression& expression, const Texts& texts) {
  if (std::holds_alternative<std::monostate>(cell)) return true;
  if (const auto* text = std::get_if<std::string>(&cell)) {
    return expression.type.type == Type::text &&
           std::binary_search(texts->begin(), texts->end(), *text);
  }
  const auto* number = std::get_if<std::int64_t>(&cell);
  return number != nullptr && expression.type.type != Type::text && *number >= expression.low &&
         *number <= expression.high;
}

// Ascending bins that exist, with rows in each; as many rows as the measure counted.
bool fits(const Histogram& histogram, const sql::Measure& measure, Int128 rows) {
  Int128 sum = 0;
  for (std::size_t i = 0; i < histogram.size(); i++) {
    if (histogram[i].bin >= measure.bins || histogram[i].count <= 0) return false;
    if (i > 0 && histogram[i].bin <= histogram[i - 1].bin) return false;
    sum += histogram[i].count;
  }
  return sum == rows;
}

bool fits(const sql::GroupRow& row, const sql::Task& task, const std::vector<Texts>& texts) {
  if (row.histograms.size() != sql::histograms_of(task)) return false;
  const std::size_t width = sql::key_width(task);
  if (row.key.size() != width || row.sums.size() != task.measures.size()) return false;
  if (row.persons < (width == 0 ? 0 : 1)) return false;
  if (task.lists && (row.persons != 1 || !sql::person_of(row.key))) return false;
  const std::size_t first = width - task.groups.size();
  for (std::size_t i = 0; i < task.groups.size(); i++) {
    if (!fits(row.key[first + i], task.groups[i], texts[i])) return false;
  }
  std::size_t histogram = 0;
  for (std::size_t i = 0; i < row.sums.size(); i++) {
    const sql::Measure& measure = task.measures[i];
    const Int128 persons = row.persons;
    if (row.sums[i] < persons * measure.low || row.sums[i] > persons * measure.high) return false;
    const bool bins = sql::has_bins(measure.kind);
    if (bins && !fits(row.histograms[histogram++], measure, row.sums[i])) return false;
  }
  return true;
}

}  // namespace

Status check_groups(const sql::Task& task, std::span<const Dataset> datasets,
                    const std::vector<sql::GroupRow>& groups) {
  const Error failed{ErrorCode::unavailable, "engine_failed"};
  if (groups.size() > task.groups_max) return failed;
  if (sql::key_width(task) == 0 && groups.size() != 1) return failed;
  PossibleTexts possible(task, datasets);
  std::vector<Texts> texts;
  for (const sql::Expression& group : task.groups) {
    texts.emplace_back();
    if (group.type.type != Type::text) continue;
    GBX_TRY_ASSIGN(texts.back(), possible.of_group(group));
  }
  const Int128 persons = persons_max(task, datasets);
  Int128 kept = 0;  // persons, once for each of their groups
  std::set<Bytes> keys;
  for (const sql::GroupRow& row : groups) {
    if (row.persons > persons || !fits(row, task, texts)) return failed;
    if (!keys.insert(sql::encode_group_key(row.key)).second) return failed;
    kept += row.persons;
  }
  if (kept > persons * task.groups_per_person) return failed;
  return {};
}

}  // namespace gbx::room
