#pragma once

// Which table and column a written name means. Case of ASCII letters does not matter; a name that
// fits two things is refused.

#include <string_view>
#include <vector>

#include "trusted/sql/catalog.h"
#include "trusted/sql/query.h"
#include "trusted/sql/syntax.h"

namespace gbx::sql {

bool same_name(std::string_view a, std::string_view b);

struct Found {
  bool person = false;
  std::uint32_t relation = 0;
  std::uint32_t column = 0;              // not for a person column
  std::vector<std::uint32_t> relations;  // person column: all it may stand for; one if qualified
};

class Scope {
 public:
  // The tables of FROM. Fails with not_found or invalid_argument. `catalog` must outlive the scope.
  static Result<Scope> create(const std::vector<TableName>& tables, const Catalog& catalog);

  // What a column node names. Fails with not_found (column_unknown) or invalid_argument
  // (column_ambiguous).
  [[nodiscard]] Result<Found> find(const Node& node) const;
  // The person column of the relations [0, end) that is called `name`, or nothing.
  [[nodiscard]] std::vector<std::uint32_t> persons(std::string_view name, std::size_t end) const;
  // Whether any relation in [0, end) has such a column that is not the person's.
  [[nodiscard]] bool has_plain(std::string_view name, std::size_t end) const;

  [[nodiscard]] const std::vector<Relation>& relations() const { return relations_; }
  [[nodiscard]] const CatalogTable& table(std::uint32_t relation) const {
    return catalog_->tables[relations_[relation].table];
  }

 private:
  explicit Scope(const Catalog& catalog) : catalog_(&catalog) {}
  [[nodiscard]] bool is_called(std::size_t relation, const Node& node) const;

  const Catalog* catalog_;
  std::vector<Relation> relations_;
  std::vector<TableName> names_;
};

}  // namespace gbx::sql
