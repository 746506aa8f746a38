#pragma once

// Amounts in packets, each in its one spelling: an epsilon is a decimal with at most six digits
// after the point and no zeros at the end. The text is an attacker's; ranges are the caller's.

#include <cstdint>
#include <string>
#include <string_view>

#include "trusted/base/json.h"

namespace gbx::packet {

constexpr std::size_t kNumberBytesMax = 64;

// In 10^-6: "0.1", never "0.10".
std::string epsilon_text(std::uint64_t epsilon);
// 0, and fields.fail(), when it is missing, negative, too large or spelt otherwise.
std::uint64_t take_epsilon(Fields& fields, std::string_view key);
// 0 to 2^53 - 1.
std::uint64_t take_u64(Fields& fields, std::string_view key);

}  // namespace gbx::packet
