#include <set>

#include "trusted/room/engine.h"

namespace gbx::room {
namespace {

constexpr std::int64_t kPersonsMax = std::int64_t{1} << 40;

bool fits(const Cell& cell, const sql::Expression& expression) {
  if (std::holds_alternative<std::monostate>(cell)) return true;
  if (expression.type.type == Type::text) return std::holds_alternative<std::string>(cell);
  const auto* number = std::get_if<std::int64_t>(&cell);
  return number != nullptr && *number >= expression.low && *number <= expression.high;
}

bool fits(const sql::GroupRow& row, const sql::Task& task) {
  if (row.key.size() != task.groups.size() || row.sums.size() != task.measures.size()) return false;
  if (row.persons < (task.groups.empty() ? 0 : 1) || row.persons > kPersonsMax) return false;
  for (std::size_t i = 0; i < row.key.size(); i++) {
    if (!fits(row.key[i], task.groups[i])) return false;
  }
  for (std::size_t i = 0; i < row.sums.size(); i++) {
    const sql::Measure& measure = task.measures[i];
    const Int128 persons = row.persons;
    if (row.sums[i] < persons * measure.low || row.sums[i] > persons * measure.high) return false;
  }
  return true;
}

}  // namespace

Status check_groups(const sql::Task& task, const std::vector<sql::GroupRow>& groups) {
  const Error failed{ErrorCode::unavailable, "engine_failed"};
  if (groups.size() > task.groups_max) return failed;
  if (task.groups.empty() && groups.size() != 1) return failed;
  std::set<Bytes> keys;
  for (const sql::GroupRow& row : groups) {
    if (!fits(row, task) || !keys.insert(sql::encode_group_key(row.key)).second) return failed;
  }
  return {};
}

}  // namespace gbx::room
