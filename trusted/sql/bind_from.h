#pragma once

// FROM and WHERE of any SELECT as the inputs of a join step: joins of all kinds, sub-selects, and
// conditions that are sub-selects.
//
// A step is evaluated for one person, so what is joined must be joined on the person: of every two
// relations that meet, an equality of their person columns must stand under AND in the ON, USING or
// WHERE that brings them together. It then needs no evaluation, but for this: of a relation that
// may be absent the equality also says that it is there.

#include <memory>
#include <optional>
#include <vector>

#include "trusted/sql/query.h"
#include "trusted/sql/scope.h"
#include "trusted/sql/step_list.h"

namespace gbx::sql {

// The rows of a sub-select: what it offers, and the source that has them.
struct NamedRows {
  std::string name;  // in WITH
  std::vector<NamedColumn> columns;
  std::uint32_t source = 0;
};

struct JoinedTable {
  std::uint32_t table = 0;  // of the catalog
  Span where;
};

constexpr std::size_t kRelationsMax = 64;        // named in one query
constexpr std::size_t kRelationsTriedMax = 512;  // with each that is bound more than once

// What all parts of one query share while it is bound.
struct Binding {
  explicit Binding(const Catalog& catalog) : steps(catalog), tables(catalog.tables.size()) {}
  StepList steps;
  std::vector<NamedRows> with;  // the innermost last
  std::vector<FunctionUse> functions;
  std::vector<JoinedTable> joined;  // whose person column was named as a join key
  std::vector<Span> tables;         // where a table is first named; {0, 0}: nowhere
  std::size_t names = 0;            // relations named
  // Relations bound, by copies of this too: else EXISTS in EXISTS would double without end.
  std::shared_ptr<std::size_t> tried = std::make_shared<std::size_t>(0);
  bool name_one() { return ++names <= kRelationsMax && ++*tried <= kRelationsTriedMax; }
};

struct FromRows {
  Scope scope;
  // A join without columns. Expressions read relations of the scope, counted from its own first.
  Step step;
  std::int64_t rows = 0;
  Span where;  // of the last table
  // Of a sub-select in EXISTS or IN, over all relations of the scope: conditions that name the
  // relations around it, and whether one of them is the equality of persons.
  std::vector<Expression> correlated;
  bool tied = false;
};

// `scope` is empty, or Scope::inside() that of the SELECT around. Fails with policy_denied,
// not_found or invalid_argument, a reason of docs/reference/sql.md and its place.
Result<FromRows> bind_from(const Select& select, Scope scope, Binding& binding);

}  // namespace gbx::sql
