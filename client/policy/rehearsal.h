#pragma once

// A policy to try queries against before anybody has signed it: the same rules under keys of
// nobody. What it allows is what the signed one would allow, since no rule looks at a key; it opens
// nothing, verifies nothing and is accepted by no room.

#include <filesystem>

#include "trusted/policy/policy.h"

namespace gbx::client {

// `policy` with every member's keys replaced, and signed with those.
policy::VerifiedPolicy rehearse(policy::Policy policy);

// From policy.json (signed or not) or collaboration.yaml, whose identities need not be there.
// Throws Mistake.
policy::VerifiedPolicy rehearse_file(const std::filesystem::path& path);

}  // namespace gbx::client
