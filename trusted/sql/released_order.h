#pragma once

// How released rows are ordered and told apart: ORDER BY, and the partitions and orders of windows.
// Pure; nothing here is secret.

#include <span>
#include <string>
#include <variant>

#include "trusted/sql/query.h"
#include "trusted/sql/ratio.h"
#include "trusted/sql/released_value.h"

namespace gbx::sql {

// A value to order by: fractions are not rounded. Of one expression all are alike, or nothing.
using SortValue = std::variant<std::monostate, std::int64_t, std::string, Ratio>;

SortValue sort_value(const Expression& expression, std::span<const Known> outputs);

// Negative, zero, positive as `a` comes before, with or after `b`; nothing equals nothing.
struct SortDirection {
  bool descending = false;
  bool nulls_first = false;
};
int compare(SortDirection direction, const SortValue& a, const SortValue& b);

}  // namespace gbx::sql
