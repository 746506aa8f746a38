#pragma once

// Amounts as packets spell them: one text for each number, so that one packet has one spelling.
// Pure, thread-safe.

#include <cstdint>
#include <string_view>

#include "trusted/base/json.h"
#include "trusted/privacy/amount.h"

namespace gbx::packet {

constexpr std::size_t kNumberBytesMax = 64;

// A loss in the one spelling of its ledger, privacy::format_loss(): "0.1", never "0.10"; "0" too.
// Anything else fails `fields` and yields 0.
std::uint64_t take_loss(Fields& fields, privacy::Accounting accounting, std::string_view key);

// An integer from 0 to the largest that JSON may hold. Else fails `fields` and yields 0.
std::uint64_t take_u64(Fields& fields, std::string_view key);

}  // namespace gbx::packet
