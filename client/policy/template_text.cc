#include "client/policy/template_text.h"

#include <algorithm>
#include <map>

#include "client/policy/mistake.h"
#include "client/policy/wording.h"

namespace gbx::client {
namespace {

constexpr std::size_t kNamedMax = 20;
constexpr std::size_t kDigitsShown = 16;  // of a digest

std::string quoted(const policy::Parameter& parameter, const Cell& value) {
  const std::string text = policy::print_parameter(parameter, value);
  return parameter.type.type == Type::text ? "\"" + text + "\"" : text;
}

std::string type_text(ValueType type) {
  std::string out(type_name(type.type));
  if (type.type == Type::decimal) {
    out += " with " + std::to_string(int{type.scale}) + " digits after the point";
  }
  return out;
}

Mistake mistake(const policy::Template& entry, const std::string& why, const std::string& next,
                const Error& error) {
  return Mistake("nothing was asked", "template " + entry.name, why, next).with(error);
}

std::vector<std::string> parameter_names(const policy::Template& entry) {
  std::vector<std::string> out;
  for (const policy::Parameter& parameter : entry.parameters) out.push_back(parameter.name);
  return out;
}

const policy::Parameter& find_parameter(const policy::Template& entry, const std::string& name) {
  for (const policy::Parameter& parameter : entry.parameters) {
    if (parameter.name == name) return parameter;
  }
  const std::vector<std::string> names = parameter_names(entry);
  const std::string near = nearest_word(name, names);
  std::string all;
  for (const std::string& known : names) all += (all.empty() ? "" : ", ") + known;
  throw mistake(entry, "it has no parameter \"" + name + "\"",
                names.empty() ? "it has none: leave --set out"
                              : "its parameters are " + all +
                                    (near.empty() ? "" : "; did you mean " + near + "?"),
                {ErrorCode::invalid_argument, "parameter_unknown"});
}

Cell read_setting(const policy::Template& entry, const policy::Parameter& parameter,
                  const std::string& text) {
  Cell value = text;
  std::string why = "\"" + text + "\" is not among the allowed values of " + parameter.name;
  const std::string next = parameter.name + " is " + parameter_text(parameter, kNamedMax);
  if (parameter.type.type != Type::text) {
    const auto number = parse_value(text, parameter.type);
    if (!number) {
      throw mistake(entry,
                    "\"" + text + "\" is no " + type_text(parameter.type) + ", and " +
                        parameter.name + " is one",
                    next, {ErrorCode::invalid_argument, "parameter_malformed"});
    }
    value = *number;
  }
  const Status allowed = policy::check_value(parameter, value);
  if (allowed) return value;
  if (parameter.range) why = text + " is outside of the range of " + parameter.name;
  throw mistake(entry, why, next, allowed.error());
}

}  // namespace

std::string parameter_text(const policy::Parameter& parameter, std::size_t most) {
  std::string out = type_text(parameter.type);
  if (parameter.range) {
    out += " from " + format_value(parameter.range->low, parameter.type) + " to " +
           format_value(parameter.range->high, parameter.type);
  } else {
    out += ", one of ";
    for (std::size_t i = 0; i < std::min(most, parameter.allowed.size()); i++) {
      out += (i == 0 ? "" : ", ") + quoted(parameter, parameter.allowed[i]);
    }
    if (parameter.allowed.size() > most) {
      out += " and " + std::to_string(parameter.allowed.size() - most) + " more";
    }
  }
  if (parameter.fallback) out += " (default " + quoted(parameter, *parameter.fallback) + ")";
  return out;
}

std::string approvals_text(const policy::Template& entry) {
  std::string out;
  for (const policy::Approval& approval : entry.approved_by) {
    out += (out.empty() ? "" : ", ") + approval.member;
  }
  return out.empty() ? "nobody" : out;
}

std::string show_template(const policy::Template& entry) {
  std::string out = entry.name + ", version " + std::to_string(entry.version) + "\n  digest    " +
                    to_hex(policy::template_digest(entry)) + "\n  approved  " +
                    approvals_text(entry) + "\n";
  for (const policy::Parameter& parameter : entry.parameters) {
    out += "  $" + parameter.name + "  " + parameter_text(parameter, kNamedMax) + "\n";
  }
  out += "    ";
  for (const char c : entry.sql) out += c == '\n' ? "\n    " : std::string(1, c);
  return out + "\n";
}

std::string explain_templates(const policy::Policy& policy) {
  std::string out;
  for (const policy::Template& entry : policy.templates) {
    std::string names;
    for (const policy::Parameter& parameter : entry.parameters) {
      names += (names.empty() ? "" : ", ") + parameter.name;
    }
    out += "  - Template " + entry.name + ", version " + std::to_string(entry.version) +
           (names.empty() ? ", without parameters" : ", with " + names) + ", is approved by " +
           approvals_text(entry) + ".\n";
  }
  return out;
}

std::string call_text(const packet::TemplateCall& call) {
  std::string out = call.name + ", version " + std::to_string(call.version) + ", digest " +
                    to_hex(call.digest).substr(0, kDigitsShown);
  const char* between = ": ";
  for (const packet::Argument& argument : call.arguments) {
    out += between + argument.name + " = " + argument.value;
    between = ", ";
  }
  return out;
}

const policy::Template& find_template(const policy::Policy& policy, const std::string& name) {
  if (const policy::Template* found = policy.find_template(name)) return *found;
  std::vector<std::string> names;
  std::string all;
  for (const policy::Template& entry : policy.templates) {
    names.push_back(entry.name);
    all += (all.empty() ? "" : ", ") + entry.name;
  }
  const std::string near = nearest_word(name, names);
  throw Mistake("there is no template \"" + name + "\"", "",
                names.empty() ? "the policy has no templates" : "the policy's are " + all,
                near.empty() ? "see docs/reference/templates.md" : "did you mean " + near + "?")
      .with({ErrorCode::not_found, "template_unknown"});
}

packet::TemplateCall call_template(const policy::Template& entry,
                                   const std::vector<std::string>& settings) {
  std::map<std::string, std::string> given;
  for (const std::string& setting : settings) {
    const std::size_t equal = setting.find('=');
    if (equal == std::string::npos) {
      throw mistake(entry, "\"" + setting + "\" sets nothing", "write --set NAME=VALUE",
                    {ErrorCode::invalid_argument, "parameter_malformed"});
    }
    const std::string name = setting.substr(0, equal);
    find_parameter(entry, name);
    if (!given.emplace(name, setting.substr(equal + 1)).second) {
      throw mistake(entry, name + " is set twice", "set it once",
                    {ErrorCode::invalid_argument, "parameter_unknown"});
    }
  }
  packet::TemplateCall out{entry.name, entry.version, policy::template_digest(entry), {}};
  for (const policy::Parameter& parameter : entry.parameters) {
    const auto found = given.find(parameter.name);
    if (found == given.end() && !parameter.fallback) {
      throw mistake(entry, parameter.name + " has no value",
                    "add --set " + parameter.name + "=VALUE: " + parameter.name + " is " +
                        parameter_text(parameter, kNamedMax),
                    {ErrorCode::invalid_argument, "parameter_missing"});
    }
    const Cell value =
        found == given.end() ? *parameter.fallback : read_setting(entry, parameter, found->second);
    out.arguments.push_back({parameter.name, policy::print_parameter(parameter, value)});
  }
  return out;
}

}  // namespace gbx::client
