#include "client/query/verify_computed.h"

#include <map>
#include <set>

#include "trusted/privacy/confidence.h"
#include "trusted/sql/build.h"
#include "trusted/sql/expression_codec.h"
#include "trusted/sql/released_value.h"
#include "trusted/sql/released_windows.h"
#include "trusted/sql/step_codec.h"

namespace gbx::client {
namespace {

Error unverified(Literal reason) { return {ErrorCode::unverified, reason}; }

// What a formula says of a column that it reads: its type, and the least that it can be without
// noise.
struct Reading {
  ValueType type;
  std::int64_t least = 0;
};

class ComputedColumn {
 public:
  static Result<ComputedColumn> make(const packet::AnswerTable& table, std::size_t column,
                                     const privacy::Plan& plan);

  [[nodiscard]] Status check(const std::vector<packet::OutputCell>& row) const;

 private:
  Status read_columns(const sql::Expression& e);
  Status take_inputs(const privacy::Plan& plan);
  [[nodiscard]] Status check_interval(const packet::OutputCell& cell,
                                      const sql::Computed& computed) const;

  const packet::AnswerTable* table_ = nullptr;
  std::size_t column_ = 0;
  sql::Expression formula_;
  std::map<std::uint32_t, Reading> reads_;
  // By column: a count or a sum, which was noised once. All others: only that the value is inside.
  std::map<std::uint32_t, std::int64_t> widths_;
  bool noised_ = false;
  bool windows_ = false;  // it reads some: then it has no interval
};

Status ComputedColumn::read_columns(const sql::Expression& e) {
  if (e.op == sql::Op::output) return unverified("result_formula_wrong");
  if (e.op == sql::Op::column) {
    if (e.column >= table_->columns.size()) return unverified("result_formula_wrong");
    const packet::Output& column = table_->columns[e.column];
    const auto [place, first] = reads_.try_emplace(e.column, Reading{e.type, e.low});
    const bool same = place->second.type == e.type && place->second.least == e.low;
    windows_ = windows_ || column.kind == packet::OutputKind::window;
    if (column.kind == packet::OutputKind::computed || column.type != e.type || !same) {
      return unverified("result_formula_wrong");
    }
  }
  for (const sql::Expression& child : e.children) GBX_TRY(read_columns(child));
  return {};
}

// The inputs are the columns that it reads and that are no keys.
Status ComputedColumn::take_inputs(const privacy::Plan& plan) {
  const std::vector<packet::FormulaInput>& inputs = table_->columns[column_].inputs;
  const bool exact = windows_ || plan.selection == privacy::Selection::exact;
  std::set<std::uint32_t> columns;
  std::set<std::uint32_t> statistics;
  for (const auto& [index, reading] : reads_) {
    const packet::OutputKind kind = table_->columns[index].kind;
    const bool plain = kind == packet::OutputKind::group || kind == packet::OutputKind::window;
    if (!plain) columns.insert(index);
  }
  for (const packet::FormulaInput& input : inputs) {
    if (columns.erase(input.column) == 0) return unverified("result_formula_wrong");
    if (input.statistics.empty() != exact) return unverified("result_formula_wrong");
    statistics.insert(input.statistics.begin(), input.statistics.end());
  }
  if (!columns.empty()) return unverified("result_formula_wrong");
  if (statistics.empty()) return {};
  noised_ = true;
  if (*statistics.rbegin() >= plan.statistics.size()) return unverified("result_formula_wrong");
  GBX_TRY_ASSIGN(const auto alone, privacy::half_widths(plan));
  GBX_TRY_ASSIGN(
      const auto together,
      privacy::half_widths(plan, privacy::kAlpha / static_cast<double>(statistics.size())));
  for (const packet::FormulaInput& input : inputs) {
    const auto& half_width = table_->columns[input.column].half_width;
    if (!half_width) continue;
    const std::uint32_t statistic = input.statistics.front();
    if (input.statistics.size() != 1 || alone[statistic] != *half_width) {
      return unverified("result_formula_wrong");
    }
    widths_[input.column] = together[statistic];
  }
  return {};
}

Result<ComputedColumn> ComputedColumn::make(const packet::AnswerTable& table, std::size_t column,
                                            const privacy::Plan& plan) {
  ComputedColumn out;
  out.table_ = &table;
  out.column_ = column;
  auto formula = sql::decode_formula(*table.columns[column].formula);
  if (!formula) return unverified("result_formula_wrong");
  out.formula_ = std::move(*formula);
  if (out.formula_.type != table.columns[column].type) return unverified("result_formula_wrong");
  GBX_TRY(out.read_columns(out.formula_));
  GBX_TRY(out.take_inputs(plan));
  return out;
}

Status ComputedColumn::check_interval(const packet::OutputCell& cell,
                                      const sql::Computed& computed) const {
  const bool wanted = noised_ && computed.interval.has_value();
  if (wanted != cell.interval.has_value()) return unverified("result_interval_wrong");
  if (!wanted) return {};
  const packet::Interval said = *cell.interval;
  const bool all = widths_.size() == table_->columns[column_].inputs.size();
  const bool inside = said.low <= computed.interval->low && computed.interval->high <= said.high;
  const bool same = said.low == computed.interval->low && said.high == computed.interval->high;
  return (all ? same : inside) ? Status() : Status(unverified("result_interval_wrong"));
}

Status ComputedColumn::check(const std::vector<packet::OutputCell>& row) const {
  const packet::OutputCell& cell = row[column_];
  std::vector<sql::Known> values;
  for (const packet::OutputCell& other : row) values.push_back({other.value, other.value});
  for (const packet::FormulaInput& input : table_->columns[column_].inputs) {
    if (!std::holds_alternative<std::monostate>(row[input.column].value)) continue;
    const bool withheld =
        std::holds_alternative<std::monostate>(cell.value) && !cell.interval.has_value();
    return withheld ? Status() : Status(unverified("result_computed_wrong"));
  }
  std::vector<sql::Known> ranges = values;
  for (const auto& [column, width] : widths_) {
    const auto* value = std::get_if<std::int64_t>(&row[column].value);
    if (value == nullptr) return unverified("result_computed_wrong");
    ranges[column] = sql::around(*value, width, reads_.at(column).least);
  }
  const sql::Computed computed = sql::compute(formula_, values, ranges);
  if (computed.value != cell.value) return unverified("result_computed_wrong");
  return check_interval(cell, computed);
}

// What a window reads is of columns before any window.
Status check_reads(const sql::Expression& e, const packet::AnswerTable& table) {
  if (e.op == sql::Op::output) return unverified("result_window_wrong");
  if (e.op == sql::Op::column) {
    if (e.column >= table.columns.size()) return unverified("result_window_wrong");
    const packet::Output& column = table.columns[e.column];
    const bool released = column.kind == packet::OutputKind::group ||
                          column.kind == packet::OutputKind::noised ||
                          column.kind == packet::OutputKind::exact;
    if (!released || column.type != e.type) return unverified("result_window_wrong");
  }
  for (const sql::Expression& child : e.children) GBX_TRY(check_reads(child, table));
  return {};
}

// `rows` are all that windows read, of which the first stand in the table and then the others.
Status verify_window(const packet::AnswerTable& table, std::size_t column,
                     const std::vector<std::vector<Cell>>& rows) {
  const auto window = sql::decode_released_window(*table.columns[column].window);
  if (!window || window->value.type != table.columns[column].type) {
    return unverified("result_window_wrong");
  }
  Status reads;
  sql::each_of_window(*window, [&](const sql::Expression& e) {
    if (reads) reads = check_reads(e, table);
  });
  GBX_TRY(reads);
  // Over rows that were cut nobody can compute it, so it is nowhere.
  const bool cut = table.rows_cut > 0;
  const std::vector<Cell> values =
      cut ? std::vector<Cell>(rows.size()) : sql::window_values(*window, rows);
  for (std::size_t i = 0; i < rows.size(); i++) {
    if (rows[i][column] != values[i]) return unverified("result_window_wrong");
  }
  return {};
}

Status verify_windows(const packet::AnswerTable& table) {
  std::vector<std::vector<Cell>> rows;
  for (const auto* all : {&table.rows, &table.others}) {
    for (const auto& row : *all) {
      std::vector<Cell>& cells = rows.emplace_back();
      for (const packet::OutputCell& cell : row) cells.push_back(cell.value);
    }
  }
  for (std::size_t i = 0; i < table.columns.size(); i++) {
    if (table.columns[i].window) GBX_TRY(verify_window(table, i, rows));
  }
  return {};
}

}  // namespace

Status verify_computed(const packet::AnswerTable& table, const privacy::Plan& plan) {
  for (std::size_t i = 0; i < table.columns.size(); i++) {
    if (table.columns[i].kind != packet::OutputKind::computed) continue;
    GBX_TRY_ASSIGN(const ComputedColumn column, ComputedColumn::make(table, i, plan));
    for (const auto& row : table.rows) GBX_TRY(column.check(row));
    for (const auto& row : table.others) GBX_TRY(column.check(row));
  }
  return verify_windows(table);
}

}  // namespace gbx::client
