#pragma once

// Aggregates inside one person and windows: how they are called, their types and intervals.

#include "trusted/sql/bind_expression.h"
#include "trusted/sql/step.h"

namespace gbx::sql {

// Whether a column names the person, and that it is there: what its aggregates need to know.
class PersonColumns {
 public:
  virtual ~PersonColumns() = default;
  [[nodiscard]] virtual bool is_person(const Node& node) const = 0;
  // Of a person column that may be absent, whether it is there; nothing when it always is.
  [[nodiscard]] virtual std::optional<Expression> presence(const Node& node) const = 0;
};

struct RowValues {
  Leaves* leaves = nullptr;  // of the arguments
  const PersonColumns* persons = nullptr;
  std::vector<FunctionUse>* functions = nullptr;
  std::int64_t rows = 0;  // at most so many rows of one person
  bool released = false;  // over released rows: exact, and sums are cut when they are shown
};

// COUNT, SUM, AVG, MIN, MAX, BOOL_OR, BOOL_AND, COUNT_IF. Fails with invalid_argument or
// policy_denied.
Result<RowAggregate> bind_row_aggregate(const Node& node, const RowValues& values);
// The call before OVER: those, and ROW_NUMBER, RANK, DENSE_RANK, LAG, LEAD, FIRST_VALUE,
// LAST_VALUE. Sets value, offset and frame; partition and order are still to be bound.
Result<Window> bind_window_value(const Node& node, const RowValues& values);

}  // namespace gbx::sql
