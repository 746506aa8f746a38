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

TEST(TokenKeyPacket, OpensForTheOtherOwnerOnly) {
  const auto folder =
      std::filesystem::temp_directory_path() / ("gbx_token_" + std::to_string(getpid()));
  const crypto::ScryptCost cheap = {1024, 8, 1};
  const Home shop = Home::create(folder / "shop", "shopgood", as_bytes("p"), cheap).value();
  const Home news = Home::create(folder / "news", "newsnow", as_bytes("p"), cheap).value();
  const Home other = Home::create(folder / "other", "other", as_bytes("p"), cheap).value();
  const Secret<32> key(std::array<std::uint8_t, 32>{5});
  const auto packet = make_token_key_packet(shop, {"id", 3}, key, {news.identity()}).value();
  const auto opened = open_token_key_packet(packet, shop.identity().signing_key, news);
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->epoch.epoch, 3U);
  EXPECT_EQ(to_hex(opened->key.view()), to_hex(key.view()));
  EXPECT_EQ(open_token_key_packet(packet, shop.identity().signing_key, other).error().reason.view(),
            "not_a_receiver");
  EXPECT_FALSE(open_token_key_packet(packet, other.identity().signing_key, news));
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace gbx::client
