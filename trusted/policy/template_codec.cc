// Between a Template and its canonical JSON: docs/spec/policy.md.

#include "trusted/crypto/hash.h"
#include "trusted/policy/template.h"

namespace gbx::policy {
namespace {

constexpr Literal kMalformed = "policy_malformed";
constexpr std::int64_t kTemplateFormat = 1;

Error wrong(Literal reason) { return {ErrorCode::invalid_argument, reason}; }

Json encode_parameter(const Parameter& parameter) {
  Json out = Json::object({{"name", parameter.name}, {"type", type_name(parameter.type.type)}});
  if (parameter.type.type == Type::decimal) out.set("scale", int{parameter.type.scale});
  if (parameter.range) {
    out.set("range", Json(Json::Array{format_value(parameter.range->low, parameter.type),
                                      format_value(parameter.range->high, parameter.type)}));
  } else {
    Json::Array allowed;
    for (const Cell& value : parameter.allowed) {
      allowed.emplace_back(print_parameter(parameter, value));
    }
    out.set("allowed", Json(std::move(allowed)));
  }
  if (parameter.fallback) out.set("default", print_parameter(parameter, *parameter.fallback));
  return out;
}

Result<Cell> decode_value(const Parameter& parameter, const Json& json) {
  if (json.string() == nullptr) return wrong(kMalformed);
  auto value = read_parameter(parameter, *json.string());
  if (!value) return wrong("policy_parameter_value");
  return value;
}

Status decode_range(const Json& json, Parameter& out) {
  const Json::Array* pair = json.array();
  if (pair == nullptr || pair->size() != 2) return wrong(kMalformed);
  GBX_TRY_ASSIGN(const Cell low, decode_value(out, (*pair)[0]));
  GBX_TRY_ASSIGN(const Cell high, decode_value(out, (*pair)[1]));
  const auto* least = std::get_if<std::int64_t>(&low);
  const auto* most = std::get_if<std::int64_t>(&high);
  if (least == nullptr || most == nullptr) return wrong("policy_parameter_range");
  out.range = {*least, *most};
  return {};
}

Status decode_allowed(const Json& json, Parameter& out) {
  const Json::Array* values = json.array();
  if (values == nullptr || values->empty() || values->size() > kAllowedMax) {
    return wrong("policy_parameter_allowed");
  }
  for (const Json& item : *values) {
    GBX_TRY_ASSIGN(Cell value, decode_value(out, item));
    out.allowed.push_back(std::move(value));
  }
  return {};
}

Result<Parameter> decode_parameter(const Json& json) {
  Fields fields(json, kMalformed);
  Parameter out;
  out.name = fields.text("name");
  const auto type = type_from(fields.text("type"));
  const bool scaled = json.find("scale") != nullptr;
  if (scaled) out.type.scale = static_cast<std::uint8_t>(fields.integer("scale", 1, kScaleMax));
  const Json* allowed = fields.optional("allowed");
  const Json* range = fields.optional("range");
  const Json* fallback = fields.optional("default");
  GBX_TRY(fields.finish());
  if (!type || (*type == Type::decimal) != scaled) return wrong("policy_parameter_type");
  out.type.type = *type;
  if ((allowed == nullptr) == (range == nullptr)) return wrong("policy_parameter_unbounded");
  if (range != nullptr) GBX_TRY(decode_range(*range, out));
  if (allowed != nullptr) GBX_TRY(decode_allowed(*allowed, out));
  if (fallback != nullptr) {
    GBX_TRY_ASSIGN(out.fallback, decode_value(out, *fallback));
  }
  return out;
}

Json encode_parameters(const Template& entry) {
  Json::Array out;
  for (const Parameter& parameter : entry.parameters) out.push_back(encode_parameter(parameter));
  return Json(std::move(out));
}

}  // namespace

Hash template_digest(const Template& entry) {
  const Json json = Json::object({{"format", kTemplateFormat},
                                  {"name", entry.name},
                                  {"parameters", encode_parameters(entry)},
                                  {"sql", entry.sql},
                                  {"version", std::int64_t{entry.version}}});
  return crypto::sha256(as_bytes(json.canonical()));
}

Json encode_template(const Template& entry) {
  Json::Array approvals;
  for (const Approval& approval : entry.approved_by) {
    approvals.push_back(
        Json::object({{"digest", to_hex(approval.digest)}, {"member", approval.member}}));
  }
  return Json::object({{"approved_by", Json(std::move(approvals))},
                       {"name", entry.name},
                       {"parameters", encode_parameters(entry)},
                       {"sql", entry.sql},
                       {"version", std::int64_t{entry.version}}});
}

Result<Template> decode_template(const Json& json) {
  Fields fields(json, kMalformed);
  Template out;
  const Json::Array& approvals = fields.array("approved_by", 64);
  out.name = fields.text("name");
  const Json::Array& parameters = fields.array("parameters", kParametersMax);
  out.sql = fields.text("sql", kTemplateSqlBytesMax);
  out.version = static_cast<std::uint32_t>(fields.integer("version", 0, 0xffffffff));
  GBX_TRY(fields.finish());
  for (const Json& item : parameters) {
    GBX_TRY_ASSIGN(Parameter parameter, decode_parameter(item));
    out.parameters.push_back(std::move(parameter));
  }
  for (const Json& item : approvals) {
    Fields approval(item, kMalformed);
    Approval& entry = out.approved_by.emplace_back();
    entry.digest = approval.hex_array<32>("digest");
    entry.member = approval.text("member");
    GBX_TRY(approval.finish());
  }
  return out;
}

}  // namespace gbx::policy
