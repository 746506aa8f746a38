#include "trusted/sql/scope.h"

#include <algorithm>

#include "trusted/sql/build.h"

namespace gbx::sql {
namespace {

char folded(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool names_table(const TableName& written, const CatalogTable& table) {
  if (written.schema.empty()) return same_name(written.name, table.name);
  if (same_name(written.schema, table.owner) && same_name(written.name, table.name)) return true;
  return same_name(written.schema + "." + written.name, table.name);
}

bool contains(const std::vector<std::uint32_t>& all, std::uint32_t one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}

std::string_view visible_name(const TableName& written) {
  return written.alias.empty() ? written.name : written.alias;
}

}  // namespace

bool same_name(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return folded(x) == folded(y); });
}

Result<std::uint32_t> find_table(const TableName& written, const Catalog& catalog) {
  std::vector<std::uint32_t> fits;
  for (std::size_t i = 0; i < catalog.tables.size(); i++) {
    if (names_table(written, catalog.tables[i])) fits.push_back(static_cast<std::uint32_t>(i));
  }
  if (fits.empty()) return Error{ErrorCode::not_found, "table_unknown", written.where};
  if (fits.size() > 1) return Error{ErrorCode::invalid_argument, "table_ambiguous", written.where};
  return fits[0];
}

bool has_column(const NamedRelation& relation, std::string_view name) {
  return std::any_of(relation.columns.begin(), relation.columns.end(),
                     [&](const NamedColumn& column) { return same_name(column.name, name); });
}

std::vector<NamedColumn> columns_of(const CatalogTable& table) {
  std::vector<NamedColumn> out;
  NamedColumn person;
  person.name = table.person;
  person.person = true;
  out.push_back(std::move(person));
  for (std::size_t i = 0; i < table.columns.size(); i++) {
    const CatalogColumn& column = table.columns[i];
    Range range = column.bounded ? Range{column.low, column.high} : storage_range(column.type);
    if (column.type.type == Type::text) {
      range = {0, static_cast<std::int64_t>(column.domain.size())};
    }
    out.push_back({.name = column.name,
                   .person = false,
                   .column = static_cast<std::uint32_t>(i),
                   .type = column.type,
                   .low = range.low,
                   .high = range.high});
  }
  return out;
}

Expression is_present(std::uint32_t relation, const NamedRelation& from, Span where) {
  NamedColumn mark;
  mark.column = from.presence;
  mark.type = {Type::boolean, 0};
  mark.low = 1;
  mark.high = 1;
  Expression missing = make_is_null(read_column(relation, mark, where), where);
  Result<Expression> present = make_not(std::move(missing), where);
  GBX_CHECK(present.has_value());
  return std::move(*present);
}

Expression read_column(std::uint32_t relation, const NamedColumn& column, Span where) {
  Expression out;
  out.op = Op::column;
  out.type = column.type;
  out.relation = relation;
  out.column = column.column;
  out.low = column.low;
  out.high = column.high;
  out.where = where;
  return out;
}

Result<Scope> Scope::create(const std::vector<TableName>& tables, const Catalog& catalog) {
  Scope scope;
  for (const TableName& written : tables) {
    GBX_TRY_ASSIGN(const std::uint32_t table, find_table(written, catalog));
    GBX_TRY(scope.add(
        {.written = written, .columns = columns_of(catalog.tables[table]), .source = table}));
  }
  return scope;
}

Scope Scope::inside(const Scope& outer) {
  Scope out;
  out.relations_.assign(outer.relations_.begin() + static_cast<std::ptrdiff_t>(outer.first_),
                        outer.relations_.end());
  out.first_ = out.relations_.size();
  return out;
}

Status Scope::add(NamedRelation relation) {
  for (std::size_t i = first_; i < relations_.size(); i++) {
    const TableName& other = relations_[i].written;
    const bool schemas = !same_name(other.schema, relation.written.schema) && other.alias.empty() &&
                         relation.written.alias.empty();
    if (same_name(visible_name(other), visible_name(relation.written)) && !schemas) {
      return Error{ErrorCode::invalid_argument, "table_repeated", relation.written.where};
    }
  }
  relations_.push_back(std::move(relation));
  return {};
}

void Scope::merge(MergedColumn column) {
  std::erase_if(merged_,
                [&](const MergedColumn& known) { return same_name(known.name, column.name); });
  merged_.push_back(std::move(column));
}

bool Scope::is_called(std::size_t relation, const Node& node) const {
  const TableName& name = relations_[relation].written;
  if (node.path.size() == 1) return true;
  if (node.path.size() == 2) return same_name(node.path[0], visible_name(name));
  return node.path.size() == 3 && name.alias.empty() && same_name(node.path[0], name.schema) &&
         same_name(node.path[1], name.name);
}

Result<std::optional<Found>> Scope::find_between(const Node& node, std::size_t begin,
                                                 std::size_t end) const {
  const Error ambiguous{ErrorCode::invalid_argument, "column_ambiguous", node.where};
  const std::string& name = node.path.back();
  const MergedColumn* merged = nullptr;
  for (const MergedColumn& column : merged_) {
    if (begin == first_ && node.path.size() == 1 && same_name(column.name, name)) merged = &column;
  }
  Found found;
  std::size_t columns = 0;
  for (std::size_t i = begin; i < end; i++) {
    const auto relation = static_cast<std::uint32_t>(i);
    if (relations_[i].hidden || !is_called(i, node)) continue;
    if (merged != nullptr && contains(merged->relations, relation)) continue;
    for (const NamedColumn& column : relations_[i].columns) {
      if (!same_name(column.name, name)) continue;
      if (column.person) {
        if (!contains(found.relations, relation)) found.relations.push_back(relation);
        if (relations_[i].absent) {
          found.absent = true;
          found.value = is_present(relation, relations_[i], node.where);
        }
        continue;
      }
      columns++;
      found.relation = relation;
      found.column = column.column;
      found.value = read_column(relation, column, node.where);
    }
  }
  if (merged != nullptr && merged->person) {
    if (found.relations.empty()) found.absent = merged->absent;
    if (found.relations.empty() && merged->absent) found.value = merged->value;
    const bool twice = !found.relations.empty() && (found.absent || merged->absent);
    if (twice) return ambiguous;
    found.relations.insert(found.relations.begin(), merged->relations.begin(),
                           merged->relations.end());
    found.person = columns == 0;
    found.relation = found.relations.front();
    if (columns > 0) return ambiguous;
    return std::optional<Found>(std::move(found));
  }
  if (merged != nullptr) {
    columns++;
    found.value = merged->value;
    found.value.where = node.where;
  }
  // Of relations joined on the person, one person column is as good as another; unless it may be
  // missing.
  const std::size_t fits = columns + (found.relations.empty() ? 0 : 1);
  if (fits > 1 || (found.relations.size() > 1 && found.absent)) return ambiguous;
  if (fits == 0) return std::optional<Found>();
  found.person = columns == 0;
  if (found.person) found.relation = found.relations.front();
  return std::optional<Found>(std::move(found));
}

Result<Found> Scope::find(const Node& node) const {
  GBX_TRY_ASSIGN(std::optional<Found> own, find_between(node, first_, relations_.size()));
  if (own) return std::move(*own);
  GBX_TRY_ASSIGN(std::optional<Found> around, find_between(node, 0, first_));
  if (around) return std::move(*around);
  return Error{ErrorCode::not_found, "column_unknown", node.where};
}

std::optional<Found> Scope::find_in(std::string_view name, std::size_t begin,
                                    std::size_t end) const {
  Node node;
  node.kind = NodeKind::column;
  node.path = {std::string(name)};
  Result<std::optional<Found>> found = find_between(node, begin, end);
  return found ? std::move(*found) : std::nullopt;
}

std::vector<std::uint32_t> Scope::persons(std::string_view name, std::size_t end) const {
  std::vector<std::uint32_t> out;
  for (std::size_t i = 0; i < end && i < relations_.size(); i++) {
    const auto& columns = relations_[i].columns;
    const bool has = std::any_of(columns.begin(), columns.end(), [&](const NamedColumn& column) {
      return column.person && same_name(column.name, name);
    });
    if (has) out.push_back(static_cast<std::uint32_t>(i));
  }
  return out;
}

}  // namespace gbx::sql
