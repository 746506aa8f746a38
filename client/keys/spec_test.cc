// docs/spec/sealed-keys.md holds what the code makes.

#include "tests/spec/examples.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>

#include "client/keys/atomic_file.h"
#include "client/keys/home.h"
#include "client/keys/token_key.h"

namespace gbx::client {
namespace {

PublicIdentity example_identity(const std::string& name) {
  return {name, spec::example_signing_key(name).public_key(),
          spec::example_sealing_key(name).public_key()};
}

std::vector<std::string> names_of(const Json& json) {
  std::vector<std::string> out;
  for (const Json::Member& member : *json.object()) out.push_back(member.first);
  std::ranges::sort(out);
  return out;
}

class SealedKeysPage : public testing::Test {
 protected:
  SealedKeysPage()
      : home_(Home::create(folder_, "shopgood", as_bytes("p"), {1024, 8, 1}).value()) {}
  ~SealedKeysPage() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / ("gbx_spec_" + std::to_string(getpid()));
  Home home_;
  std::vector<Json> blocks_ = spec::examples("sealed-keys.md");
  TokenEpoch epoch_{"0f1e2d3c4b5a69788796a5b4c3d2e1f0", 1};
  Secret<32> key_{spec::example_hash("token key")};
};

TEST_F(SealedKeysPage, Identity) {
  ASSERT_EQ(blocks_.size(), 3U);
  const PublicIdentity identity = example_identity("shopgood");
  const auto made = make_identity_packet(identity, spec::example_signing_key("shopgood"));
  EXPECT_EQ(blocks_[0].canonical(), made.payload) << Json::parse(made.payload)->pretty();
  EXPECT_TRUE(spec::mentions("sealed-keys.md", fingerprint(identity))) << fingerprint(identity);
}

TEST_F(SealedKeysPage, KeyFileHasTheseMembers) {
  ASSERT_EQ(blocks_.size(), 3U);
  const Json file = Json::parse(read_file(folder_ / "keys.json", 1 << 20).value()).value();
  EXPECT_EQ(names_of(blocks_[1]), names_of(file));
}

// The seal itself is new each time; all else is fixed.
TEST_F(SealedKeysPage, TokenKey) {
  ASSERT_EQ(blocks_.size(), 3U);
  const auto packet =
      make_token_key_packet(home_, epoch_, key_, {example_identity("newsnow")}).value();
  const Json made = Json::parse(packet.payload).value();
  EXPECT_EQ(names_of(blocks_[2]), names_of(made));
  for (const char* fixed : {"check", "collaboration", "epoch"}) {
    EXPECT_EQ(blocks_[2].find(fixed)->canonical(), made.find(fixed)->canonical());
  }
}

TEST_F(SealedKeysPage, Tokens) {
  const auto tokeniser = make_tokeniser(key_, epoch_);
  Bytes message;
  token_message("email", "ana@example.com", message);
  EXPECT_TRUE(spec::mentions("sealed-keys.md", to_hex(tokeniser->token(message))))
      << to_hex(tokeniser->token(message));
  token_message("phone", "+14155550100", message);
  EXPECT_TRUE(spec::mentions("sealed-keys.md", to_hex(tokeniser->token(message))))
      << to_hex(tokeniser->token(message));
}

}  // namespace
}  // namespace gbx::client
