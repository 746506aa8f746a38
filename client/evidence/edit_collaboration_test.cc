#include "client/evidence/edit_collaboration.h"

#include <gtest/gtest.h>

#include "client/policy/mistake.h"

namespace gbx::client {
namespace {

using attest::Platform;

constexpr const char* kSnp = R"(  snp:   # our own machines
    csp_ids: []
    denied_models: [{family: 25, model_max: 15, model_min: 0}]
    images:
      - {host_data: policy_hash, image_digest: DIGEST, measurement: MEASUREMENT, vmpl: 0}
    machines: any  # until they are known
    platform_forbidden: "0000000000000000"
    platform_required: 0000000000000000
    policy_forbidden: "0000000000000000"
    policy_required: "0000000000000000"
    products: [{min_tcb: {bootloader: 9, microcode: 72, snp: 23, tee: 0}, product: genoa}]
    require_crl: true
    roots: [amd-genoa]
    signing_keys: [vcek]
)";

std::string with(std::string text, const std::string& word, const std::string& value) {
  const std::size_t at = text.find(word);
  return at == std::string::npos ? text : text.replace(at, word.size(), value);
}

std::string collaboration() {
  std::string out = std::string("# ours\nprivacy: {k: 50}\ntrust:\n  min_assurance: HW-CVM\n") +
                    kSnp + "  sim: {images: []}   # to try it out\nlimits: {rows: 7}\n";
  out = with(out, "DIGEST", std::string(64, 'a'));
  return with(out, "MEASUREMENT", std::string(96, 'b'));
}

NewImage image(Platform platform) {
  NewImage out;
  out.platform = platform;
  out.image_digest.fill(9);
  if (platform == Platform::snp) out.measurement = Bytes(48, 7);
  return out;
}

std::string reason_of(const std::function<void()>& edit) {
  try {
    edit();
  } catch (const Mistake& mistake) {
    return mistake.error() ? std::string(mistake.error()->reason.view()) : mistake.why();
  }
  return "";
}

TEST(EditCollaboration, ASignedManifestGoesToTheBuilders) {
  const auto builder = crypto::SigningKey::from_seed(Secret<32>(Hash{1}));
  const Json manifest = Json::parse(R"({"files": [{"name": "room", "sha256": ")" +
                                    std::string(64, 'a') + R"("}], "format": 1})")
                            .value();
  NewImage room = image(Platform::sim);
  room.manifest = attest::make_signed_image(manifest).value();
  packet::sign(*room.manifest, builder);
  room.image_digest = attest::read_signed_image(*room.manifest)->digest;
  const std::string builders =
      "  builders: {keys: [\"" + to_hex(builder.public_key()) + "\"], manifests: []}\n";
  const std::string sim = "  sim: {images: []}\n";
  const std::string head = "trust:\n  min_assurance: INSECURE-SIM\n";
  for (const std::string& text : {head + builders + sim, head + sim + builders}) {
    const std::string after = add_image_to(text, "c.yaml", room);
    const attest::TrustPolicy trust = read_trust_of(after, "c.yaml");
    EXPECT_EQ(trust.sim->images, std::vector<Hash>{room.image_digest});
    ASSERT_EQ(trust.builders->manifests.size(), 1U);
    NewImage unsigned_one = image(Platform::sim);
    EXPECT_EQ(reason_of([&] { add_image_to(text, "c.yaml", unsigned_one); }),
              "image_signature_missing");
    EXPECT_EQ(add_image_to(text, "c.yaml", room), after);
  }
}

// A log of these two, each proven at its place.
std::vector<NewImage> logged_images(const crypto::SigningKey& key) {
  std::vector<NewImage> out;
  std::vector<Hash> leaves;
  for (const char* name : {"room", "other"}) {
    const Json file = Json::object({{"name", name}, {"sha256", std::string(64, 'a')}});
    const Json manifest = Json::object({{"files", Json(Json::Array{file})}, {"format", 1}});
    NewImage one = image(Platform::sim);
    one.manifest = attest::make_signed_image(manifest).value();
    packet::sign(*one.manifest, key);
    one.image_digest = attest::read_signed_image(*one.manifest)->digest;
    leaves.push_back(attest::leaf_hash(as_bytes(attest::image_log_entry(*one.manifest).value())));
    out.push_back(one);
  }
  const std::string note = attest::sign_checkpoint(
      {"example.com/images", 2, attest::node_hash(leaves[0], leaves[1])}, key);
  out[0].proof = attest::print_inclusion_proof({0, {leaves[1]}, note});
  out[1].proof = attest::print_inclusion_proof({1, {leaves[0]}, note});
  return out;
}

TEST(EditCollaboration, AProofGoesToTheLog) {
  const auto key = crypto::SigningKey::from_seed(Secret<32>(Hash{1}));
  const std::vector<NewImage> images = logged_images(key);
  const std::string log_key = attest::print_log_key({"example.com/images", key.public_key()});
  std::vector<std::string> parts{
      "  builders: {keys: [\"" + to_hex(key.public_key()) + "\"], manifests: []}\n",
      "  image_log:\n    key: " + log_key + "\n    proofs: []  # of each\n",
      "  sim: {images: []}\n"};
  const std::string head = "trust:\n  min_assurance: INSECURE-SIM\n";
  do {
    const std::string text = head + parts[0] + parts[1] + parts[2];
    const std::string once = add_image_to(text, "c.yaml", images[0]);
    const attest::TrustPolicy trust =
        read_trust_of(add_image_to(once, "c.yaml", images[1]), "c.yaml");
    ASSERT_EQ(trust.image_log->proofs.size(), 2U);
    EXPECT_EQ(trust.image_log->proofs[0], *images[1].proof);
    EXPECT_EQ(trust.image_log->proofs[1], *images[0].proof);
    EXPECT_NE(once.find("  # of each\n"), std::string::npos);
    NewImage unproven = images[0];
    unproven.proof.reset();
    EXPECT_EQ(reason_of([&] { add_image_to(text, "c.yaml", unproven); }),
              "image_log_proof_missing");
  } while (std::next_permutation(parts.begin(), parts.end()));
}

TEST(EditCollaboration, OneImageMoreAndNotAnotherByte) {
  const std::string before = collaboration();
  const std::string after = add_image_to(before, "c.yaml", image(Platform::snp));
  const attest::TrustPolicy trust = read_trust_of(after, "c.yaml");
  ASSERT_EQ(trust.snp->images.size(), 2U);
  EXPECT_EQ(trust.snp->images.front().image_digest, image(Platform::snp).image_digest);
  const std::size_t at = before.find("- {host_data");
  EXPECT_EQ(after.substr(0, at), before.substr(0, at));
  EXPECT_EQ(after.substr(after.size() - (before.size() - at)), before.substr(at));
  EXPECT_EQ(read_trust_of(add_image_to(after, "c.yaml", image(Platform::snp)), "c.yaml")
                .snp->images.size(),
            3U);
}

TEST(EditCollaboration, FlowListsToo) {
  const std::string once = add_image_to(collaboration(), "c.yaml", image(Platform::sim));
  const std::string twice = add_image_to(once, "c.yaml", image(Platform::sim));
  EXPECT_EQ(read_trust_of(twice, "c.yaml").sim->images.size(), 2U);
  EXPECT_NE(twice.find("]}   # to try it out\nlimits: {rows: 7}\n"), std::string::npos);
}

TEST(EditCollaboration, TheFirstMachineEndsAny) {
  for (const char* any : {"any", "\"any\"", "'any'"}) {
    const std::string before =
        with(collaboration(), "machines: any", std::string("machines: ") + any);
    const std::string one = pin_machine_in(before, "c.yaml", Platform::snp, Bytes(64, 1));
    EXPECT_NE(one.find("]  # until they are known"), std::string::npos);
    const std::string two = pin_machine_in(one, "c.yaml", Platform::snp, Bytes(64, 2));
    EXPECT_EQ(read_trust_of(two, "c.yaml").snp->machines->size(), 2U);
    EXPECT_EQ(reason_of([&] { pin_machine_in(two, "c.yaml", Platform::snp, Bytes(64, 2)); }),
              "machine_repeated");
  }
}

TEST(EditCollaboration, WhatCannotBeEditedIsSaid) {
  const std::string text = collaboration();
  EXPECT_EQ(reason_of([&] { add_image_to(text, "c.yaml", image(Platform::tpm)); }),
            "platform_not_trusted");
  EXPECT_EQ(reason_of([&] { pin_machine_in(text, "c.yaml", Platform::sim, Bytes(8, 1)); }),
            "platform_not_trusted");
  NewImage less = image(Platform::snp);
  less.measurement.clear();
  EXPECT_EQ(reason_of([&] { add_image_to(text, "c.yaml", less); }), "image_values_missing");
  EXPECT_EQ(reason_of([&] { add_image_to("privacy: {}\n", "c.yaml", image(Platform::sim)); }),
            "the file has no \"trust\"");
  const std::string alias = "x: &list []\ntrust: {min_assurance: TPM, sim: {images: *list}}\n";
  EXPECT_NE(reason_of([&] { add_image_to(alias + "y: *list\n", "c.yaml", image(Platform::tpm)); }),
            "");
}

}  // namespace
}  // namespace gbx::client
