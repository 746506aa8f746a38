#pragma once

// What tables' rules give and refuse, in plain sentences: of one table, and of several asked
// together, where the most restrictive wins.

#include <string>

#include "trusted/policy/policy.h"

namespace gbx::client {

// What may be spent: a line for each, after `begin`.
std::string rations_text(const std::vector<privacy::Ration>& rations, const std::string& begin);

// "  - NAME, of OWNER: questions may ..." and a line for each demand.
std::string explain_table(const policy::Policy& policy, const policy::Table& table);

// What holds when all tables of the policy are in one question; "" of one table.
std::string explain_together(const policy::Policy& policy);

}  // namespace gbx::client
