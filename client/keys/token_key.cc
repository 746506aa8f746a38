#include "client/keys/token_key.h"

#include "trusted/crypto/entropy.h"

namespace gbx::client {
namespace {

constexpr Literal kMalformed = "token_key_malformed";
constexpr std::size_t kMembersMax = 64;

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

Result<packet::Envelope> make_token_key_packet(const Home& home, const TokenEpoch& epoch,
                                               const Secret<32>& key,
                                               const std::vector<PublicIdentity>& others) {
  crypto::SystemEntropy entropy;
  Json::Array sealed_keys;
  for (const PublicIdentity& other : others) {
    GBX_TRY_ASSIGN(
        const Bytes sealed,
        crypto::hpke_seal(other.sealing_key, bound_to("glovebox/token-key/v1", epoch, other.name),
                          {}, key.view(), entropy));
    sealed_keys.push_back(Json::object({{"member", other.name}, {"sealed", to_base64(sealed)}}));
  }
  packet::Envelope envelope = packet::make_envelope(
      kTokenKeyType, Json::object({{"collaboration", epoch.collaboration},
                                   {"epoch", static_cast<std::int64_t>(epoch.epoch)},
                                   {"from", home.identity().name},
                                   {"keys", std::move(sealed_keys)}}));
  packet::sign(envelope, home.signing_key());
  return envelope;
}

Result<OpenedTokenKey> open_token_key_packet(const packet::Envelope& envelope,
                                             const crypto::PublicKey& sender, const Home& home) {
  GBX_TRY_ASSIGN(const Json payload,
                 packet::verify_envelope(envelope, kTokenKeyType, std::span(&sender, 1)));
  Fields fields(payload, kMalformed);
  TokenEpoch epoch;
  epoch.collaboration = fields.text("collaboration", 64);
  epoch.epoch = static_cast<std::uint32_t>(fields.integer("epoch", 1, 1 << 30));
  (void)fields.text("from", 64);
  Bytes mine;
  for (const Json& item : fields.array("keys", kMembersMax)) {
    Fields entry(item, kMalformed);
    const std::string member = entry.text("member", 64);
    Bytes sealed = entry.base64("sealed", 256);
    GBX_TRY(entry.finish());
    if (member == home.identity().name) mine = std::move(sealed);
  }
  GBX_TRY(fields.finish());
  if (mine.empty()) return Error{ErrorCode::unverified, "not_a_receiver"};
  GBX_TRY_ASSIGN(
      const SecretBytes opened,
      crypto::hpke_open(home.sealing_key(),
                        bound_to("glovebox/token-key/v1", epoch, home.identity().name), {}, mine));
  GBX_TRY_ASSIGN(Secret<32> key, Secret<32>::from(opened.view()));
  return OpenedTokenKey{std::move(epoch), std::move(key)};
}

}  // namespace gbx::client
