#pragma once

// One expression as DuckDB SQL: every literal is cast, everything is in parentheses, what is
// divided by is never 0. BOOLEAN, BIGINT or VARCHAR by its type.

#include <string>
#include <string_view>
#include <vector>

#include "trusted/sql/expression.h"

namespace gbx::engine {

// What stands before the number of a column, by relation: "t0.c".
using Names = std::vector<std::string>;

// No Op::output.
std::string render_expression(const sql::Expression& expression, const Names& names);
// As it is kept in tables and leaves the engine: a boolean as 0 and 1.
std::string render_stored(const sql::Expression& expression, const Names& names);
// Never NULL: a NULL becomes one of the ends.
std::string render_clamped(const std::string& value, std::int64_t low, std::int64_t high,
                           std::string_view type);
std::string render_integer(std::int64_t value);  // BIGINT
std::string render_huge(std::int64_t value);     // HUGEINT

}  // namespace gbx::engine
