#include "attest/tpm_structures.h"

#include <gtest/gtest.h>

#include "attest/testing/tpm_maker.h"

namespace gbx::attest::testing {
namespace {

TEST(TpmQuote, EveryField) {
  QuoteMaker maker;
  maker.selections.push_back({TpmAlgorithm::sha1, 0x800001});
  const Bytes bytes = maker.attest();
  const TpmQuote quote = parse_tpm_quote(bytes).value();
  EXPECT_EQ(to_hex(quote.qualified_signer), to_hex(digest_bytes("name", 34)));
  EXPECT_EQ(to_hex(quote.extra_data), to_hex(maker.extra_data));
  EXPECT_EQ(quote.clock_ms, 123456U);
  EXPECT_EQ(quote.reset_count, 7U);
  EXPECT_EQ(quote.restart_count, 3U);
  EXPECT_TRUE(quote.safe);
  EXPECT_EQ(quote.firmware_version, 0x2016'0511'0016'2800U);
  ASSERT_EQ(quote.selections.size(), 2U);
  EXPECT_EQ(quote.selections[0].bank, TpmAlgorithm::sha256);
  EXPECT_EQ(quote.selections[0].pcrs, 0x4017U);
  EXPECT_EQ(quote.selections[1].pcrs, 0x800001U);
  EXPECT_EQ(quote.pcr_digest.size(), 32U);
}

TEST(TpmQuote, Refusals) {
  const auto refusal = [](const QuoteMaker& maker) {
    const Bytes bytes = maker.attest();
    const auto quote = parse_tpm_quote(bytes);
    return quote ? "none" : std::string(quote.error().reason.view());
  };
  QuoteMaker maker;
  maker.magic = 0xff544346;
  EXPECT_EQ(refusal(maker), "tpm_magic_wrong");
  maker = {};
  maker.type = 0x8017;  // a certification
  EXPECT_EQ(refusal(maker), "tpm_type_wrong");
  maker = {};
  maker.trailing = {0};
  EXPECT_EQ(refusal(maker), "tpm_quote_malformed");
  maker = {};
  maker.safe = 2;
  EXPECT_EQ(refusal(maker), "tpm_quote_malformed");
  maker = {};
  maker.selections.clear();
  EXPECT_EQ(refusal(maker), "tpm_quote_malformed");
  maker = {};
  maker.selections.assign(9, {TpmAlgorithm::sha256, 1});
  EXPECT_EQ(refusal(maker), "tpm_quote_malformed");
  maker = {};
  maker.selections[0].bank = TpmAlgorithm::rsa;
  EXPECT_EQ(refusal(maker), "tpm_quote_malformed");
  maker = {};
  maker.extra_data = Bytes(65, 1);
  EXPECT_EQ(refusal(maker), "tpm_quote_malformed");
  const Bytes whole = QuoteMaker().attest();
  for (std::size_t size = 0; size < whole.size(); size++) {
    EXPECT_FALSE(parse_tpm_quote(ByteView(whole).first(size))) << size;
  }
}

TEST(TpmSignature, FormsAndCuts) {
  for (const auto kind : {crypto::KeyKind::p256, crypto::KeyKind::p384, crypto::KeyKind::rsa}) {
    QuoteMaker maker;
    maker.kind = kind;
    const bool is_rsa = kind == crypto::KeyKind::rsa;
    for (const auto scheme : {TpmAlgorithm::rsassa, TpmAlgorithm::rsapss, TpmAlgorithm::ecdsa}) {
      if (is_rsa == (scheme == TpmAlgorithm::ecdsa)) continue;
      for (const auto hash : {TpmAlgorithm::sha256, TpmAlgorithm::sha384, TpmAlgorithm::sha512}) {
        maker.scheme = scheme;
        maker.hash = hash;
        const TpmEvidence made = maker.make();
        const TpmSignature signature = parse_tpm_signature(made.signature).value();
        const Bytes area = public_area(key_of("ak", kind), 0x00050072, scheme, hash);
        const TpmPublic ak = parse_tpm_public(area).value();
        EXPECT_TRUE(is_attestation_key(ak));
        const auto key = verifying_key(ak).value();
        EXPECT_TRUE(verify_tpm_signature(key, made.quote, signature));
        Bytes other = made.quote;
        other.back() ^= 1;
        EXPECT_FALSE(verify_tpm_signature(key, other, signature));
        for (std::size_t size = 0; size < area.size(); size++) {
          EXPECT_FALSE(parse_tpm_public(ByteView(area).first(size))) << size;
        }
        for (std::size_t size = 0; size < made.signature.size(); size++) {
          EXPECT_FALSE(parse_tpm_signature(ByteView(made.signature).first(size))) << size;
        }
        EXPECT_FALSE(parse_tpm_public(joined(area, Bytes{0})));
        EXPECT_FALSE(parse_tpm_signature(joined(made.signature, Bytes{0})));
      }
    }
  }
}

TEST(TpmSignature, WhatCannotBeReadIsRefusedByName) {
  const Bytes good = QuoteMaker().make().signature;
  const auto with = [&](std::size_t at, std::uint8_t value) {
    Bytes changed = good;
    changed[at] = value;
    return std::string(parse_tpm_signature(changed).error().reason.view());
  };
  EXPECT_EQ(with(1, 0x05), "tpm_signature_malformed");  // an HMAC
  EXPECT_EQ(with(3, 0x10), "tpm_signature_malformed");  // no hash
  EXPECT_EQ(with(4, 0x01), "tpm_signature_malformed");  // a number longer than any
  EXPECT_EQ(with(1, 0x14), "tpm_signature_malformed");  // r and s where RSA has one number
  TpmFile file = TpmMaker().file();
  file.quote.signature.push_back(0);
  MadeEvidence made = TpmMaker().make();
  made.evidence = to_bytes(print_tpm_file(file));
  EXPECT_TRUE(made.verdict().has_reason("tpm_signature_malformed"));
}

TEST(TpmSignature, Sha1IsRefused) {
  QuoteMaker maker;
  TpmEvidence made = maker.make();
  made.signature[3] = 0x04;
  const auto signature = parse_tpm_signature(made.signature).value();
  const auto key = crypto::VerifyingKey::from_point(key_of("ak", maker.kind).point()).value();
  EXPECT_EQ(verify_tpm_signature(key, made.quote, signature).error().reason.view(),
            "tpm_hash_not_allowed");
}

TEST(TpmPublic, OnlySigningKeysWithOneScheme) {
  const Bytes good = public_area(key_of("ak", crypto::KeyKind::p256), 0x00050072,
                                 TpmAlgorithm::ecdsa, TpmAlgorithm::sha256);
  ASSERT_TRUE(parse_tpm_public(good));
  const auto with = [&](std::size_t at, std::uint8_t value) {
    Bytes changed = good;
    changed[at] = value;
    const auto parsed = parse_tpm_public(changed);
    return parsed.has_value();
  };
  EXPECT_FALSE(with(1, 0x08));   // a keyed hash
  EXPECT_FALSE(with(3, 0x04));   // named with SHA-1
  EXPECT_FALSE(with(11, 0x06));  // a symmetric cipher
  EXPECT_FALSE(with(13, 0x10));  // no scheme
  EXPECT_FALSE(with(13, 0x14));  // RSASSA, of an elliptic curve
  EXPECT_FALSE(with(15, 0x10));  // no hash
  EXPECT_FALSE(with(17, 0x10));  // a curve that we do not know
  EXPECT_FALSE(with(19, 0x20));  // a key derivation
}

TEST(TpmPublic, AttributesOfAnAttestationKey) {
  const auto is_ak = [](std::uint32_t attributes) {
    const Bytes area = public_area(key_of("ak", crypto::KeyKind::p256), attributes,
                                   TpmAlgorithm::ecdsa, TpmAlgorithm::sha256);
    return is_attestation_key(parse_tpm_public(area).value());
  };
  EXPECT_TRUE(is_ak(0x00050072));
  EXPECT_TRUE(is_ak(0x000504b6));            // others that harm nothing
  for (const int bit : {1, 4, 5, 16, 18}) {  // each of them is needed
    EXPECT_FALSE(is_ak(0x00050072U & ~(1U << bit))) << bit;
  }
  for (const int bit : {0, 3, 8, 9, 11, 12, 13, 14, 15, 17, 19, 20, 31}) {
    EXPECT_FALSE(is_ak(0x00050072U | 1U << bit)) << bit;
  }
}

}  // namespace
}  // namespace gbx::attest::testing
