#include "client/policy/yaml_section.h"

#include <algorithm>
#include <charconv>

#include "client/policy/wording.h"

namespace gbx::client {
namespace {

constexpr std::size_t kEntriesMax = 10'000;

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : ", ") + word;
  return out;
}

}  // namespace

YamlFile YamlFile::parse(const std::string& text, const std::string& path) {
  try {
    return {path, YAML::Load(text)};
  } catch (const YAML::Exception& error) {
    throw Mistake("this is not YAML",
                  path + ":" + std::to_string(error.mark.line + 1) + ":" +
                      std::to_string(error.mark.column + 1),
                  error.msg, "mind the indentation and the quotes around the marked place");
  }
}

std::string YamlFile::place(const YAML::Node& node) const {
  const YAML::Mark mark = node.Mark();
  if (mark.is_null()) return path;
  return path + ":" + std::to_string(mark.line + 1) + ":" + std::to_string(mark.column + 1);
}

void YamlFile::fail(const YAML::Node& node, const std::string& why, const std::string& next) const {
  throw Mistake("the policy cannot be built", place(node), why, next);
}

YamlSection::YamlSection(const YamlFile& file, const YAML::Node& node, std::string what,
                         std::vector<std::string> keys)
    : file_(&file), node_(node), what_(std::move(what)) {
  for (const auto& [key, value] : named_entries(file, node_, what_)) {
    const std::string& name = key.Scalar();
    if (std::find(keys.begin(), keys.end(), name) != keys.end()) continue;
    const std::string near = nearest_word(name, keys);
    file.fail(key, "there is no \"" + name + "\" in " + what_,
              near.empty() ? "known are " + joined(keys) : "did you mean \"" + near + "\"?");
  }
}

YAML::Node YamlSection::at(const std::string& key) const {
  const YAML::Node found = node_[key];
  if (!found) file_->fail(node_, what_ + " has no \"" + key + "\"", "add it");
  return found;
}

std::string YamlSection::text(const std::string& key) const {
  const YAML::Node found = at(key);
  if (!found.IsScalar()) file_->fail(found, key + " is not text", "write one value");
  return found.Scalar();
}

std::int64_t YamlSection::integer(const std::string& key, std::int64_t low,
                                  std::int64_t high) const {
  std::string word = text(key);
  word.erase(std::remove(word.begin(), word.end(), '_'), word.end());
  std::int64_t value = 0;
  const auto end = std::from_chars(word.data(), word.data() + word.size(), value);
  if (end.ec != std::errc() || end.ptr != word.data() + word.size() || value < low ||
      value > high) {
    file_->fail(node_[key], key + " is no whole number in its range",
                "write a number from " + std::to_string(low) + " to " + std::to_string(high));
  }
  return value;
}

bool YamlSection::boolean(const std::string& key) const {
  const std::string word = text(key);
  if (word != "true" && word != "false") {
    file_->fail(node_[key], key + " is neither true nor false", "write true or false");
  }
  return word == "true";
}

std::vector<YAML::Node> YamlSection::list(const std::string& key) const {
  const YAML::Node found = at(key);
  if (!found.IsSequence() || found.size() > kEntriesMax) {
    file_->fail(found, key + " is no list", "write [one, two]");
  }
  std::vector<YAML::Node> out;
  for (const YAML::Node& item : found) {
    if (!item.IsScalar()) file_->fail(item, key + " holds something else than text", "write names");
    out.push_back(item);
  }
  return out;
}

std::vector<std::pair<YAML::Node, YAML::Node>> named_entries(const YamlFile& file,
                                                             const YAML::Node& node,
                                                             const std::string& what) {
  if (!node.IsMap() || node.size() > kEntriesMax) {
    file.fail(node, what + " is no map", "write name: value lines under it");
  }
  std::vector<std::pair<YAML::Node, YAML::Node>> out;
  std::vector<std::string> seen;
  for (const auto& entry : node) {
    if (!entry.first.IsScalar()) file.fail(entry.first, "this is no name", "write a word");
    seen.push_back(entry.first.Scalar());
    out.emplace_back(entry.first, entry.second);
    if (std::count(seen.begin(), seen.end(), seen.back()) > 1) {
      file.fail(entry.first, "\"" + seen.back() + "\" is here twice in " + what, "remove one");
    }
  }
  return out;
}

}  // namespace gbx::client
