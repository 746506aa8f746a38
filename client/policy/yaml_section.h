#pragma once

// One map of a YAML file that people write, read strictly: unknown and repeated keys are mistakes,
// and every mistake says file, line, column, what is wrong and what to do.

#include <yaml-cpp/yaml.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "client/policy/mistake.h"

namespace gbx::client {

// A file that was read as YAML. Throws Mistake where it is none.
struct YamlFile {
  std::string path;
  YAML::Node root;
  static YamlFile parse(const std::string& text, const std::string& path);
  // "file:line:column".
  [[nodiscard]] std::string place(const YAML::Node& node) const;
  [[noreturn]] void fail(const YAML::Node& node, const std::string& why,
                         const std::string& next) const;
};

class YamlSection {
 public:
  //   what  as messages call it: "privacy", "table purchases"
  //   keys  every key that may stand in it
  YamlSection(const YamlFile& file, const YAML::Node& node, std::string what,
              std::vector<std::string> keys);

  [[nodiscard]] bool has(const std::string& key) const { return static_cast<bool>(node_[key]); }
  // The value of a key that must be there.
  [[nodiscard]] YAML::Node at(const std::string& key) const;
  [[nodiscard]] std::string text(const std::string& key) const;
  [[nodiscard]] std::int64_t integer(const std::string& key, std::int64_t low,
                                     std::int64_t high) const;
  [[nodiscard]] bool boolean(const std::string& key) const;
  // Scalars of a list; each with its node, for messages.
  [[nodiscard]] std::vector<YAML::Node> list(const std::string& key) const;
  // The section's entries, for maps whose keys are names.
  [[nodiscard]] const YAML::Node& node() const { return node_; }
  [[nodiscard]] const std::string& what() const { return what_; }

 private:
  const YamlFile* file_;
  YAML::Node node_;
  std::string what_;
};

// Names and values of a map whose keys are names, in the file's order; none twice.
std::vector<std::pair<YAML::Node, YAML::Node>> named_entries(const YamlFile& file,
                                                             const YAML::Node& node,
                                                             const std::string& what);

}  // namespace gbx::client
