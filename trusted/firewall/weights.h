#pragma once

// How the loss of a query is split over its statistics: in equal parts, but that those which only
// averages and variances use share what they have together so that the intervals of these are
// narrow. Public facts only: what a query asks. docs/reference/privacy.md#the-split has the proof.
//
// A plan charges the sum, so a wrong weight here can waste and never overspend. Integers only: a
// room and an analyst's forecast come to the same plan. Pure.

#include <cstdint>
#include <span>
#include <vector>

#include "trusted/firewall/check.h"

namespace gbx::firewall {

// For each of `measures` (statistics 1, 2, ...) its weight, 1 .. 1000; kEqualWeight is an equal
// part. Their sum is kEqualWeight times their number.
std::vector<std::uint32_t> weights_of(std::span<const Output> outputs, std::size_t measures,
                                      privacy::Accounting accounting);

}  // namespace gbx::firewall
