// Post-processing: everything here works on released values and public facts, and costs nothing.

#include <algorithm>
#include <optional>

#include "trusted/privacy/confidence.h"
#include "trusted/room/computed.h"
#include "trusted/room/response.h"
#include "trusted/sql/formula.h"
#include "trusted/sql/post_process.h"

namespace gbx::room {
namespace {

// Half-widths by statistic: of a value alone, and of one that shares its 5 % with one or two
// others.
struct Widths {
  std::vector<std::int64_t> single;
  std::vector<std::int64_t> paired;
  std::vector<std::int64_t> tripled;
  bool exact = false;  // no noise, so no intervals
};

Result<Widths> widths_of(const privacy::Plan& plan) {
  GBX_TRY_ASSIGN(auto single, privacy::half_widths(plan));
  GBX_TRY_ASSIGN(auto paired, privacy::half_widths(plan, privacy::kAlpha / 2));
  GBX_TRY_ASSIGN(auto tripled, privacy::half_widths(plan, privacy::kAlpha / 3));
  return Widths{std::move(single), std::move(paired), std::move(tripled),
                plan.selection == privacy::Selection::exact};
}

std::int64_t saturate(Int128 value) {
  return static_cast<std::int64_t>(
      std::clamp(value, -Int128{sql::kOutputMax}, Int128{sql::kOutputMax}));
}

// One released row on its way: its outputs, and the statistics that they came from.
struct Row {
  std::vector<Cell> outputs;
  const privacy::ReleasedGroup* group = nullptr;
};

packet::Interval average_interval(const firewall::Output& output,
                                  const privacy::ReleasedGroup& group, const Widths& widths) {
  const privacy::Estimate estimate =
      privacy::average({.sum = group.values[output.index],
                        .count = group.values[output.count],
                        .sum_half_width = widths.paired[output.index],
                        .count_half_width = widths.paired[output.count],
                        .low = output.low,
                        .high = output.high,
                        .digits = output.more_digits});
  return {saturate(estimate.low), saturate(estimate.high)};
}

packet::Interval moment_interval(const firewall::Output& output,
                                 const privacy::ReleasedGroup& group, const Widths& widths) {
  // A sum of squares that was cut at the largest number can be anywhere beyond it.
  const auto around = [&](std::uint32_t statistic) {
    constexpr Int128 kBeyond = Int128{1} << 110;
    const Int128 value = group.values[statistic];
    const Int128 width = widths.tripled[statistic];
    return firewall::Between{value <= -privacy::kNoisedMax ? -kBeyond : value - width,
                             value >= privacy::kNoisedMax ? kBeyond : value + width};
  };
  const firewall::Between between = firewall::moment_between(
      output, around(output.count), around(output.index), around(output.squares));
  return {saturate(between.low), saturate(between.high)};
}

packet::Interval bound_interval(const firewall::Output& output,
                                const privacy::ReleasedGroup& group) {
  const firewall::Between between = bound_between(output, group.quantiles[output.index]);
  return {saturate(between.low), saturate(between.high)};
}

packet::Interval quantile_interval(const firewall::Output& output,
                                   const privacy::ReleasedGroup& group) {
  const privacy::QuantileLeaves& leaves = group.quantiles[output.index];
  return {leaf_value(output, leaves.low), leaf_value(output, leaves.high)};
}

std::optional<packet::Interval> interval_of(const firewall::Output& output, const Row& row,
                                            const Cell& value, const Widths& widths) {
  const auto* number = std::get_if<std::int64_t>(&value);
  if (number == nullptr || widths.exact) return std::nullopt;
  switch (output.kind) {
    case firewall::OutputKind::group:
    case firewall::OutputKind::window: return std::nullopt;
    case firewall::OutputKind::average: return average_interval(output, *row.group, widths);
    case firewall::OutputKind::moment: return moment_interval(output, *row.group, widths);
    case firewall::OutputKind::quantile: return quantile_interval(output, *row.group);
    case firewall::OutputKind::bound_low:
    case firewall::OutputKind::bound_high: return bound_interval(output, *row.group);
    case firewall::OutputKind::persons:
    case firewall::OutputKind::count:
    case firewall::OutputKind::sum: break;
  }
  const Int128 width = widths.single[output.index];
  return packet::Interval{saturate(*number - width), saturate(*number + width)};
}

// A formula, and the widths for so many statistics at once.
struct Formula {
  const sql::Expression& expression;
  Widths widths;
  std::size_t statistics = 0;
};

Result<Formula> formula_of(const firewall::CheckedQuery& query, const sql::Expression& expression) {
  const std::size_t statistics = statistics_read(query, expression);
  Widths widths;
  widths.exact = query.plan().selection == privacy::Selection::exact;
  if (statistics > 0) {
    GBX_TRY_ASSIGN(
        widths.single,
        privacy::half_widths(query.plan(), privacy::kAlpha / static_cast<double>(statistics)));
    widths.paired = widths.single;
    widths.tripled = widths.single;
  }
  return Formula{expression, std::move(widths), statistics};
}

// Where an output is when all that a formula reads hold at once. What was chosen for 5 % of its own
// says nothing beside others but its bounds.
sql::Known known_of(const firewall::Output& output, const Row& row, const Cell& cell,
                    const Formula& formula) {
  const auto* value = std::get_if<std::int64_t>(&cell);
  if (value == nullptr || output.kind == firewall::OutputKind::group) return {cell, cell};
  const bool single = output.kind == firewall::OutputKind::persons ||
                      output.kind == firewall::OutputKind::count ||
                      output.kind == firewall::OutputKind::sum;
  if (single) {
    const bool negative = output.kind == firewall::OutputKind::sum && output.low < 0;
    return sql::around(*value, formula.widths.single[output.index],
                       negative ? -sql::kOutputMax : 0);
  }
  const bool chosen = output.kind == firewall::OutputKind::quantile ||
                      output.kind == firewall::OutputKind::bound_low ||
                      output.kind == firewall::OutputKind::bound_high;
  if (chosen && formula.statistics > 1) return {output.low, output.high};
  const auto interval = interval_of(output, row, cell, formula.widths);
  return sql::beyond_output_max({interval->low, interval->high});
}

// NULL where a number that it reads is withheld.
packet::OutputCell computed_cell(const firewall::CheckedQuery& query, const Row& row,
                                 const Formula& formula) {
  std::vector<sql::Known> ranges = sql::known(row.outputs);
  for (const std::uint32_t index : sql::outputs_read(formula.expression)) {
    const firewall::Output& output = query.outputs()[index];
    const Cell& cell = row.outputs[index];
    const bool noised =
        output.kind != firewall::OutputKind::group && output.kind != firewall::OutputKind::window;
    if (noised && std::holds_alternative<std::monostate>(cell)) return {};
    if (formula.statistics > 0) ranges[index] = known_of(output, row, cell, formula);
  }
  const sql::Computed computed = sql::compute(formula.expression, sql::known(row.outputs), ranges);
  packet::OutputCell out{computed.value, {}};
  if (formula.statistics == 0 || formula.widths.exact || !computed.interval) return out;
  out.interval = packet::Interval{computed.interval->low, computed.interval->high};
  return out;
}

struct Shown {
  std::vector<Row> rows;
  // What windows read besides, where there are columns of them.
  std::vector<Row> others;
  // How many rows rows_max left out. Safe to say: it counts released rows only, those that noise
  // and selection have let through and the charge has paid for, so it is post-processing like the
  // rows themselves. Groups that were withheld are not in it.
  std::int64_t cut = 0;
};

bool shows_windows(const firewall::CheckedQuery& query) {
  return std::any_of(query.items().begin(), query.items().end(),
                     [&](const sql::Item& item) { return is_window(query, item); });
}

// Nobody could check windows over rows that are not in the answer.
void blank_windows(const firewall::CheckedQuery& query, std::vector<Row>& rows) {
  const std::size_t windows = query.post().windows.size();
  for (Row& row : rows)
    std::fill(row.outputs.end() - static_cast<std::ptrdiff_t>(windows), row.outputs.end(), Cell());
}

Shown shown_rows(const firewall::CheckedQuery& query, const privacy::Released& released,
                 std::uint32_t rows_max) {
  std::vector<std::vector<Cell>> outputs;
  for (const privacy::ReleasedGroup& group : released.groups()) {
    const std::vector<Int128> statistics(group.values.begin(), group.values.end());
    outputs.push_back(firewall::assemble(query, group.key, statistics, group.quantiles));
  }
  sql::PostProcessed processed = sql::post_process(query.post(), std::move(outputs));
  Shown out;
  const auto take = [&](const std::vector<std::size_t>& places, std::vector<Row>& rows) {
    for (const std::size_t place : places) {
      if (out.rows.size() + out.others.size() == rows_max) {
        out.cut++;
      } else {
        rows.push_back({std::move(processed.rows[place]), &released.groups()[place]});
      }
    }
  };
  take(processed.shown, out.rows);
  if (!shows_windows(query)) return out;
  take(processed.others, out.others);
  if (out.cut == 0) return out;
  blank_windows(query, out.rows);
  blank_windows(query, out.others);
  return out;
}

// Public rows whose numbers are not shown; nullopt where the data decides what groups exist.
std::optional<std::int64_t> withheld(const privacy::Plan& plan, const privacy::Released& released) {
  if (!plan.open) return std::nullopt;
  return std::count_if(released.groups().begin(), released.groups().end(),
                       [](const privacy::ReleasedGroup& group) { return group.values.empty(); });
}

// The person, and what stands beside it.
std::vector<packet::Output> list_columns(const firewall::CheckedQuery& query) {
  std::vector<packet::Output> out;
  for (const sql::Item& item : query.items()) {
    packet::Output& column = out.emplace_back();
    column.name = item.name;
    column.kind = item.person ? packet::OutputKind::person : packet::OutputKind::listed;
    column.type = item.person ? ValueType{Type::text, 0} : query.outputs()[item.output].type;
  }
  return out;
}

// As many rows as the policy lets through, persons ascending; or none, because their number was
// not enough.
packet::AnswerTable list_table(const firewall::CheckedQuery& query, const policy::Policy& policy,
                               const privacy::Released& released) {
  packet::AnswerTable out;
  out.columns = list_columns(query);
  out.withheld = released.listed().empty() ? 1 : 0;
  const std::size_t shown =
      std::min<std::size_t>(released.listed().size(), policy.limits.result_rows);
  out.rows_cut = static_cast<std::int64_t>(released.listed().size() - shown);
  for (const privacy::ListedRow& row : std::span(released.listed()).first(shown)) {
    std::vector<packet::OutputCell>& cells = out.rows.emplace_back();
    for (const sql::Item& item : query.items()) {
      cells.push_back({item.person ? Cell(to_hex(row.person)) : row.cells[item.output], {}});
    }
  }
  return out;
}

}  // namespace

Result<std::vector<packet::Output>> answer_columns(const firewall::CheckedQuery& query) {
  if (query.lists()) return list_columns(query);
  GBX_TRY_ASSIGN(const Widths widths, widths_of(query.plan()));
  std::vector<packet::Output> out;
  for (const sql::Item& item : query.items()) {
    if (item.formula) {
      out.push_back(computed_column(query, item, widths.exact));
      continue;
    }
    if (is_window(query, item)) {
      out.push_back(window_column(query, item));
      continue;
    }
    const firewall::Output& output = query.outputs()[item.output];
    packet::Output column;
    column.input = item.input;
    column.name = item.name;
    column.type = output.type;
    const bool group = output.kind == firewall::OutputKind::group;
    const auto measured = widths.exact ? packet::OutputKind::exact : packet::OutputKind::noised;
    column.kind = group ? packet::OutputKind::group : measured;
    const bool plain = output.kind == firewall::OutputKind::persons ||
                       output.kind == firewall::OutputKind::count ||
                       output.kind == firewall::OutputKind::sum;
    if (plain && !widths.exact) column.half_width = saturate(widths.single[output.index]);
    out.push_back(std::move(column));
  }
  return out;
}

Result<ReleasedTable> ReleasedTable::make(const firewall::CheckedQuery& query,
                                          const policy::Policy& policy,
                                          const privacy::Released& released) {
  if (query.lists()) return ReleasedTable(list_table(query, policy, released));
  packet::AnswerTable table;
  GBX_TRY_ASSIGN(table.columns, answer_columns(query));
  GBX_TRY_ASSIGN(const Widths widths, widths_of(query.plan()));
  const Shown shown = shown_rows(query, released, policy.limits.result_rows);
  table.rows_cut = shown.cut;
  std::vector<std::optional<Formula>> formulas;
  for (const sql::Item& item : query.items()) {
    formulas.emplace_back();
    if (!item.formula) continue;
    GBX_TRY_ASSIGN(Formula formula, formula_of(query, *item.formula));
    formulas.back().emplace(std::move(formula));
  }
  const auto cells_of = [&](const Row& row) {
    std::vector<packet::OutputCell> cells;
    for (std::size_t i = 0; i < query.items().size(); i++) {
      const sql::Item& item = query.items()[i];
      if (formulas[i]) {
        cells.push_back(computed_cell(query, row, *formulas[i]));
        continue;
      }
      const Cell& value = row.outputs[item.output];
      cells.push_back({value, interval_of(query.outputs()[item.output], row, value, widths)});
    }
    return cells;
  };
  for (const Row& row : shown.rows) table.rows.push_back(cells_of(row));
  for (const Row& row : shown.others) table.others.push_back(cells_of(row));
  table.withheld = withheld(query.plan(), released);
  return ReleasedTable(std::move(table));
}

}  // namespace gbx::room
