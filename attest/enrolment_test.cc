#include "attest/enrolment.h"

#include <gtest/gtest.h>

#include <functional>

#include "attest/testing/tpm_maker.h"

// That the right TPM, and no other, answers a challenge: attester/tpm_test.cc.

namespace gbx::attest {
namespace {

using testing::TestChain;

class CountingEntropy final : public Entropy {
 public:
  Status fill(std::span<std::uint8_t> out) noexcept override {
    if (fails) return Error{ErrorCode::unavailable, "entropy_failed"};
    for (std::uint8_t& byte : out) byte = next_++;
    return {};
  }
  bool fails = false;

 private:
  std::uint8_t next_ = 1;
};

// An offer whose certificate is genuine but for its root.
struct Offering {
  TestChain chain{crypto::KeyKind::p256, crypto::Digest::sha256};
  crypto::testing::CertificateSpec leaf = [this] {
    auto out = chain.leaf("endorsement key");
    out.extensions = {{"2.5.29.37", {0x30, 7, 6, 5, 0x67, 0x81, 5, 8, 1}, false},
                      {"2.5.29.17", {0x30, 0}, true}};  // as real ones: a critical name
    return out;
  }();
  crypto::KeyKind kind = crypto::KeyKind::rsa;
  std::uint32_t attributes = 0x00050072;
  std::optional<Bytes> ak_public;
  std::optional<Bytes> chain_bytes;
  EnrolmentRules rules{{crypto::sha256(chain.root_der())}, testing::kNow};
  CountingEntropy entropy;

  [[nodiscard]] KeyOffer offer() const {
    const Bytes public_area =
        testing::public_area(testing::key_of("ak", crypto::KeyKind::p256), attributes,
                             TpmAlgorithm::ecdsa, TpmAlgorithm::sha256);
    const Bytes files = testing::joined(chain.leaf_der(leaf, testing::key_of("ek", kind)),
                                        chain.middle_der(), chain.root_der());
    return {ak_public.value_or(public_area), chain_bytes.value_or(files)};
  }
  Result<MadeChallenge> make() { return make_key_challenge(offer(), rules, entropy); }
  std::string reason() {
    const auto made = make();
    return made ? "" : std::string(made.error().reason.view());
  }
};

TEST(Enrolment, AGenuineOfferGetsAChallenge) {
  Offering offering;
  const auto made = offering.make();
  ASSERT_TRUE(made) << made.error().reason.view();
  EXPECT_EQ(made->ak_sha256, crypto::sha256(offering.offer().ak_public));
  EXPECT_EQ(made->challenge.id_object.size(), 2U + 32 + 2 + 32);
  EXPECT_EQ(made->challenge.secret.size(), 256U);
  const std::string text = encode(made->challenge).canonical();
  EXPECT_EQ(text.find(to_base64(made->proof)), std::string::npos);
  const auto again = offering.make();
  EXPECT_NE(again->proof, made->proof);
  EXPECT_NE(again->challenge.id_object, made->challenge.id_object);
}

TEST(Enrolment, EachWrongThingHasItsName) {
  const std::pair<const char*, std::function<void(Offering&)>> cases[] = {
      {"tpm_public_malformed", [](Offering& o) { o.ak_public = Bytes{1, 2}; }},
      {"tpm_ak_not_attestation_key", [](Offering& o) { o.attributes &= ~0x10000U; }},
      {"tpm_ak_not_attestation_key", [](Offering& o) { o.attributes &= ~0x2U; }},
      {"chain_incomplete", [](Offering& o) { o.chain_bytes = Bytes(); }},
      {"chain_malformed", [](Offering& o) { o.chain_bytes = Bytes{1}; }},
      {"root_not_pinned", [](Offering& o) { o.rules.roots = {Hash{1}}; }},
      {"root_not_pinned", [](Offering& o) { o.rules.roots.clear(); }},
      {"certificate_expired", [](Offering& o) { o.rules.now += 1000 * testing::kDay; }},
      {"certificate_not_yet_valid", [](Offering& o) { o.rules.now = 1; }},
      {"certificate_usage_wrong", [](Offering& o) { o.leaf.extensions.clear(); }},
      {"certificate_usage_wrong",  // an attestation key's purpose is not an endorsement key's
       [](Offering& o) { o.leaf.extensions[0].value.back() = 3; }},
      {"tpm_ek_not_rsa", [](Offering& o) { o.kind = crypto::KeyKind::p256; }},
      {"certificate_signature_wrong", [](Offering& o) { o.chain.forged_middle = true; }},
      {"entropy_failed", [](Offering& o) { o.entropy.fails = true; }},
  };
  for (const auto& [reason, change] : cases) {
    Offering offering;
    change(offering);
    EXPECT_EQ(offering.reason(), reason);
  }
}

TEST(Enrolment, FilesAreReadAsTheyWereWritten) {
  const KeyOffer offer = Offering().offer();
  EXPECT_EQ(encode(decode_key_offer(encode(offer)).value()).canonical(), encode(offer).canonical());
  const KeyChallenge challenge{{1}, {2, 3}};
  EXPECT_EQ(decode_key_challenge(encode(challenge))->secret, challenge.secret);
  for (const char* bad :
       {"{}", "[]", R"({"ak_public":"AQ=="})", R"({"ak_public":"AQ==","chain":"","note":1})",
        R"({"id_object":"AQ==","secret":1})", R"({"id_object":"AQ=="})"}) {
    const Json json = Json::parse(bad).value();
    EXPECT_FALSE(decode_key_offer(json)) << bad;
    EXPECT_FALSE(decode_key_challenge(json)) << bad;
  }
}

}  // namespace
}  // namespace gbx::attest
