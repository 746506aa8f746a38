#pragma once

// The rooms that tests/sql speaks of. README.md tells them in words.

#include <optional>
#include <string_view>

#include "trusted/policy/policy.h"

namespace gbx::testing {

// The signed policy of the room of that name.
std::optional<policy::VerifiedPolicy> room_called(std::string_view name);

}  // namespace gbx::testing
