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
  const std::size_t groups = query.groups.size();
  const std::size_t windows = groups + query.aggregates.size();
  std::set<std::uint32_t> read;
  std::set<std::uint32_t> shown;
  for (const Item& item : query.items) {
    if (item.formula) note(*item.formula, read);
    if (!item.formula) shown.insert(item.output);
  }
  // What the windows read, after the windows that formulas read.
  for (std::size_t i = 0; i < query.post.windows.size(); i++) {
    const auto output = static_cast<std::uint32_t>(windows + i);
    if (!read.contains(output) && !shown.contains(output)) continue;
    each_of_window(query.post.windows[i], [&](const Expression& e) { note(e, read); });
  }
  for (const std::uint32_t output : shown) read.erase(output);
  for (const std::uint32_t output : read) {
    Item input;
    input.output = output;
    input.input = true;
    const std::string_view name = output < groups ? "key"
                                  : output < windows
                                      ? name_of(query.aggregates[output - groups].kind)
                                      : "window";
    input.name = free_name(query.items, std::string(name));
    query.items.push_back(std::move(input));
  }
}

std::uint32_t add_aggregate(Query& query, AggregateCall call, ValueType type) {
  const auto place = static_cast<std::uint32_t>(query.groups.size() + query.aggregates.size());
  query.aggregates.push_back(std::move(call));
  query.output_types.insert(query.output_types.begin() + place, type);
  const auto shift = [&](Expression& e, const auto& self) -> void {
    if (e.op == Op::output && e.column >= place) e.column++;
    for (Expression& child : e.children) self(child, self);
  };
  for (Item& item : query.items) {
    if (item.formula) shift(*item.formula, shift);
    if (!item.formula && item.output >= place) item.output++;
  }
  if (query.post.has_qualify) shift(query.post.qualify, shift);
  for (SortKey& key : query.post.order) shift(key.key, shift);
  return place;
}

}  // namespace gbx::sql
