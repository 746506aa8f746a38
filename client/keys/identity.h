#pragma once

// Who a member is to the others: two public keys and a name, signed by the key it names. The
// signature proves that the sender has the key, not who the sender is: members compare fingerprints
// when they exchange packets.

#include <string>

#include "trusted/crypto/hpke.h"
#include "trusted/crypto/sign.h"
#include "trusted/packet/dsse.h"

namespace gbx::client {

constexpr std::string_view kIdentityType = "application/vnd.glovebox.identity+json";

struct PublicIdentity {
  std::string name;  // [a-z][a-z0-9_-]{0,62}
  crypto::PublicKey signing_key{};
  crypto::SealingPublicKey sealing_key{};
  friend bool operator==(const PublicIdentity&, const PublicIdentity&) = default;
};

bool is_member_name(std::string_view name);

// Eight groups of four hex digits over both keys and the name: what people read to each other.
std::string fingerprint(const PublicIdentity& identity);

packet::Envelope make_identity_packet(const PublicIdentity& identity,
                                      const crypto::SigningKey& key);
// Fails with invalid_argument (identity_malformed, envelope_malformed, ...) or unverified.
Result<PublicIdentity> open_identity_packet(std::string_view text);

}  // namespace gbx::client
