#pragma once

// Window functions that are made of others: of ROW_NUMBER, COUNT and arithmetic, all of which have
// one order of a partition's rows (step.h), so that they agree on which row is which.

#include "trusted/base/result.h"
#include "trusted/sql/expression.h"
#include "trusted/sql/syntax.h"

namespace gbx::sql {

// Who binds the plain ones, and gives back what reads the value; and any value of a row.
class WindowBinder {
 public:
  virtual ~WindowBinder() = default;
  virtual Result<Expression> window(const Node& node) = 0;
  virtual Result<Expression> value(const Node& node) = 0;
};

// A call with OVER: NTILE(n), LAG and LEAD(x, n, otherwise), or a plain one. Fails as what it is
// made of, and with invalid_argument (argument_count, window_offset_malformed).
Result<Expression> bind_windowed(const Node& node, WindowBinder& windows);

}  // namespace gbx::sql
