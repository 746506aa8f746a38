#pragma once

// Says whether text is canonical JSON without building a value of it: what Json::parse_canonical()
// takes, at the speed of reading, with no allocation for what parties really write.
//
// An attacker writes the text. What must stay true: it says yes exactly when
// Json::parse_canonical() does; a fuzz target and a test hold the two against each other.

#include <cstddef>
#include <string_view>

#include "trusted/base/json.h"

namespace gbx {

// The size of the one canonical value that `text` begins with; 0 when it begins with none, or with
// one nested deeper than `depth_max`. Whatever follows the value is not looked at. Thread-safe.
std::size_t canonical_size(std::string_view text, std::size_t depth_max = Json::kDepthMax);

// The order of keys in the canonical form: that of their UTF-16 code units (RFC 8785
// section 3.2.3).
bool canonical_less(std::string_view a, std::string_view b);

}  // namespace gbx
