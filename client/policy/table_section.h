#pragma once

#include "client/policy/yaml_section.h"
#include "trusted/policy/policy.h"

namespace gbx::client {

// The entry of `tables` in a collaboration.
//
//   policy  has its members and privacy already; the table is checked against them
// Throws Mistake, at the entry of a list that makes the table wrong.
policy::Table read_table(const YamlFile& file, const YAML::Node& name, const YAML::Node& node,
                         const policy::Policy& policy);

// Throws the mistake of `status`, if it is one, in words, with `name` in front.
void demand(const Status& status, const YamlFile& file, const YAML::Node& node,
            const std::string& name);

}  // namespace gbx::client
