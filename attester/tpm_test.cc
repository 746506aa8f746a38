#include "attester/tpm.h"

#include <gtest/gtest.h>

#include "attest/chain_files.h"
#include "attest/enrolment.h"
#include "attest/event_log.h"
#include "attest/evidence_bundle.h"
#include "attest/testing/test_chain.h"
#include "attest/testing/tpm_maker.h"
#include "attest/trust_policy.h"
#include "attester/event_log_file.h"
#include "attester/testing/nv_storage.h"
#include "attester/testing/software_tpm.h"
#include "trusted/crypto/entropy.h"
#include "trusted/crypto/hash.h"

namespace gbx::attester {
namespace {

constexpr std::uint8_t kPcr = 14;
constexpr double kQuoteMsMax = 200;

// A machine with a TPM, on which one image was measured; and a party that believes it.
class OnSoftwareTpm : public testing::Test {
 protected:
  OnSoftwareTpm() {
    ::setenv("TSS2_LOG", "all+none", 1);  // what is refused on purpose is no news
    binding_.image_digest = crypto::sha256(as_bytes("image"));
    binding_.policy_hash = crypto::sha256(as_bytes("policy"));
    binding_.nonce = {7};
    trust_.min_assurance = attest::Assurance::dev_tpm;
    attest::TpmTrust tpm;
    tpm.pcrs.bank = attest::TpmAlgorithm::sha256;
    tpm.pcrs.selection = 1U << kPcr;
    tpm.pcrs.images = {{binding_.image_digest, {{kPcr, extended(binding_.image_digest)}}}};
    tpm.require_crl = false;
    trust_.tpm = tpm;
  }

  static Bytes extended(const Hash& digest) {
    return attest::extend(attest::TpmAlgorithm::sha256, Bytes(32, 0), digest);
  }
  static Tpm open(const SoftwareTpm& machine) {
    auto tpm = Tpm::open(machine.where());
    GBX_CHECK(tpm.has_value());
    return std::move(tpm).value();
  }
  void believe(const Tpm& tpm) {
    trust_.tpm->keys = {{crypto::sha256(tpm.ak_public()), attest::Assurance::dev_tpm}};
  }
  Bytes measure(Tpm& tpm, const Hash& digest) {
    EXPECT_TRUE(tpm.extend(kPcr, digest));
    return print_event_log({{kPcr, digest, "room"}});
  }
  [[nodiscard]] Json evidence(Tpm& tpm, const Bytes& log) const {
    const packet::BindingDigest digest = packet::digest(binding_);
    auto quote = tpm.quote({ByteView(digest).first(32), selection_});
    GBX_CHECK(quote.has_value());
    const attest::TpmFile file{tpm.ak_public(), std::move(quote).value()};
    return attest::encode(attest::EvidenceBundle{
        attest::Platform::tpm, to_bytes(attest::print_tpm_file(file)), {}, log});
  }
  [[nodiscard]] std::string verdict(const Json& packet) const {
    const auto room = attest::verify_room(packet, binding_, trust_, 1'800'000'000);
    return std::string(room ? attest::assurance_word(room->assurance) : room.error().reason.view());
  }

  packet::Binding binding_;
  attest::TrustPolicy trust_;
  attest::PcrMask selection_ = 1U << kPcr;  // of quotes
};

TEST_F(OnSoftwareTpm, AQuoteProvesTheMeasuredImage) {
  SoftwareTpm machine;
  Tpm tpm = open(machine);
  believe(tpm);
  const Bytes log = measure(tpm, binding_.image_digest);
  EXPECT_EQ(verdict(evidence(tpm, log)), "DEV-TPM");
  const auto before = std::chrono::steady_clock::now();
  const Json again = evidence(tpm, log);
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - before;
  EXPECT_EQ(verdict(again), "DEV-TPM");
  RecordProperty("quote_ms", static_cast<int>(took.count()));
  EXPECT_LT(took.count(), kQuoteMsMax);
}

TEST_F(OnSoftwareTpm, WhatIsNotAsAgreedIsRefusedByName) {
  SoftwareTpm machine;
  Tpm tpm = open(machine);
  const Bytes good = measure(tpm, binding_.image_digest);
  EXPECT_EQ(verdict(evidence(tpm, good)), "tpm_ak_not_trusted");
  believe(tpm);
  const Json packet = evidence(tpm, good);
  EXPECT_EQ(verdict(packet), "DEV-TPM");
  binding_.nonce = {8};
  EXPECT_EQ(verdict(packet), "binding_wrong");  // evidence for an older nonce
  EXPECT_EQ(verdict(evidence(tpm, {})), "event_log_missing");
  const Hash nothing = crypto::sha256(as_bytes("nothing"));
  EXPECT_EQ(verdict(evidence(tpm, print_event_log({{kPcr, nothing, "room"}}))),
            "event_log_mismatch");
  trust_.min_assurance = attest::Assurance::tpm;
  EXPECT_EQ(verdict(evidence(tpm, good)), "assurance_too_low");
  trust_.min_assurance = attest::Assurance::dev_tpm;
  trust_.tpm->pcrs.selection |= 1U << 4U;
  EXPECT_EQ(verdict(evidence(tpm, good)), "tpm_selection_wrong");
  trust_.tpm->pcrs.selection = 1U << kPcr;
  // A second image, measured on top: no log tells it away.
  const Hash other = crypto::sha256(as_bytes("other image"));
  const Bytes second = measure(tpm, other);
  EXPECT_EQ(verdict(evidence(tpm, good)), "image_not_allowed");
  EXPECT_EQ(verdict(evidence(tpm, second)), "image_not_allowed");
  EXPECT_EQ(verdict(evidence(
                tpm, print_event_log({{kPcr, binding_.image_digest, "a"}, {kPcr, other, "b"}}))),
            "image_not_allowed");
}

TEST_F(OnSoftwareTpm, TheKeyOutlivesARestartAndTheRegistersDoNot) {
  SoftwareTpm machine;
  for (int cuts = 0; cuts < 8; cuts++) {  // as many power cuts as lock what is guessed at
    EXPECT_TRUE(open(machine).quote({Bytes(32, 1), 1U << kPcr}));
    machine.power_off();
    machine.power_on();
  }
  Bytes key;
  {
    Tpm tpm = open(machine);
    key = tpm.ak_public();
    measure(tpm, crypto::sha256(as_bytes("other image")));
  }
  machine.power_off();
  machine.power_on();
  Tpm tpm = open(machine);
  EXPECT_EQ(tpm.ak_public(), key);
  believe(tpm);
  EXPECT_EQ(verdict(evidence(tpm, measure(tpm, binding_.image_digest))), "DEV-TPM");
}

// A machine whose firmware has measured the kernel into register 4 and its command line into 12.
TEST_F(OnSoftwareTpm, OneLogExplainsFirmwareAndRoom) {
  SoftwareTpm machine;
  Tpm tpm = open(machine);
  believe(tpm);
  const Hash kernel = crypto::sha256(as_bytes("kernel"));
  const Hash line = crypto::sha256(as_bytes("quiet"));
  attest::testing::LogMaker firmware;
  for (const auto& [pcr, digest] : {std::pair{4U, kernel}, std::pair{12U, line}}) {
    EXPECT_TRUE(tpm.extend(pcr, digest));
    firmware.events.push_back({pcr, 13, Bytes(digest.begin(), digest.end()), to_bytes("loaded")});
  }
  const Bytes launch = measure(tpm, binding_.image_digest);
  const Bytes merged = merge_event_logs(firmware.make(), launch).value();
  selection_ = 1U << 4U | 1U << 12U | 1U << kPcr;
  trust_.tpm->pcrs.selection = selection_;
  auto& image = trust_.tpm->pcrs.images.front().pcrs;
  image = {{4, extended(kernel)}, {12, extended(line)}, {kPcr, extended(binding_.image_digest)}};
  EXPECT_EQ(verdict(evidence(tpm, merged)), "DEV-TPM");
  EXPECT_EQ(verdict(evidence(tpm, launch)), "event_log_incomplete");
  EXPECT_EQ(verdict(evidence(tpm, merge_event_logs(firmware.make(), {}).value())),
            "event_log_incomplete");
  // Members had agreed on another command line of the kernel.
  image[1].value = extended(crypto::sha256(as_bytes("quiet init=/bin/sh")));
  EXPECT_EQ(verdict(evidence(tpm, merged)), "image_not_allowed");
}

std::vector<Hash> root_of(const SoftwareTpm& machine) {
  const auto files = attest::parse_chain_files(machine.root_pem());
  GBX_CHECK(files.has_value() && files->certificates.size() == 1);
  return {files->certificates.front().fingerprint()};
}

TEST_F(OnSoftwareTpm, OnlyTheTpmOfTheCertificateAnswersTheChallenge) {
  SoftwareTpm machine;
  SoftwareTpm another;
  Tpm tpm = open(machine);
  crypto::SystemEntropy entropy;
  attest::KeyOffer offer{tpm.ak_public(), tpm.endorsement_certificate().value()};
  const Bytes authorities = machine.authorities();
  offer.chain.insert(offer.chain.end(), authorities.begin(), authorities.end());
  const attest::EnrolmentRules rules{root_of(machine), std::time(nullptr)};
  const auto made = attest::make_key_challenge(offer, rules, entropy);
  ASSERT_TRUE(made) << made.error().reason.view();
  EXPECT_EQ(made->ak_sha256, crypto::sha256(tpm.ak_public()));
  const attest::KeyChallenge& challenge = made->challenge;
  const auto proof = tpm.activate(challenge.id_object, challenge.secret);
  ASSERT_TRUE(proof);
  EXPECT_EQ(*proof, Bytes(made->proof.begin(), made->proof.end()));
  // Another TPM, or a challenge for another key, gives nothing.
  Tpm other = open(another);
  EXPECT_FALSE(other.activate(challenge.id_object, challenge.secret));
  offer.ak_public = other.ak_public();
  const auto crossed = attest::make_key_challenge(offer, rules, entropy);
  ASSERT_TRUE(crossed);
  EXPECT_FALSE(tpm.activate(crossed->challenge.id_object, crossed->challenge.secret));
  EXPECT_FALSE(other.activate(crossed->challenge.id_object, crossed->challenge.secret));
  // And nobody is believed whose root was not named.
  EXPECT_EQ(attest::make_key_challenge(offer, {root_of(another), rules.now}, entropy)
                .error()
                .reason.view(),
            "root_not_pinned");
  EXPECT_TRUE(tpm.quote({Bytes(32, 1), 1U << kPcr}));  // a refused challenge breaks nothing
}

// The templates of Google's attestation keys: restricted, for signing, of a fixed scheme.
Bytes google_template(bool rsa) {
  using attest::testing::be;
  using attest::testing::tpm2b;
  constexpr std::uint32_t kAttributes = 0x00050072;
  const Bytes head = attest::testing::joined(be(rsa ? 0x0001 : 0x0023, 2), be(0x000b, 2),
                                             be(kAttributes, 4), tpm2b({}), be(0x0010, 2),
                                             be(rsa ? 0x0014 : 0x0018, 2), be(0x000b, 2));
  if (rsa) return attest::testing::joined(head, be(2048, 2), be(0, 4), tpm2b({}));
  return attest::testing::joined(head, be(3, 2), be(0x0010, 2), tpm2b({}), tpm2b({}));
}

struct GoogleKey {
  bool rsa;
  TPM2_HANDLE at;  // the template; the certificate is before it
};

// A machine as in Google's cloud; verified by whoever names the root, with nothing enrolled.
class OnGooglesTpm : public OnSoftwareTpm, public testing::WithParamInterface<GoogleKey> {
 protected:
  OnGooglesTpm() {
    trust_.min_assurance = attest::Assurance::cloud_tpm;
    trust_.crl_age_max_s = 7 * attest::testing::kDay;
    trust_.tpm->require_crl = true;
    trust_.tpm->roots = {{crypto::sha256(chain_.root_der()), attest::Assurance::cloud_tpm}};
  }

  // Puts the template there, and beside it a certificate of the key that comes of it.
  void certify() {
    NvStorage storage(machine_.where());
    storage.put(GetParam().at, google_template(GetParam().rsa));
    storage.put(GetParam().at - 1, Bytes{1});
    const Bytes area = Tpm::open(machine_.where(), TpmKey::google)->ak_public();
    const auto ak = attest::parse_tpm_public(area).value();
    const Bytes spki = attest::verifying_key(ak)->spki();
    const auto kind = GetParam().rsa ? crypto::KeyKind::rsa : crypto::KeyKind::p256;
    auto spec = chain_.leaf("google's attestation key");
    spec.extensions = {{"2.5.29.37", {0x30, 7, 6, 5, 0x67, 0x81, 5, 8, 1}, false}};
    storage.put(GetParam().at - 1,
                chain_.leaf_der(spec, crypto::testing::TestKey::of_public(spki, kind)));
  }
  // With the certificates and lists that an operator adds.
  [[nodiscard]] std::string verdict_of(Tpm& tpm) {
    const Bytes log = measure(tpm, binding_.image_digest);
    auto bundle = attest::decode_evidence(evidence(tpm, log)).value();
    bundle.chain = attest::testing::joined(tpm.ak_certificate(), chain_.middle_der(),
                                           chain_.root_der(), chain_.crls());
    return verdict(attest::encode(bundle));
  }

  attest::testing::TestChain chain_{crypto::KeyKind::p256, crypto::Digest::sha256};
  SoftwareTpm machine_;
};

TEST_P(OnGooglesTpm, ItsCertifiedKeyNeedsNoEnrolment) {
  certify();
  auto tpm = Tpm::open(machine_.where(), TpmKey::google);
  ASSERT_TRUE(tpm);
  EXPECT_EQ(verdict_of(*tpm), "CLOUD-TPM");
}

TEST_P(OnGooglesTpm, WhoseRootIsNotNamedIsNotBelieved) {
  certify();
  trust_.tpm->roots[0].sha256 = crypto::sha256(as_bytes("another root"));
  auto tpm = Tpm::open(machine_.where(), TpmKey::google);
  ASSERT_TRUE(tpm);
  EXPECT_EQ(verdict_of(*tpm), "root_not_pinned");
}

TEST_P(OnGooglesTpm, TheCertificateMustBeThereAndOfThatKey) {
  certify();
  {
    NvStorage storage(machine_.where());
    storage.put(GetParam().at - 1,
                chain_.leaf_der(chain_.leaf("another key"),
                                attest::testing::key_of("ak", crypto::KeyKind::p256)));
  }
  auto tpm = Tpm::open(machine_.where(), TpmKey::google);
  ASSERT_TRUE(tpm);
  EXPECT_EQ(verdict_of(*tpm), "tpm_ak_not_trusted");
  NvStorage(machine_.where()).remove(GetParam().at - 1);
  EXPECT_EQ(Tpm::open(machine_.where(), TpmKey::google).error().reason.view(), "tpm_failed");
  NvStorage(machine_.where()).remove(GetParam().at);
  EXPECT_EQ(Tpm::open(machine_.where(), TpmKey::google).error().reason.view(), "tpm_key_missing");
  NvStorage(machine_.where()).put(GetParam().at, Bytes(10, 1));
  EXPECT_EQ(Tpm::open(machine_.where(), TpmKey::google).error().reason.view(), "tpm_failed");
}

INSTANTIATE_TEST_SUITE_P(Keys, OnGooglesTpm,
                         testing::Values(GoogleKey{false, 0x01C10003}, GoogleKey{true, 0x01C10001}),
                         [](const auto& test) { return test.param.rsa ? "Rsa" : "Ecc"; });

TEST_F(OnSoftwareTpm, WithoutAKeyItExtendsAndQuotesNothing) {
  const SoftwareTpm machine;
  auto tpm = Tpm::open(machine.where(), TpmKey::none);
  ASSERT_TRUE(tpm);
  EXPECT_TRUE(tpm->extend(kPcr, binding_.image_digest));
  EXPECT_TRUE(tpm->ak_public().empty());
  EXPECT_FALSE(tpm->quote({Bytes(32, 1), 1U << kPcr}));
}

TEST(Tpm, WhatIsNotThereIsAFailure) {
  EXPECT_EQ(Tpm::open("").error().reason.view(), "tpm_unknown");
  EXPECT_EQ(Tpm::open("tabrmd:").error().reason.view(), "tpm_unknown");
  EXPECT_EQ(Tpm::open("swtpm:2321").error().reason.view(), "tpm_unknown");
  EXPECT_FALSE(Tpm::open("device:/nowhere"));
}

}  // namespace
}  // namespace gbx::attester
