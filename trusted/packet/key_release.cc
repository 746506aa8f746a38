#include "trusted/packet/key_release.h"

namespace gbx::packet {
namespace {

constexpr Literal kMalformed = "key_release_malformed";
constexpr std::size_t kTableBytesMax = 127;  // as in a policy: two names and a dot
constexpr std::size_t kSealedBytesMax = 256;

struct Packet {
  ReleaseTerms terms;
  Bytes sealed;
};

// Amounts are text: delta does not fit in the integers that JSON may hold.
Json encode_terms(const ReleaseTerms& terms) {
  return Json::object(
      {{"binding", to_hex(terms.binding)},
       {"delta", std::to_string(terms.allotment.delta)},
       {std::string(loss_name(terms.accounting)), std::to_string(terms.allotment.loss)},
       {"log_head", to_hex(terms.log_head)},
       {"manifest_digest", to_hex(terms.manifest_digest)},
       {"nonce", to_hex(terms.nonce)},
       {"policy_hash", to_hex(terms.policy_hash)},
       {"table", terms.table}});
}

std::uint64_t take_amount(Fields& fields, std::string_view key) {
  const std::string text = fields.text(key, 20);
  std::uint64_t out = 0;
  for (const char c : text) {
    if (c < '0' || c > '9' || out > (UINT64_MAX - 9) / 10) {
      fields.fail();
      return 0;
    }
    out = out * 10 + static_cast<std::uint64_t>(c - '0');
  }
  if (text.empty() || std::to_string(out) != text) fields.fail();
  return out;
}

Result<Packet> decode(const Json& json) {
  Fields fields(json, kMalformed);
  Packet out;
  out.terms.binding = fields.hex_array<64>("binding");
  out.terms.allotment.delta = take_amount(fields, "delta");
  for (const privacy::Accounting accounting : privacy::kAccountings) {
    if (json.find(loss_name(accounting)) != nullptr) out.terms.accounting = accounting;
  }
  out.terms.allotment.loss = take_amount(fields, loss_name(out.terms.accounting));
  out.terms.log_head = fields.hex_array<32>("log_head");
  out.terms.manifest_digest = fields.hex_array<32>("manifest_digest");
  out.terms.nonce = fields.hex_array<32>("nonce");
  out.terms.policy_hash = fields.hex_array<32>("policy_hash");
  out.terms.table = fields.text("table", kTableBytesMax);
  out.sealed = fields.base64("sealed_key", kSealedBytesMax);
  GBX_TRY(fields.finish());
  return out;
}

// HPKE info: which room, under which policy. All else of the terms is the associated data.
Bytes info_of(const ReleaseTerms& terms) {
  Bytes out = to_bytes("glovebox/key-release/v1");
  out.push_back(0);
  out.insert(out.end(), terms.policy_hash.begin(), terms.policy_hash.end());
  out.insert(out.end(), terms.binding.begin(), terms.binding.end());
  return out;
}

}  // namespace

Result<Envelope> make_key_release(const ReleaseTerms& terms, const Secret<32>& snapshot_key,
                                  const Binding& room, const crypto::SigningKey& owner,
                                  Entropy& entropy) {
  Json payload = encode_terms(terms);
  GBX_TRY_ASSIGN(const Bytes sealed,
                 crypto::hpke_seal(room.sealing_key, info_of(terms), as_bytes(payload.canonical()),
                                   snapshot_key.view(), entropy));
  payload.set("sealed_key", to_base64(sealed));
  Envelope envelope = make_envelope(kKeyReleaseType, payload);
  sign(envelope, owner);
  return envelope;
}

Result<OpenedRelease> open_key_release(const Envelope& envelope, const crypto::PublicKey& owner,
                                       const crypto::SealingKey& room) {
  GBX_TRY_ASSIGN(const Json payload,
                 verify_envelope(envelope, kKeyReleaseType, std::span(&owner, 1)));
  GBX_TRY_ASSIGN(const Packet packet, decode(payload));
  GBX_TRY_ASSIGN(
      const SecretBytes opened,
      crypto::hpke_open(room, info_of(packet.terms),
                        as_bytes(encode_terms(packet.terms).canonical()), packet.sealed));
  GBX_TRY_ASSIGN(Secret<32> key, Secret<32>::from(opened.view()));
  return OpenedRelease{packet.terms, std::move(key)};
}

Result<std::string> peek_release_table(const Envelope& envelope) {
  GBX_TRY_ASSIGN(const Json payload, Json::parse_canonical(envelope.payload));
  GBX_TRY_ASSIGN(const Packet packet, decode(payload));
  return packet.terms.table;
}

}  // namespace gbx::packet
