#include "trusted/policy/template.h"

#include <algorithm>

#include "trusted/base/hidden.h"
#include "trusted/crypto/hash.h"

namespace gbx::policy {
namespace {

constexpr std::size_t kNameMax = 63;

Error wrong(Literal reason) { return {ErrorCode::invalid_argument, reason}; }

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

// A lower-case letter (or `more`), then those, digits and `more`.
bool is_name(std::string_view name, std::string_view more, std::string_view first) {
  const auto inside = [&](char c) {
    return is_lower(c) || is_digit(c) || more.find(c) != std::string_view::npos;
  };
  return !name.empty() && name.size() <= kNameMax &&
         (is_lower(name.front()) || first.find(name.front()) != std::string_view::npos) &&
         std::all_of(name.begin(), name.end(), inside);
}

// People read it before they approve: nothing may hide from a terminal.
bool is_readable_sql(std::string_view sql) {
  Hidden next = find_hidden(sql);
  while (next.size > 0 && sql[next.begin] == '\n') next = find_hidden(sql, next.begin + 1);
  return next.size == 0;
}

bool has_order(Type type) { return type != Type::text && type != Type::boolean; }

Status check_parameters(const std::vector<Parameter>& parameters) {
  if (parameters.size() > kParametersMax) return wrong("policy_parameters_count");
  for (std::size_t i = 0; i < parameters.size(); i++) {
    GBX_TRY(check_parameter(parameters[i]));
    if (i > 0 && !(parameters[i - 1].name < parameters[i].name)) {
      return wrong("policy_parameters_order");
    }
  }
  return {};
}

Status check_approvals(const Template& entry) {
  const Hash digest = template_digest(entry);
  for (std::size_t i = 0; i < entry.approved_by.size(); i++) {
    if (i > 0 && !(entry.approved_by[i - 1].member < entry.approved_by[i].member)) {
      return wrong("policy_approvals_order");
    }
    if (entry.approved_by[i].digest != digest) return wrong("policy_approval_stale");
  }
  return {};
}

bool is_type(const Cell& value, Type type) {
  if (type == Type::text) {
    const auto* text = std::get_if<std::string>(&value);
    return text != nullptr && text->size() <= packet::kArgumentBytesMax && is_printable(*text);
  }
  const auto* number = std::get_if<std::int64_t>(&value);
  return number != nullptr && (type != Type::boolean || *number == 0 || *number == 1);
}

}  // namespace

Result<Cell> read_parameter(const Parameter& parameter, std::string_view text) {
  const Error malformed = wrong("parameter_malformed");
  Cell out = std::string(text);
  if (parameter.type.type != Type::text) {
    if (text.size() > packet::kArgumentBytesMax) return malformed;
    const auto value = parse_value(text, parameter.type);
    if (!value || format_value(*value, parameter.type) != text) return malformed;
    out = *value;
  }
  if (!is_type(out, parameter.type.type)) return malformed;
  return out;
}

std::string print_parameter(const Parameter& parameter, const Cell& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  return format_value(
      std::get_if<std::int64_t>(&value) == nullptr ? 0 : *std::get_if<std::int64_t>(&value),
      parameter.type);
}

Status check_value(const Parameter& parameter, const Cell& value) {
  if (!parameter.range) {
    const bool found =
        std::binary_search(parameter.allowed.begin(), parameter.allowed.end(), value);
    return found ? Status() : Error{ErrorCode::policy_denied, "parameter_not_allowed"};
  }
  const auto* number = std::get_if<std::int64_t>(&value);
  const bool inside =
      number != nullptr && parameter.range->low <= *number && *number <= parameter.range->high;
  return inside ? Status() : Error{ErrorCode::policy_denied, "parameter_out_of_range"};
}

Status check_parameter(const Parameter& parameter) {
  if (!is_name(parameter.name, "_", "_")) return wrong("policy_parameter_name");
  const bool decimal = parameter.type.type == Type::decimal;
  if (decimal != (parameter.type.scale > 0) || parameter.type.scale > kScaleMax) {
    return wrong("policy_parameter_type");
  }
  if (parameter.range.has_value() != parameter.allowed.empty()) {
    return wrong("policy_parameter_unbounded");
  }
  if (parameter.range && !has_order(parameter.type.type)) {
    return wrong("policy_parameter_range");
  }
  if (parameter.range && parameter.range->low > parameter.range->high) {
    return wrong("policy_parameter_range");
  }
  if (parameter.allowed.size() > kAllowedMax) return wrong("policy_parameter_allowed");
  for (std::size_t i = 0; i < parameter.allowed.size(); i++) {
    if (!is_type(parameter.allowed[i], parameter.type.type)) {
      return wrong("policy_parameter_allowed");
    }
    if (i > 0 && !(parameter.allowed[i - 1] < parameter.allowed[i])) {
      return wrong("policy_parameter_allowed");
    }
  }
  if (!parameter.fallback) return {};
  const bool fits = is_type(*parameter.fallback, parameter.type.type) &&
                    check_value(parameter, *parameter.fallback);
  return fits ? Status() : Status(wrong("policy_parameter_default"));
}

Status check_template(const Template& entry) {
  if (!is_name(entry.name, "_-", "")) return wrong("policy_template_name");
  if (entry.version == 0 || entry.version > 0x7fffffff) return wrong("policy_template_version");
  const bool readable =
      !entry.sql.empty() && entry.sql.size() <= kTemplateSqlBytesMax && is_readable_sql(entry.sql);
  if (!readable) return wrong("policy_template_sql");
  GBX_TRY(check_parameters(entry.parameters));
  return check_approvals(entry);
}

Result<TemplateUse> TemplateUse::make(std::span<const Template> templates,
                                      const packet::TemplateCall& call) {
  const auto found = std::find_if(templates.begin(), templates.end(),
                                  [&](const Template& entry) { return entry.name == call.name; });
  if (found == templates.end()) return Error{ErrorCode::not_found, "template_unknown"};
  if (found->version != call.version) return wrong("template_version_wrong");
  if (template_digest(*found) != call.digest) return wrong("template_digest_wrong");
  TemplateUse out;
  // Both are ascending by name.
  auto argument = call.arguments.begin();
  for (const Parameter& parameter : found->parameters) {
    if (argument == call.arguments.end() || parameter.name < argument->name) {
      return wrong("parameter_missing");
    }
    if (argument->name != parameter.name) return wrong("parameter_unknown");
    GBX_TRY_ASSIGN(Cell value, read_parameter(parameter, argument->value));
    GBX_TRY(check_value(parameter, value));
    out.values_.push_back({parameter.name, parameter.type, std::move(value)});
    argument++;
  }
  if (argument != call.arguments.end()) return wrong("parameter_unknown");
  out.call_ = call;
  out.sql_ = found->sql;
  for (const Approval& approval : found->approved_by) out.approved_by_.push_back(approval.member);
  return out;
}

bool TemplateUse::is_approved_by(std::string_view member) const {
  return std::find(approved_by_.begin(), approved_by_.end(), member) != approved_by_.end();
}

}  // namespace gbx::policy
