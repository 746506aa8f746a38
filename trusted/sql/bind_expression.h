#pragma once

// Operators and functions of the syntax tree, bound. What the leaves are (columns of rows, or
// released outputs) is the business of a Leaves.

#include <optional>
#include <vector>

#include "trusted/sql/query.h"
#include "trusted/sql/syntax.h"

namespace gbx::sql {

// True for every aggregate function that DuckDB or an analyst may think of, supported or not.
bool is_aggregate(const Node& node);
bool contains_aggregate(const Node& node);

class Leaves {
 public:
  virtual ~Leaves() = default;
  // The whole of `node`, or nothing when it is an operator or function to be bound part by part.
  // Never nothing for a column or an aggregate.
  virtual Result<std::optional<Expression>> resolve(const Node& node) = 0;
};

// Conditions that LIKE can say: starts_with, ILIKE, LIKE ... ESCAPE, regexp_matches, ...
bool is_match(std::string_view name);
// The number of the unit of time that a moment lies in: years and months from year 0, days as a
// date, others from 1970.
Result<Expression> unit_number(Expression moment, std::string_view unit);

class ExpressionBinder {
 public:
  // Both must outlive the binder. Calls of scalar functions are appended to `functions`.
  ExpressionBinder(Leaves& leaves, std::vector<FunctionUse>& functions)
      : leaves_(&leaves), functions_(&functions) {}

  Result<Expression> bind(const Node& node);
  // The same, and it must be a condition.
  Result<Expression> bind_condition(const Node& node);

 private:
  Result<std::vector<Expression>> bind_children(const Node& node);
  Result<Expression> call(const Node& node);
  Error unknown(const Node& node);
  Result<Expression> operation(const Node& node, std::vector<Expression> parts);
  Result<Expression> arithmetic(const Node& node, std::vector<Expression> parts);
  Result<Expression> function(const Node& node, std::vector<Expression> parts);
  Result<Expression> date_part(const Node& node, std::vector<Expression> parts, bool truncate);
  Result<Expression> between(const Node& node, std::vector<Expression> parts);
  Result<Expression> null_if(const Node& node, std::vector<Expression> parts);
  Result<Expression> clamp(const Node& node, std::vector<Expression> parts);
  // bind_function.cc
  Result<Expression> further_function(const Node& node, std::vector<Expression> parts);
  Result<Expression> number_function(const Node& node, std::vector<Expression> parts);
  Result<Expression> rounded(const Node& node, std::vector<Expression> parts);
  Result<Expression> divided(const Node& node, std::vector<Expression> parts);
  Result<Expression> extreme(const Node& node, std::vector<Expression> parts);
  Result<Expression> substring(const Node& node, std::vector<Expression> parts);
  Result<Expression> difference(const Node& node, std::vector<Expression> parts);
  // bind_text.cc
  Result<Expression> text_function(const Node& node, std::vector<Expression> parts);
  Result<Expression> matches(const Node& node, std::vector<Expression> parts);
  Result<Expression> escaped_like(const Node& node, std::vector<Expression> parts);
  Result<Expression> regular(const Node& node, std::vector<Expression> parts);
  Result<Expression> concatenated(const Node& node, std::vector<Expression> parts);
  Result<Expression> formatted(const Node& node, std::vector<Expression> parts);
  // bind_composed.cc
  Result<Expression> composed_function(const Node& node, std::vector<Expression> parts);
  Result<Expression> distinct_from(const Node& node, std::vector<Expression> parts);
  Result<Expression> as_double(const Node& node, Expression value);
  Result<Expression> power(const Node& node, std::vector<Expression> parts);
  Result<Expression> width_bucket(const Node& node, std::vector<Expression> parts);
  Result<Expression> named_part(const Node& node, Expression moment, bool weekday);
  Result<Expression> whole_units(const Node& node, std::vector<Expression> parts);
  // `moment` plus or minus an interval, as `node` says.
  Result<Expression> moved(const Node& node, const Node& moment, const Node& interval);
  // A part of a date, or its truncation, that is composed of others.
  Result<Expression> composed_part(const Expression& name, Expression moment, bool truncate);
  // Counts what a copy adds, so that nesting cannot grow a tree without bound.
  Status account(const Expression& copied);

  Leaves* leaves_;
  std::vector<FunctionUse>* functions_;
  std::size_t copied_ = 0;
};

}  // namespace gbx::sql
