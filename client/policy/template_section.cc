#include "client/policy/template_section.h"

#include <algorithm>
#include <filesystem>

#include "client/keys/atomic_file.h"
#include "client/policy/table_section.h"
#include "client/policy/wording.h"

namespace gbx::client {
namespace {

std::string scalar(const YAML::Node& node) { return node.IsScalar() ? node.Scalar() : ""; }

// What a person writes; "1.5" is 1.50 where the scale is 2.
Cell read_value(const YamlFile& file, const YAML::Node& node, const policy::Parameter& parameter) {
  Cell out = scalar(node);
  if (parameter.type.type != Type::text) {
    const auto value = parse_value(scalar(node), parameter.type);
    if (!value) {
      file.fail(node,
                "\"" + scalar(node) + "\" is no " + std::string(type_name(parameter.type.type)),
                "write a value of the parameter's type; dates as YYYY-MM-DD");
    }
    out = *value;
  }
  return out;
}

void read_limits(const YamlFile& file, const YamlSection& section, policy::Parameter& out) {
  if (section.has("range")) {
    const std::vector<YAML::Node> pair = section.list("range");
    if (pair.size() != 2) file.fail(section.at("range"), "a range is two values", "[LOW, HIGH]");
    const Cell low = read_value(file, pair[0], out);
    const Cell high = read_value(file, pair[1], out);
    if (const auto* least = std::get_if<std::int64_t>(&low)) {
      out.range = {*least, *std::get_if<std::int64_t>(&high)};
    } else {
      file.fail(section.at("range"), "text has no range", "write allowed: [...]");
    }
  }
  if (section.has("allowed")) {
    for (const YAML::Node& node : section.list("allowed")) {
      out.allowed.push_back(read_value(file, node, out));
    }
    std::sort(out.allowed.begin(), out.allowed.end());
  }
  if (section.has("default")) out.fallback = read_value(file, section.at("default"), out);
}

policy::Parameter read_parameter(const YamlFile& file, const YAML::Node& node) {
  const YamlSection section(file, node, "a parameter",
                            {"name", "type", "scale", "allowed", "range", "default"});
  policy::Parameter out;
  out.name = section.text("name");
  const auto type = type_from(section.text("type"));
  if (!type) {
    file.fail(section.at("type"), "\"" + section.text("type") + "\" is no type",
              "types are boolean, integer, decimal, date, timestamp, text");
  }
  out.type.type = *type;
  if (section.has("scale")) {
    out.type.scale = static_cast<std::uint8_t>(section.integer("scale", 1, kScaleMax));
  }
  read_limits(file, section, out);
  demand(policy::check_parameter(out), file, node, "parameter " + out.name);
  return out;
}

std::string read_sql(const YamlFile& file, const YamlSection& section) {
  if (section.has("sql") == section.has("file")) {
    file.fail(section.node(), "a template has its SQL here or in a file",
              "write sql: |, or file: FILE.sql");
  }
  std::string sql;
  if (section.has("sql")) {
    sql = section.text("sql");
  } else {
    const std::filesystem::path path =
        std::filesystem::path(file.path).parent_path() / section.text("file");
    auto text = read_file(path, policy::kTemplateSqlBytesMax + 1);
    if (!text) {
      file.fail(section.at("file"), "cannot read " + path.string(), "name a file beside this one");
    }
    sql = std::move(text).value();
  }
  sql.erase(sql.find_last_not_of(" \n") + 1);
  return sql;
}

Hash read_digest(const YamlFile& file, const YAML::Node& node, const policy::Template& entry) {
  const Hash now = policy::template_digest(entry);
  const auto bytes = from_hex(scalar(node));
  Hash out{};
  if (!bytes || bytes->size() != out.size()) {
    file.fail(node, "this is no digest", "the digest of " + entry.name + " is " + to_hex(now));
  }
  std::copy(bytes->begin(), bytes->end(), out.begin());
  if (out != now) {
    file.fail(node, "this approves another " + entry.name + ", not the one that stands here",
              "ask the owner to read it again and to approve " + to_hex(now));
  }
  return out;
}

void read_approvals(const YamlFile& file, const YAML::Node& node, const policy::Policy& policy,
                    policy::Template& out) {
  if (!node.IsMap()) {
    file.fail(node, "approved_by says who approves which text",
              "write approved_by: {MEMBER: " + to_hex(policy::template_digest(out)) + "}");
  }
  for (const auto& [member, digest] : named_entries(file, node, "approved_by")) {
    if (policy.find_member(member.Scalar()) == nullptr) {
      file.fail(member, "\"" + member.Scalar() + "\" is no member", "name a member");
    }
    out.approved_by.push_back({member.Scalar(), read_digest(file, digest, out)});
  }
  std::sort(out.approved_by.begin(), out.approved_by.end(),
            [](const auto& a, const auto& b) { return a.member < b.member; });
}

}  // namespace

policy::Template read_template(const YamlFile& file, const YAML::Node& name, const YAML::Node& node,
                               const policy::Policy& policy) {
  const std::string what = "template " + name.Scalar();
  const YamlSection section(file, node, what,
                            {"version", "sql", "file", "parameters", "approved_by"});
  policy::Template out;
  out.name = name.Scalar();
  out.version = static_cast<std::uint32_t>(section.integer("version", 1, 0x7fffffff));
  out.sql = read_sql(file, section);
  if (section.has("parameters")) {
    const YAML::Node entries = section.at("parameters");
    if (!entries.IsSequence()) {
      file.fail(entries, "parameters is no list",
                "write - {name: x, type: integer, range: [1, 9]} for each");
    }
    for (const YAML::Node& item : entries) out.parameters.push_back(read_parameter(file, item));
    std::sort(out.parameters.begin(), out.parameters.end(),
              [](const auto& a, const auto& b) { return a.name < b.name; });
  }
  demand(policy::check_template(out), file, node, what);
  if (section.has("approved_by")) {
    read_approvals(file, section.at("approved_by"), policy, out);
  }
  return out;
}

}  // namespace gbx::client
