#include "trusted/sql/scope.h"

#include <algorithm>

namespace gbx::sql {
namespace {

char folded(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool names_table(const TableName& written, const CatalogTable& table) {
  if (written.schema.empty()) return same_name(written.name, table.name);
  if (same_name(written.schema, table.owner) && same_name(written.name, table.name)) return true;
  return same_name(written.schema + "." + written.name, table.name);
}

}  // namespace

bool same_name(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return folded(x) == folded(y); });
}

Result<Scope> Scope::create(const std::vector<TableName>& tables, const Catalog& catalog) {
  Scope scope(catalog);
  for (const TableName& written : tables) {
    std::vector<std::uint32_t> fits;
    for (std::size_t i = 0; i < catalog.tables.size(); i++) {
      if (names_table(written, catalog.tables[i])) fits.push_back(static_cast<std::uint32_t>(i));
    }
    if (fits.empty()) return Error{ErrorCode::not_found, "table_unknown", written.where};
    if (fits.size() > 1)
      return Error{ErrorCode::invalid_argument, "table_ambiguous", written.where};
    for (std::size_t i = 0; i < scope.relations_.size(); i++) {
      if (scope.relations_[i].table == fits[0]) {
        return Error{ErrorCode::invalid_argument, "table_repeated", written.where};
      }
    }
    const CatalogTable& table = catalog.tables[fits[0]];
    scope.relations_.push_back({fits[0], table.name, table.owner, written.where});
    scope.names_.push_back(written);
  }
  return scope;
}

bool Scope::is_called(std::size_t relation, const Node& node) const {
  const TableName& name = names_[relation];
  if (node.path.size() == 1) return true;
  if (node.path.size() == 2) {
    return same_name(node.path[0], name.alias.empty() ? name.name : name.alias);
  }
  return node.path.size() == 3 && name.alias.empty() && same_name(node.path[0], name.schema) &&
         same_name(node.path[1], name.name);
}

Result<Found> Scope::find(const Node& node) const {
  const std::string& name = node.path.back();
  Found found;
  std::size_t columns = 0;
  for (std::size_t i = 0; i < relations_.size(); i++) {
    if (!is_called(i, node)) continue;
    const auto relation = static_cast<std::uint32_t>(i);
    const CatalogTable& from = table(relation);
    if (same_name(from.person, name)) found.relations.push_back(relation);
    for (std::size_t c = 0; c < from.columns.size(); c++) {
      if (!same_name(from.columns[c].name, name)) continue;
      columns++;
      found.relation = relation;
      found.column = static_cast<std::uint32_t>(c);
    }
  }
  // All relations are joined on the person, so one person column is as good as another.
  const std::size_t fits = columns + (found.relations.empty() ? 0 : 1);
  if (fits == 0) return Error{ErrorCode::not_found, "column_unknown", node.where};
  if (fits > 1) return Error{ErrorCode::invalid_argument, "column_ambiguous", node.where};
  found.person = columns == 0;
  if (found.person) found.relation = found.relations.front();
  return found;
}

std::vector<std::uint32_t> Scope::persons(std::string_view name, std::size_t end) const {
  std::vector<std::uint32_t> out;
  for (std::size_t i = 0; i < end && i < relations_.size(); i++) {
    const auto relation = static_cast<std::uint32_t>(i);
    if (same_name(table(relation).person, name)) out.push_back(relation);
  }
  return out;
}

bool Scope::has_plain(std::string_view name, std::size_t end) const {
  for (std::size_t i = 0; i < end && i < relations_.size(); i++) {
    for (const CatalogColumn& column : table(static_cast<std::uint32_t>(i)).columns) {
      if (same_name(column.name, name)) return true;
    }
  }
  return false;
}

}  // namespace gbx::sql
