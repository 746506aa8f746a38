#pragma once

// The reference evaluator: what every operator means, one row at a time. Engines are tested against
// it, and what is left to do on released values (HAVING, ORDER BY) is done with it.
//
// The binder has proved that nothing overflows on values within their declared ranges; a value
// outside is a bug and ends the process.

#include <span>
#include <string_view>
#include <vector>

#include "trusted/sql/expression.h"

namespace gbx::sql {

// One joined row: per relation its cells, by Expression::column. For Op::output: row[0] is the
// released row. Text cells are valid UTF-8.
using RowView = std::span<const std::vector<Cell>>;

// The value of `expression` on `row`; null where SQL says so. Booleans are 0 and 1.
Cell evaluate(const Expression& expression, RowView row);

// a * 10^digits / b, rounded and saturated to int64; 0 when b is. 0 <= digits <=
// kQuotientDigitsMax.
std::int64_t divide(std::int64_t a, std::int64_t b, Rounding rounding, std::int64_t digits = 0);
// a - b * divide(a, b, rounding), saturated; 0 when b is.
std::int64_t remainder(std::int64_t a, std::int64_t b, Rounding rounding);

// The day so many months later, -kMonthsMax .. kMonthsMax.
std::int64_t months_later(std::int64_t days, std::int64_t months);

// Floor of a timestamp to its day, and the parts of a day; `op` is year .. truncate_week.
std::int64_t date_function(Op op, std::int64_t days);
std::int64_t day_of_timestamp(std::int64_t micros);

}  // namespace gbx::sql
