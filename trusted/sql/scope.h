#pragma once

// Which table, sub-select and column a written name means. Case of ASCII letters does not matter; a
// name that fits two things is refused.

#include <optional>
#include <string_view>
#include <vector>

#include "trusted/sql/catalog.h"
#include "trusted/sql/query.h"
#include "trusted/sql/syntax.h"

namespace gbx::sql {

bool same_name(std::string_view a, std::string_view b);

// A column that a relation offers under a name.
struct NamedColumn {
  std::string name;
  bool person = false;
  std::uint32_t column = 0;  // of the relation's rows; not for a person column
  ValueType type;
  std::int64_t low = 0;
  std::int64_t high = 0;
};

// What an entry of FROM stands for.
struct NamedRelation {
  TableName written;
  std::vector<NamedColumn> columns;
  std::uint32_t source = 0;  // a table of the catalog, or a step (step_list.h)
  // Some rows have none of this relation's: it stands on the weak side of an outer join.
  bool absent = false;
  std::uint32_t presence = 0;  // when absent: a column that is never NULL where there is a row
  // Joined by SEMI or ANTI: only its own condition may read it.
  bool hidden = false;
};

// An unqualified name that USING or NATURAL made of several columns.
struct MergedColumn {
  std::string name;
  std::vector<std::uint32_t> relations;  // whose columns of that name it stands for
  bool person = false;
  bool absent = false;
  Expression value;  // as Found::value
};

struct Found {
  bool person = false;
  std::uint32_t relation = 0;
  std::uint32_t column = 0;              // not for a person column
  std::vector<std::uint32_t> relations;  // person column: all it may stand for; one if qualified
  bool absent = false;                   // person column: some rows have none
  Expression value;                      // of a person column that is absent: whether it is there
};

class Scope {
 public:
  Scope() = default;
  // The tables of FROM, when there is nothing else in it. Fails with not_found or invalid_argument.
  static Result<Scope> create(const std::vector<TableName>& tables, const Catalog& catalog);
  // A scope for a sub-select that may name what `outer` shows: its relations stand first.
  static Scope inside(const Scope& outer);

  // Appends a relation. Fails with invalid_argument (table_repeated: two of one name).
  Status add(NamedRelation relation);
  void merge(MergedColumn column);

  // What a column node names: of the scope itself, else of the one around it. Fails with not_found
  // (column_unknown) or invalid_argument (column_ambiguous).
  [[nodiscard]] Result<Found> find(const Node& node) const;
  // What `name` means in the relations [begin, end); nothing when none or several have it.
  [[nodiscard]] std::optional<Found> find_in(std::string_view name, std::size_t begin,
                                             std::size_t end) const;
  // The person column of the relations [0, end) that is called `name`, or nothing.
  [[nodiscard]] std::vector<std::uint32_t> persons(std::string_view name, std::size_t end) const;
  // Whether `node` has the qualifier of that relation, or none.
  [[nodiscard]] bool is_called(std::size_t relation, const Node& node) const;

  // The first relation that is the scope's own.
  [[nodiscard]] std::size_t first() const { return first_; }
  [[nodiscard]] std::vector<NamedRelation>& relations() { return relations_; }
  [[nodiscard]] const std::vector<NamedRelation>& relations() const { return relations_; }
  [[nodiscard]] std::vector<MergedColumn>& merged() { return merged_; }
  [[nodiscard]] const std::vector<MergedColumn>& merged() const { return merged_; }

 private:
  [[nodiscard]] Result<std::optional<Found>> find_between(const Node& node, std::size_t begin,
                                                          std::size_t end) const;

  std::vector<NamedRelation> relations_;
  std::vector<MergedColumn> merged_;
  std::size_t first_ = 0;
};

// The table that `written` names. Fails with not_found (table_unknown) or invalid_argument
// (table_ambiguous).
Result<std::uint32_t> find_table(const TableName& written, const Catalog& catalog);
bool has_column(const NamedRelation& relation, std::string_view name);
// Its columns, the person's included.
std::vector<NamedColumn> columns_of(const CatalogTable& table);
// Whether a row has one of that relation, which may be absent.
Expression is_present(std::uint32_t relation, const NamedRelation& from, Span where);
// What an expression over relation `relation` reads.
Expression read_column(std::uint32_t relation, const NamedColumn& column, Span where);

}  // namespace gbx::sql
