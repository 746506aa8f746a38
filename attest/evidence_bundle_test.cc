#include "attest/evidence_bundle.h"

#include <gtest/gtest.h>

#include <functional>

#include "attest/sim.h"
#include "attest/trust_policy.h"
#include "trusted/crypto/hash.h"

namespace gbx::attest {
namespace {

struct Good {
  packet::Binding binding;
  packet::Binding expected;
  TrustPolicy trust;
  SimReport report;
  std::int64_t now = 1;

  Good() {
    binding.log_origin = "glovebox.dev/room/test";
    binding.image_digest = crypto::sha256(as_bytes("image"));
    binding.policy_hash = crypto::sha256(as_bytes("policy"));
    expected = binding;
    trust.min_assurance = Assurance::insecure_sim;
    trust.sim = SimTrust{{crypto::sha256(as_bytes("other")), binding.image_digest}};
    report.measurement = binding.image_digest;
    report.host_data = binding.policy_hash;
    report.report_data = packet::digest(binding);
  }
  [[nodiscard]] Json packet() const {
    return encode(EvidenceBundle{Platform::sim, forge_sim_report(report), {}, {}});
  }
  [[nodiscard]] std::string verdict() const {
    const auto room = verify_room(packet(), expected, trust, now);
    return std::string(room ? assurance_word(room->assurance) : room.error().reason.view());
  }
};

TEST(VerifyRoom, AcceptsWhatTheQuoterMakes) {
  Good good;
  EXPECT_EQ(good.verdict(), "INSECURE-SIM");
  SimQuoter quoter(good.binding.image_digest, good.binding.policy_hash);
  const Bytes evidence = quoter.quote(packet::digest(good.binding)).value();
  const auto room =
      verify_room(Json::parse_canonical(as_text(evidence)).value(), good.binding, good.trust, 1);
  ASSERT_TRUE(room);
  EXPECT_EQ(room->platform, Platform::sim);
  EXPECT_EQ(room->image_digest, good.binding.image_digest);
}

TEST(VerifyRoom, EachWrongThingHasItsName) {
  const std::pair<const char*, std::function<void(Good&)>> cases[] = {
      {"evidence_version_unknown", [](Good& g) { g.report.version = 2; }},
      {"debug_enabled", [](Good& g) { g.report.debug = true; }},
      {"binding_wrong", [](Good& g) { g.expected.nonce[0] ^= 1; }},
      {"binding_wrong", [](Good& g) { g.expected.signing_key[0] ^= 1; }},
      {"binding_wrong", [](Good& g) { g.expected.sealing_key[0] ^= 1; }},
      {"binding_wrong", [](Good& g) { g.expected.log_origin = "x"; }},
      {"policy_hash_wrong", [](Good& g) { g.report.host_data[0] ^= 1; }},
      {"image_not_allowed", [](Good& g) { g.report.measurement[0] ^= 1; }},
      {"measurement_wrong", [](Good& g) { g.report.measurement = g.trust.sim->images[0]; }},
      {"image_not_allowed", [](Good& g) { g.trust.sim->images.clear(); }},
      {"platform_not_trusted", [](Good& g) { g.trust.sim.reset(); }},
      {"assurance_too_low", [](Good& g) { g.trust.min_assurance = Assurance::dev_tpm; }},
      {"expectation_not_set", [](Good& g) { g.now = 0; }},
  };
  for (const auto& [reason, change] : cases) {
    Good good;
    change(good);
    EXPECT_EQ(good.verdict(), reason);
  }
}

TEST(EvidenceBundle, IsReadAsItWasWritten) {
  for (const Platform platform : kPlatforms) {
    const Json packet = encode(EvidenceBundle{platform, Bytes{1}, Bytes{2, 3}, Bytes{}});
    const EvidenceBundle bundle = decode_evidence(packet).value();
    EXPECT_EQ(encode(bundle).canonical(), packet.canonical());
    EXPECT_EQ(bundle.files().chain.size(), 2U);
  }
}

TEST(EvidenceBundle, WhatItIsNotIsRefused) {
  const auto reason = [](const Json& packet) {
    return std::string(decode_evidence(packet).error().reason.view());
  };
  const Json good = encode(EvidenceBundle{Platform::snp, Bytes{1}, {}, {}});
  for (const auto& [name, value] : *good.object()) {
    Json less = Json::object({});
    Json other = Json::object({});
    for (const auto& [key, kept] : *good.object()) {
      if (key != name) less.set(key, kept);
      other.set(key, key == name ? Json(1) : kept);
    }
    EXPECT_EQ(reason(less), "evidence_malformed") << name;
    EXPECT_EQ(reason(other), "evidence_malformed") << name;
  }
  Json more = good;
  EXPECT_EQ(reason(more.set("note", "x")), "evidence_malformed");
  EXPECT_EQ(reason("x"), "evidence_malformed");
  Json unknown = encode(EvidenceBundle{Platform::snp, Bytes{1}, {}, {}});
  unknown =
      Json::object({{"chain", ""}, {"collateral", ""}, {"evidence", ""}, {"platform", "sev"}});
  EXPECT_EQ(reason(unknown), "platform_unknown");
  const Json large = encode(EvidenceBundle{Platform::snp, Bytes(kDocumentBytesMax + 1), {}, {}});
  EXPECT_EQ(reason(large), "evidence_malformed");
}

TEST(EvidenceBundle, EveryFlippedBitIsRefused) {
  const Good good;
  const std::string packet = good.packet().canonical();
  for (std::size_t i = 0; i < packet.size(); i++) {
    std::string bad = packet;
    bad[i] = static_cast<char>(bad[i] ^ 1);
    const auto json = Json::parse_canonical(bad);
    EXPECT_TRUE(!json || !verify_room(*json, good.expected, good.trust, 1)) << i;
  }
}

}  // namespace
}  // namespace gbx::attest
