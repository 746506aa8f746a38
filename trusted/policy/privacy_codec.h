#pragma once

// The part of the policy packet under `privacy`. The author of a packet is hostile: an unknown,
// missing or second member and a word that is none are refused; check_privacy() holds the ranges.

#include "trusted/base/json.h"
#include "trusted/policy/policy.h"

namespace gbx::policy {

Json encode_privacy(const Privacy& privacy);
// encode_privacy() of what it yields is `json` again. Fails with invalid_argument
// (policy_malformed).
Result<Privacy> decode_privacy(const Json& json);

}  // namespace gbx::policy
