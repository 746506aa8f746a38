#pragma once

// Analysis templates: questions with typed parameters that every member has signed with the policy,
// and that the owners of the tables which they read have approved by digest (docs/spec/policy.md).
//
// An attacker here is whoever asks: they choose a template's name and the text of each value, and
// nothing else. What must stay true: a TemplateUse exists only for a template of the policy, under
// its own digest, with a value for each parameter and for nothing else, each of the parameter's
// type and within what the policy allows. A value never becomes SQL text: the template's own text
// is parsed, and values are put into the tree (sql/parameters.h).

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "trusted/base/bytes.h"
#include "trusted/base/json.h"
#include "trusted/base/value.h"
#include "trusted/packet/template_call.h"

namespace gbx::policy {

constexpr std::size_t kTemplatesMax = 256;
constexpr std::size_t kParametersMax = packet::kArgumentsMax;
constexpr std::size_t kAllowedMax = 1000;
constexpr std::size_t kTemplateSqlBytesMax = std::size_t{16} << 10;

struct ParameterRange {
  std::int64_t low = 0;
  std::int64_t high = 0;
};

// Of `allowed` and `range` there is exactly one; text and boolean have `allowed`.
struct Parameter {
  std::string name;  // [a-z_][a-z0-9_]{0,62}; $name in the SQL
  ValueType type;
  std::vector<Cell> allowed = {};  // ascending, each once
  std::optional<ParameterRange> range = {};
  // "default": what a client asks with unless told otherwise; a room wants every value.
  std::optional<Cell> fallback = {};
};

// A member who agrees to a template whose digest this is.
struct Approval {
  std::string member;
  Hash digest{};
};

struct Template {
  std::string name;  // [a-z][a-z0-9_-]{0,62}
  std::uint32_t version = 1;
  std::string sql;                         // one SELECT, with $name for each parameter
  std::vector<Parameter> parameters = {};  // by name
  std::vector<Approval> approved_by = {};  // by member
};

// SHA-256 of the canonical form of all but `approved_by`: what an owner approves.
Hash template_digest(const Template& entry);

Json encode_template(const Template& entry);
// Fails with invalid_argument (policy_malformed, policy_parameter_*).
Result<Template> decode_template(const Json& json);

// Everything but who the members are. Fails with invalid_argument (policy_template_*,
// policy_parameter_*).
Status check_template(const Template& entry);
Status check_parameter(const Parameter& parameter);

// A value of the type of `parameter` from its one spelling, and back. Fails with invalid_argument
// (parameter_malformed). Says nothing about what is allowed.
Result<Cell> read_parameter(const Parameter& parameter, std::string_view text);
std::string print_parameter(const Parameter& parameter, const Cell& value);
// Fails with policy_denied (parameter_not_allowed, parameter_out_of_range).
Status check_value(const Parameter& parameter, const Cell& value);

class TemplateUse {
 public:
  // Fails with not_found (template_unknown), invalid_argument (template_version_wrong,
  // template_digest_wrong, parameter_missing, parameter_unknown, parameter_malformed) or
  // policy_denied (parameter_not_allowed, parameter_out_of_range). Pure.
  static Result<TemplateUse> make(std::span<const Template> templates,
                                  const packet::TemplateCall& call);

  [[nodiscard]] const packet::TemplateCall& call() const { return call_; }
  [[nodiscard]] const std::string& sql() const { return sql_; }
  // One for each parameter, by name; none is NULL.
  [[nodiscard]] const std::vector<NamedValue>& values() const { return values_; }
  [[nodiscard]] bool is_approved_by(std::string_view member) const;

 private:
  TemplateUse() = default;
  packet::TemplateCall call_;
  std::string sql_;
  std::vector<NamedValue> values_;
  std::vector<std::string> approved_by_;
};

}  // namespace gbx::policy
