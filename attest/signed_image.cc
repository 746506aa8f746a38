#include "attest/signed_image.h"

#include <algorithm>

#include "trusted/crypto/hash.h"

namespace gbx::attest {
namespace {

constexpr Error kMalformed{ErrorCode::invalid_argument, "image_manifest_malformed"};
constexpr Error kMissing{ErrorCode::unverified, "image_signature_missing"};
constexpr Error kTrust{ErrorCode::invalid_argument, "trust_policy_malformed"};

Status check_signatures(const packet::Envelope& envelope,
                        std::span<const crypto::PublicKey> builders) {
  const packet::SignatureReport report = packet::inspect_signatures(envelope, builders);
  for (const packet::SignatureState state : report.of_key) {
    switch (state) {
      case packet::SignatureState::valid: break;
      case packet::SignatureState::missing: return kMissing;
      case packet::SignatureState::wrong:
        return Error{ErrorCode::unverified, "image_signature_wrong"};
    }
  }
  if (report.of_key.empty()) return kMissing;
  if (!report.all_valid()) return Error{ErrorCode::unverified, "image_signature_extra"};
  return {};
}

}  // namespace

Result<packet::Envelope> make_signed_image(const Json& manifest) {
  GBX_TRY(decode_image_manifest(manifest));
  return packet::make_envelope(kSignedImageType, manifest);
}

Result<SignedImage> read_signed_image(const packet::Envelope& envelope) {
  if (envelope.payload_type != kSignedImageType) return kMalformed;
  if (envelope.payload.size() > kImageManifestBytesMax) return kMalformed;
  auto manifest = Json::parse_canonical(envelope.payload);
  if (!manifest) return kMalformed;
  GBX_TRY_ASSIGN(auto files, decode_image_manifest(*manifest));
  const Hash digest = crypto::sha256(as_bytes(envelope.payload));
  return SignedImage{std::move(*manifest), digest, std::move(files)};
}

Result<SignedImage> verify_signed_image(const packet::Envelope& envelope,
                                        std::span<const crypto::PublicKey> builders) {
  GBX_TRY_ASSIGN(SignedImage image, read_signed_image(envelope));
  GBX_TRY(check_signatures(envelope, builders));
  return image;
}

Result<Builders> decode_builders(const Json& json) {
  Fields fields(json, kTrust.reason);
  Builders out;
  for (const Json& entry : fields.array("keys", kBuildersMax)) {
    const std::string* text = entry.string();
    const auto bytes = text == nullptr ? Result<Bytes>(kTrust) : from_hex(*text);
    crypto::PublicKey key{};
    if (!bytes || bytes->size() != key.size()) return kTrust;
    std::copy(bytes->begin(), bytes->end(), key.begin());
    if (!out.keys.empty() && out.keys.back() >= key) return kTrust;
    out.keys.push_back(key);
  }
  const Json::Array& manifests = fields.array("manifests", kSignedImagesMax);
  GBX_TRY(fields.finish());
  if (out.keys.empty()) return kTrust;
  for (const Json& entry : manifests) {
    GBX_TRY_ASSIGN(auto envelope, packet::parse_envelope(entry.canonical()));
    out.manifests.push_back(std::move(envelope));
  }
  return out;
}

Json encode_builders(const Builders& builders) {
  Json::Array keys;
  for (const crypto::PublicKey& key : builders.keys) keys.emplace_back(to_hex(key));
  Json::Array manifests;
  for (const packet::Envelope& envelope : builders.manifests) {
    manifests.push_back(Json::parse_canonical(packet::print_envelope(envelope)).value());
  }
  return Json::object({{"keys", Json(std::move(keys))}, {"manifests", Json(std::move(manifests))}});
}

Status check_builders(const Builders& builders, const std::vector<Hash>& images) {
  std::vector<Hash> known;
  const auto among = [](const std::vector<Hash>& list, const Hash& digest) {
    return std::find(list.begin(), list.end(), digest) != list.end();
  };
  for (const packet::Envelope& envelope : builders.manifests) {
    GBX_TRY_ASSIGN(const SignedImage image, verify_signed_image(envelope, builders.keys));
    if (among(known, image.digest) || !among(images, image.digest)) return kTrust;
    known.push_back(image.digest);
  }
  const bool all = std::all_of(images.begin(), images.end(),
                               [&](const Hash& digest) { return among(known, digest); });
  return all ? Status{} : kMissing;
}

}  // namespace gbx::attest
