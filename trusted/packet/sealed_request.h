#pragma once

// A signed request on its way to the room: sealed to the key that the verified binding names, so
// that the host who carries it reads neither the question nor who asks.
//
// The carrier learns the binding that it has carried before, and how long the request is to the
// next power of two of at least 1 KiB. It can write such a packet of its own: who asks is proven by
// the signature inside, never by the seal.

#include <string>

#include "trusted/base/bytes.h"
#include "trusted/base/seams.h"
#include "trusted/packet/binding.h"
#include "trusted/packet/dsse.h"

namespace gbx::packet {

// What a carrier sees.
struct SealedRequest {
  BindingDigest binding{};               // under which it was sealed
  std::array<std::uint8_t, 32> nonce{};  // of that binding
  Bytes sealed;
};

// The packet as canonical JSON text. Fails with unavailable (entropy) or invalid_argument
// (query_too_long; the room's key).
Result<std::string> seal_request(const Envelope& request, const Binding& room, Entropy& entropy);
// Fails with invalid_argument ("request_malformed"), whatever is wrong. Opens nothing.
Result<SealedRequest> parse_sealed_request(std::string_view packet);
// The envelope inside, of which nothing is verified. Fails with unverified ("seal_broken") or
// invalid_argument (request_malformed; as parse_envelope()).
Result<Envelope> open_sealed_request(const SealedRequest& sealed, const crypto::SealingKey& room);

}  // namespace gbx::packet
