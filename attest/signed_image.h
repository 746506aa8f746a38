#pragma once

// The manifest of an image, signed by those who have built it, and a trust policy's demand for such
// signatures. An attacker writes the envelope; what must stay true is that nothing of it is
// believed before every builder that the reader names has signed its very bytes.
// docs/spec/image-manifest.md. Pure and thread-safe.

#include <vector>

#include "attest/launch_events.h"
#include "trusted/packet/dsse.h"

namespace gbx::attest {

constexpr std::string_view kSignedImageType = "application/vnd.glovebox.image+json";
constexpr std::size_t kBuildersMax = 16;
constexpr std::size_t kSignedImagesMax = 64;

struct SignedImage {
  Json manifest;
  Hash digest{};  // the image digest
  std::vector<ImageFile> files;
};

// The envelope of a manifest, without a signature yet. Fails as decode_image_manifest() does.
Result<packet::Envelope> make_signed_image(const Json& manifest);

// What an envelope says, whoever has signed it: to be shown, not believed. Fails with
// invalid_argument (image_manifest_malformed), also for another kind of packet.
Result<SignedImage> read_signed_image(const packet::Envelope& envelope);

// The same once every key in `builders` has signed it and nobody else has. Fails as
// read_signed_image() does, or with unverified (image_signature_missing, image_signature_wrong,
// image_signature_extra); without builders, with image_signature_missing.
Result<SignedImage> verify_signed_image(const packet::Envelope& envelope,
                                        std::span<const crypto::PublicKey> builders);

// Of a trust policy that takes an image only when its manifest is signed.
struct Builders {
  std::vector<crypto::PublicKey> keys;      // ascending; each must have signed
  std::vector<packet::Envelope> manifests;  // of the images that the policy names
};

// {"keys", "manifests"}. Fails with invalid_argument: trust_policy_malformed, or as
// parse_envelope() does. Checks no signature.
Result<Builders> decode_builders(const Json& json);
Json encode_builders(const Builders& builders);

// Every one of `images` has one manifest, signed as verify_signed_image() demands, and there is no
// other manifest. Fails as that does, with unverified (image_signature_missing) for an image
// without a manifest, or with invalid_argument (trust_policy_malformed).
Status check_builders(const Builders& builders, const std::vector<Hash>& images);

}  // namespace gbx::attest
