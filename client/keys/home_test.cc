#include "client/keys/home.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "client/keys/atomic_file.h"

namespace gbx::client {
namespace {

constexpr crypto::ScryptCost kCheap = {1024, 8, 1};

class HomeTest : public testing::Test {
 protected:
  HomeTest()
      : folder_(std::filesystem::temp_directory_path() / ("gbx_home_" + std::to_string(getpid()))) {
    std::filesystem::remove_all(folder_);
  }
  ~HomeTest() override { std::filesystem::remove_all(folder_); }
  [[nodiscard]] std::string file() const {
    return read_file(folder_ / "keys.json", 1 << 20).value();
  }

  std::filesystem::path folder_;
  ByteView passphrase_ = as_bytes("correct horse");
};

TEST_F(HomeTest, ComesBackWithItsKeys) {
  const Secret<32> key(std::array<std::uint8_t, 32>{7});
  const Hash manifest{9};
  PublicIdentity identity;
  {
    Home home = Home::create(folder_, "shopgood", passphrase_, kCheap).value();
    identity = home.identity();
    ASSERT_TRUE(home.keep_token_key("c", 2, key));
    ASSERT_TRUE(home.keep_snapshot_key(manifest, key));
  }
  const Home home = Home::open(folder_, passphrase_).value();
  EXPECT_EQ(home.identity(), identity);
  EXPECT_EQ(home.signing_key().public_key(), identity.signing_key);
  EXPECT_EQ(home.sealing_key().public_key(), identity.sealing_key);
  EXPECT_EQ(to_hex(home.token_key("c", 2)->view()), to_hex(key.view()));
  EXPECT_EQ(to_hex(home.snapshot_key(manifest)->view()), to_hex(key.view()));
  EXPECT_EQ(home.token_key("c", 1), nullptr);
  EXPECT_EQ(Home::peek(folder_).value(), identity);
}

TEST_F(HomeTest, WrongPassphraseTouchesNothing) {
  ASSERT_TRUE(Home::create(folder_, "shopgood", passphrase_, kCheap));
  const std::string before = file();
  EXPECT_EQ(Home::open(folder_, as_bytes("wrong")).error().reason.view(), "passphrase_wrong");
  EXPECT_EQ(file(), before);
}

TEST_F(HomeTest, IsNeverOverwritten) {
  ASSERT_TRUE(Home::create(folder_, "shopgood", passphrase_, kCheap));
  const std::string before = file();
  EXPECT_EQ(Home::create(folder_, "other", passphrase_, kCheap).error().reason.view(),
            "home_exists");
  EXPECT_EQ(file(), before);
}

TEST_F(HomeTest, RefusesBadNamesAndMissingHomes) {
  for (const char* name : {"", "Shop", "1shop", "a b", "../x"}) {
    EXPECT_EQ(Home::create(folder_, name, passphrase_, kCheap).error().reason.view(),
              "name_malformed")
        << name;
  }
  EXPECT_EQ(Home::open(folder_, passphrase_).error().reason.view(), "home_missing");
}

TEST_F(HomeTest, AnotherTokenKeyForTheSameEpochIsRefused) {
  Home home = Home::create(folder_, "shopgood", passphrase_, kCheap).value();
  ASSERT_TRUE(home.keep_token_key("c", 1, Secret<32>(std::array<std::uint8_t, 32>{1})));
  EXPECT_TRUE(home.keep_token_key("c", 1, Secret<32>(std::array<std::uint8_t, 32>{1})));
  EXPECT_EQ(home.keep_token_key("c", 1, Secret<32>(std::array<std::uint8_t, 32>{2}))
                .error()
                .reason.view(),
            "token_key_exists");
}

TEST_F(HomeTest, EveryChangedByteOfTheFileIsRefused) {
  ASSERT_TRUE(Home::create(folder_, "shopgood", passphrase_, kCheap));
  const std::string good = file();
  for (std::size_t i = 0; i < good.size(); i += 7) {
    std::string bad = good;
    bad[i] = bad[i] == '1' ? '2' : '1';
    if (bad == good) continue;
    ASSERT_TRUE(write_file(folder_ / "keys.json", bad, 0600));
    EXPECT_FALSE(Home::open(folder_, passphrase_)) << i;
  }
}

}  // namespace
}  // namespace gbx::client
