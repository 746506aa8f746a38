#pragma once

// DSSE envelopes: one payload, many signatures over the same bytes
// (github.com/secure-systems-lab/dsse). An attacker writes the envelope. The envelope itself is
// canonical JSON too, so it has one spelling; keyid is the hex SHA-256 of the raw public key and is
// only a hint, never believed.

#include <string>
#include <vector>

#include "trusted/base/bytes.h"
#include "trusted/base/json.h"
#include "trusted/crypto/sign.h"

namespace gbx::packet {

struct EnvelopeSignature {
  std::string keyid;
  Bytes signature;
};

struct Envelope {
  std::string payload_type;  // "application/vnd.glovebox.<kind>+json", or in-toto's
  std::string payload;       // canonical JSON text
  std::vector<EnvelopeSignature> signatures;
};

constexpr std::size_t kEnvelopeBytesMax = std::size_t{16} << 20;
constexpr std::size_t kSignaturesMax = 64;

std::string key_id(const crypto::PublicKey& key);
// DSSE v1 pre-authentication encoding: what is signed.
Bytes pre_authentication_encoding(std::string_view type, std::string_view payload);

Envelope make_envelope(std::string_view type, const Json& payload);
// Adds this key's signature, replacing an earlier one of the same key.
void sign(Envelope& envelope, const crypto::SigningKey& key);
std::string print_envelope(const Envelope& envelope);
// Signatures ascend by keyid. Fails with invalid_argument; checks no signature.
Result<Envelope> parse_envelope(std::string_view text);

// What stands behind each expected key, and how many signatures belong to nobody expected.
enum class SignatureState : std::uint8_t { valid, missing, wrong };
struct SignatureReport {
  std::vector<SignatureState> of_key;  // same order as `keys`
  std::size_t extra = 0;
  [[nodiscard]] bool all_valid() const;
};
SignatureReport inspect_signatures(const Envelope& envelope,
                                   std::span<const crypto::PublicKey> keys);

// The payload, once every key in `keys` has signed it, nobody else has, and the type is `type`.
// Fails with unverified: packet_type_wrong, signature_missing, signature_wrong, signature_extra,
// payload_not_canonical.
Result<Json> verify_envelope(const Envelope& envelope, std::string_view type,
                             std::span<const crypto::PublicKey> keys);

}  // namespace gbx::packet
