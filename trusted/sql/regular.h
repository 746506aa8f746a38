#pragma once

// Regular expressions as far as LIKE can say them: characters, `.`, `.*`, `.+`, `^`, `$`, choices
// with `|`, one group of them. A room runs no machine for them: what cannot be said so is refused,
// and what can costs what LIKE costs.
//
// An attacker controls every byte.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gbx::sql {

// The LIKE patterns, with \ before what is meant itself, one of which matches where `pattern` does:
// somewhere in a text, or when `whole` all of it. Nothing where LIKE cannot say it, where there
// would be more than 64, and where `whole` the pattern has anchors, as if it were not.
std::optional<std::vector<std::string>> like_patterns(std::string_view pattern, bool whole);

}  // namespace gbx::sql
