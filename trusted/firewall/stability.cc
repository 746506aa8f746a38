#include "trusted/firewall/stability.h"

#include <algorithm>

namespace gbx::firewall {
namespace {

using sql::JoinKind;
using sql::Step;
using sql::StepKind;

struct Known {
  std::vector<bool> support;
  Int128 rows = 0;
  Int128 pairs = 0;  // looked at to make it of its inputs
  Int128 work = 0;
};

std::vector<bool> both(std::vector<bool> a, const std::vector<bool>& b) {
  for (std::size_t i = 0; i < a.size(); i++) a[i] = a[i] && b[i];
  return a;
}

std::vector<bool> either(std::vector<bool> a, const std::vector<bool>& b) {
  for (std::size_t i = 0; i < a.size(); i++) a[i] = a[i] || b[i];
  return a;
}

Known joined(const Known& left, const Known& right, JoinKind kind) {
  const Int128 rows = sql::rows_of_join(kind, left.rows, right.rows);
  switch (kind) {
    case JoinKind::inner:
    case JoinKind::semi: return {either(left.support, right.support), rows, 0, 0};
    case JoinKind::left:
    case JoinKind::anti: return {left.support, rows, 0, 0};
    case JoinKind::right: return {right.support, rows, 0, 0};
    case JoinKind::full: return {both(left.support, right.support), rows, 0, 0};
  }
  GBX_CHECK(false);
}

constexpr std::int64_t kSorting = 24;  // of 2^22 rows, a comparison for each of a row

// Of each row: what its expressions take, and its part in sorting.
std::int64_t work_of_row(const Step& step) {
  std::int64_t out = step.has_filter ? work_of(step.filter) : 0;
  for (const sql::Expression& column : step.columns) out += work_of(column);
  for (const sql::RowAggregate& value : step.aggregates) out += 1 + work_of(value.argument);
  for (const sql::Window& window : step.windows) {
    out += kSorting + work_of(window.value.argument);
    for (const sql::Expression& key : window.partition) out += kSorting + work_of(key);
    for (const sql::RowOrder& key : window.order) out += kSorting + work_of(key.key);
  }
  const bool sorts = step.distinct || step.kind == StepKind::group;
  return sorts ? out + kSorting * static_cast<std::int64_t>(step.columns.size()) : out;
}

Known known_of(const Step& step, const std::vector<Known>& sources, Int128 most) {
  Known out = sources[step.inputs[0].source];
  Int128 pairs = 0;
  Int128 work = 0;
  for (std::size_t i = 1; i < step.inputs.size(); i++) {
    const Known& next = sources[step.inputs[i].source];
    if (step.kind == StepKind::append) {
      out = {both(out.support, next.support), out.rows + next.rows, 0, 0};
    } else {
      const sql::Input& input = step.inputs[i];
      const std::int64_t each = 1 + (input.has_condition ? work_of(input.condition) : 0);
      pairs += out.rows * next.rows;
      work += out.rows * next.rows * each;
      out = joined(out, next, step.inputs[i].kind);
    }
    out.rows = std::min(out.rows, most);
  }
  out.work = work + out.rows * work_of_row(step);
  if (step.kind == StepKind::group && step.columns.empty()) out.rows = 1;
  out.pairs = pairs;
  return out;
}

}  // namespace

// NOLINTNEXTLINE(misc-no-recursion): as deep as an expression
std::int64_t work_of(const sql::Expression& expression) {
  constexpr std::int64_t kDivision = 20;
  constexpr std::int64_t kCalendar = 10;
  const sql::Op op = expression.op;
  const bool divides = op == sql::Op::quotient || op == sql::Op::remainder;
  const bool calendar =
      (op >= sql::Op::year && op <= sql::Op::truncate_week) || op == sql::Op::add_months;
  std::int64_t out = divides ? kDivision : calendar ? kCalendar : 1;
  for (const sql::Expression& child : expression.children) out += work_of(child);
  return out;
}

Stability stability_of(const sql::Query& query, std::span<const std::int64_t> rows_per_person,
                       std::int64_t most) {
  const std::size_t tables = query.relations.size();
  GBX_CHECK(rows_per_person.size() == tables);
  std::vector<Known> sources;
  Known all{std::vector<bool>(tables, true), 1, 0, 0};
  for (std::size_t i = 0; i < tables; i++) {
    Known table{std::vector<bool>(tables, false), rows_per_person[i], 0, 0};
    table.support[i] = true;
    sources.push_back(std::move(table));
    all.rows = std::min(all.rows * rows_per_person[i], Int128{most});
  }
  Int128 pairs = 0;
  Int128 cells = 0;
  Int128 work = 0;
  for (const Step& step : query.steps) {
    sources.push_back(known_of(step, sources, most));
    pairs += sources.back().pairs;
    work += sources.back().work;
    const std::size_t columns = step.columns.size() + step.aggregates.size() + step.windows.size();
    cells += sources.back().rows * static_cast<Int128>(columns + step.inputs.size());
  }
  const Known& last = query.steps.empty() ? all : sources.back();
  const bool moves =
      std::find(last.support.begin(), last.support.end(), false) != last.support.end();
  return {last.support, moves, static_cast<std::int64_t>(last.rows), pairs, cells, work};
}

}  // namespace gbx::firewall
