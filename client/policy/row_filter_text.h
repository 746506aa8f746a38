#pragma once

// A row filter as people write it: the text of a condition, parsed on the author's own machine.

#include <string>
#include <string_view>

#include "trusted/policy/policy.h"

namespace gbx::client {

struct RowFilterText {
  sql::Node node;  // passes sql::check_row_filter()
};

// Fails as a query with this text after WHERE would, or with policy_row_filter_malformed.
Result<RowFilterText> parse_row_filter(std::string_view text);

// The filter of a table in SQL, by our own printer: what it means, whatever was written; "" without
// one.
std::string row_filter_text(const policy::Table& table);

}  // namespace gbx::client
