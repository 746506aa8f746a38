#include "trusted/sql/formula.h"

#include <algorithm>
#include <set>

#include "trusted/sql/scope.h"

namespace gbx::sql {
namespace {

void note(const Expression& e, std::set<std::uint32_t>& read) {
  if (e.op == Op::output) read.insert(e.column);
  for (const Expression& child : e.children) note(child, read);
}

// What a column of it is called that has no name of its own.
std::string_view name_of(AggregateKind kind) {
  switch (kind) {
    case AggregateKind::rows:
    case AggregateKind::values:
    case AggregateKind::persons:
    case AggregateKind::distinct: return "count";
    case AggregateKind::sum: return "sum";
    case AggregateKind::average: return "avg";
    case AggregateKind::variance_population:
    case AggregateKind::variance_sample: return "variance";
    case AggregateKind::deviation_population:
    case AggregateKind::deviation_sample: return "stddev";
    case AggregateKind::quantile: return "quantile";
    case AggregateKind::bounded: return "count_bounded";
    case AggregateKind::bound_low: return "approx_bounds_low";
    case AggregateKind::bound_high: return "approx_bounds_high";
  }
  return "input";
}

}  // namespace

std::size_t node_count(const Expression& e) {
  std::size_t out = 1;
  for (const Expression& child : e.children) out += node_count(child);
  return out;
}

std::vector<std::uint32_t> outputs_read(const Expression& formula) {
  std::set<std::uint32_t> read;
  note(formula, read);
  return {read.begin(), read.end()};
}

bool is_never_negative(const AggregateCall& call) {
  switch (call.kind) {
    case AggregateKind::rows:
    case AggregateKind::values:
    case AggregateKind::persons:
    case AggregateKind::distinct:
    case AggregateKind::bounded:
    case AggregateKind::variance_population:
    case AggregateKind::variance_sample:
    case AggregateKind::deviation_population:
    case AggregateKind::deviation_sample: return true;
    case AggregateKind::sum:
    case AggregateKind::average:
    case AggregateKind::quantile:
    case AggregateKind::bound_low:
    case AggregateKind::bound_high: return call.argument.low >= 0;
  }
  return false;
}

bool is_taken(const std::vector<Item>& items, std::string_view name) {
  return std::any_of(items.begin(), items.end(),
                     [&](const Item& other) { return same_name(other.name, name); });
}

std::string free_name(const std::vector<Item>& items, std::string name) {
  if (!is_taken(items, name)) return name;
  for (std::size_t i = 2;; i++) {
    std::string next = name + "_" + std::to_string(i);
    if (!is_taken(items, next)) return next;
  }
}

void add_inputs(Query& query) {
  std::set<std::uint32_t> read;
  for (const Item& item : query.items) {
    if (item.formula) note(*item.formula, read);
  }
  for (const Item& item : query.items) {
    if (!item.formula) read.erase(item.output);
  }
  const std::size_t groups = query.groups.size();
  for (const std::uint32_t output : read) {
    Item input;
    input.output = output;
    input.input = true;
    const bool is_group = output < groups;
    input.name =
        free_name(query.items,
                  std::string(is_group ? "key" : name_of(query.aggregates[output - groups].kind)));
    query.items.push_back(std::move(input));
  }
}

}  // namespace gbx::sql
