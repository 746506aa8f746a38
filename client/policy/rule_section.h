#pragma once

// The rule of a table in collaboration.yaml. Every mistake is told where it stands.

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "client/policy/wording.h"
#include "client/policy/yaml_section.h"
#include "trusted/policy/policy.h"

namespace gbx::client {

// Fills in out.rule; the columns and the filter of `out` are known. Throws Mistake.
void read_rule(const YamlFile& file, const YAML::Node& node, const policy::Policy& policy,
               policy::Table& out);

// The ration of a member, the access budget of a table. Throws Mistake.
std::vector<privacy::Ration> read_rations(const YamlFile& file, const YAML::Node& node);

// The value of one of `words`, or a Mistake that says which are known.
template <typename T>
T read_word(const YamlFile& file, const YAML::Node& node,
            std::optional<T> (*find)(std::string_view), const std::vector<std::string>& words) {
  const std::string text = node.IsScalar() ? node.Scalar() : "";
  if (const std::optional<T> found = find(text)) return *found;
  const std::string near = nearest_word(text, words);
  std::string all;
  for (const std::string& word : words) all += (all.empty() ? "" : ", ") + word;
  file.fail(node, "\"" + text + "\" is no known word here",
            near.empty() ? "known are " + all : "did you mean \"" + near + "\"?");
}

}  // namespace gbx::client
