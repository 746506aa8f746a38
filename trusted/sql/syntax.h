#pragma once

// What an analyst wrote, before any name means anything: the small part of SQL's grammar that is
// understood at all. Made by parse.h only; every node knows its place in the text.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "trusted/base/value.h"

namespace gbx::sql {

enum class NodeKind : std::uint8_t {
  column,     // path: [[catalog.] qualifier.] name
  number,     // value * 10^-scale
  text,       // text
  boolean,    // value 0 or 1
  null,       //
  interval,   // INTERVAL value of unit `text` ("days", "months", ...)
  call,       // text is the function or operator, lower case ("sum", "+", "not in", "is null");
              // of LAG and LEAD the children are argument, offset, default
  cast,       // child 0 to `type`
  case_when,  // condition, value, condition, value, ..., otherwise
  star,       // *, or qualifier.* with path [qualifier]; only as an item
  exists,     // EXISTS (select)
  in_select,  // child 0 IN (select)
  parameter,  // $name: text
};

struct Select;
struct Node;
struct OrderItem;

// OVER (...), or that of the named window it stands for.
struct Over {
  std::vector<Node> partition;
  std::vector<OrderItem> order;
  // The frame begins with the partition and ends with this row (`rows`), with the last row that is
  // equal to this one in `order`, or with the partition.
  bool rows = false;
  bool to_end = false;
  // Or it has those of the partition's rows from `first` to `last` rows after this one.
  bool offsets = false;
  std::int64_t first = 0;
  std::int64_t last = 0;
  Span where;
};

struct Node {
  NodeKind kind = NodeKind::null;
  std::vector<Node> children;
  std::vector<std::string> path;
  std::string text;
  std::int64_t value = 0;
  std::uint8_t scale = 0;
  ValueType type;
  bool distinct = false;       // call: f(DISTINCT ...)
  std::vector<Node> filter;    // call of an aggregate: the condition of its FILTER, or nothing
  std::vector<Over> over;      // call: its window, or nothing
  std::vector<Select> select;  // exists, in_select: the sub-select
  // column, of a sub-select that gave way to what it reads (nested_answer.h): no item of the SELECT
  // that it stands in is meant by it. Where no table has such a column it is `otherwise`, if any.
  bool settled = false;
  std::vector<Node> otherwise;
  Span where;
};

// A table, a name of WITH, or a sub-select.
struct TableName {
  std::string schema;  // empty when not written
  std::string name;
  std::string alias;                 // empty when not written
  std::vector<std::string> columns;  // alias (a, b, ...)
  std::vector<Select> select;        // (SELECT ...), or nothing
  Span where;
};

enum class JoinWord : std::uint8_t { inner, left, right, full, semi, anti };

// tables[right] joined to what stands left of it.
struct Join {
  std::size_t right = 0;
  JoinWord word = JoinWord::inner;
  bool natural = false;
  std::vector<std::string> using_columns;
  std::optional<Node> condition;  // none and no USING: a comma
  Span where;
};

struct SelectItem {
  Node node;
  std::string alias;  // empty when not written
};

struct OrderItem {
  Node node;
  bool descending = false;
  bool nulls_first = false;
};

struct WithTable {
  std::string name;
  std::vector<std::string> columns;
  std::vector<Select> select;  // exactly one
  Span where;
};

struct Select {
  std::vector<WithTable> with;  // each may use those before it
  // UNION ALL, or UNION when `distinct`, of these; then items .. qualify are empty.
  std::vector<Select> united;
  // VALUES, or literals without FROM, until without_written_tables(): rows, and names of columns;
  // then items .. qualify are empty.
  std::vector<std::vector<Node>> rows;
  std::vector<std::string> row_names;
  bool distinct = false;       // SELECT DISTINCT, or UNION
  bool set_operation = false;  // INTERSECT or EXCEPT, as spelling.h says it
  std::vector<SelectItem> items;
  std::vector<TableName> tables;
  std::vector<Join> joins;  // one for each table but the first
  std::optional<Node> filter;
  std::vector<Node> groups;
  // GROUPING SETS, ROLLUP, CUBE: each set as indices into `groups`; empty: one set of all.
  std::vector<std::vector<std::size_t>> grouping_sets;
  std::optional<Node> having;
  std::optional<Node> qualify;
  std::vector<OrderItem> order;
  std::optional<std::int64_t> limit;
  std::int64_t offset = 0;
};

}  // namespace gbx::sql
