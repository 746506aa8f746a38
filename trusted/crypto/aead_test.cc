#include "trusted/crypto/aead.h"

#include <gtest/gtest.h>

namespace gbx::crypto {
namespace {

Bytes hex(std::string_view text) { return from_hex(text).value(); }
AeadKey key_of(std::string_view text) { return AeadKey::from(hex(text)).value(); }
AeadNonce nonce_of(std::string_view text) {
  AeadNonce out{};
  const Bytes bytes = hex(text);
  std::copy(bytes.begin(), bytes.end(), out.begin());
  return out;
}

// McGrew and Viega, "The Galois/Counter Mode of Operation", appendix B, test cases 13, 14 and 16.
TEST(Aead, PublishedGcmCases) {
  const AeadKey zero;
  EXPECT_EQ(to_hex(aead_seal(zero, {}, {}, {})), "530f8afbc74536b9a963b4f1c4cb738b");
  EXPECT_EQ(to_hex(aead_seal(zero, {}, {}, Bytes(16))),
            "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919");
  const AeadKey key = key_of("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308");
  const AeadNonce nonce = nonce_of("cafebabefacedbaddecaf888");
  const Bytes aad = hex("feedfacedeadbeeffeedfacedeadbeefabaddad2");
  const Bytes text = hex(
      "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6"
      "b525b16aedf5aa0de657ba637b39");
  const Bytes sealed = aead_seal(key, nonce, aad, text);
  EXPECT_EQ(to_hex(sealed),
            "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b"
            "1056828838c5f61e6393ba7a0abcc9f66276fc6ece0f4e1768cddf8853bb2d551b");
  EXPECT_EQ(aead_open(key, nonce, aad, sealed).value(), text);
}

TEST(Aead, EmptyTextAndEmptyDataComeBack) {
  const AeadKey key = key_of(std::string(64, '7'));
  for (const Cipher cipher : {Cipher::aes_256_gcm, Cipher::chacha20_poly1305}) {
    for (const std::string_view aad : {"", "about"}) {
      for (const std::string_view text : {"", "text"}) {
        const Bytes sealed = aead_seal(key, {}, as_bytes(aad), as_bytes(text), cipher);
        EXPECT_EQ(sealed.size(), text.size() + kAeadTagSize);
        EXPECT_EQ(as_text(aead_open(key, {}, as_bytes(aad), sealed, cipher).value()), text);
      }
    }
  }
}

TEST(Aead, EveryFlippedBitAndEveryOtherInputIsRefused) {
  const AeadKey key = key_of(std::string(64, '7'));
  const Bytes sealed = aead_seal(key, {}, as_bytes("aad"), as_bytes("secret"));
  const Error broken{ErrorCode::unverified, "seal_broken"};
  for (std::size_t bit = 0; bit < sealed.size() * 8; bit++) {
    Bytes bad = sealed;
    bad[bit / 8] = static_cast<std::uint8_t>(bad[bit / 8] ^ (1U << bit % 8));
    EXPECT_EQ(aead_open(key, {}, as_bytes("aad"), bad).error(), broken) << bit;
  }
  EXPECT_EQ(aead_open(AeadKey(), {}, as_bytes("aad"), sealed).error(), broken);
  EXPECT_EQ(aead_open(key, nonce_of("000000000000000000000001"), as_bytes("aad"), sealed).error(),
            broken);
  EXPECT_EQ(aead_open(key, {}, as_bytes("aae"), sealed).error(), broken);
  EXPECT_EQ(aead_open(key, {}, {}, sealed).error(), broken);
  EXPECT_EQ(aead_open(key, {}, as_bytes("aad"), sealed, Cipher::chacha20_poly1305).error(), broken);
  for (std::size_t size = 0; size < sealed.size(); size++) {
    EXPECT_EQ(aead_open(key, {}, as_bytes("aad"), ByteView(sealed).first(size)).error(), broken);
  }
}

TEST(AeadOpener, OpensChunksOneAfterAnotherAndSurvivesABrokenOne) {
  const AeadKey key = key_of(std::string(64, '7'));
  const AeadNonce second = nonce_of("000000000000000000000002");
  const Bytes a = aead_seal(key, {}, as_bytes("a"), as_bytes("first"));
  const Bytes b = aead_seal(key, second, as_bytes("b"), as_bytes("other"));
  AeadOpener opener(key);
  Bytes out(5);
  ASSERT_TRUE(opener.open({}, as_bytes("a"), a, out));
  EXPECT_EQ(as_text(out), "first");
  EXPECT_FALSE(opener.open({}, as_bytes("b"), b, out));
  EXPECT_EQ(out, Bytes(5)) << "nothing of a text that is not authentic may stay";
  ASSERT_TRUE(opener.open(second, as_bytes("b"), b, out));
  EXPECT_EQ(as_text(out), "other");
  Bytes small(4);
  EXPECT_FALSE(opener.open(second, as_bytes("b"), b, small));
}

// IEEE 802.1AE test vectors (2011), 2.1.2: 54-byte packet, authentication only, GCM-AES-256.
TEST(Gmac, PublishedCase) {
  Gmac gmac(key_of("e3c08a8f06c6e3ad95a70557b23f75483ce33021a9c72b7025666204c69c0b72"));
  const Bytes packet =
      hex("d609b1f056637a0d46df998d88e5222ab2c2846512153524c0895e8108000f1011121314151617"
          "18191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f30313233340001");
  EXPECT_EQ(to_hex(gmac.tag(nonce_of("12153524c0895e81b2c28465"), packet)),
            "2f0bc5af409e06d609ea8b7d0fa5ea50");
}

TEST(Gmac, OneObjectTagsManyMessages) {
  const AeadKey key = key_of(std::string(64, '7'));
  Gmac gmac(key);
  for (const std::string_view message : {"", "one", "another", "one"}) {
    for (const char* nonce : {"000000000000000000000001", "000000000000000000000002"}) {
      const Bytes sealed = aead_seal(key, nonce_of(nonce), as_bytes(message), {});
      EXPECT_EQ(to_hex(gmac.tag(nonce_of(nonce), as_bytes(message))), to_hex(sealed));
    }
  }
}

}  // namespace
}  // namespace gbx::crypto
