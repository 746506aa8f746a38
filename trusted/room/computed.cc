#include "trusted/room/computed.h"

#include <algorithm>
#include <set>

#include "trusted/sql/expression_codec.h"
#include "trusted/sql/formula.h"

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

}  // namespace

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
    if (output.kind == firewall::OutputKind::group) continue;
    out.inputs.push_back(
        {columns[index], exact ? std::vector<std::uint32_t>() : firewall::statistics_of(output)});
  }
  std::sort(out.inputs.begin(), out.inputs.end(),
            [](const auto& a, const auto& b) { return a.column < b.column; });
  return out;
}

std::size_t statistics_read(const firewall::CheckedQuery& query, const sql::Expression& formula) {
  std::set<std::uint32_t> all;
  for (const std::uint32_t index : sql::outputs_read(formula)) {
    for (const std::uint32_t statistic : firewall::statistics_of(query.outputs()[index])) {
      all.insert(statistic);
    }
  }
  return all.size();
}

}  // namespace gbx::room
