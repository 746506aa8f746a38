#pragma once

// An answer on its way home: one body, sealed once, its key sealed to each receiver.
//
// The host carries it and learns who may open it and roughly how long it is: the body is padded to
// a power of two of at least 4 KiB. Authenticity comes from what is inside (the room signs it), not
// from the seal; but each receiver's key is sealed together with the body's hash, so that all of
// them open the same body or none.

#include <string>
#include <vector>

#include "trusted/base/bytes.h"
#include "trusted/base/seams.h"
#include "trusted/crypto/hpke.h"

namespace gbx::packet {

struct Receiver {
  std::string name;
  crypto::SealingPublicKey key{};
};

// The packet as canonical JSON text. `context` binds it to its request (any bytes both sides know).
// Fails with unavailable (entropy) or invalid_argument (receivers_wrong: none, more than 64 or one
// twice; answer_too_large; a receiver's key of low order).
Result<std::string> seal_answer(std::string_view body, std::span<const Receiver> receivers,
                                ByteView context, Entropy& entropy);
// Fails with unverified ("seal_broken", "not_a_receiver") or invalid_argument
// ("sealed_answer_malformed").
Result<std::string> open_answer(std::string_view packet, std::string_view name,
                                const crypto::SealingKey& key, ByteView context);

}  // namespace gbx::packet
