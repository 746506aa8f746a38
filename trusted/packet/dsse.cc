#include "trusted/packet/dsse.h"

#include <algorithm>

#include "trusted/crypto/hash.h"

namespace gbx::packet {
namespace {

constexpr std::size_t kPayloadTypeMax = 200;
constexpr Literal kMalformed = "envelope_malformed";

Result<EnvelopeSignature> parse_signature(const Json& json) {
  Fields fields(json, kMalformed);
  EnvelopeSignature out;
  out.keyid = to_hex(fields.hex("keyid", Hash{}.size()));
  out.signature = fields.base64("sig", crypto::Signature{}.size());
  if (out.signature.size() != crypto::Signature{}.size()) fields.fail();
  GBX_TRY(fields.finish());
  return out;
}

bool has_valid_signature(const Envelope& envelope, const crypto::PublicKey& key,
                         ByteView signed_bytes) {
  const std::string id = key_id(key);
  return std::any_of(
      envelope.signatures.begin(), envelope.signatures.end(), [&](const auto& entry) {
        return entry.keyid == id && crypto::verify(key, signed_bytes, entry.signature).has_value();
      });
}

bool has_signature_of(const Envelope& envelope, const std::string& id) {
  return std::any_of(envelope.signatures.begin(), envelope.signatures.end(),
                     [&](const auto& entry) { return entry.keyid == id; });
}

}  // namespace

std::string key_id(const crypto::PublicKey& key) { return to_hex(crypto::sha256(key)); }

Bytes pre_authentication_encoding(std::string_view type, std::string_view payload) {
  std::string out = "DSSEv1 " + std::to_string(type.size()) + " ";
  out += type;
  out += " " + std::to_string(payload.size()) + " ";
  out += payload;
  return to_bytes(out);
}

Envelope make_envelope(std::string_view type, const Json& payload) {
  return {std::string(type), payload.canonical(), {}};
}

void sign(Envelope& envelope, const crypto::SigningKey& key) {
  const std::string id = key_id(key.public_key());
  std::erase_if(envelope.signatures, [&](const auto& entry) { return entry.keyid == id; });
  const crypto::Signature signature =
      key.sign(pre_authentication_encoding(envelope.payload_type, envelope.payload));
  envelope.signatures.push_back({id, Bytes(signature.begin(), signature.end())});
  std::sort(envelope.signatures.begin(), envelope.signatures.end(),
            [](const auto& a, const auto& b) { return a.keyid < b.keyid; });
}

std::string print_envelope(const Envelope& envelope) {
  Json::Array signatures;
  for (const EnvelopeSignature& entry : envelope.signatures) {
    signatures.push_back(
        Json::object({{"keyid", entry.keyid}, {"sig", to_base64(entry.signature)}}));
  }
  return Json::object({{"payload", to_base64(as_bytes(envelope.payload))},
                       {"payloadType", envelope.payload_type},
                       {"signatures", std::move(signatures)}})
      .canonical();
}

Result<Envelope> parse_envelope(std::string_view text) {
  if (text.size() > kEnvelopeBytesMax)
    return Error{ErrorCode::invalid_argument, "envelope_too_large"};
  GBX_TRY_ASSIGN(const Json json, Json::parse_canonical(text));
  Fields fields(json, kMalformed);
  Envelope out;
  out.payload = as_text(fields.base64("payload", kEnvelopeBytesMax));
  out.payload_type = fields.text("payloadType", kPayloadTypeMax);
  const Json::Array& signatures = fields.array("signatures", kSignaturesMax);
  GBX_TRY(fields.finish());
  for (const Json& item : signatures) {
    GBX_TRY_ASSIGN(EnvelopeSignature signature, parse_signature(item));
    // Ascending: an envelope has one spelling, and a key at most one signature.
    if (!out.signatures.empty() && out.signatures.back().keyid >= signature.keyid) {
      return Error{ErrorCode::invalid_argument, kMalformed};
    }
    out.signatures.push_back(std::move(signature));
  }
  return out;
}

bool SignatureReport::all_valid() const {
  return extra == 0 && !of_key.empty() && std::all_of(of_key.begin(), of_key.end(), [](auto state) {
           return state == SignatureState::valid;
         });
}

SignatureReport inspect_signatures(const Envelope& envelope,
                                   std::span<const crypto::PublicKey> keys) {
  const Bytes signed_bytes = pre_authentication_encoding(envelope.payload_type, envelope.payload);
  SignatureReport report;
  std::vector<std::string> ids;
  for (const crypto::PublicKey& key : keys) {
    ids.push_back(key_id(key));
    if (has_valid_signature(envelope, key, signed_bytes)) {
      report.of_key.push_back(SignatureState::valid);
    } else {
      report.of_key.push_back(has_signature_of(envelope, ids.back()) ? SignatureState::wrong
                                                                     : SignatureState::missing);
    }
  }
  // A second signature under an expected key is extra too: one envelope has one spelling.
  for (std::size_t i = 0; i < envelope.signatures.size(); i++) {
    const std::string& id = envelope.signatures[i].keyid;
    const bool expected = std::find(ids.begin(), ids.end(), id) != ids.end();
    const bool repeated =
        i > 0 && std::any_of(envelope.signatures.begin(),
                             envelope.signatures.begin() + static_cast<std::ptrdiff_t>(i),
                             [&](const auto& entry) { return entry.keyid == id; });
    if (!expected || repeated) report.extra++;
  }
  return report;
}

Result<Json> verify_envelope(const Envelope& envelope, std::string_view type,
                             std::span<const crypto::PublicKey> keys) {
  if (envelope.payload_type != type) return Error{ErrorCode::unverified, "packet_type_wrong"};
  const SignatureReport report = inspect_signatures(envelope, keys);
  for (const SignatureState state : report.of_key) {
    if (state == SignatureState::missing) return Error{ErrorCode::unverified, "signature_missing"};
    if (state == SignatureState::wrong) return Error{ErrorCode::unverified, "signature_wrong"};
  }
  if (!report.all_valid()) return Error{ErrorCode::unverified, "signature_extra"};
  auto payload = Json::parse_canonical(envelope.payload);
  if (!payload) return Error{ErrorCode::unverified, "payload_not_canonical"};
  return payload;
}

}  // namespace gbx::packet
