#include "client/policy/table_section.h"

#include <algorithm>
#include <filesystem>

#include "client/policy/row_filter_text.h"
#include "client/policy/rule_section.h"
#include "client/policy/wording.h"
#include "client/prepare/failure.h"
#include "client/prepare/manifest_file.h"
#include "trusted/sql/row_filter.h"

namespace gbx::client {
namespace {

void read_bounds(const YamlFile& file, const YamlSection& section, policy::Column& out) {
  if (!section.has("bounds")) return;
  const std::vector<YAML::Node> pair = section.list("bounds");
  if (pair.size() != 2) file.fail(section.at("bounds"), "bounds are not two values", "[LOW, HIGH]");
  const auto bound = [&](const YAML::Node& node) {
    const auto value = parse_value(node.Scalar(), out.type);
    if (!value) {
      file.fail(node, "\"" + node.Scalar() + "\" is no " + std::string(type_name(out.type.type)),
                out.type.type == Type::date ? "write YYYY-MM-DD" : "write a value of that type");
    }
    return *value;
  };
  out.bounded = true;
  out.low = bound(pair[0]);
  out.high = bound(pair[1]);
}

policy::Column read_column(const YamlFile& file, const YAML::Node& name, const YAML::Node& node,
                           std::string& identifier) {
  const std::string what = "column " + name.Scalar();
  const YamlSection section(
      file, node, what, {"type", "scale", "label", "nullable", "bounds", "domain", "identifier"});
  policy::Column out;
  out.name = name.Scalar();
  out.label = read_word<Label>(file, section.at("label"), label_from,
                               {"person", "sensitive", "plain", "pii"});
  out.type.type = Type::text;
  if (section.has("type") || out.label != Label::person) {
    out.type.type = read_word<Type>(file, section.at("type"), type_from,
                                    {"boolean", "integer", "decimal", "date", "timestamp", "text"});
  }
  if (section.has("scale")) {
    out.type.scale = static_cast<std::uint8_t>(section.integer("scale", 1, kScaleMax));
  }
  if (section.has("nullable")) out.nullable = section.boolean("nullable");
  if (section.has("identifier")) identifier = section.text("identifier");
  read_bounds(file, section, out);
  if (section.has("domain")) {
    for (const YAML::Node& value : section.list("domain")) out.domain.push_back(value.Scalar());
    std::sort(out.domain.begin(), out.domain.end());
  }
  demand(policy::check_column(out), file, node, what);
  return out;
}

void read_columns(const YamlFile& file, const YAML::Node& node, policy::Table& out) {
  for (const auto& [name, body] : named_entries(file, node, "columns")) {
    out.columns.push_back(read_column(file, name, body, out.identifier));
    if (out.columns.back().label == Label::person) out.person = out.columns.back().name;
  }
}

// The columns that enter, as the owner's manifest describes them.
void read_manifest_columns(const YamlFile& file, const YAML::Node& node, policy::Table& out) {
  const std::filesystem::path path =
      std::filesystem::path(file.path).parent_path() / (node.IsScalar() ? node.Scalar() : "");
  try {
    const prepare::TableManifest manifest = prepare::read_manifest(path.string());
    for (const prepare::ColumnSpec& spec : manifest.columns) {
      if (!spec.enters()) continue;
      out.columns.push_back({spec.name, spec.type, spec.label, spec.nullable, spec.bounded,
                             spec.low, spec.high, spec.domain});
      if (spec.label == Label::person) out.person = spec.name;
      if (spec.identifier) out.identifier = prepare::identifier_name(*spec.identifier);
    }
    out.rows_per_person = manifest.rows_per_person;
  } catch (const prepare::Failure& failure) {
    file.fail(node, failure.what(), "ask the owner for the manifest that `glovebox prepare` takes");
  }
}

// The condition that the author wrote, as it will be signed.
void read_row_filter(const YamlFile& file, const YAML::Node& node, policy::Table& out) {
  const std::string text = node.IsScalar() ? node.Scalar() : "";
  auto filter = parse_row_filter(text);
  if (filter) {
    const Result<sql::Expression> bound =
        sql::bind_row_filter(filter->node, policy::catalog_of(out));
    if (!bound) filter = bound.error();
  }
  if (!filter) {
    const Wording* wording = find_wording(filter.error().reason.view());
    const std::string means(wording == nullptr ? filter.error().reason.view() : wording->means);
    file.fail(node, "row_filter: " + means,
              "write a condition over the columns of " + out.name +
                  ", as after WHERE; not over the person column");
  }
  out.row_filter = std::move(filter->node);
}

}  // namespace

void demand(const Status& status, const YamlFile& file, const YAML::Node& node,
            const std::string& name) {
  if (status) return;
  const Wording* wording = find_wording(status.error().reason.view());
  const std::string reason(status.error().reason.view());
  file.fail(node, name + ": " + (wording == nullptr ? reason : std::string(wording->means)),
            wording == nullptr ? "" : std::string(wording->next));
}

policy::Table read_table(const YamlFile& file, const YAML::Node& name, const YAML::Node& node,
                         const policy::Policy& policy) {
  const std::string what = "table " + name.Scalar();
  const YamlSection section(file, node, what,
                            {"owner", "person", "identifier", "columns", "manifest",
                             "rows_per_person", "row_filter", "rule"});
  policy::Table out;
  out.name = name.Scalar();
  out.owner = section.text("owner");
  if (policy.find_member(out.owner) == nullptr) {
    std::vector<std::string> known;
    for (const policy::Member& member : policy.members) known.push_back(member.name);
    const std::string near = nearest_word(out.owner, known);
    file.fail(section.at("owner"), "\"" + out.owner + "\" is no member",
              near.empty() ? "name a member" : "did you mean \"" + near + "\"?");
  }
  if (section.has("columns") == section.has("manifest")) {
    file.fail(node, what + " needs columns or a manifest, and not both",
              "write manifest: FILE.yaml, or columns: {...}");
  }
  if (section.has("columns")) {
    read_columns(file, section.at("columns"), out);
  } else {
    read_manifest_columns(file, section.at("manifest"), out);
  }
  if (section.has("identifier")) out.identifier = section.text("identifier");
  if (section.has("person") && section.text("person") != out.person) {
    file.fail(section.at("person"), "the column labelled person is another one",
              "write person: " + out.person + ", or leave it out");
  }
  if (section.has("rows_per_person")) {
    out.rows_per_person = static_cast<std::uint32_t>(
        section.integer("rows_per_person", 1, policy::kRowsPerPersonMax));
  }
  demand(policy::check_table(out, policy), file, node, what);
  if (section.has("row_filter")) read_row_filter(file, section.at("row_filter"), out);
  read_rule(file, section.at("rule"), policy, out);
  return out;
}

}  // namespace gbx::client
