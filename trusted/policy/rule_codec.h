#pragma once

// The `rule` of a table in the policy packet. Inner half of policy.h.

#include "trusted/policy/policy.h"

namespace gbx::policy {

Json encode_rule(const Rule& rule);
// Fails with invalid_argument; what the words mean in this table is check_rule()'s business.
Result<Rule> decode_rule(const Json& json);

// The ration of a member, the access budget of a table: an array of one to kWindows.
Json encode_rations(const std::vector<privacy::Ration>& rations);
Result<std::vector<privacy::Ration>> decode_rations(const Json& json);

// An array of texts; `count_max` at most.
std::vector<std::string> take_texts(Fields& fields, std::string_view key, std::size_t count_max);
Json texts(const std::vector<std::string>& values);

}  // namespace gbx::policy
