#include "client/keys/identity.h"

#include <gtest/gtest.h>

#include "trusted/crypto/entropy.h"

namespace gbx::client {
namespace {

TEST(Identity, RoundTripsAndIsSignedByItself) {
  crypto::SystemEntropy entropy;
  const auto key = crypto::SigningKey::make(entropy).value();
  const PublicIdentity identity{"shopgood", key.public_key(), {1}};
  const std::string packet = packet::print_envelope(make_identity_packet(identity, key));
  EXPECT_EQ(open_identity_packet(packet).value(), identity);
  EXPECT_EQ(fingerprint(identity).size(), 39U);
  const auto other = crypto::SigningKey::make(entropy).value();
  const auto forged = packet::print_envelope(make_identity_packet(identity, other));
  EXPECT_EQ(open_identity_packet(forged).error().reason.view(), "signature_wrong");
  const PublicIdentity renamed{"Shop Good", key.public_key(), {1}};
  EXPECT_EQ(open_identity_packet(packet::print_envelope(make_identity_packet(renamed, key)))
                .error()
                .reason.view(),
            "identity_malformed");
}

struct Party {
  crypto::SystemEntropy entropy;
  crypto::SigningKey key = crypto::SigningKey::make(entropy).value();
  PublicIdentity identity{"shopgood", key.public_key(), {1}};

  // What opening `payload`, signed by this party, ends in.
  [[nodiscard]] std::string reason(const Json& payload,
                                   std::string_view type = kIdentityType) const {
    packet::Envelope envelope = packet::make_envelope(type, payload);
    packet::sign(envelope, key);
    const auto opened = open_identity_packet(packet::print_envelope(envelope));
    return opened ? "opened" : std::string(opened.error().reason.view());
  }
  [[nodiscard]] Json payload(const std::string& name, std::string sealing_key) const {
    return Json::object({{"name", name},
                         {"sealing_key", std::move(sealing_key)},
                         {"signing_key", to_hex(identity.signing_key)}});
  }
};

TEST(Identity, MalformedPayloadsAreRefused) {
  const Party party;
  const std::string sealing = to_hex(party.identity.sealing_key);
  EXPECT_EQ(party.reason(party.payload("shopgood", sealing)), "opened");
  EXPECT_EQ(party.reason(party.payload("", sealing)), "identity_malformed");
  EXPECT_EQ(party.reason(party.payload("shopgood", sealing.substr(2))), "identity_malformed");
  EXPECT_EQ(party.reason(party.payload("shopgood", std::string(64, 'G'))), "identity_malformed");
  EXPECT_EQ(party.reason(party.payload("shopgood", sealing).set("more", 1)), "identity_malformed");
  EXPECT_EQ(party.reason(Json::object({{"name", "shopgood"}})), "identity_malformed");
  EXPECT_EQ(party.reason(Json(Json::Array())), "identity_malformed");
}

TEST(Identity, AnotherPacketIsNoIdentity) {
  const Party party;
  const Json payload = party.payload("shopgood", to_hex(party.identity.sealing_key));
  EXPECT_EQ(party.reason(payload, "application/vnd.glovebox.policy+json"), "signature_wrong");
}

TEST(Identity, AFurtherSignatureIsRefused) {
  Party party;
  packet::Envelope envelope = make_identity_packet(party.identity, party.key);
  packet::sign(envelope, crypto::SigningKey::make(party.entropy).value());
  EXPECT_FALSE(open_identity_packet(packet::print_envelope(envelope)));
}

TEST(Identity, EveryFlippedBitIsRefused) {
  const Party party;
  const std::string good = packet::print_envelope(make_identity_packet(party.identity, party.key));
  for (std::size_t i = 0; i < good.size(); i++) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ (1 << i % 8));
    EXPECT_FALSE(open_identity_packet(bad)) << i;
  }
}

TEST(Identity, Names) {
  EXPECT_TRUE(is_member_name("a"));
  EXPECT_TRUE(is_member_name("news-now_2"));
  EXPECT_TRUE(is_member_name(std::string(63, 'a')));
  for (const std::string& bad : {std::string(), std::string(64, 'a'), std::string("2shop"),
                                 std::string("-a"), std::string("a b"), std::string("Shop"),
                                 std::string("../a"), std::string("a\n"), std::string("a\0", 2)}) {
    EXPECT_FALSE(is_member_name(bad)) << bad;
  }
}

TEST(Identity, FingerprintDependsOnEverything) {
  const PublicIdentity base{"a", {1}, {2}};
  EXPECT_NE(fingerprint(base), fingerprint({"b", {1}, {2}}));
  EXPECT_NE(fingerprint(base), fingerprint({"a", {3}, {2}}));
  EXPECT_NE(fingerprint(base), fingerprint({"a", {1}, {3}}));
}

}  // namespace
}  // namespace gbx::client
