#include "trusted/packet/request.h"

namespace gbx::packet {
namespace {

constexpr Literal kMalformed = "request_malformed";
constexpr std::size_t kNameBytesMax = 64;
constexpr std::size_t kEpsilonBytesMax = 32;

Result<Request> decode(const Json& json) {
  Fields fields(json, kMalformed);
  Request out;
  out.binding = fields.hex_array<64>("binding");
  out.dry_run = fields.boolean("dry_run");
  out.id = fields.hex_array<16>("id");
  out.member = fields.text("member", kNameBytesMax);
  out.policy_hash = fields.hex_array<32>("policy_hash");
  const Json* call = fields.optional("template");
  const Json* derived = fields.optional("derived");
  if (derived != nullptr && (call != nullptr || out.dry_run)) fields.fail();
  // One of them: who knows no templates, or no derived tables, misses the SQL.
  if (call == nullptr && derived == nullptr) out.sql = fields.text("sql", kSqlBytesMax);
  if (const Json* epsilon = fields.optional("epsilon")) {
    const std::string* text = epsilon->string();
    if (text == nullptr || text->size() > kEpsilonBytesMax || derived != nullptr) {
      fields.fail();
    } else {
      out.epsilon = *text;
    }
  }
  GBX_TRY(fields.finish());
  if (call != nullptr) {
    GBX_TRY_ASSIGN(out.call, decode_template_call(*call, kMalformed));
  }
  if (derived != nullptr) {
    GBX_TRY_ASSIGN(out.derived, decode_derived_call(*derived, kMalformed));
  }
  return out;
}

}  // namespace

Envelope make_request(const Request& request, const crypto::SigningKey& member) {
  Json payload = Json::object({{"binding", to_hex(request.binding)},
                               {"dry_run", request.dry_run},
                               {"id", to_hex(request.id)},
                               {"member", request.member},
                               {"policy_hash", to_hex(request.policy_hash)}});
  if (request.call) {
    payload.set("template", encode(*request.call));
  } else if (request.derived) {
    payload.set("derived", encode(*request.derived));
  } else {
    payload.set("sql", request.sql);
  }
  if (request.epsilon) payload.set("epsilon", *request.epsilon);
  Envelope envelope = make_envelope(kRequestType, payload);
  sign(envelope, member);
  return envelope;
}

Result<Request> open_request(const Envelope& envelope, const crypto::PublicKey& member) {
  GBX_TRY_ASSIGN(const Json payload,
                 verify_envelope(envelope, kRequestType, std::span(&member, 1)));
  return decode(payload);
}

Result<std::string> peek_request_member(const Envelope& envelope) {
  GBX_TRY_ASSIGN(const Json payload, Json::parse_canonical(envelope.payload));
  GBX_TRY_ASSIGN(const Request request, decode(payload));
  return request.member;
}

}  // namespace gbx::packet
