#include "client/policy/trust_section.h"

#include <gtest/gtest.h>

#include "client/policy/mistake.h"
#include "tests/spec/examples.h"

namespace gbx::client {
namespace {

attest::TrustPolicy read(const std::string& text, bool rehearsal = false) {
  const YamlFile file = YamlFile::parse(text, "trust.yaml");
  return read_trust(file, file.root, rehearsal);
}

// "place why | next" of the mistake, "" for none.
std::string mistake(const std::string& text) {
  try {
    read(text);
  } catch (const Mistake& error) {
    return error.where().substr(std::string("trust.yaml:").size()) + " " + error.why() + " | " +
           error.next();
  }
  return "";
}

const std::string kImage(64, '7');

TEST(TrustSection, EachPlatformOfThePageIsReadAsItStands) {
  const Json page = spec::examples("trust-policy.md").front();
  Json yaml = Json::object({});
  for (const auto& [name, value] : *page.object()) {
    if (name == "version") continue;
    if (name != "platforms") yaml.set(name, value);
    if (name != "platforms") continue;
    for (const auto& [platform, section] : *value.object()) yaml.set(platform, section);
  }
  const attest::TrustPolicy trust = read(yaml.canonical());
  EXPECT_EQ(attest::encode_trust_policy(trust).canonical(), page.canonical());
}

TEST(TrustSection, WhatMayBeLeftOutIsStrict) {
  const attest::TrustPolicy trust =
      read("{min_assurance: INSECURE-SIM, sim: {images: [" + kImage + "]}}");
  EXPECT_EQ(trust.collateral_age_max_s, 30 * 86'400);
  EXPECT_EQ(trust.crl_age_max_s, 366 * 86'400);
  EXPECT_TRUE(trust.revoked_certificates.empty());
  EXPECT_FALSE(trust.snp.has_value());
}

TEST(TrustSection, DigitsAreTextWhereTextBelongs) {
  const std::string image(64, '1');
  EXPECT_EQ(to_hex(read("{min_assurance: TPM, sim: {images: [" + image + "]}}").sim->images[0]),
            image);
}

TEST(TrustSection, MistakesAreToldAtTheirPlace) {
  EXPECT_EQ(mistake("sim: {images: []}"), "1:1 trust has no \"min_assurance\" | add it");
  EXPECT_EQ(mistake("min_assurance: HW-CMV\n"),
            "1:16 \"HW-CMV\" is no assurance word | did you mean \"HW-CVM\"?");
  EXPECT_EQ(mistake("min_assurance: TPM\nasure: {}\n"),
            "2:1 there is no \"asure\" in trust | did you mean \"azure\"?");
  EXPECT_EQ(mistake("min_assurance: TPM\nsim: {images: [IMAGE]}\n"),
            "2:16 this is no image digest | write the 64 hex digits of `glovebox measure`");
  EXPECT_EQ(mistake("min_assurance: TPM\nsim: {images: [], images: []}\n").substr(0, 4), "2:19");
  EXPECT_EQ(mistake("min_assurance: TPM\nsim: {image: []}\n").substr(0, 4), "2:6 ");
  EXPECT_EQ(mistake("min_assurance: TPM\ncrl_age_max_s: 0\n").substr(0, 5), "2:16 ");
  EXPECT_EQ(mistake("min_assurance: TPM\nrevoked_certificates: [00]\n").substr(0, 5), "2:23 ");
  EXPECT_EQ(mistake("min_assurance: TPM\nnitro: {require_crl: yes}\n").substr(0, 5), "2:22 ");
  EXPECT_EQ(mistake("min_assurance: TPM\nsnp: {vmpl: one}\n").substr(0, 5), "2:13 ");
  EXPECT_EQ(mistake("min_assurance: TPM\nimage_log: {key: x, proofs: []}\n").substr(0, 5), "2:12 ");
  const std::string builders = "builders: {keys: [" + std::string(64, '1') + "], manifests: []}\n";
  EXPECT_EQ(mistake("min_assurance: TPM\nimage_log: {key: x, proofs: []}\n" + builders),
            "2:12 this is no key of an image log | take it whole from glovebox image log key, as "
            "origin+id+key");
}

TEST(TrustSection, ARehearsalNeedsNoDigest) {
  EXPECT_EQ(read("{min_assurance: TPM, sim: {images: [IMAGE]}}", true).sim->images.size(), 1U);
}

}  // namespace
}  // namespace gbx::client
