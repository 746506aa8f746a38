#include <algorithm>
#include <set>

#include "trusted/sql/bind_rows.h"
#include "trusted/sql/build.h"

namespace gbx::sql {
namespace {

Error deny(Literal reason, Span where) { return {ErrorCode::policy_denied, reason, where}; }
Error refuse(Literal reason, Span where) { return {ErrorCode::invalid_argument, reason, where}; }

// The columns of all branches at one place, made alike.
Status unite(std::vector<NamedRows>& branches, std::size_t place,
             std::vector<std::vector<Expression>>& columns, Span where) {
  const bool person = branches[0].columns[place].person;
  std::vector<Expression> values;
  for (NamedRows& branch : branches) {
    const NamedColumn& column = branch.columns[place];
    if (column.person != person) return deny("union_person_differs", where);
    if (person) continue;
    const bool untyped = column.type == kUntyped;  // a bare NULL is of the others' type
    values.push_back(untyped ? make_null(kUntyped, where) : read_column(0, column, where));
  }
  if (person) return {};
  GBX_TRY(unify(values, 0, 1));
  for (std::size_t i = 0; i < branches.size(); i++) columns[i].push_back(std::move(values[i]));
  return {};
}

// Rows of different tables in one list can be counted by person: whoever is in two of them shows,
// as in a join. So it takes what a join takes of each table.
void name_tables(const std::vector<NamedRows>& branches, Binding& binding, Span where) {
  std::set<std::uint32_t> tables;
  for (const NamedRows& branch : branches) {
    const std::vector<std::uint32_t> read = binding.steps.tables_of(branch.source);
    tables.insert(read.begin(), read.end());
  }
  if (tables.size() < 2) return;
  for (const std::uint32_t table : tables) binding.joined.push_back({table, where});
}

Result<NamedRows> bind_united(const Select& select, Binding& binding, Span where) {
  if (!select.order.empty()) return refuse("order_in_subquery", select.order[0].node.where);
  if (select.limit || select.offset > 0) return refuse("limit_in_subquery", where);
  if (select.united.size() > kStepInputsMax) return refuse("too_many_steps", where);
  std::vector<NamedRows> branches;
  for (const Select& branch : select.united) {
    GBX_TRY_ASSIGN(NamedRows rows, bind_rows(branch, binding, where));
    if (!branches.empty() && rows.columns.size() != branches[0].columns.size()) {
      return refuse("union_columns_differ", where);
    }
    branches.push_back(std::move(rows));
  }
  std::vector<std::vector<Expression>> columns(branches.size());
  for (std::size_t i = 0; i < branches[0].columns.size(); i++) {
    GBX_TRY(unite(branches, i, columns, where));
  }
  const auto& shown = branches[0].columns;
  const bool person = std::any_of(shown.begin(), shown.end(),
                                  [](const NamedColumn& column) { return column.person; });
  if (!person && select.distinct) return deny("subquery_without_person", where);
  name_tables(branches, binding, where);
  Step step;
  step.kind = StepKind::append;
  step.distinct = select.distinct;
  std::int64_t rows = 0;
  for (std::size_t i = 0; i < branches.size(); i++) {
    Step alike;
    alike.inputs.push_back(input_of(branches[i].source));
    alike.columns = std::move(columns[i]);
    const std::int64_t most = binding.steps.rows(branches[i].source);
    rows += most;
    GBX_TRY_ASSIGN(const std::uint32_t source, binding.steps.add(std::move(alike), most, where));
    step.inputs.push_back(input_of(source));
  }
  std::vector<StepColumn> hull = binding.steps.columns(step.inputs[0].source);
  for (const Input& input : step.inputs) {
    const std::vector<StepColumn> one = binding.steps.columns(input.source);
    for (std::size_t i = 0; i < hull.size(); i++) {
      const bool text = hull[i].type.type == Type::text;
      hull[i].low = std::min(hull[i].low, one[i].low);
      hull[i].high =
          text ? texts_together(hull[i].high, one[i].high) : std::max(hull[i].high, one[i].high);
    }
  }
  step.columns = read_all(hull, 0);
  NamedRows out;
  out.columns = branches[0].columns;
  std::uint32_t place = 0;
  for (NamedColumn& column : out.columns) {
    if (column.person) continue;
    const StepColumn& made = hull[place];
    column = {column.name, false, place, made.type, made.low, made.high};
    place++;
  }
  GBX_TRY_ASSIGN(out.source, binding.steps.add(std::move(step), rows, where));
  return out;
}

// Alias (a, b, ...): new names for the first columns.
Status rename(const std::vector<std::string>& names, std::vector<NamedColumn>& columns,
              Span where) {
  if (names.size() > columns.size()) return refuse("column_alias_unsupported", where);
  for (std::size_t i = 0; i < names.size(); i++) columns[i].name = names[i];
  return {};
}

}  // namespace

Result<NamedRelation> relation_of(const TableName& written, const NamedRows& rows) {
  NamedRelation out;
  out.written = written;
  out.written.select.clear();
  out.columns = rows.columns;
  out.source = rows.source;
  for (NamedColumn& column : out.columns) {
    if (column.type == kUntyped) column.type = {Type::text, 0};
  }
  GBX_TRY(rename(written.columns, out.columns, written.where));
  return out;
}

Status bind_with(const Select& select, Binding& binding) {
  for (const WithTable& table : select.with) {
    if (table.select.size() != 1 || binding.with.size() >= kRelationsMax) {
      return refuse("too_many_tables", table.where);
    }
    GBX_TRY_ASSIGN(NamedRows rows, bind_rows(table.select[0], binding, table.where));
    rows.name = table.name;
    GBX_TRY(rename(table.columns, rows.columns, table.where));
    binding.with.push_back(std::move(rows));
  }
  return {};
}

Result<NamedRows> bind_rows(const Select& select, Binding& binding, Span where) {
  const std::size_t before = binding.with.size();
  GBX_TRY(bind_with(select, binding));
  GBX_TRY_ASSIGN(NamedRows out, select.united.empty() ? bind_select_rows(select, binding, where)
                                                      : bind_united(select, binding, where));
  binding.with.resize(before);
  return out;
}

}  // namespace gbx::sql
