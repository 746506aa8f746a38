#pragma once

// Columns that are computed of released outputs: what the binder needs to know of them, and which
// outputs stand in an answer because a formula reads them. Released numbers are public to their
// receivers, so nothing here is a matter of privacy; that they are all shown is: an answer hides
// nothing of what was paid for and used.

#include <string>
#include <string_view>
#include <vector>

#include "trusted/sql/query.h"

namespace gbx::sql {

std::size_t node_count(const Expression& e);
// Which outputs it reads, ascending, each once.
std::vector<std::uint32_t> outputs_read(const Expression& formula);

// No value of it is below zero, whatever the rows are; noise may be.
bool is_never_negative(const AggregateCall& call);

// Whether one of `items` is called so, whatever the case of its letters.
bool is_taken(const std::vector<Item>& items, std::string_view name);
// `name`, or with a number behind it that no other item has.
std::string free_name(const std::vector<Item>& items, std::string name);
// One more aggregate, which the query has not yet; outputs behind it, which are windows, move on.
// The output that it is.
std::uint32_t add_aggregate(Query& query, AggregateCall call, ValueType type);

// Behind the items of `query`: what formulas and windows read and no item shows, so that everybody
// can compute them again.
void add_inputs(Query& query);

}  // namespace gbx::sql
