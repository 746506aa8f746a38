// The whole checklist of Nitro documents: what is made here, each thing wrong with it once, and
// AWS's own.

#include <gtest/gtest.h>

#include <functional>

#include "attest/chain_files.h"
#include "attest/nitro_document.h"
#include "attest/testing/made_evidence.h"
#include "attest/testing/nitro_maker.h"

namespace gbx::attest::testing {
namespace {

TEST(Nitro, AcceptsWhatAnEnclaveMakes) {
  NitroMaker maker;
  const Verdict verdict = maker.verdict();
  ASSERT_TRUE(verdict.ok()) << reasons_of(verdict);
  EXPECT_EQ(verdict.assurance(), Assurance::hw_enclave);
  EXPECT_EQ(verdict.image_digest(), crypto::sha256(as_bytes("nitro image")));
  EXPECT_EQ(*verdict.claim("pcr_0"), to_hex(maker.pcrs[0]));
  EXPECT_EQ(*verdict.claim("module_id"), maker.module_id);
  maker.tagged = true;
  EXPECT_TRUE(maker.verdict().ok());
  maker.public_key = digest_bytes("some key", 64);
  maker.nonce = digest_bytes("some nonce", 20);
  EXPECT_TRUE(maker.verdict().ok());
}

TEST(Nitro, TheBindingIsInTheFieldThatThePolicyNames) {
  NitroMaker maker;
  TrustPolicy trust = maker.trust();
  for (const NitroField field : {NitroField::nonce, NitroField::public_key}) {
    trust.nitro->binding = field;
    EXPECT_EQ(reasons_of(maker.verdict(trust, NitroMaker::expected())), "binding_wrong");
    (field == NitroField::nonce ? maker.nonce : maker.public_key) = maker.user_data;
    EXPECT_TRUE(maker.verdict(trust, NitroMaker::expected()).ok());
  }
}

using Change = std::function<void(NitroMaker&)>;

TEST(Nitro, EachWrongThingHasItsName) {
  const std::pair<const char*, Change> cases[] = {
      {"cose_algorithm_wrong",
       [](auto& m) { m.protected_header = joined(Bytes{0xa1, 0x01}, cbor_head(1, 6)); }},
      {"cose_header_not_empty",
       [](auto& m) { m.unprotected_header = Bytes{0xa1, 0x04, 0x41, 0x31}; }},
      {"cose_malformed", [](auto& m) { m.protected_header = {0xa0}; }},
      {"root_not_pinned", [](auto& m) { m.chain.root.serial = 99; }},
      {"certificate_signature_wrong", [](auto& m) { m.chain.forged_middle = true; }},
      {"certificate_expired", [](auto& m) { m.leaf.not_after = kNow - 1; }},
      {"certificate_not_yet_valid", [](auto& m) { m.leaf.not_before = kNow + 1; }},
      {"certificate_leaf_is_authority",
       [](auto& m) {
         m.leaf.authority = true;
         m.leaf.usage = "digitalSignature,keyCertSign";
       }},
      {"certificate_usage_wrong", [](auto& m) { m.leaf.usage = ""; }},
      {"certificate_usage_wrong", [](auto& m) { m.leaf.usage = "keyAgreement"; }},
      {"certificate_extension_unknown",
       [](auto& m) { m.leaf.extensions = {{"1.2.3.4", {5, 0}, true}}; }},
      {"certificate_revoked", [](auto& m) { m.chain.middle_crl.revoked = {3}; }},
      {"certificate_revoked", [](auto& m) { m.chain.root_crl.revoked = {2}; }},
      {"crl_expired", [](auto& m) { m.chain.middle_crl.next_update = kNow - 1; }},
      {"evidence_signature_wrong", [](auto& m) { m.signed_by_other = true; }},
      {"nitro_pcr_missing image_not_allowed", [](auto& m) { m.pcrs.erase(1); }},
      {"debug_enabled image_not_allowed",
       [](auto& m) { m.pcrs[0] = m.pcrs[1] = m.pcrs[2] = Bytes(48, 0); }},
      {"debug_enabled image_not_allowed", [](auto& m) { m.pcrs[2] = Bytes(48, 0); }},
      {"image_not_allowed", [](auto& m) { m.pcrs[0][47] ^= 1; }},
      {"image_not_allowed", [](auto& m) { m.pcrs[3][0] ^= 1; }},
      {"image_not_allowed", [](auto& m) { m.pcrs.erase(8); }},
      {"binding_wrong", [](auto& m) { m.user_data->back() ^= 1; }},
      {"binding_wrong", [](auto& m) { m.user_data->push_back(0); }},
      {"binding_wrong", [](auto& m) { m.user_data->pop_back(); }},
      {"binding_wrong", [](auto& m) { m.user_data.reset(); }},
      {"nitro_document_malformed", [](auto& m) { m.digest = "SHA256"; }},
      {"nitro_document_malformed", [](auto& m) { m.module_id = ""; }},
      {"nitro_document_malformed", [](auto& m) { m.module_id = "i 0"; }},
      {"nitro_document_malformed", [](auto& m) { m.module_id = std::string(129, 'a'); }},
      {"nitro_document_malformed", [](auto& m) { m.timestamp_ms = 0; }},
      {"nitro_document_malformed", [](auto& m) { m.pcrs.clear(); }},
      {"nitro_document_malformed", [](auto& m) { m.pcrs[32] = Bytes(48, 1); }},
      {"nitro_document_malformed", [](auto& m) { m.pcrs[4] = Bytes(32, 1); }},
      {"nitro_document_malformed", [](auto& m) { m.nonce = Bytes(1025, 1); }},
      {"nitro_document_malformed",
       [](auto& m) {
         m.extra_members = joined(cbor_text("extra"), Bytes{0});
         m.extra_members_count = 1;
       }},
      {"cbor_key_repeated",
       [](auto& m) {
         m.extra_members = joined(cbor_text("nonce"), Bytes{0xf6});
         m.extra_members_count = 1;
       }},
      {"cbor_malformed",  // trailing bytes inside the payload
       [](auto& m) { m.extra_members = {0}; }},
  };
  for (const auto& [wanted, change] : cases) {
    NitroMaker maker;
    change(maker);
    EXPECT_EQ(reasons_of(maker.verdict()), wanted);
  }
}

TEST(Nitro, KeysAreOfP384) {
  NitroMaker maker;
  maker.leaf_kind = crypto::KeyKind::p256;
  EXPECT_TRUE(maker.verdict().has_reason("nitro_key_not_p384"));
  EXPECT_FALSE(maker.verdict().ok());
}

TEST(Nitro, WhatThePolicyLeavesOutIsRefused) {
  const NitroMaker maker;
  const auto refused = [&](const std::function<void(TrustPolicy&)>& change) {
    TrustPolicy trust = maker.trust();
    change(trust);
    return reasons_of(maker.verdict(trust, NitroMaker::expected()));
  };
  EXPECT_EQ(refused([](auto& t) { t.nitro.reset(); }),
            "platform_not_trusted root_not_pinned image_not_allowed binding_wrong");
  EXPECT_EQ(refused([](auto& t) { t.nitro->roots.clear(); }), "root_not_pinned");
  EXPECT_EQ(refused([](auto& t) { t.nitro->images.clear(); }), "image_not_allowed");
  EXPECT_EQ(refused([](auto& t) { t.nitro->images[0].pcrs.resize(2); }), "image_not_allowed");
  EXPECT_EQ(refused([](auto& t) { t.crl_age_max_s = 0; }), "crl_too_old");
  EXPECT_EQ(refused([&](auto& t) {
              t.revoked_certificates = {crypto::sha256(maker.chain.middle_der())};
            }),
            "certificate_revoked");
  Expected expected = NitroMaker::expected();
  expected.binding.clear();
  EXPECT_TRUE(maker.verdict(maker.trust(), expected).has_reason("expectation_not_set"));
  const Bytes evidence = maker.document();
  const Verdict no_crl =
      verify_evidence({Platform::nitro, evidence, {}, {}}, maker.trust(), NitroMaker::expected());
  EXPECT_EQ(reasons_of(no_crl), "crl_missing");
  TrustPolicy without = maker.trust();
  without.nitro->require_crl = false;
  EXPECT_TRUE(
      verify_evidence({Platform::nitro, evidence, {}, {}}, without, NitroMaker::expected()).ok());
}

TEST(Nitro, IsQuick) {
  const double best = quickest_ms(NitroMaker().make());
  RecordProperty("microseconds", static_cast<int>(1000 * best));
  EXPECT_LT(best, kVerificationMsMax);
}

TEST(Nitro, FlippedBitsAndTrailingBytesAreRefused) {
  MadeEvidence made = NitroMaker().make();
  EXPECT_TRUE(surviving_flips(made, &MadeEvidence::evidence, 67).empty());
  made.evidence.push_back(0);
  EXPECT_EQ(reasons_of(made.verdict()), "cbor_malformed");
}

// AWS's own, valid for three hours of September 2024.
struct Real {
  Bytes document;
  TrustPolicy trust;
  Expected expected;
};

std::optional<Real> real() {
  const auto base64 = read_vector("nitro/nitro_attestation.b64");
  if (!base64) return std::nullopt;
  Real out;
  std::string text(as_text(*base64));
  while (!text.empty() && text.back() == '\n') text.pop_back();
  out.document = from_base64(text).value();
  const auto message = parse_cose_sign1(out.document).value();
  const auto document = parse_nitro_document(message.payload).value();
  out.trust.min_assurance = Assurance::hw_enclave;
  NitroTrust nitro;
  const Bytes root =
      from_hex("641a0321a3e244efe456463195d606317ed7cdcc3c1756e09893f3c68f79bb5b").value();
  nitro.roots.emplace_back();
  std::copy(root.begin(), root.end(), nitro.roots[0].begin());
  nitro.require_crl = false;
  NitroImage image;
  image.image_digest.fill(7);
  for (std::uint8_t i = 0; i < 3; i++) {
    image.pcrs.push_back({i, Bytes(document.pcrs[i]->begin(), document.pcrs[i]->end())});
  }
  nitro.images = {image};
  out.trust.nitro = nitro;
  out.expected.binding = Bytes(1024, 1);
  out.expected.now = 1'725'719'856;  // 2024-09-07 14:37:36
  return out;
}

TEST(Nitro, AmazonsOwn) {
  const auto good = real();
  if (!good) GTEST_SKIP() << kNoVectors;
  const auto at = [&](std::int64_t now) {
    Expected expected = good->expected;
    expected.now = now;
    return reasons_of(
        verify_evidence({Platform::nitro, good->document, {}, {}}, good->trust, expected));
  };
  EXPECT_EQ(at(1'725'719'856), "");
  EXPECT_EQ(at(1'725'730'659), "");
  EXPECT_EQ(at(1'725'730'660), "certificate_expired");
  EXPECT_EQ(at(1'725'719'855), "certificate_not_yet_valid");
  EXPECT_EQ(at(kNow), "certificate_expired");
  Expected other = good->expected;
  other.binding.back() = 2;
  EXPECT_EQ(
      reasons_of(verify_evidence({Platform::nitro, good->document, {}, {}}, good->trust, other)),
      "binding_wrong");
}

}  // namespace
}  // namespace gbx::attest::testing
