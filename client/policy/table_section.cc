#include "client/policy/table_section.h"

#include <algorithm>
#include <filesystem>

#include "client/policy/wording.h"
#include "client/prepare/failure.h"
#include "client/prepare/manifest_file.h"

namespace gbx::client {
namespace {

std::vector<std::string> column_names(const policy::Table& table) {
  std::vector<std::string> out;
  for (const policy::Column& column : table.columns) out.push_back(column.name);
  return out;
}

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

// Adds a rule's entries one by one and checks after each, so that a mistake is told where it is.
class RuleReader {
 public:
  RuleReader(const YamlFile& file, const policy::Policy& policy, policy::Table& table)
      : file_(&file), policy_(&policy), table_(&table) {}

  void read(const YAML::Node& node) {
    const std::string what = "the rule of " + table_->name;
    const YamlSection kinds(*file_, node, what, {"aggregation"});
    const YamlSection rule(
        *file_, kinds.at("aggregation"), what,
        {"aggregateColumns", "joinColumns", "joinRequired", "allowedJoinOperators",
         "dimensionColumns", "scalarFunctions", "outputConstraints", "additionalAnalyses"});
    read_aggregates(rule);
    read_names(rule, "joinColumns", table_->rule.join_columns);
    read_required(rule);
    read_names(rule, "dimensionColumns", table_->rule.dimension_columns);
    read_functions(rule);
    read_constraints(rule);
    refuse_other(rule, "additionalAnalyses", "NOT_ALLOWED");
    refuse_operators(rule);
  }

 private:
  void check(const YAML::Node& node) const {
    demand(policy::check_table(*table_, *policy_), *file_, node,
           node.IsScalar() ? "\"" + node.Scalar() + "\"" : table_->name);
  }

  [[nodiscard]] std::string column(const YAML::Node& node) const {
    const std::vector<std::string> known = column_names(*table_);
    if (std::find(known.begin(), known.end(), node.Scalar()) != known.end()) return node.Scalar();
    const std::string near = nearest_word(node.Scalar(), known);
    file_->fail(node, "table " + table_->name + " has no column \"" + node.Scalar() + "\"",
                near.empty() ? "name one of its columns" : "did you mean \"" + near + "\"?");
  }

  void read_names(const YamlSection& rule, const std::string& key, std::vector<std::string>& out) {
    if (!rule.has(key)) return;
    for (const YAML::Node& node : rule.list(key)) {
      out.push_back(column(node));
      check(node);
    }
  }

  void read_aggregates(const YamlSection& rule) {
    if (!rule.has("aggregateColumns")) return;
    const YAML::Node entries = rule.at("aggregateColumns");
    if (!entries.IsSequence()) file_->fail(entries, "aggregateColumns is no list", "write a list");
    for (const YAML::Node& entry : entries) {
      const YamlSection section(*file_, entry, "aggregateColumns", {"columnNames", "function"});
      policy::AggregateColumns& out = table_->rule.aggregate_columns.emplace_back();
      out.function = read_word<policy::AggregateFunction>(
          *file_, section.at("function"), policy::aggregate_function_from,
          {"COUNT", "COUNT_DISTINCT", "SUM", "AVG", "VARIANCE", "QUANTILE"});
      for (const YAML::Node& node : section.list("columnNames")) {
        out.columns.push_back(column(node));
        check(node);
      }
      check(entry);
    }
  }

  void read_required(const YamlSection& rule) {
    if (!rule.has("joinRequired")) return;
    if (rule.text("joinRequired") != "QUERY_RUNNER") {
      file_->fail(rule.at("joinRequired"), "joinRequired has an unknown value",
                  "write joinRequired: QUERY_RUNNER, or leave it out");
    }
    table_->rule.join_required = true;
    check(rule.at("joinRequired"));
  }

  void read_functions(const YamlSection& rule) {
    if (!rule.has("scalarFunctions")) return;
    std::vector<std::string> known;
    for (const std::string_view name : policy::scalar_function_names()) known.emplace_back(name);
    std::vector<std::string>& out = table_->rule.scalar_functions;
    for (const YAML::Node& node : rule.list("scalarFunctions")) {
      if (std::find(known.begin(), known.end(), node.Scalar()) == known.end()) {
        const std::string near = nearest_word(node.Scalar(), known);
        file_->fail(node, "\"" + node.Scalar() + "\" is no scalar function of rooms",
                    near.empty() ? std::string(find_wording("policy_scalar_function_unknown")->next)
                                 : "did you mean \"" + near + "\"?");
      }
      out.push_back(node.Scalar());
      std::sort(out.begin(), out.end());
      check(node);
    }
  }

  void read_constraints(const YamlSection& rule) {
    if (!rule.has("outputConstraints")) return;
    const YAML::Node entries = rule.at("outputConstraints");
    if (!entries.IsSequence()) file_->fail(entries, "outputConstraints is no list", "write a list");
    for (const YAML::Node& entry : entries) {
      const YamlSection section(*file_, entry, "outputConstraints",
                                {"columnName", "minimum", "type"});
      if (section.has("type") && section.text("type") != "COUNT_DISTINCT") {
        demand(Error{ErrorCode::invalid_argument, "policy_constraint_type"}, *file_,
               section.at("type"), table_->name);
      }
      table_->rule.output_constraints.push_back(
          {column(section.at("columnName")), section.integer("minimum", 2, policy::kPeopleMinMax)});
      check(entry);
    }
  }

  void refuse_other(const YamlSection& rule, const std::string& key,
                    const std::string& only) const {
    if (!rule.has(key) || rule.text(key) == only) return;
    file_->fail(rule.at(key), key + " asks for more than a room does", "write " + only);
  }

  // AND is all that a join on people can mean; OR would join strangers.
  void refuse_operators(const YamlSection& rule) const {
    if (!rule.has("allowedJoinOperators")) return;
    for (const YAML::Node& node : rule.list("allowedJoinOperators")) {
      if (node.Scalar() != "AND") {
        file_->fail(node, "joins with " + node.Scalar() + " are not supported", "allow AND only");
      }
    }
  }

  const YamlFile* file_;
  const policy::Policy* policy_;
  policy::Table* table_;
};

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
  const YamlSection section(
      file, node, what,
      {"owner", "person", "identifier", "columns", "manifest", "rows_per_person", "rule"});
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
  RuleReader(file, policy, out).read(section.at("rule"));
  return out;
}

}  // namespace gbx::client
