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
  days,       // INTERVAL value DAY
  call,       // text is the function or operator, lower case ("sum", "+", "not in", "is null")
  cast,       // child 0 to `type`
  case_when,  // condition, value, condition, value, ..., otherwise
};

struct Node {
  NodeKind kind = NodeKind::null;
  std::vector<Node> children;
  std::vector<std::string> path;
  std::string text;
  std::int64_t value = 0;
  std::uint8_t scale = 0;
  ValueType type;
  bool distinct = false;     // call: f(DISTINCT ...)
  std::vector<Node> filter;  // call of an aggregate: the condition of its FILTER, or nothing
  Span where;
};

struct TableName {
  std::string schema;  // empty when not written
  std::string name;
  std::string alias;  // empty when not written
  Span where;
};

// tables[right] joined to what stands left of it. An inner join, always.
struct Join {
  std::size_t right = 0;
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

struct Select {
  std::vector<SelectItem> items;
  std::vector<TableName> tables;
  std::vector<Join> joins;  // one for each table but the first
  std::optional<Node> filter;
  std::vector<Node> groups;
  std::optional<Node> having;
  std::vector<OrderItem> order;
  std::optional<std::int64_t> limit;
  std::int64_t offset = 0;
};

}  // namespace gbx::sql
