#include "client/policy/wording.h"

namespace gbx::client::words {
namespace {

// Templates: what is wrong with one in a policy, and what a room says to whoever asks one.
constexpr Wording kWords[] = {
    {"parameter_malformed",
     "a value is not of its parameter's type, or not in that type's one spelling",
     "see `glovebox template show NAME`: numbers without leading zeros or +, dates as YYYY-MM-DD, "
     "true or false"},
    {"parameter_missing", "a parameter of the template has no value",
     "give it one with --set NAME=VALUE"},
    {"parameter_not_allowed", "a value is not among those that the policy allows for its parameter",
     "use one that `glovebox template show NAME` lists"},
    {"parameter_out_of_range",
     "a value lies outside of the range that the policy allows for its parameter",
     "use one inside of the range that `glovebox template show NAME` prints"},
    {"parameter_undeclared", "the SQL of the template has a $name that is none of its parameters",
     "declare the parameter, or write a value"},
    {"parameter_unknown", "the template has no such parameter",
     "use the names that `glovebox template show NAME` lists"},
    {"parameter_unused", "the SQL of the template does not use one of its parameters",
     "remove the parameter, or write $name where it belongs"},
    {"policy_approval_stale", "a template was changed after it was approved, or its version was",
     "ask the owner again: `glovebox template show NAME` prints the digest to approve"},
    {"policy_approval_unknown", "a template is approved by somebody who is no member",
     "name members in approved_by"},
    {"policy_approvals_order", "approvals are not ascending by member, or one stands twice",
     "sort them; name each member once"},
    {"policy_parameter_allowed",
     "the allowed values of a parameter are none, more than 1000, not ascending, twice the same, "
     "or not of its type",
     "list 1 to 1000 values, each once; text without control characters, at most 256 bytes"},
    {"policy_parameter_default", "the default of a parameter is not a value that it allows",
     "use an allowed one, or none"},
    {"policy_parameter_name", "the name of a parameter cannot be used",
     "use a lower-case letter or _, then letters, digits and _, at most 63"},
    {"policy_parameter_range", "the range of a parameter is upside down, or its type has no order",
     "write [LOW, HIGH]; for text and booleans write allowed: [...]"},
    {"policy_parameter_type", "the type or scale of a parameter does not exist",
     "types are boolean, integer, decimal (with scale 1 to 12), date, timestamp and text"},
    {"policy_parameter_unbounded", "a parameter has neither allowed values nor a range, or both",
     "write one of them: what may be asked is agreed beforehand"},
    {"policy_parameter_value",
     "a value of a parameter is not of its type, or not in that type's one spelling",
     "write it as the type is written: 1.50 with scale 2, 2025-01-31, true"},
    {"policy_parameters_count", "a template has more than 32 parameters",
     "use fewer, or make two templates"},
    {"policy_parameters_order", "parameters are not ascending by name, or one stands twice",
     "sort them; name each once"},
    {"policy_template_name", "the name of a template cannot be used",
     "use a lower-case letter, then letters, digits, - and _, at most 63"},
    {"policy_template_sql",
     "the SQL of a template is empty, longer than 16 KiB, or holds control characters",
     "write one SELECT; line breaks are fine, tabs are not"},
    {"policy_template_version", "the version of a template is zero or too large",
     "count versions from 1"},
    {"policy_templates_count", "there are more than 256 templates", "keep those that are used"},
    {"policy_templates_order", "templates are not ascending by name, or one stands twice",
     "sort them; name each once"},
    {"statement_template_wrong",
     "the statement names another template or other values than the request",
     "do not use the answer; report it: the room misbehaves"},
    {"template_digest_wrong",
     "the policy's template of this name is another text than the one asked for",
     "take the policy that the room runs, and ask again"},
    {"template_not_approved", "the owner of a table that the template reads has not approved it",
     "ask the owner to approve its digest: `glovebox template show NAME`"},
    {"template_unknown", "the policy has no template of this name", "see `glovebox template list`"},
    {"template_version_wrong", "the policy has this template in another version",
     "see `glovebox template show NAME`"},
};

}  // namespace

std::span<const Wording> of_templates() { return kWords; }

}  // namespace gbx::client::words
