#pragma once

// What a room is, in 64 bytes: the keys it made at boot, the policy it obeys, the log it writes,
// the image that runs, and the nonce of whoever asks. The platform's evidence carries these bytes,
// so nothing of them can be swapped.

#include <string>

#include "trusted/base/bytes.h"
#include "trusted/base/json.h"
#include "trusted/crypto/hpke.h"
#include "trusted/crypto/sign.h"

namespace gbx::packet {

struct Binding {
  std::array<std::uint8_t, 32> nonce{};    // of the party that asked for evidence
  crypto::PublicKey signing_key{};         // the room's, made at boot
  crypto::SealingPublicKey sealing_key{};  // the room's, made at boot
  Hash policy_hash{};
  std::string log_origin;
  Hash image_digest{};
  friend bool operator==(const Binding&, const Binding&) = default;
};

using BindingDigest = std::array<std::uint8_t, 64>;

Json encode(const Binding& binding);
// Fails with invalid_argument ("binding_malformed").
Result<Binding> decode_binding(const Json& json);
// SHA-512("glovebox/binding/v1" || 0 || canonical JSON).
BindingDigest digest(const Binding& binding);

}  // namespace gbx::packet
