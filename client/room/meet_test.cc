#include "client/room/meet.h"

#include <gtest/gtest.h>

#include <functional>

#include "attest/sim.h"
#include "attest/testing/dcap_maker.h"
#include "client/policy/wording.h"
#include "client/room/snp_room_fixture.h"
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
    return check_hello(hello.canonical(), nonce, {&policy, 1});
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
  EXPECT_EQ(room->proven.image_digest, kImage);
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

// A room on a machine with hardware evidence, and what becomes of its hello.
struct SnpParts {
  SnpRoom machine;
  policy::Policy agreed = [this] {
    policy::Policy out = policy::example_policy();
    out.trust = machine.trust();
    return out;
  }();
  std::int64_t now = machine.now();
  std::function<void(packet::Binding&)> before_quote;  // what the room differs in, and says
  std::function<void(packet::Binding&)> after_quote;   // what the host swaps behind its back
  std::optional<attest::EvidenceBundle> evidence;      // instead of the room's

  [[nodiscard]] std::string verdict() const {
    const auto policy = policy::VerifiedPolicy::verify(policy::signed_policy(agreed)).value();
    packet::Binding binding = {.nonce = {1},
                               .signing_key = policy::test_signing_key(9).public_key(),
                               .sealing_key = policy::test_sealing_key(9).public_key(),
                               .policy_hash = policy.hash(),
                               .log_origin = "glovebox/test",
                               .image_digest = machine.image()};
    if (before_quote) before_quote(binding);
    const Json proof = evidence ? attest::encode(*evidence) : machine.evidence(binding);
    if (after_quote) after_quote(binding);
    const Json hello = Json::object(
        {{"binding", packet::encode(binding)},
         {"evidence", proof},
         {"log",
          Json::object({{"hash", to_hex(Hash{5})}, {"origin", "glovebox/test"}, {"size", 4}})}});
    const std::array<std::uint8_t, 32> nonce{1};
    const auto room = check_hello(hello.canonical(), nonce, {&policy, now});
    if (room) return std::string(attest::assurance_word(room->proven.assurance));
    const std::string reason(room.error().reason.view());
    EXPECT_NE(find_wording(reason), nullptr) << reason;
    return reason;
  }
};

TEST(MeetOnHardware, ARoomThatProvesItselfIsKnown) { EXPECT_EQ(SnpParts().verdict(), "HW-CVM"); }

TEST(MeetOnHardware, EachWrongThingHasItsName) {
  using Edit = std::function<void(SnpParts&)>;
  const auto image = [](SnpParts& p) -> attest::SnpImage& {
    return p.agreed.trust.snp->images.front();
  };
  const std::pair<const char*, Edit> cases[] = {
      // replayed, swapped or of another room
      {"nonce_wrong",
       [](SnpParts& p) { p.before_quote = [](packet::Binding& b) { b.nonce[0] ^= 1; }; }},
      {"binding_wrong",
       [](SnpParts& p) {  // evidence made for an older nonce, under a binding with ours
         p.before_quote = [](packet::Binding& b) { b.nonce[0] ^= 1; };
         p.after_quote = [](packet::Binding& b) { b.nonce[0] ^= 1; };
       }},
      {"binding_wrong",
       [](SnpParts& p) { p.after_quote = [](packet::Binding& b) { b.sealing_key[0] ^= 1; }; }},
      {"policy_hash_wrong",
       [](SnpParts& p) { p.before_quote = [](packet::Binding& b) { b.policy_hash[0] ^= 1; }; }},
      // other code
      {"measurement_not_allowed", [&](SnpParts& p) { image(p).measurement[0] ^= 1; }},
      {"measurement_wrong", [&](SnpParts& p) { image(p).image_digest[0] ^= 1; }},
      {"snp_vmpl_wrong", [&](SnpParts& p) { image(p).vmpl = 3; }},
      // too old, as of this party's clock
      {"crl_too_old", [](SnpParts& p) { p.agreed.trust.crl_age_max_s = 1; }},
      {"certificate_expired", [](SnpParts& p) { p.now += 31'536'000; }},
      {"certificate_not_yet_valid", [](SnpParts& p) { p.now -= 31'536'000; }},
      {"expectation_not_set", [](SnpParts& p) { p.now = 0; }},
      {"snp_tcb_too_low",
       [](SnpParts& p) { p.agreed.trust.snp->products.front().min_tcb.snp = 255; }},
      // not what the members believe
      {"assurance_too_low",
       [](SnpParts& p) { p.agreed.trust.min_assurance = attest::Assurance::hw_enclave; }},
      {"root_not_pinned", [](SnpParts& p) { p.agreed.trust.snp->roots = {Hash{1}}; }},
      {"machine_not_allowed", [](SnpParts& p) { p.agreed.trust.snp->machines = {Bytes(64, 1)}; }},
      {"platform_not_trusted",
       [](SnpParts& p) {
         p.agreed.trust.snp.reset();
         p.agreed.trust.sim = attest::SimTrust{{p.machine.image()}};
       }},
      {"snp_leaf_missing",
       [](SnpParts& p) {
         p.evidence =
             attest::EvidenceBundle{attest::Platform::snp, p.machine.first.evidence, {}, {}};
       }},
  };
  for (const auto& [reason, edit] : cases) {
    SnpParts parts;
    edit(parts);
    EXPECT_EQ(parts.verdict(), reason);
  }
}

// A room in a trust domain, met with the collateral that its host serves.
std::string tdx_verdict(const std::function<void(attest::testing::DcapMaker&)>& edit) {
  attest::testing::DcapMaker maker;
  attest::TdxImage& image = maker.trust.tdx->images.front();
  image.mr_config_id.fixed.reset();
  edit(maker);
  policy::Policy agreed = policy::example_policy();
  agreed.trust = maker.make().trust;
  const auto policy = policy::VerifiedPolicy::verify(policy::signed_policy(agreed)).value();
  const packet::Binding binding = {.nonce = {1},
                                   .signing_key = policy::test_signing_key(9).public_key(),
                                   .sealing_key = policy::test_sealing_key(9).public_key(),
                                   .policy_hash = policy.hash(),
                                   .log_origin = "glovebox/test",
                                   .image_digest = image.image_digest};
  const auto put = [&](std::size_t at, ByteView bytes) {
    std::ranges::copy(bytes, maker.body.begin() + static_cast<std::ptrdiff_t>(at));
  };
  put(attest::testing::kTdAtReportData, packet::digest(binding));
  Bytes config(48, 0);
  std::ranges::copy(policy.hash(), config.begin());
  put(attest::testing::kTdAtMrConfigId, config);
  const attest::testing::MadeEvidence made = maker.make();
  const Json hello = Json::object(
      {{"binding", packet::encode(binding)},
       {"evidence", attest::encode(attest::EvidenceBundle{attest::Platform::tdx, made.evidence,
                                                          made.chain, made.collateral})},
       {"log",
        Json::object({{"hash", to_hex(Hash{5})}, {"origin", "glovebox/test"}, {"size", 4}})}});
  const std::array<std::uint8_t, 32> nonce{1};
  const auto room = check_hello(hello.canonical(), nonce, {&policy, maker.expected.now});
  if (room) return std::string(attest::assurance_word(room->proven.assurance));
  return std::string(room.error().reason.view());
}

TEST(MeetOnHardware, ATrustDomainIsKnownByCollateralThatIsFresh) {
  using attest::testing::DcapMaker;
  EXPECT_EQ(tdx_verdict([](DcapMaker&) {}), "HW-CVM");
  EXPECT_EQ(tdx_verdict([](DcapMaker& m) { m.info.dates.next_update = m.expected.now - 1; }),
            "collateral_expired");
  EXPECT_EQ(tdx_verdict([](DcapMaker& m) { m.identity.dates.next_update = m.expected.now - 1; }),
            "collateral_expired");
  EXPECT_EQ(tdx_verdict([](DcapMaker& m) { m.trust.collateral_age_max_s = 1; }),
            "collateral_too_old");
  EXPECT_EQ(tdx_verdict([](DcapMaker& m) { m.trust.crl_age_max_s = 1; }), "crl_too_old");
  EXPECT_EQ(tdx_verdict([](DcapMaker& m) { m.info.dates.evaluation_number--; }),
            "collateral_evaluation_too_old");
  EXPECT_EQ(tdx_verdict([](DcapMaker& m) { m.with_collateral = false; }), "collateral_missing");
}

}  // namespace
}  // namespace gbx::client
