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

TEST(Identity, FingerprintDependsOnEverything) {
  const PublicIdentity base{"a", {1}, {2}};
  EXPECT_NE(fingerprint(base), fingerprint({"b", {1}, {2}}));
  EXPECT_NE(fingerprint(base), fingerprint({"a", {3}, {2}}));
  EXPECT_NE(fingerprint(base), fingerprint({"a", {1}, {3}}));
}

}  // namespace
}  // namespace gbx::client
