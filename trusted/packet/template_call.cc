#include "trusted/packet/template_call.h"

namespace gbx::packet {
namespace {

constexpr std::size_t kNameBytesMax = 64;

Result<Argument> decode_argument(const Json& json, Literal reason) {
  Fields fields(json, reason);
  Argument out;
  out.name = fields.text("name", kNameBytesMax);
  out.value = fields.text("value", kArgumentBytesMax);
  GBX_TRY(fields.finish());
  return out;
}

}  // namespace

Json encode(const TemplateCall& call) {
  Json::Array arguments;
  for (const Argument& argument : call.arguments) {
    arguments.push_back(Json::object({{"name", argument.name}, {"value", argument.value}}));
  }
  return Json::object({{"digest", to_hex(call.digest)},
                       {"name", call.name},
                       {"parameters", Json(std::move(arguments))},
                       {"version", std::int64_t{call.version}}});
}

Result<TemplateCall> decode_template_call(const Json& json, Literal reason) {
  Fields fields(json, reason);
  TemplateCall out;
  out.digest = fields.hex_array<32>("digest");
  out.name = fields.text("name", kNameBytesMax);
  const Json::Array& arguments = fields.array("parameters", kArgumentsMax);
  out.version = static_cast<std::uint32_t>(fields.integer("version", 1, 0x7fffffff));
  GBX_TRY(fields.finish());
  for (const Json& item : arguments) {
    GBX_TRY_ASSIGN(Argument argument, decode_argument(item, reason));
    const bool ascending = out.arguments.empty() || out.arguments.back().name < argument.name;
    if (!ascending) return Error{ErrorCode::invalid_argument, reason};
    out.arguments.push_back(std::move(argument));
  }
  return out;
}

}  // namespace gbx::packet
