#include "trusted/packet/close_request.h"

namespace gbx::packet {
namespace {

constexpr Literal kMalformed = "close_malformed";
constexpr std::size_t kNameBytesMax = 64;

Result<CloseRequest> decode(const Json& json) {
  Fields fields(json, kMalformed);
  CloseRequest out;
  out.binding = fields.hex_array<64>("binding");
  out.id = fields.hex_array<16>("id");
  out.member = fields.text("member", kNameBytesMax);
  out.nonce = fields.hex_array<32>("nonce");
  out.policy_hash = fields.hex_array<32>("policy_hash");
  GBX_TRY(fields.finish());
  return out;
}

}  // namespace

Envelope make_close_request(const CloseRequest& request, const crypto::SigningKey& member) {
  Envelope envelope =
      make_envelope(kCloseType, Json::object({{"binding", to_hex(request.binding)},
                                              {"id", to_hex(request.id)},
                                              {"member", request.member},
                                              {"nonce", to_hex(request.nonce)},
                                              {"policy_hash", to_hex(request.policy_hash)}}));
  sign(envelope, member);
  return envelope;
}

Result<CloseRequest> open_close_request(const Envelope& envelope, const crypto::PublicKey& member) {
  GBX_TRY_ASSIGN(const Json payload, verify_envelope(envelope, kCloseType, std::span(&member, 1)));
  return decode(payload);
}

Result<std::string> peek_close_member(const Envelope& envelope) {
  GBX_TRY_ASSIGN(const Json payload, Json::parse_canonical(envelope.payload));
  GBX_TRY_ASSIGN(const CloseRequest request, decode(payload));
  return request.member;
}

}  // namespace gbx::packet
