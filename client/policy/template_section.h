#pragma once

#include "client/policy/yaml_section.h"
#include "trusted/policy/policy.h"

namespace gbx::client {

// The entry of `templates` in a collaboration: its SQL as it stands there or in a file beside it,
// without space at its end; parameters and approvals by name.
//
//   policy  has its members already
// Throws Mistake; for an approval of another digest, with the digest that there is.
policy::Template read_template(const YamlFile& file, const YAML::Node& name, const YAML::Node& node,
                               const policy::Policy& policy);

}  // namespace gbx::client
