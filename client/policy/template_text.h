#pragma once

// Templates for people: what one asks, which values it takes, who has approved it; and from what a
// person typed to a call of it. All from the policy's own bytes.

#include <string>
#include <vector>

#include "trusted/policy/policy.h"

namespace gbx::client {

// "date from 2025-01-01 to 2025-12-31", "text, one of \"a\", \"b\"": at most `most` values are
// named.
std::string parameter_text(const policy::Parameter& parameter, std::size_t most);
// The names of those who approve; "nobody".
std::string approvals_text(const policy::Template& entry);
// Everything of a template: name, version, digest, parameters, approvals, SQL.
std::string show_template(const policy::Template& entry);
// A line for each template of the policy: name, parameters, who approves.
std::string explain_templates(const policy::Policy& policy);
// "overlap, version 1, digest 0123456789abcdef: campaign = \"autumn\", since = 2025-01-01".
std::string call_text(const packet::TemplateCall& call);

// The template of that name. Throws Mistake with the nearest name.
const policy::Template& find_template(const policy::Policy& policy, const std::string& name);

// A call of `entry` with the values that `settings` ("name=value") give, each in the one spelling
// of its type, and its defaults. Throws Mistake, which names the parameter, its type and what it
// allows.
packet::TemplateCall call_template(const policy::Template& entry,
                                   const std::vector<std::string>& settings);

}  // namespace gbx::client
