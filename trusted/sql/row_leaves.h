#pragma once

// Columns of the joined rows: what an expression stands on everywhere but in HAVING and ORDER BY.
// A person column is none of them.

#include "trusted/sql/bind_expression.h"
#include "trusted/sql/scope.h"

namespace gbx::sql {

class RowLeaves final : public Leaves {
 public:
  // `aggregate_reason` is what an aggregate is refused with here. `scope` must outlive the leaves.
  RowLeaves(const Scope& scope, Literal aggregate_reason)
      : scope_(&scope), aggregate_reason_(aggregate_reason) {}

  Result<std::optional<Expression>> resolve(const Node& node) override;

 private:
  const Scope* scope_;
  Literal aggregate_reason_;
};

// `node` over the joined rows. Calls of scalar functions are appended to `functions`.
Result<Expression> bind_row(const Node& node, const Scope& scope, Literal aggregate_reason,
                            std::vector<FunctionUse>& functions);
// The same, and it must be a condition.
Result<Expression> bind_row_condition(const Node& node, const Scope& scope,
                                      Literal aggregate_reason,
                                      std::vector<FunctionUse>& functions);

// True for a person column, written alone.
bool is_person(const Node& node, const Scope& scope);

}  // namespace gbx::sql
