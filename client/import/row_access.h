#pragma once

// The condition of a Snowflake row access policy, as the condition of a row filter: comparisons of
// its parameters with values, and what is made of them. Whatever depends on who asks or on other
// tables is none, and ends the import.

#include <string>
#include <vector>

#include "client/import/ddl.h"

namespace gbx::client {

struct RowAccess {
  std::vector<std::string> parameters;
  std::vector<DdlToken> condition;
};

// From "AS (name type, ...) RETURNS BOOLEAN ->" to the end. Throws Mistake.
RowAccess read_row_access(DdlStatement& ddl);

// SQL in parentheses, with `columns` in the places of the parameters. Texts in it are printable.
// Throws Mistake unless there is a column for each.
std::string row_filter_over(const std::string& where, const RowAccess& policy,
                            const std::vector<std::string>& columns);

}  // namespace gbx::client
