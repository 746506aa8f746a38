// The whole checklist of TPM quotes: what is made here, each thing wrong with it once, and one of
// Google's machines.

#include <gtest/gtest.h>

#include <functional>

#include "attest/testing/made_evidence.h"
#include "attest/testing/tpm_maker.h"
#include "trusted/base/json.h"

namespace gbx::attest::testing {
namespace {

TEST(Tpm, AcceptsACertifiedKey) {
  for (const auto kind : {crypto::KeyKind::p256, crypto::KeyKind::p384, crypto::KeyKind::rsa}) {
    TpmMaker maker;
    maker.quote.kind = kind;
    if (kind == crypto::KeyKind::rsa) maker.quote.scheme = TpmAlgorithm::rsassa;
    const Verdict verdict = maker.verdict();
    ASSERT_TRUE(verdict.ok()) << reasons_of(verdict);
    EXPECT_EQ(verdict.assurance(), Assurance::cloud_tpm);
    EXPECT_EQ(verdict.image_digest(), crypto::sha256(as_bytes("tpm image")));
    EXPECT_EQ(*verdict.claim("reset_count"), "7");
    EXPECT_EQ(*verdict.claim("restart_count"), "3");
    EXPECT_EQ(*verdict.claim("google_instance_id"), "0123456789abcdef");
    EXPECT_EQ(*verdict.claim("pcr_14"), to_hex(maker.quote.pcrs[14]));
  }
}

void rebind(TpmMaker& maker) { maker.quote.pcr_digest.reset(); }

TEST(Tpm, AcceptsAnEnrolledKey) {
  TpmMaker maker;
  maker.enrolled = true;
  TrustPolicy trust = TpmMaker::trust();
  EXPECT_EQ(reasons_of(maker.verdict()), "tpm_ak_not_trusted machine_not_allowed");
  trust.tpm->keys = {{crypto::sha256(maker.ak_public()), Assurance::dev_tpm}};
  const Verdict verdict = maker.verdict(trust, TpmMaker::expected());
  ASSERT_TRUE(verdict.ok()) << reasons_of(verdict);
  EXPECT_EQ(verdict.assurance(), Assurance::dev_tpm);
  trust.min_assurance = Assurance::cloud_tpm;
  EXPECT_EQ(reasons_of(maker.verdict(trust, TpmMaker::expected())), "assurance_too_low");
}

TEST(Tpm, TheWordOfAMachineTakesAnImageThatFixesItsWholeStart) {
  constexpr std::uint8_t kStart[] = {0, 2, 4, 9, 11, 12, 13};
  TpmMaker maker;
  maker.enrolled = true;
  TrustPolicy trust = TpmMaker::trust();
  trust.tpm->keys = {{crypto::sha256(maker.ak_public()), Assurance::dev_vm}};
  std::vector<PcrValue>& fixed = trust.tpm->pcrs.images[0].pcrs;
  fixed.clear();
  for (const std::uint8_t index : kStart) {
    Bytes& value = maker.quote.pcrs[index];
    value.resize(32, 0);
    maker.quote.selections[0].pcrs |= PcrMask{1} << index;
    fixed.push_back({index, value});
  }
  rebind(maker);
  trust.tpm->pcrs.selection = maker.quote.selections[0].pcrs;
  const Verdict verdict = maker.verdict(trust, TpmMaker::expected());
  ASSERT_TRUE(verdict.ok()) << reasons_of(verdict);
  EXPECT_EQ(verdict.assurance(), Assurance::dev_vm);
  for (std::size_t i = 0; i < std::size(kStart); i++) {
    TrustPolicy less = trust;
    less.tpm->pcrs.images[0].pcrs.erase(less.tpm->pcrs.images[0].pcrs.begin() +
                                        static_cast<std::ptrdiff_t>(i));
    EXPECT_EQ(reasons_of(maker.verdict(less, TpmMaker::expected())), "vm_start_not_fixed") << i;
  }
}

using Change = std::function<void(TpmMaker&)>;

void each_has_its_name(std::initializer_list<std::pair<const char*, Change>> cases) {
  for (const auto& [wanted, change] : cases) {
    TpmMaker maker;
    change(maker);
    EXPECT_EQ(reasons_of(maker.verdict()), wanted);
  }
}

TEST(Tpm, EachWrongThingOfAKeyHasItsName) {
  each_has_its_name({
      {"tpm_magic_wrong", [](auto& m) { m.quote.magic = 0; }},
      {"tpm_type_wrong", [](auto& m) { m.quote.type = 0x801a; }},
      {"tpm_quote_malformed", [](auto& m) { m.quote.trailing = {0}; }},
      {"tpm_ak_not_attestation_key", [](auto& m) { m.attributes = 0x00040072; }},  // unrestricted
      {"tpm_ak_not_attestation_key", [](auto& m) { m.attributes = 0x00070072; }},  // decrypts too
      {"tpm_ak_not_attestation_key", [](auto& m) { m.attributes = 0x00050062; }},  // other parents
      {"tpm_ak_not_trusted machine_not_allowed",
       [](auto& m) { m.certified = "other"; }},  // a genuine certificate of another key
      {"evidence_signature_wrong", [](auto& m) { m.quote.signer = "other"; }},
      {"root_not_pinned tpm_ak_not_trusted", [](auto& m) { m.chain.root.serial = 9; }},
      {"certificate_signature_wrong", [](auto& m) { m.chain.forged_middle = true; }},
      {"certificate_expired", [](auto& m) { m.leaf.not_after = kNow - 1; }},
      {"certificate_not_yet_valid", [](auto& m) { m.leaf.not_before = kNow + 1; }},
      {"certificate_usage_wrong", [](auto& m) { m.leaf.usage = "keyEncipherment"; }},
      {"certificate_usage_wrong",
       [](auto& m) { m.leaf.extensions.erase(m.leaf.extensions.begin()); }},
      {"certificate_usage_wrong",
       [](auto& m) { m.leaf.extensions[0].value.back() = 4; }},  // of a platform
      {"certificate_usage_wrong", [](auto& m) { m.leaf.extensions[0].value.push_back(0); }},
      {"certificate_revoked", [](auto& m) { m.chain.middle_crl.revoked = {3}; }},
      {"crl_expired", [](auto& m) { m.chain.root_crl.next_update = kNow - 1; }},
      {"machine_not_allowed", [](auto& m) { m.leaf.extensions.pop_back(); }},
      {"machine_not_allowed",
       [](auto& m) { m.leaf.extensions[1].value[12] ^= 1; }},  // another instance
      {"machine_not_allowed", [](auto& m) { m.leaf.extensions[1].value.push_back(0); }},
  });
}

TEST(Tpm, EachWrongThingOfAQuoteHasItsName) {
  each_has_its_name({
      {"tpm_bank_not_allowed tpm_selection_wrong tpm_pcr_digest_wrong image_not_allowed",
       [](auto& m) {
         m.quote.selections.insert(m.quote.selections.begin(), {TpmAlgorithm::sha256, 0});
       }},
      {"tpm_bank_not_allowed",
       [](auto& m) { m.quote.selections.push_back({TpmAlgorithm::sha1, 0}); }},
      {"tpm_selection_wrong image_not_allowed",  // PCR 14 is said, but not quoted
       [](auto& m) {
         m.quote.selections[0].pcrs = 0x17;
         rebind(m);
       }},
      {"tpm_selection_wrong",  // one more
       [](auto& m) {
         m.quote.selections[0].pcrs = 0x4037;
         m.quote.pcrs[5] = Bytes(32, 0);
       }},
      {"tpm_pcr_missing tpm_pcr_digest_wrong",
       [](auto& m) {
         m.quote.pcr_digest = digest_bytes("as it was", 32);
         m.quote.pcrs.erase(1);
       }},
      {"tpm_pcr_missing tpm_pcr_digest_wrong",
       [](auto& m) {
         m.quote.pcr_digest = digest_bytes("as it was", 32);
         m.quote.pcrs[1] = Bytes(20, 0);
       }},
      {"tpm_pcr_digest_wrong", [](auto& m) { m.quote.pcr_digest = Bytes(32, 0); }},
      {"tpm_pcr_digest_wrong", [](auto& m) { m.quote.pcr_digest = Bytes{}; }},
      {"binding_wrong", [](auto& m) { m.quote.extra_data.back() ^= 1; }},
      {"binding_wrong", [](auto& m) { m.quote.extra_data.pop_back(); }},
      {"binding_wrong", [](auto& m) { m.quote.extra_data.push_back(0); }},
      {"binding_wrong", [](auto& m) { m.quote.extra_data.clear(); }},
      {"image_not_allowed event_log_mismatch", [](auto& m) { m.quote.pcrs[14][0] ^= 1; }},
      {"event_log_mismatch", [](auto& m) { m.log.events[1].digest[0] ^= 1; }},
      {"event_log_mismatch", [](auto& m) { std::swap(m.log.events[1], m.log.events[2]); }},
      {"event_log_incomplete", [](auto& m) { m.log.events.pop_back(); }},
      {"event_log_incomplete", [](auto& m) { m.log.events[3].type = 3; }},
      {"event_log_missing event_log_incomplete", [](auto& m) { m.event_log = Bytes{}; }},
      {"event_log_malformed", [](auto& m) { m.log.trailing = {1}; }},
      {"event_log_bank_missing", [](auto& m) { m.log.banks = {TpmAlgorithm::sha384}; }},
  });
}

TEST(Tpm, ValuesOutsideTheSelectionAreNobodysWord) {
  TpmMaker maker;
  maker.quote.pcrs[8] = digest_bytes("never quoted", 32);
  const Verdict verdict = maker.verdict();
  EXPECT_TRUE(verdict.ok()) << reasons_of(verdict);
  EXPECT_EQ(verdict.claim("pcr_8"), nullptr);
  TrustPolicy trust = TpmMaker::trust();
  trust.tpm->pcrs.images[0].pcrs.push_back({8, maker.quote.pcrs[8]});
  EXPECT_EQ(reasons_of(maker.verdict(trust, TpmMaker::expected())), "image_not_allowed");
}

TEST(Tpm, Sha1IsNoBankAndNoHash) {
  TpmMaker maker;
  maker.quote.selections[0].bank = TpmAlgorithm::sha1;
  for (auto& [index, value] : maker.quote.pcrs) value.resize(20);
  TrustPolicy trust = TpmMaker::trust();
  trust.tpm->pcrs.bank = TpmAlgorithm::sha1;
  for (PcrValue& pcr : trust.tpm->pcrs.images[0].pcrs) pcr.value.resize(20);
  trust.tpm->require_event_log = false;
  maker.event_log = Bytes{};
  EXPECT_EQ(reasons_of(maker.verdict(trust, TpmMaker::expected())), "tpm_bank_not_allowed");
  TpmMaker hash;
  hash.quote.hash = TpmAlgorithm::sha1;
  const Verdict verdict = hash.verdict();
  EXPECT_TRUE(verdict.has_reason("tpm_hash_not_allowed")) << reasons_of(verdict);
}

TEST(Tpm, TheSignatureHasTheKeysOwnScheme) {
  TpmMaker maker;
  maker.quote.kind = crypto::KeyKind::rsa;
  maker.quote.scheme = TpmAlgorithm::rsassa;
  TpmFile file = maker.file();
  maker.quote.scheme = TpmAlgorithm::rsapss;
  file.ak_public = maker.ak_public();
  const std::string evidence = print_tpm_file(file);
  const Bytes chain = maker.chain_file();
  const Bytes log = maker.log.make();
  EXPECT_EQ(reasons_of(verify_evidence({Platform::tpm, as_bytes(evidence), chain, log},
                                       TpmMaker::trust(), TpmMaker::expected())),
            "tpm_scheme_wrong");
}

TEST(Tpm, SoftwareResettablePcrsAreNeverUsed) {
  TpmMaker maker;
  maker.quote.selections[0].pcrs |= kResettablePcrs;
  maker.quote.pcrs[16] = maker.quote.pcrs[23] = Bytes(32, 0);
  TrustPolicy trust = TpmMaker::trust();
  trust.tpm->pcrs.selection |= kResettablePcrs;
  EXPECT_TRUE(maker.verdict(trust, TpmMaker::expected()).ok());
  for (const std::uint8_t pcr : std::initializer_list<std::uint8_t>{16, 23}) {
    TrustPolicy uses = trust;
    uses.tpm->pcrs.images[0].pcrs.push_back({pcr, Bytes(32, 0)});
    EXPECT_EQ(reasons_of(maker.verdict(uses, TpmMaker::expected())), "image_not_allowed");
    EXPECT_FALSE(decode_trust_policy(encode_trust_policy(uses)));
  }
}

TEST(Tpm, WhatThePolicyLeavesOutIsRefused) {
  const TpmMaker maker;
  const auto refused = [&](const std::function<void(TrustPolicy&)>& change) {
    TrustPolicy trust = TpmMaker::trust();
    change(trust);
    return reasons_of(maker.verdict(trust, TpmMaker::expected()));
  };
  EXPECT_EQ(refused([](auto& t) { t.tpm.reset(); }),
            "platform_not_trusted root_not_pinned tpm_ak_not_trusted tpm_bank_not_allowed "
            "tpm_selection_wrong image_not_allowed");
  EXPECT_EQ(refused([](auto& t) { t.tpm->roots.clear(); }), "root_not_pinned tpm_ak_not_trusted");
  EXPECT_EQ(refused([](auto& t) { t.tpm->pcrs.images.clear(); }), "image_not_allowed");
  EXPECT_EQ(refused([](auto& t) { t.tpm->pcrs.images[0].pcrs.clear(); }), "image_not_allowed");
  EXPECT_EQ(refused([](auto& t) { t.tpm->machines->clear(); }), "machine_not_allowed");
  EXPECT_EQ(refused([](auto& t) { t.crl_age_max_s = 1; }), "crl_too_old");
  EXPECT_EQ(refused([](auto& t) { t.min_assurance = Assurance::tpm; }), "assurance_too_low");
  EXPECT_EQ(
      refused([&](auto& t) { t.revoked_certificates = {crypto::sha256(maker.chain.root_der())}; }),
      "certificate_revoked");
  Expected nothing = TpmMaker::expected();
  nothing.binding.clear();
  EXPECT_EQ(reasons_of(maker.verdict(TpmMaker::trust(), nothing)),
            "expectation_not_set binding_wrong");
}

TEST(Tpm, WholeFilesOnly) {
  const TpmMaker maker;
  const std::string good = print_tpm_file(maker.file());
  EXPECT_EQ(print_tpm_file(parse_tpm_file(as_bytes(good)).value()), good);
  const auto bad = [&](const std::string& text) {
    const auto file = parse_tpm_file(as_bytes(text));
    return !file && file.error().reason == Literal("tpm_evidence_malformed");
  };
  EXPECT_TRUE(bad(good + " "));
  EXPECT_TRUE(bad(""));
  const Json json = Json::parse(good).value();
  Json more = json;
  more.set("more", 1);
  EXPECT_TRUE(bad(more.canonical()));
  Json::Object less = *json.object();
  less.pop_back();
  EXPECT_TRUE(bad(Json(less).canonical()));
  TpmFile twice = maker.file();
  twice.quote.pcrs.push_back(twice.quote.pcrs.back());
  EXPECT_TRUE(bad(print_tpm_file(twice)));
  TpmFile beyond = maker.file();
  beyond.quote.pcrs.push_back({24, Bytes(32, 0)});
  EXPECT_TRUE(bad(print_tpm_file(beyond)));
}

TEST(Tpm, IsQuick) {
  const double best = quickest_ms(TpmMaker().make());
  RecordProperty("microseconds", static_cast<int>(1000 * best));
  EXPECT_LT(best, kVerificationMsMax);
}

TEST(Tpm, FlippedBitsAreRefused) {
  const MadeEvidence made = TpmMaker::make_enrolled();
  ASSERT_TRUE(made.verdict().ok());
  EXPECT_TRUE(surviving_flips(made, &MadeEvidence::evidence, 31).empty());
}

// Google's: three banks of one machine, as go-tpm-tools recorded them.
struct Real {
  TpmFile file;
  Bytes chain;
  Bytes log;
  TrustPolicy trust;
  Expected expected;
};

std::optional<Real> real(std::int64_t bank) {
  const auto quotes = read_vector("tpm/gce-cos-85-nonce9009.quotes.json");
  if (!quotes) return std::nullopt;
  Real out;
  out.file.ak_public = *read_vector("tpm/gce-cos-85-nonce9009.akpub.tpmt");
  const Json parsed = Json::parse(as_text(*quotes)).value();
  for (const Json& quote : *parsed.array()) {
    if (*quote.find("bank")->integer() != bank) continue;
    out.file.quote.quote = from_hex(*quote.find("quote")->string()).value();
    out.file.quote.signature = from_hex(*quote.find("sig")->string()).value();
    for (std::uint8_t i = 0; i < 24; i++) {
      out.file.quote.pcrs.push_back(
          {i, from_hex(*quote.find("pcrs")->find(std::to_string(i))->string()).value()});
    }
  }
  out.chain = joined(*read_vector("tpm/gce-cos-85-nonce9009.akcert.der"),
                     *read_vector("tpm/ca/tpm_ek_intermediate_2.crt"),
                     *read_vector("tpm/ca/tpm_ek_root_1.cer"));
  out.log = *read_vector("tpm/gce-cos-85-nonce9009.eventlog.bin");
  TpmTrust tpm;
  for (const KnownRoot& root : known_roots()) {
    if (root.name != "google-tpm-ek") continue;
    TpmRoot pinned;
    const Bytes hash = from_hex(root.sha256).value();
    std::copy(hash.begin(), hash.end(), pinned.sha256.begin());
    pinned.assurance = Assurance::cloud_tpm;
    tpm.roots = {pinned};
  }
  tpm.require_crl = false;
  tpm.pcrs.bank = static_cast<TpmAlgorithm>(bank);
  tpm.pcrs.selection = 0xffffff;
  TpmImage image;
  image.image_digest.fill(7);
  for (std::size_t i = 0; i < 10; i++) image.pcrs.push_back(out.file.quote.pcrs[i]);
  tpm.pcrs.images = {image};
  out.trust.min_assurance = Assurance::cloud_tpm;
  out.trust.tpm = tpm;
  out.expected.binding = {0x90, 0x09};
  out.expected.now = kNow;
  return out;
}

std::string real_reasons(const Real& real) {
  const std::string evidence = print_tpm_file(real.file);
  return reasons_of(verify_evidence({Platform::tpm, as_bytes(evidence), real.chain, real.log},
                                    real.trust, real.expected));
}

TEST(Tpm, GooglesMachine) {
  auto good = real(11);
  if (!good) GTEST_SKIP() << kNoVectors;
  EXPECT_EQ(real_reasons(*good), "");
  EXPECT_EQ(real_reasons(*real(12)), "");
  EXPECT_EQ(real_reasons(*real(4)), "tpm_bank_not_allowed event_log_bank_missing");
  Real other = *good;
  other.expected.binding = {0x90, 0x0a};
  EXPECT_EQ(real_reasons(other), "binding_wrong");
  other = *good;
  other.expected.now = 4'000'000'000;
  EXPECT_EQ(real_reasons(other), "certificate_expired");
  other = *good;  // PCR 10 is extended, and not in the log
  other.trust.tpm->pcrs.images[0].pcrs.push_back(other.file.quote.pcrs[10]);
  EXPECT_EQ(real_reasons(other), "event_log_incomplete");
  other = *good;
  other.chain = joined(*read_vector("tpm/gce-cos-85-nonce9009.akcert.der"));
  EXPECT_NE(real_reasons(other), "");
  other = *good;
  other.trust.tpm->machines = std::vector<Bytes>{Bytes(8, 0)};
  EXPECT_EQ(real_reasons(other), "machine_not_allowed");
}

}  // namespace
}  // namespace gbx::attest::testing
