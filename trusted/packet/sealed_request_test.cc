// Requests on their way: they open in their room only, and their size says little.

#include "trusted/packet/sealed_request.h"

#include <gtest/gtest.h>

#include <set>

#include "trusted/crypto/entropy.h"
#include "trusted/packet/padding.h"
#include "trusted/packet/request.h"

namespace gbx::packet {
namespace {

class SealedRequestTest : public testing::Test {
 protected:
  SealedRequestTest() { binding_.sealing_key = room_.public_key(); }

  [[nodiscard]] Envelope request(std::string sql) const {
    Request out;
    out.member = "newsnow";
    out.binding = digest(binding_);
    out.sql = std::move(sql);
    return make_request(out, member_);
  }
  std::string seal(const Envelope& envelope) {
    return seal_request(envelope, binding_, entropy_).value();
  }
  // "" when it opens as what was sealed.
  static std::string reason(std::string_view packet, const crypto::SealingKey& room) {
    const auto parsed = parse_sealed_request(packet);
    if (!parsed) return std::string(parsed.error().reason.view());
    const auto opened = open_sealed_request(*parsed, room);
    return opened ? "" : std::string(opened.error().reason.view());
  }
  // A plaintext that seal_request() would not make, under an honest seal.
  std::string seal_plaintext(ByteView plaintext) {
    const BindingDigest name = digest(binding_);
    const Bytes sealed = crypto::hpke_seal(room_.public_key(), as_bytes("glovebox/request/v1"),
                                           name, plaintext, entropy_)
                             .value();
    return Json::object({{"binding", to_hex(name)},
                         {"nonce", to_hex(binding_.nonce)},
                         {"sealed", to_base64(sealed)}})
        .canonical();
  }

  crypto::SystemEntropy entropy_;
  crypto::SigningKey member_ = crypto::SigningKey::make(entropy_).value();
  crypto::SealingKey room_ = crypto::SealingKey::make(entropy_).value();
  Binding binding_;
};

TEST_F(SealedRequestTest, OpensInItsRoom) {
  const Envelope envelope = request("SELECT 1");
  const auto sealed = parse_sealed_request(seal(envelope));
  ASSERT_TRUE(sealed);
  EXPECT_EQ(sealed->binding, digest(binding_));
  EXPECT_EQ(sealed->nonce, binding_.nonce);
  const auto opened = open_sealed_request(*sealed, room_);
  ASSERT_TRUE(opened);
  EXPECT_EQ(print_envelope(*opened), print_envelope(envelope));
}

TEST_F(SealedRequestTest, AnotherRoomsKeyDoesNotOpenIt) {
  const auto other = crypto::SealingKey::make(entropy_).value();
  EXPECT_EQ(reason(seal(request("SELECT 1")), other), "seal_broken");
}

TEST_F(SealedRequestTest, AnotherBindingOfTheSameKeyDoesNotOpenIt) {
  auto sealed = parse_sealed_request(seal(request("SELECT 1"))).value();
  binding_.nonce[0] = 1;
  sealed.binding = digest(binding_);
  EXPECT_EQ(open_sealed_request(sealed, room_).error().reason, Literal("seal_broken"));
}

TEST_F(SealedRequestTest, EveryFlippedBitAndEveryTruncationIsRefused) {
  const std::string good = seal(request("SELECT 1"));
  for (std::size_t i = 0; i < good.size(); i++) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ (1 << i % 8));
    const std::string word = reason(bad, room_);
    // What holds the nonce is the binding, which the room compares.
    const auto parsed = parse_sealed_request(bad);
    const bool other_nonce = parsed && parsed->nonce != binding_.nonce;
    EXPECT_TRUE(word == "seal_broken" || word == "request_malformed" || other_nonce) << i << word;
    EXPECT_EQ(reason(good.substr(0, i), room_), "request_malformed") << i;
  }
}

TEST_F(SealedRequestTest, WhateverElseItIsIsMalformed) {
  const std::string good = seal(request("SELECT 1"));
  EXPECT_EQ(reason(good + " ", room_), "request_malformed");
  EXPECT_EQ(reason("", room_), "request_malformed");
  EXPECT_EQ(reason("[]", room_), "request_malformed");
  EXPECT_EQ(reason(R"({"binding":"","sealed":""})", room_), "request_malformed");
  EXPECT_EQ(reason(good.substr(0, good.size() - 1) + R"(,"x":1})", room_), "request_malformed");
  EXPECT_EQ(reason(print_envelope(request("SELECT 1")), room_), "request_malformed") << "in plain";
}

TEST_F(SealedRequestTest, NothingIsSaidOfTheQuestionInPlain) {
  const std::string packet = seal(request("SELECT COUNT(*) FROM purchases"));
  EXPECT_EQ(packet.find("purchases"), std::string::npos);
  EXPECT_EQ(packet.find("newsnow"), std::string::npos);
  EXPECT_EQ(packet.find(to_base64(as_bytes("SELECT COUNT"))), std::string::npos);
}

TEST_F(SealedRequestTest, SizeSaysTheClassOnly) {
  std::set<std::size_t> sizes;
  std::size_t before = 0;
  for (std::size_t bytes = 0; bytes <= kSqlBytesMax; bytes += 512) {
    const auto sealed = parse_sealed_request(seal(request(std::string(bytes, 'x'))));
    ASSERT_TRUE(sealed);
    const std::size_t padded = sealed->sealed.size() - 48;
    EXPECT_GE(padded, std::max<std::size_t>(before, 1024));
    before = padded;
    sizes.insert(padded);
  }
  EXPECT_EQ(sizes, (std::set<std::size_t>{1024, 2048, 4096, 8192, 16384, 32768, 65536, 131072}));
}

TEST_F(SealedRequestTest, TheLongestQuestionFitsHoweverItIsEscaped) {
  const Envelope envelope = request(std::string(kSqlBytesMax, '\x01'));
  const std::string packet = seal(envelope);
  EXPECT_LE(packet.size(), std::size_t{2} << 20);
  EXPECT_EQ(reason(packet, room_), "");
  const auto over =
      seal_request(request(std::string(std::size_t{1} << 20, 'x')), binding_, entropy_);
  ASSERT_FALSE(over);
  EXPECT_EQ(over.error().reason, Literal("query_too_long"));
}

TEST_F(SealedRequestTest, PaddingHasOneForm) {
  const std::string text = print_envelope(request("SELECT 1"));
  const PaddingRule rule{.floor = 1024, .text_bytes_max = std::size_t{1} << 20};
  const Bytes good = pad(text, rule);
  EXPECT_EQ(reason(seal_plaintext(good), room_), "");
  Bytes longer = good;
  longer.resize(2 * good.size());
  EXPECT_EQ(reason(seal_plaintext(longer), room_), "request_malformed");
  Bytes ended = good;
  ended.back() = 1;
  EXPECT_EQ(reason(seal_plaintext(ended), room_), "request_malformed");
  Bytes beyond = good;
  beyond[3] = 1;
  EXPECT_EQ(reason(seal_plaintext(beyond), room_), "request_malformed");
  EXPECT_EQ(reason(seal_plaintext({}), room_), "request_malformed");
  EXPECT_EQ(reason(seal_plaintext(as_bytes(text)), room_), "request_malformed");
}

}  // namespace
}  // namespace gbx::packet
