#include "client/query/answer_file.h"

namespace gbx::client {
namespace {

constexpr Literal kMalformed = "answer_malformed";

Json to_json(const packet::Envelope& envelope) {
  return Json::parse(packet::print_envelope(envelope)).value();  // what was printed parses
}

packet::Envelope take_envelope(Fields& fields, std::string_view key) {
  auto envelope = packet::parse_envelope(fields.object(key).canonical());
  if (!envelope) {
    fields.fail();
    return {};
  }
  return std::move(envelope).value();
}

}  // namespace

std::string print_answer_file(const AnswerFile& file) {
  return Json::object({{"binding", packet::encode(file.binding)},
                       {"evidence", file.evidence},
                       {"format", kAnswerFormat},
                       {"policy", to_json(file.policy)},
                       {"request", to_json(file.request)},
                       {"result", file.result},
                       {"statement", to_json(file.statement)}})
      .canonical();
}

Result<AnswerFile> parse_answer_file(std::string_view text) {
  if (text.ends_with('\n')) text.remove_suffix(1);  // an editor's last line end
  const auto json = Json::parse_canonical(text.substr(0, kAnswerFileBytesMax));
  if (!json) return Error{ErrorCode::invalid_argument, kMalformed};
  Fields fields(*json, kMalformed);
  const std::int64_t format = fields.integer("format", 0, Json::kIntegerMax);
  if (format != kAnswerFormat) {
    const bool known = json->find("format") == nullptr || format == 0;
    return Error{ErrorCode::invalid_argument, known ? kMalformed : "answer_format_unknown"};
  }
  AnswerFile out;
  const Json& binding = fields.object("binding");
  out.evidence = fields.object("evidence");
  out.policy = take_envelope(fields, "policy");
  out.request = take_envelope(fields, "request");
  out.result = fields.object("result");
  out.statement = take_envelope(fields, "statement");
  GBX_TRY(fields.finish());
  auto decoded = packet::decode_binding(binding);
  if (!decoded) return Error{ErrorCode::invalid_argument, kMalformed};
  out.binding = std::move(decoded).value();
  return out;
}

}  // namespace gbx::client
