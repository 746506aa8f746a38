#include "trusted/room/computed.h"

#include <algorithm>
#include <set>

#include "trusted/sql/expression_codec.h"
#include "trusted/sql/formula.h"
#include "trusted/sql/step_codec.h"

namespace gbx::room {
namespace {

// Over the columns of the answer.
void over_columns(sql::Expression& e, const std::vector<std::uint32_t>& columns) {
  if (e.op == sql::Op::output) {
    e.op = sql::Op::column;
    e.column = columns[e.column];
  }
  for (sql::Expression& child : e.children) over_columns(child, columns);
}

bool reads_windows(const firewall::CheckedQuery& query, const sql::Expression& formula) {
  const std::vector<std::uint32_t> read = sql::outputs_read(formula);
  return std::any_of(read.begin(), read.end(), [&](std::uint32_t index) {
    return query.outputs()[index].kind == firewall::OutputKind::window;
  });
}

}  // namespace

bool is_window(const firewall::CheckedQuery& query, const sql::Item& item) {
  return !item.formula && query.outputs()[item.output].kind == firewall::OutputKind::window;
}

std::vector<std::uint32_t> columns_of(const firewall::CheckedQuery& query) {
  std::vector<std::uint32_t> out(query.outputs().size());
  for (std::size_t i = query.items().size(); i > 0; i--) {  // the first that shows it
    const sql::Item& item = query.items()[i - 1];
    if (!item.formula) out[item.output] = static_cast<std::uint32_t>(i - 1);
  }
  return out;
}

packet::Output computed_column(const firewall::CheckedQuery& query, const sql::Item& item,
                               bool exact) {
  exact = exact || reads_windows(query, *item.formula);
  const std::vector<std::uint32_t> columns = columns_of(query);
  packet::Output out;
  out.name = item.name;
  out.type = item.formula->type;
  out.kind = packet::OutputKind::computed;
  sql::Expression formula = *item.formula;
  over_columns(formula, columns);
  out.formula = sql::encode_expression(formula);
  for (const std::uint32_t index : sql::outputs_read(*item.formula)) {
    const firewall::Output& output = query.outputs()[index];
    const bool noised =
        output.kind != firewall::OutputKind::group && output.kind != firewall::OutputKind::window;
    if (!noised) continue;
    out.inputs.push_back(
        {columns[index], exact ? std::vector<std::uint32_t>() : firewall::statistics_of(output)});
  }
  std::sort(out.inputs.begin(), out.inputs.end(),
            [](const auto& a, const auto& b) { return a.column < b.column; });
  return out;
}

packet::Output window_column(const firewall::CheckedQuery& query, const sql::Item& item) {
  const std::vector<std::uint32_t> columns = columns_of(query);
  const std::size_t first = query.outputs().size() - query.post().windows.size();
  sql::Window window = query.post().windows[item.output - first];
  sql::each_of_window(window, [&](sql::Expression& e) { over_columns(e, columns); });
  packet::Output out;
  out.name = item.name;
  out.type = window.value.type;
  out.kind = packet::OutputKind::window;
  out.input = item.input;
  out.window = sql::encode_released_window(window);
  return out;
}

std::size_t statistics_read(const firewall::CheckedQuery& query, const sql::Expression& formula) {
  if (reads_windows(query, formula)) return 0;
  std::set<std::uint32_t> all;
  for (const std::uint32_t index : sql::outputs_read(formula)) {
    for (const std::uint32_t statistic : firewall::statistics_of(query.outputs()[index])) {
      all.insert(statistic);
    }
  }
  return all.size();
}

}  // namespace gbx::room
