#include "trusted/packet/refusal.h"

#include "trusted/crypto/hash.h"

namespace gbx::packet {
namespace {

Bytes message_of(const RefusedCall& refused, ByteView refusal) {
  Writer writer;
  writer.raw(as_bytes("glovebox/refusal/v1"));
  writer.u8(0);
  writer.u8(refused.call);
  writer.raw(crypto::sha256(refused.payload));
  writer.raw(refusal);
  return writer.take();
}

}  // namespace

crypto::Signature sign_refusal(const RefusedCall& refused, ByteView refusal,
                               const crypto::SigningKey& room) {
  return room.sign(message_of(refused, refusal));
}

Status verify_refusal(const RefusedCall& refused, ByteView refusal, ByteView signature,
                      const crypto::PublicKey& room) {
  if (!crypto::verify(room, message_of(refused, refusal), signature)) {
    return Error{ErrorCode::unverified, "refusal_not_of_room"};
  }
  return {};
}

}  // namespace gbx::packet
