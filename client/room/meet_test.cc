#include "client/room/meet.h"

#include <gtest/gtest.h>

#include "attest/sim.h"
#include "trusted/policy/policy_fixture.h"

namespace gbx::client {
namespace {

constexpr Hash kImage{7};  // one that the fixture's policy allows

struct Parts {
  policy::VerifiedPolicy policy =
      policy::VerifiedPolicy::verify(policy::signed_policy(policy::example_policy())).value();
  packet::Binding binding = {.nonce = {1},
                             .signing_key = policy::test_signing_key(9).public_key(),
                             .sealing_key = policy::test_sealing_key(9).public_key(),
                             .policy_hash = policy.hash(),
                             .log_origin = "glovebox/test",
                             .image_digest = kImage};

  [[nodiscard]] Json hello() const {
    attest::SimQuoter quoter(binding.image_digest, binding.policy_hash);
    const Bytes evidence = quoter.quote(packet::digest(binding)).value();
    return Json::object(
        {{"binding", packet::encode(binding)},
         {"evidence", Json::parse_canonical(as_text(evidence)).value()},
         {"log",
          Json::object({{"hash", to_hex(Hash{5})}, {"origin", "glovebox/test"}, {"size", 4}})}});
  }
  [[nodiscard]] Result<RoomIdentity> check(const Json& hello) const {
    const std::array<std::uint8_t, 32> nonce{1};
    return check_hello(hello.canonical(), nonce, policy);
  }
  [[nodiscard]] std::string reason(const Json& hello) const {
    const auto room = check(hello);
    return room ? "" : std::string(room.error().reason.view());
  }
};

TEST(Meet, ARoomThatProvesItselfIsKnown) {
  const Parts parts;
  const auto room = parts.check(parts.hello());
  ASSERT_TRUE(room);
  EXPECT_EQ(room->digest, packet::digest(parts.binding));
  EXPECT_EQ(room->log_head, (log::Head{4, Hash{5}}));
  EXPECT_EQ(room->claims.image_digest, kImage);
}

TEST(Meet, AnOldAnswerToAnotherNonceIsRefused) {
  Parts parts;
  parts.binding.nonce = {2};
  EXPECT_EQ(parts.reason(parts.hello()), "nonce_wrong");
}

TEST(Meet, ARoomOfAnotherPolicyIsRefused) {
  Parts parts;
  parts.binding.policy_hash = Hash{1};
  EXPECT_EQ(parts.reason(parts.hello()), "policy_hash_wrong");
}

TEST(Meet, AnImageThatNobodySignedIsRefused) {
  Parts parts;
  parts.binding.image_digest = Hash{1};
  EXPECT_EQ(parts.reason(parts.hello()), "image_not_allowed");
}

TEST(Meet, KeysThatTheEvidenceDoesNotCoverAreRefused) {
  Parts parts;
  const Json honest = parts.hello();
  parts.binding.sealing_key = policy::test_sealing_key(10).public_key();
  Json swapped = Json::object({{"binding", packet::encode(parts.binding)},
                               {"evidence", *honest.find("evidence")},
                               {"log", *honest.find("log")}});
  EXPECT_EQ(parts.reason(swapped), "binding_wrong");
}

TEST(Meet, AnotherLogIsRefused) {
  Parts parts;
  parts.binding.log_origin = "glovebox/other";
  EXPECT_EQ(parts.reason(parts.hello()), "log_origin_wrong");
}

TEST(Meet, AnUnknownMemberIsRefused) {
  const Parts parts;
  Json hello = parts.hello();
  hello.set("note", "x");
  EXPECT_EQ(parts.reason(hello), "hello_malformed");
}

}  // namespace
}  // namespace gbx::client
