#include "client/evidence/edit_trust.h"

#include <gtest/gtest.h>

#include "tests/spec/examples.h"

namespace gbx::client {
namespace {

using attest::Platform;
using attest::TrustPolicy;

TrustPolicy example() {
  return attest::decode_trust_policy(spec::examples("trust-policy.md").front()).value();
}

NewImage image(Platform platform) {
  NewImage out;
  out.platform = platform;
  out.image_digest.fill(9);
  const bool is_short = platform == Platform::sgx;
  if (platform == Platform::snp || platform == Platform::tdx || is_short) {
    out.measurement = Bytes(is_short ? 32 : 48, 7);
  }
  const std::size_t size = platform == Platform::tpm || platform == Platform::azure ? 32 : 48;
  if (platform != Platform::snp && platform != Platform::sim && !is_short) {
    const std::uint8_t count = platform == Platform::tdx ? 4 : 3;
    for (std::uint8_t i = count; i-- > 0;) out.pcrs.push_back({i, Bytes(size, i)});
  }
  return out;
}

constexpr Platform kAll[] = {Platform::sim, Platform::tpm,   Platform::snp,  Platform::sgx,
                             Platform::tdx, Platform::nitro, Platform::azure};

TEST(AddImage, OfEachPlatform) {
  for (const Platform platform : kAll) {
    TrustPolicy trust = example();
    const std::string before = print_trust_file(trust);
    ASSERT_TRUE(add_image(trust, image(platform))) << attest::platform_name(platform);
    const std::string after = print_trust_file(trust);
    EXPECT_NE(before, after);
    EXPECT_NE(after.find(to_hex(Bytes(32, 9))), std::string::npos);
    EXPECT_EQ(print_trust_file(parse_trust_file(after).value()), after);
  }
}

TEST(AddImage, NeverWithoutItsValues) {
  for (const Platform platform : kAll) {
    TrustPolicy trust = example();
    NewImage less = image(platform);
    less.measurement.clear();
    less.pcrs.clear();
    if (platform == Platform::sim) continue;
    EXPECT_EQ(add_image(trust, less).error().reason.view(), "image_values_missing");
    EXPECT_EQ(print_trust_file(trust), print_trust_file(example()));
  }
  TrustPolicy trust = example();
  NewImage resettable = image(Platform::tpm);
  resettable.pcrs.push_back({16, Bytes(32, 1)});
  EXPECT_FALSE(add_image(trust, resettable));
  NewImage twice = image(Platform::nitro);
  twice.pcrs.push_back(twice.pcrs.back());
  EXPECT_FALSE(add_image(trust, twice));
}

// A manifest of one file, signed by its builder.
packet::Envelope signed_manifest(const std::string& name, const crypto::SigningKey& key) {
  const Json file = Json::object({{"name", name}, {"sha256", std::string(64, 'a')}});
  Json files{Json::Array{}};
  auto out = attest::make_signed_image(
                 Json::object({{"files", std::move(files.push(file))}, {"format", 1}}))
                 .value();
  packet::sign(out, key);
  return out;
}

TEST(AddImage, WhereBuildersAreNamedOnlyWithItsSignedManifest) {
  const auto builder = crypto::SigningKey::from_seed(Secret<32>(Hash{1}));
  const auto stranger = crypto::SigningKey::from_seed(Secret<32>(Hash{2}));
  NewImage room;
  room.manifest = signed_manifest("room", builder);
  room.image_digest = attest::read_signed_image(*room.manifest)->digest;
  TrustPolicy trust;
  trust.collateral_age_max_s = trust.crl_age_max_s = 1;
  trust.sim.emplace();
  EXPECT_EQ(add_image(trust, room).error().reason.view(), "image_signature_unasked");
  trust.builders = attest::Builders{{builder.public_key()}, {}};
  const std::string before = print_trust_file(trust);
  NewImage other = room;
  other.manifest.reset();
  EXPECT_EQ(add_image(trust, other).error().reason.view(), "image_signature_missing");
  other.manifest = signed_manifest("room", stranger);
  EXPECT_EQ(add_image(trust, other).error().reason.view(), "image_signature_missing");
  other.manifest = signed_manifest("other", builder);
  EXPECT_FALSE(add_image(trust, other));  // the digest is another one's
  EXPECT_EQ(print_trust_file(trust), before);
  ASSERT_TRUE(add_image(trust, room));
  EXPECT_EQ(print_trust_file(parse_trust_file(print_trust_file(trust)).value()),
            print_trust_file(trust));
  EXPECT_TRUE(add_image(trust, room));  // one manifest for both
  EXPECT_EQ(trust.builders->manifests.size(), 1U);
}

// That `manifest` is the only entry of a log.
std::string only_entry(const packet::Envelope& manifest, const crypto::SigningKey& keeper) {
  const std::string entry = attest::image_log_entry(manifest).value();
  const attest::Checkpoint checkpoint{"example.com/images", 1, attest::leaf_hash(as_bytes(entry))};
  return attest::print_inclusion_proof({0, {}, attest::sign_checkpoint(checkpoint, keeper)});
}

TEST(AddImage, WhereALogIsNamedOnlyWithItsProof) {
  const auto builder = crypto::SigningKey::from_seed(Secret<32>(Hash{1}));
  const auto keeper = crypto::SigningKey::from_seed(Secret<32>(Hash{3}));
  NewImage room;
  room.manifest = signed_manifest("room", builder);
  room.image_digest = attest::read_signed_image(*room.manifest)->digest;
  room.proof = only_entry(*room.manifest, keeper);
  TrustPolicy trust;
  trust.collateral_age_max_s = trust.crl_age_max_s = 1;
  trust.sim.emplace();
  trust.builders = attest::Builders{{builder.public_key()}, {}};
  EXPECT_EQ(add_image(trust, room).error().reason.view(), "image_log_proof_unasked");
  trust.image_log = attest::ImageLog{{"example.com/images", keeper.public_key()}, {}};
  const std::string before = print_trust_file(trust);
  NewImage other = room;
  other.proof.reset();
  EXPECT_EQ(add_image(trust, other).error().reason.view(), "image_log_proof_missing");
  other.proof = only_entry(*room.manifest, builder);
  EXPECT_EQ(add_image(trust, other).error().reason.view(), "image_log_signature_wrong");
  other.proof = only_entry(signed_manifest("other", builder), keeper);
  EXPECT_EQ(add_image(trust, other).error().reason.view(), "image_log_proof_wrong");
  other.proof = "proof";
  EXPECT_EQ(add_image(trust, other).error().reason.view(), "image_log_proof_malformed");
  EXPECT_EQ(print_trust_file(trust), before);
  ASSERT_TRUE(add_image(trust, room));
  EXPECT_EQ(print_trust_file(parse_trust_file(print_trust_file(trust)).value()),
            print_trust_file(trust));
  EXPECT_TRUE(add_image(trust, room));  // one proof for both
  EXPECT_EQ(trust.image_log->proofs.size(), 1U);
}

TEST(AddImage, MakesNoSection) {
  for (const Platform platform : kAll) {
    TrustPolicy nothing;
    EXPECT_EQ(add_image(nothing, image(platform)).error().reason.view(), "platform_not_trusted");
  }
}

TEST(PinMachine, TheFirstOneEndsAny) {
  TrustPolicy trust = example();
  ASSERT_FALSE(trust.snp->machines.has_value());
  EXPECT_TRUE(pin_machine(trust, Platform::snp, Bytes(64, 1)));
  EXPECT_EQ(trust.snp->machines->size(), 1U);
  EXPECT_TRUE(pin_machine(trust, Platform::snp, Bytes(64, 2)));
  EXPECT_EQ(pin_machine(trust, Platform::snp, Bytes(64, 1)).error().reason.view(),
            "machine_repeated");
  EXPECT_EQ(pin_machine(trust, Platform::snp, Bytes(63, 1)).error().reason.view(),
            "machine_malformed");
  EXPECT_EQ(trust.snp->machines->size(), 2U);
  EXPECT_TRUE(pin_machine(trust, Platform::tpm, Bytes(8, 1)));
  EXPECT_TRUE(pin_machine(trust, Platform::azure, Bytes(64, 1)));
  EXPECT_TRUE(pin_machine(trust, Platform::tdx, Bytes(16, 1)));
  EXPECT_TRUE(pin_machine(trust, Platform::sgx, Bytes(16, 1)));
  for (const Platform none : {Platform::sim, Platform::nitro}) {
    EXPECT_EQ(pin_machine(trust, none, Bytes(8, 1)).error().reason.view(), "platform_not_trusted");
  }
}

}  // namespace
}  // namespace gbx::client
