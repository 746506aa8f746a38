#pragma once

// What `check` and `template` show of a policy's templates.

#include "cli/console.h"
#include "client/query/template_trials.h"

namespace gbx::cli {

std::string report_text(const client::TemplateReport& report, const policy::Policy& policy);
Json report_json(const client::TemplateReport& report, const policy::Policy& policy);
// A template as a policy has it: name, version, digest, parameters with what they allow, SQL.
Json template_json(const policy::Template& entry);

// The member that was named, or the first who may ask. Ends as a Failure when there is none.
std::string asking_member(const std::string& named, const std::string& file,
                          const policy::Policy& policy);

// Tries each template (or only that one) and shows what came of it. Returns how many do not pass.
std::size_t check_templates(const Console& console, const policy::Policy& policy,
                            const std::string& member, const std::string& only = "");

}  // namespace gbx::cli
