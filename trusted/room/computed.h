#pragma once

// Columns of an answer that are computed of released ones: arithmetic over aggregates, and
// functions of keys. It is post-processing: it reads released values and public facts, and costs
// nothing.
//
// Everything that a formula reads stands in the same row, so whoever has the answer can compute it
// again (docs/spec/result.md); nothing that was released is hidden behind it. What a window reads
// stands in all the rows of the answer, those that are not shown too.

#include "trusted/firewall/check.h"
#include "trusted/packet/answer.h"
#include "trusted/sql/released_value.h"

namespace gbx::room {

// The place in the answer of each output that is shown; by output.
std::vector<std::uint32_t> columns_of(const firewall::CheckedQuery& query);

// What is known of a computed column before any row is. `exact`: no noise, so no statistics.
packet::Output computed_column(const firewall::CheckedQuery& query, const sql::Item& item,
                               bool exact);

// Those of a window column: over the columns of the answer.
packet::Output window_column(const firewall::CheckedQuery& query, const sql::Item& item);
bool is_window(const firewall::CheckedQuery& query, const sql::Item& item);

// In how many statistics the outputs that `formula` reads were released: the 5 % that an interval
// may miss are shared by so many. None where it reads a window: then it has no interval.
std::size_t statistics_read(const firewall::CheckedQuery& query, const sql::Expression& formula);

}  // namespace gbx::room
