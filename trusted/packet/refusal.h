#pragma once

// The signature under a room's refusal: a host can drop a call, but not say no in the room's name.
//
// The host carries both and may answer one call with the refusal of another, or with one of its
// own: what is signed names the call and the payload that the room was given. The same payload
// again gives the same signature (Ed25519), so that a refusal tells no more with it than without.
// Thread-safe.

#include "trusted/base/bytes.h"
#include "trusted/crypto/sign.h"

namespace gbx::packet {

// What was refused: the call's byte and its payload, as the room got them.
struct RefusedCall {
  std::uint8_t call = 0;
  ByteView payload;
};

// Over "glovebox/refusal/v1" || 0 || call || SHA-256(payload) || refusal.
crypto::Signature sign_refusal(const RefusedCall& refused, ByteView refusal,
                               const crypto::SigningKey& room);
// Fails with unverified ("refusal_not_of_room").
Status verify_refusal(const RefusedCall& refused, ByteView refusal, ByteView signature,
                      const crypto::PublicKey& room);

}  // namespace gbx::packet
