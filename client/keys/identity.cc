#include "client/keys/identity.h"

#include <algorithm>

#include "trusted/crypto/hash.h"

namespace gbx::client {
namespace {

constexpr std::size_t kNameBytesMax = 63;
constexpr std::size_t kFingerprintBytes = 16;

Json encode(const PublicIdentity& identity) {
  return Json::object({{"name", identity.name},
                       {"sealing_key", to_hex(identity.sealing_key)},
                       {"signing_key", to_hex(identity.signing_key)}});
}

Result<PublicIdentity> decode(const Json& json) {
  Fields fields(json, "identity_malformed");
  PublicIdentity out;
  out.name = fields.text("name", kNameBytesMax);
  out.sealing_key = fields.hex_array<32>("sealing_key");
  out.signing_key = fields.hex_array<32>("signing_key");
  if (!is_member_name(out.name)) fields.fail();
  GBX_TRY(fields.finish());
  return out;
}

}  // namespace

bool is_member_name(std::string_view name) {
  if (name.empty() || name.size() > kNameBytesMax || name.front() < 'a' || name.front() > 'z')
    return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

std::string fingerprint(const PublicIdentity& identity) {
  const Hash hash = crypto::sha256(as_bytes(encode(identity).canonical()));
  std::string out;
  for (std::size_t i = 0; i < kFingerprintBytes; i += 2) {
    out += (i > 0 ? "-" : "") + to_hex(ByteView(hash).subspan(i, 2));
  }
  return out;
}

packet::Envelope make_identity_packet(const PublicIdentity& identity,
                                      const crypto::SigningKey& key) {
  packet::Envelope envelope = packet::make_envelope(kIdentityType, encode(identity));
  packet::sign(envelope, key);
  return envelope;
}

Result<PublicIdentity> open_identity_packet(std::string_view text) {
  GBX_TRY_ASSIGN(const packet::Envelope envelope, packet::parse_envelope(text));
  GBX_TRY_ASSIGN(const Json claimed, Json::parse_canonical(envelope.payload));
  GBX_TRY_ASSIGN(const PublicIdentity identity, decode(claimed));
  const std::span keys(&identity.signing_key, 1);
  GBX_TRY(packet::verify_envelope(envelope, kIdentityType, keys).has_value()
              ? Status()
              : Status(Error{ErrorCode::unverified, "signature_wrong"}));
  return identity;
}

}  // namespace gbx::client
