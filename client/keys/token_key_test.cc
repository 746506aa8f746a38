#include "client/keys/token_key.h"

#include <gtest/gtest.h>
#include <unistd.h>

namespace gbx::client {
namespace {

Token token(const TokenEpoch& epoch, std::string_view kind, std::string_view identifier) {
  Bytes message;
  token_message(kind, identifier, message);
  return make_tokeniser(Secret<32>(std::array<std::uint8_t, 32>{5}), epoch)->token(message);
}

TEST(Token, IsHmacOfTheDerivedKey) {
  const Secret<32> key(std::array<std::uint8_t, 32>{5});
  Bytes info = to_bytes("glovebox/token-key/v1");
  for (const std::string_view part : {"id", "1", ""}) {
    info.push_back(0);
    info.insert(info.end(), part.begin(), part.end());
  }
  const SecretBytes derived = crypto::hkdf_sha256(key.view(), {}, info, 32);
  const std::string message =
      std::string("glovebox/token/v1") + '\0' + "email" + '\0' + "alice@email.com";
  const Secret<32> mac = crypto::hmac_sha256(derived.view(), as_bytes(message));
  EXPECT_EQ(to_hex(token({"id", 1}, "email", "alice@email.com")), to_hex(mac.view().first(16)));
}

TEST(Token, NeverMatchesAcrossEpochsKindsOrCollaborations) {
  const Token base = token({"id", 1}, "email", "x");
  EXPECT_EQ(base, token({"id", 1}, "email", "x"));
  EXPECT_NE(base, token({"id", 2}, "email", "x"));
  EXPECT_NE(base, token({"other", 1}, "email", "x"));
  EXPECT_NE(base, token({"id", 1}, "phone", "x"));
}

TEST(Token, LongIdentifiersToo) {
  const std::string identifier(1000, 'a');
  EXPECT_NE(token({"id", 1}, "email", identifier), token({"id", 1}, "email", identifier + "a"));
}

const std::string kCollaboration = "00112233445566778899aabbccddeeff";

class TokenKeyPacket : public testing::Test {
 protected:
  TokenKeyPacket() {
    packet_ =
        make_token_key_packet(shop_, epoch_, key_, {news_.identity(), shop_.identity()}).value();
  }
  ~TokenKeyPacket() override { std::filesystem::remove_all(folder_); }

  [[nodiscard]] Home home(const std::string& name) const {
    return Home::create(folder_ / name, name, as_bytes("p"), {1024, 8, 1}).value();
  }
  // The check value of what `who` opens, or the reason why not.
  [[nodiscard]] std::string open(const packet::Envelope& envelope, const Home& who) const {
    const auto opened = open_token_key_packet(envelope, shop_.identity().signing_key, who);
    return opened ? check_value(opened->key, opened->epoch)
                  : std::string(opened.error().reason.view());
  }
  // The packet with one piece of its payload replaced, signed by its maker again or not.
  [[nodiscard]] packet::Envelope edited(const std::string& from, const std::string& to,
                                        bool sign_again) const {
    packet::Envelope out = packet_;
    const std::size_t at = out.payload.find(from);
    GBX_CHECK(at != std::string::npos);
    out.payload.replace(at, from.size(), to);
    if (sign_again) packet::sign(out, shop_.signing_key());
    return out;
  }

  std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / ("gbx_token_" + std::to_string(getpid()));
  Home shop_ = home("shopgood");
  Home news_ = home("newsnow");
  Home other_ = home("other");
  TokenEpoch epoch_ = {kCollaboration, 3};
  Secret<32> key_{std::array<std::uint8_t, 32>{5}};
  packet::Envelope packet_;
};

TEST_F(TokenKeyPacket, OpensForEachReceiver) {
  const auto opened = open_token_key_packet(packet_, shop_.identity().signing_key, news_);
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->epoch.epoch, 3U);
  EXPECT_EQ(opened->epoch.collaboration, kCollaboration);
  EXPECT_EQ(to_hex(opened->key.view()), to_hex(key_.view()));
  EXPECT_EQ(open(packet_, shop_), check_value(key_, epoch_));
}

TEST_F(TokenKeyPacket, NobodyElseOpensIt) {
  EXPECT_EQ(open(packet_, other_), "not_a_receiver");
  std::filesystem::create_directories(folder_ / "second");
  const Home liar =
      Home::create(folder_ / "second", "newsnow", as_bytes("p"), {1024, 8, 1}).value();
  EXPECT_EQ(open(packet_, liar), "seal_broken");
}

TEST_F(TokenKeyPacket, OnlyTheSenderExpectedIsBelieved) {
  packet::Envelope forged = make_token_key_packet(other_, epoch_, key_, {news_.identity()}).value();
  EXPECT_EQ(open(forged, news_), "signature_missing");
  packet::sign(forged, shop_.signing_key());
  EXPECT_EQ(open(forged, news_), "signature_extra");
  EXPECT_EQ(open(edited("\"epoch\":3", "\"epoch\":4", false), news_), "signature_wrong");
}

TEST_F(TokenKeyPacket, SealIsForOneEpochCollaborationAndReceiver) {
  EXPECT_EQ(open(edited("\"epoch\":3", "\"epoch\":4", true), news_), "seal_broken");
  EXPECT_EQ(open(edited(kCollaboration, "f" + kCollaboration.substr(1), true), news_),
            "seal_broken");
  EXPECT_EQ(open(edited("\"newsnow\"", "\"other\"", true), other_), "seal_broken");
}

TEST_F(TokenKeyPacket, ASenderWhoGivesOutDifferentKeysIsFoundOut) {
  const std::string other = check_value(Secret<32>(std::array<std::uint8_t, 32>{6}), epoch_);
  EXPECT_EQ(open(edited(check_value(key_, epoch_), other, true), news_), "check_value_wrong");
}

TEST_F(TokenKeyPacket, MalformedPacketsAreRefused) {
  const std::pair<const char*, const char*> edits[] = {
      {"\"epoch\":3", "\"epoch\":0"},
      {"\"epoch\":3", "\"epoch\":4294967299"},
      {"\"epoch\":3", "\"epoch\":\"3\""},
      {"\"epoch\":3", "\"epoch\":3,\"extra\":1"},
      {"00112233", "0011"},
      {"00112233", "0011223G"},
      {"\"newsnow\"", "\"zebra\""},     // order
      {"\"newsnow\"", "\"shopgood\""},  // twice
      {"\"newsnow\"", "\"../news\""},
  };
  for (const auto& [from, to] : edits) {
    EXPECT_EQ(open(edited(from, to, true), shop_), "token_key_malformed") << to;
  }
}

TEST_F(TokenKeyPacket, ReceiversAreChecked) {
  const auto reason = [&](const std::vector<PublicIdentity>& receivers) {
    const auto made = make_token_key_packet(shop_, epoch_, key_, receivers);
    return made ? "" : std::string(made.error().reason.view());
  };
  EXPECT_EQ(reason({}), "receivers_wrong");
  EXPECT_EQ(reason({news_.identity(), news_.identity()}), "receivers_wrong");
  PublicIdentity low = news_.identity();
  low.sealing_key = {};
  EXPECT_EQ(reason({low}), "sealing_key_wrong");
}

TEST_F(TokenKeyPacket, CheckValueFollowsKeyEpochAndCollaboration) {
  const std::string check = check_value(key_, epoch_);
  EXPECT_EQ(check.size(), 16U);
  EXPECT_NE(check, check_value(Secret<32>(), epoch_));
  EXPECT_NE(check, check_value(key_, {kCollaboration, 4}));
  EXPECT_NE(check, check_value(key_, {"f" + kCollaboration.substr(1), 3}));
}

TEST(CollaborationId, Is32HexDigits) {
  EXPECT_TRUE(is_collaboration_id(kCollaboration));
  EXPECT_FALSE(is_collaboration_id(""));
  EXPECT_FALSE(is_collaboration_id(kCollaboration.substr(2)));
  EXPECT_FALSE(is_collaboration_id(kCollaboration + "00"));
  EXPECT_FALSE(is_collaboration_id("00112233445566778899AABBCCDDEEFF"));
}

}  // namespace
}  // namespace gbx::client
