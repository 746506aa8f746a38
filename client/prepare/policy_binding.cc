#include <algorithm>

#include "client/prepare/failure.h"
#include "client/prepare/prepare.h"
#include "trusted/policy/policy.h"

namespace gbx::prepare {
namespace {

std::string shown(const policy::Column& column) {
  std::string out(type_name(column.type.type));
  if (column.type.type == Type::decimal) out += "(" + std::to_string(column.type.scale) + ")";
  return out + ", " + std::string(label_name(column.label)) +
         (column.nullable ? ", nullable" : ", not nullable");
}

std::string shown_bounds(bool bounded, std::int64_t low, std::int64_t high, ValueType type) {
  if (!bounded) return "no bounds";
  return "bounds [" + format_value(low, type) + ", " + format_value(high, type) + "]";
}

void compare(const ColumnSpec& mine, const policy::Column& agreed) {
  const std::string who = "column \"" + mine.name + "\": ";
  if (mine.type != agreed.type || mine.label != agreed.label || mine.nullable != agreed.nullable) {
    throw Failure(who + "the policy says " + shown(agreed) + "; the manifest says something else");
  }
  if (mine.bounded != agreed.bounded ||
      (mine.bounded && (mine.low != agreed.low || mine.high != agreed.high))) {
    throw Failure(who + "the policy has " +
                  shown_bounds(agreed.bounded, agreed.low, agreed.high, agreed.type) +
                  ", the manifest " + shown_bounds(mine.bounded, mine.low, mine.high, mine.type));
  }
  std::vector<std::string> domain = agreed.domain;
  std::sort(domain.begin(), domain.end());
  if (mine.domain != domain) throw Failure(who + "the policy's domain is another");
}

}  // namespace

void bind_to_policy(PrepareJob& job, const policy::Policy& policy) {
  const TableManifest& manifest = job.manifest;
  const policy::Table* table = policy.find_table(manifest.table);
  if (table == nullptr) throw Failure("the policy has no table \"" + manifest.table + "\"");
  const ColumnSpec& person = manifest.person();
  if (person.name != table->person ||
      std::string(identifier_name(*person.identifier)) != table->identifier) {
    throw Failure("the policy's person column is \"" + table->person + "\", made of " +
                  table->identifier + "; the manifest says something else");
  }
  for (const ColumnSpec& column : manifest.columns) {
    if (!column.enters()) continue;
    const auto agreed =
        std::find_if(table->columns.begin(), table->columns.end(),
                     [&](const policy::Column& other) { return other.name == column.name; });
    if (agreed == table->columns.end()) {
      throw Failure("the policy's table \"" + table->name + "\" has no column \"" + column.name +
                    "\": label it pii or drop it, or change the policy");
    }
    compare(column, *agreed);
  }
  for (const policy::Column& agreed : table->columns) {
    const bool there = std::any_of(
        manifest.columns.begin(), manifest.columns.end(),
        [&](const ColumnSpec& mine) { return mine.enters() && mine.name == agreed.name; });
    if (!there) {
      throw Failure("the policy's column \"" + agreed.name + "\" is not in the manifest");
    }
  }
  if (manifest.rows_per_person > table->rows_per_person) {
    throw Failure("the policy allows " + std::to_string(table->rows_per_person) +
                  " rows per person; the manifest says " +
                  std::to_string(manifest.rows_per_person));
  }
  job.owner = table->owner;
  job.collaboration = policy.id;
  job.token_epoch = policy.token_epoch;
}

}  // namespace gbx::prepare
