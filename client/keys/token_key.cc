#include "client/keys/token_key.h"

#include <algorithm>

#include "trusted/crypto/entropy.h"

namespace gbx::client {
namespace {

constexpr Literal kMalformed = "token_key_malformed";
constexpr std::size_t kMembersMax = 64;
constexpr std::size_t kCheckBytes = 8;
constexpr std::size_t kSealedBytesMax = 256;

struct SealedFor {
  std::string member;
  Bytes sealed;
};

struct Packet {
  TokenEpoch epoch;
  std::string check;
  std::vector<SealedFor> keys;  // ascending by member
};

Result<SealedFor> decode_sealed(const Json& json) {
  Fields fields(json, kMalformed);
  SealedFor out;
  out.member = fields.text("member", 64);
  out.sealed = fields.base64("sealed", kSealedBytesMax);
  if (!is_member_name(out.member)) fields.fail();
  GBX_TRY(fields.finish());
  return out;
}

Result<Packet> decode(const Json& json) {
  Fields fields(json, kMalformed);
  Packet out;
  out.check = to_hex(fields.hex("check", kCheckBytes));
  out.epoch.collaboration = to_hex(fields.hex("collaboration", 16));
  out.epoch.epoch = static_cast<std::uint32_t>(fields.integer("epoch", 1, 1 << 30));
  const Json::Array& keys = fields.array("keys", kMembersMax);
  GBX_TRY(fields.finish());
  for (const Json& item : keys) {
    GBX_TRY_ASSIGN(SealedFor sealed, decode_sealed(item));
    if (!out.keys.empty() && out.keys.back().member >= sealed.member) {
      return Error{ErrorCode::invalid_argument, kMalformed};
    }
    out.keys.push_back(std::move(sealed));
  }
  return out;
}

void append(Bytes& out, std::string_view text) { out.insert(out.end(), text.begin(), text.end()); }

Bytes bound_to(std::string_view purpose, const TokenEpoch& epoch, std::string_view member) {
  Bytes out;
  append(out, purpose);
  out.push_back(0);
  append(out, epoch.collaboration);
  out.push_back(0);
  append(out, std::to_string(epoch.epoch));
  out.push_back(0);
  append(out, member);
  return out;
}

}  // namespace

std::unique_ptr<crypto::Tokeniser> make_tokeniser(const Secret<32>& token_key,
                                                  const TokenEpoch& epoch) {
  const SecretBytes derived =
      crypto::hkdf_sha256(token_key.view(), {}, bound_to("glovebox/token-key/v1", epoch, ""), 32);
  return std::make_unique<crypto::Tokeniser>(Secret<32>::from(derived.view()).value());
}

void token_message(std::string_view kind, std::string_view identifier, Bytes& out) {
  out.clear();
  append(out, "glovebox/token/v1");
  out.push_back(0);
  append(out, kind);
  out.push_back(0);
  append(out, identifier);
}

bool is_collaboration_id(std::string_view text) {
  return text.size() == 32 && from_hex(text).has_value();
}

std::string check_value(const Secret<32>& token_key, const TokenEpoch& epoch) {
  const Bytes info = bound_to("glovebox/token-key-check/v1", epoch, "");
  return to_hex(crypto::hkdf_sha256(token_key.view(), {}, info, kCheckBytes).view());
}

Result<packet::Envelope> make_token_key_packet(const Home& home, const TokenEpoch& epoch,
                                               const Secret<32>& key,
                                               const std::vector<PublicIdentity>& others) {
  std::vector<PublicIdentity> order = others;
  std::ranges::sort(order, {}, &PublicIdentity::name);
  if (order.empty() || order.size() > kMembersMax ||
      std::ranges::adjacent_find(order, {}, &PublicIdentity::name) != order.end()) {
    return Error{ErrorCode::invalid_argument, "receivers_wrong"};
  }
  crypto::SystemEntropy entropy;
  Json::Array keys;
  for (const PublicIdentity& other : order) {
    const Bytes info = bound_to("glovebox/token-key/v1", epoch, other.name);
    GBX_TRY_ASSIGN(const Bytes sealed,
                   crypto::hpke_seal(other.sealing_key, info, {}, key.view(), entropy));
    keys.push_back(Json::object({{"member", other.name}, {"sealed", to_base64(sealed)}}));
  }
  packet::Envelope envelope = packet::make_envelope(
      kTokenKeyType, Json::object({{"check", check_value(key, epoch)},
                                   {"collaboration", epoch.collaboration},
                                   {"epoch", static_cast<std::int64_t>(epoch.epoch)},
                                   {"keys", std::move(keys)}}));
  packet::sign(envelope, home.signing_key());
  return envelope;
}

Result<OpenedTokenKey> open_token_key_packet(const packet::Envelope& envelope,
                                             const crypto::PublicKey& sender, const Home& home) {
  GBX_TRY_ASSIGN(const Json payload,
                 packet::verify_envelope(envelope, kTokenKeyType, std::span(&sender, 1)));
  GBX_TRY_ASSIGN(const Packet packet, decode(payload));
  const std::string& self = home.identity().name;
  const auto mine = std::ranges::find(packet.keys, self, &SealedFor::member);
  if (mine == packet.keys.end()) return Error{ErrorCode::unverified, "not_a_receiver"};
  const Bytes info = bound_to("glovebox/token-key/v1", packet.epoch, self);
  GBX_TRY_ASSIGN(const SecretBytes opened,
                 crypto::hpke_open(home.sealing_key(), info, {}, mine->sealed));
  GBX_TRY_ASSIGN(Secret<32> key, Secret<32>::from(opened.view()));
  if (check_value(key, packet.epoch) != packet.check) {
    return Error{ErrorCode::unverified, "check_value_wrong"};
  }
  return OpenedTokenKey{packet.epoch, std::move(key)};
}

}  // namespace gbx::client
