#include "client/room/meet.h"

#include <algorithm>

#include "trusted/packet/refusal.h"

namespace gbx::client {
namespace {

constexpr Literal kMalformed = "hello_malformed";

Result<log::Head> decode_head(const Json& json, const std::string& origin) {
  Fields fields(json, kMalformed);
  log::Head head;
  const Bytes hash = fields.hex("hash", head.hash.size());
  const std::string named = fields.text("origin", log::kOriginBytesMax);
  head.size = static_cast<std::uint64_t>(fields.integer("size", 0, Json::kIntegerMax));
  GBX_TRY(fields.finish());
  if (named != origin) return Error{ErrorCode::unverified, "log_origin_wrong"};
  std::ranges::copy(hash, head.hash.begin());
  return head;
}

// What only we know, and what all members have signed, is in the binding.
Status check_binding(const packet::Binding& binding, ByteView nonce,
                     const policy::VerifiedPolicy& policy) {
  if (!std::ranges::equal(binding.nonce, nonce)) {
    return Error{ErrorCode::unverified, "nonce_wrong"};
  }
  if (binding.policy_hash != policy.hash()) {
    return Error{ErrorCode::unverified, "policy_hash_wrong"};
  }
  return {};
}

}  // namespace

Result<RoomIdentity> check_hello(std::string_view hello, ByteView nonce, const Verifier& verifier) {
  const policy::VerifiedPolicy& policy = *verifier.policy;
  GBX_TRY_ASSIGN(const Json json, Json::parse_canonical(hello));
  Fields fields(json, kMalformed);
  const Json binding_json = fields.object("binding");
  RoomIdentity room;
  room.evidence = fields.object("evidence");
  const Json log_json = fields.object("log");
  GBX_TRY(fields.finish());
  GBX_TRY_ASSIGN(room.binding, packet::decode_binding(binding_json));
  GBX_TRY(check_binding(room.binding, nonce, policy));
  GBX_TRY_ASSIGN(room.log_head, decode_head(log_json, room.binding.log_origin));
  room.digest = packet::digest(room.binding);
  GBX_TRY_ASSIGN(room.proven, attest::verify_room(room.evidence, room.binding,
                                                  policy.policy().trust, verifier.now));
  return room;
}

Bytes call_or_throw(RoomConnection& connection, enclave::Call call, ByteView payload) {
  RoomAnswer answer = connection.call(call, payload);
  if (auto* refusal = std::get_if<enclave::Refusal>(&answer)) {
    throw RoomRefused(std::move(*refusal));
  }
  return std::move(*std::get_if<Bytes>(&answer));
}

Bytes call_room(RoomConnection& connection, const packet::Binding& room, const RoomCall& call) {
  RoomAnswer answer = connection.call(call.call, call.payload, call.descriptor);
  auto* refusal = std::get_if<enclave::Refusal>(&answer);
  if (refusal == nullptr) return std::move(*std::get_if<Bytes>(&answer));
  const packet::RefusedCall refused{static_cast<std::uint8_t>(call.call), call.payload};
  const Status of_room =
      packet::verify_refusal(refused, refusal->body, refusal->signature, room.signing_key);
  if (!of_room) throw HostRefused(of_room.error(), std::move(*refusal));
  throw RoomRefused(std::move(*refusal));
}

RoomIdentity meet_room(RoomConnection& connection, const Verifier& verifier, Entropy& entropy) {
  std::array<std::uint8_t, enclave::kNonceBytes> nonce{};
  if (!entropy.fill(nonce)) throw std::runtime_error("this machine gives no random numbers");
  const Bytes hello = call_or_throw(connection, enclave::Call::hello, nonce);
  auto room = check_hello(as_text(hello), nonce, verifier);
  if (!room) throw RoomUnverified(room.error());
  return std::move(*room);
}

}  // namespace gbx::client
