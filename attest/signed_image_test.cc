#include "attest/signed_image.h"

#include <gtest/gtest.h>

#include "attest/trust_policy.h"
#include "tests/spec/examples.h"
#include "trusted/crypto/hash.h"

namespace gbx::attest {
namespace {

crypto::SigningKey key_of(const std::string& party) {
  return crypto::SigningKey::from_seed(
      Secret<32>(crypto::sha256(as_bytes("glovebox example: " + party + " signing"))));
}

const crypto::SigningKey& builder() {
  static const crypto::SigningKey kKey = key_of("builder");
  return kKey;
}

Json page(std::size_t block) { return spec::examples("image-manifest.md").at(block); }

packet::Envelope signed_by(const Json& manifest, std::initializer_list<const char*> parties) {
  packet::Envelope out = make_signed_image(manifest).value();
  for (const char* party : parties) packet::sign(out, key_of(party));
  return out;
}

std::string verdict(const packet::Envelope& envelope,
                    std::vector<crypto::PublicKey> builders = {builder().public_key()}) {
  const auto image = verify_signed_image(envelope, builders);
  return image ? to_hex(image->digest) : std::string(image.error().reason.view());
}

Json manifest(const std::string& name) {
  return Json::object(
      {{"files", Json::Array{Json::object({{"name", name}, {"sha256", std::string(64, 'a')}})}},
       {"format", 1}});
}

Hash digest_of(const Json& json) { return crypto::sha256(as_bytes(json.canonical())); }

TEST(SignedImage, ThePage) {
  ASSERT_EQ(spec::examples("image-manifest.md").size(), 3U);
  const packet::Envelope made = signed_by(page(0), {"builder"});
  const Json envelope = Json::parse(packet::print_envelope(made)).value();
  EXPECT_EQ(page(1).canonical(), envelope.canonical()) << envelope.pretty();
  EXPECT_EQ(verdict(packet::parse_envelope(page(1).canonical()).value()),
            to_hex(digest_of(page(0))));
  EXPECT_TRUE(spec::mentions("image-manifest.md", verdict(made))) << verdict(made);
  EXPECT_TRUE(spec::mentions("image-manifest.md", std::string(kSignedImageType)));
  const Json builders = encode_builders({{builder().public_key()}, {made}});
  EXPECT_EQ(page(2).canonical(), builders.canonical()) << builders.pretty();
  EXPECT_TRUE(decode_builders(page(2)));
}

TEST(SignedImage, IsBelievedOfExactlyTheBuildersThatAreNamed) {
  const Json room = manifest("room");
  const crypto::PublicKey one = builder().public_key();
  const crypto::PublicKey two = key_of("second").public_key();
  EXPECT_EQ(verdict(signed_by(room, {"builder"})), to_hex(digest_of(room)));
  EXPECT_EQ(verdict(signed_by(room, {})), "image_signature_missing");
  EXPECT_EQ(verdict(signed_by(room, {"second"})), "image_signature_missing");
  EXPECT_EQ(verdict(signed_by(room, {"builder", "second"})), "image_signature_extra");
  EXPECT_EQ(verdict(signed_by(room, {"builder"}), {one, two}), "image_signature_missing");
  EXPECT_EQ(verdict(signed_by(room, {"builder", "second"}), {one, two}), to_hex(digest_of(room)));
  EXPECT_EQ(verdict(signed_by(room, {"builder"}), {}), "image_signature_missing");
  EXPECT_EQ(verdict(signed_by(room, {}), {}), "image_signature_missing");
  packet::Envelope wrong = signed_by(room, {"builder"});
  wrong.payload = manifest("other").canonical();
  EXPECT_EQ(verdict(wrong), "image_signature_wrong");
}

TEST(SignedImage, OnlyAManifestInItsOneSpelling) {
  Json more = manifest("room");
  more.set("extra", 1);
  EXPECT_EQ(make_signed_image(more).error().reason.view(), "image_manifest_malformed");
  const auto refused = [](const std::string& payload, std::string_view type = kSignedImageType) {
    packet::Envelope out{std::string(type), payload, {}};
    packet::sign(out, builder());
    return verdict(out);
  };
  const std::string good = manifest("room").canonical();
  EXPECT_EQ(refused(good), to_hex(digest_of(manifest("room"))));
  EXPECT_EQ(refused(good + "\n"), "image_manifest_malformed");
  EXPECT_EQ(refused(manifest("room").pretty()), "image_manifest_malformed");
  EXPECT_EQ(refused(more.canonical()), "image_manifest_malformed");
  EXPECT_EQ(refused(""), "image_manifest_malformed");
  EXPECT_EQ(refused(good, "application/vnd.glovebox.policy+json"), "image_manifest_malformed");
}

TEST(SignedImage, EveryFlippedBitIsRefused) {
  const std::string text = packet::print_envelope(signed_by(manifest("room"), {"builder"}));
  for (std::size_t bit = 0; bit < 8 * text.size(); bit++) {
    std::string changed = text;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << bit % 8));
    const auto envelope = packet::parse_envelope(changed);
    if (!envelope) continue;
    EXPECT_TRUE(verdict(*envelope).starts_with("image_")) << bit;
  }
}

// A trust policy that believes these images of sim, with these signed manifests.
std::string trusted(const std::vector<Json>& images, const Json& builders) {
  TrustPolicy trust;
  trust.min_assurance = Assurance::insecure_sim;
  trust.collateral_age_max_s = 1;
  trust.crl_age_max_s = 1;
  trust.sim.emplace();
  for (const Json& image : images) trust.sim->images.push_back(digest_of(image));
  Json json = encode_trust_policy(trust);
  json.set("builders", builders);
  const auto read = decode_trust_policy(json);
  if (!read) return std::string(read.error().reason.view());
  EXPECT_EQ(encode_trust_policy(*read).canonical(), json.canonical());
  return "taken";
}

Json builders_of(std::vector<packet::Envelope> manifests) {
  return encode_builders({{builder().public_key()}, std::move(manifests)});
}

TEST(Builders, EveryImageOfATrustPolicyIsSigned) {
  const Json room = manifest("room");
  const Json other = manifest("other");
  const auto good = [](const Json& image) { return signed_by(image, {"builder"}); };
  EXPECT_EQ(trusted({room}, builders_of({good(room)})), "taken");
  EXPECT_EQ(trusted({room, other}, builders_of({good(other), good(room)})), "taken");
  EXPECT_EQ(trusted({room, room}, builders_of({good(room)})), "taken");
  EXPECT_EQ(trusted({}, builders_of({})), "taken");
  EXPECT_EQ(trusted({room}, builders_of({})), "image_signature_missing");
  EXPECT_EQ(trusted({room, other}, builders_of({good(room)})), "image_signature_missing");
  EXPECT_EQ(trusted({room}, builders_of({signed_by(room, {"second"})})), "image_signature_missing");
  EXPECT_EQ(trusted({room}, builders_of({signed_by(room, {"builder", "second"})})),
            "image_signature_extra");
  packet::Envelope wrong = good(other);
  wrong.payload = room.canonical();
  EXPECT_EQ(trusted({room}, builders_of({wrong})), "image_signature_wrong");
  EXPECT_EQ(trusted({room}, builders_of({good(room), good(other)})), "trust_policy_malformed");
  EXPECT_EQ(trusted({room}, builders_of({good(room), good(room)})), "trust_policy_malformed");
}

TEST(Builders, OfTheirFormOnly) {
  std::vector<crypto::PublicKey> keys{builder().public_key(), key_of("second").public_key()};
  std::sort(keys.begin(), keys.end());
  const auto of = [](const std::vector<crypto::PublicKey>& some) {
    return encode_builders({some, {}});
  };
  EXPECT_EQ(trusted({}, of(keys)), "taken");
  EXPECT_EQ(trusted({}, of({keys[1], keys[0]})), "trust_policy_malformed");
  EXPECT_EQ(trusted({}, of({keys[0], keys[0]})), "trust_policy_malformed");
  EXPECT_EQ(trusted({}, of({})), "trust_policy_malformed");
  Json more = of(keys);
  EXPECT_EQ(trusted({}, more.set("extra", 1)), "trust_policy_malformed");
  const auto with = [](Json some, Json manifests) {
    return Json::object({{"keys", std::move(some)}, {"manifests", std::move(manifests)}});
  };
  const Json all = *of(keys).find("keys");
  const Json none{Json::Array{}};
  EXPECT_EQ(trusted({}, with(all, none)), "taken");
  EXPECT_EQ(trusted({}, with(Json(Json::Array{}).push("00"), none)), "trust_policy_malformed");
  EXPECT_EQ(trusted({}, with(Json(Json::Array{}).push(1), none)), "trust_policy_malformed");
  EXPECT_EQ(trusted({}, Json::object({{"keys", all}})), "trust_policy_malformed");
  EXPECT_EQ(trusted({}, with(all, Json(Json::Array{}).push("envelope"))), "envelope_malformed");
}

}  // namespace
}  // namespace gbx::attest
