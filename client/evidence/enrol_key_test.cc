#include "client/evidence/enrol_key.h"

#include <gtest/gtest.h>

#include "attest/testing/tpm_maker.h"
#include "client/evidence/edit_trust.h"
#include "trusted/crypto/entropy.h"

namespace gbx::client {
namespace {

using attest::testing::TestChain;

struct Offering {
  TestChain chain{crypto::KeyKind::p256, crypto::Digest::sha256};
  crypto::SystemEntropy entropy;

  [[nodiscard]] std::string offer() const {
    auto leaf = chain.leaf("endorsement key");
    leaf.extensions = {{"2.5.29.37", {0x30, 7, 6, 5, 0x67, 0x81, 5, 8, 1}, false}};
    const Bytes certificate =
        chain.leaf_der(leaf, attest::testing::key_of("ek", crypto::KeyKind::rsa));
    return attest::encode(
               attest::KeyOffer{
                   attest::testing::public_area(
                       attest::testing::key_of("ak", crypto::KeyKind::p256), 0x00050072,
                       attest::TpmAlgorithm::ecdsa, attest::TpmAlgorithm::sha256),
                   attest::testing::joined(certificate, chain.middle_der(), chain.root_der())})
        .canonical();
  }
};

TEST(EnrolKey, TheProofThatWasKeptEnrolsTheKey) {
  Offering machine;
  const auto begun = begin_enrolment(machine.offer(), machine.chain.root_der(),
                                     attest::testing::kNow, machine.entropy);
  ASSERT_TRUE(begun) << begun.error().reason.view();
  const std::string kept = begun->kept.canonical();
  const std::string proof = *begun->kept.find("proof")->string();
  const auto key = finish_enrolment(kept, R"({"proof":")" + proof + "\"}");
  ASSERT_TRUE(key);
  EXPECT_EQ(to_hex(*key), *begun->kept.find("ak_sha256")->string());
  const auto wrong = finish_enrolment(kept, R"({"proof":")" + std::string(64, '0') + "\"}");
  EXPECT_EQ(wrong.error().reason.view(), "enrolment_proof_wrong");
  for (const char* bad : {"", "{}", R"({"proof":"00"})"}) {
    EXPECT_EQ(finish_enrolment(kept, bad).error().reason.view(), "enrolment_malformed") << bad;
  }
  EXPECT_FALSE(finish_enrolment("{}", R"({"proof":")" + proof + "\"}"));
}

TEST(EnrolKey, OnlyUnderANamedRoot) {
  Offering machine;
  const Bytes another = machine.chain.middle_der();
  EXPECT_EQ(begin_enrolment(machine.offer(), another, attest::testing::kNow, machine.entropy)
                .error()
                .reason.view(),
            "root_not_pinned");
  EXPECT_FALSE(begin_enrolment("{}", another, attest::testing::kNow, machine.entropy));
  EXPECT_FALSE(begin_enrolment(machine.offer(), {}, attest::testing::kNow, machine.entropy));
}

TEST(EnrolKey, GoesIntoATrustPolicyOnce) {
  attest::TrustPolicy trust = attest::testing::TpmMaker::trust();
  const std::size_t before = trust.tpm->keys.size();
  const attest::TpmKey key{Hash{9}, attest::Assurance::dev_tpm};
  EXPECT_TRUE(enrol_key(trust, key));
  EXPECT_EQ(trust.tpm->keys.size(), before + 1);
  EXPECT_EQ(enrol_key(trust, key).error().reason.view(), "machine_repeated");
  EXPECT_EQ(enrol_key(trust, {Hash{8}, attest::Assurance::hw_cvm}).error().reason.view(),
            "trust_policy_malformed");
  attest::TrustPolicy none;
  EXPECT_EQ(enrol_key(none, key).error().reason.view(), "platform_not_trusted");
}

}  // namespace
}  // namespace gbx::client
