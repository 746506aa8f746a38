#include "client/keys/home.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "client/keys/atomic_file.h"
#include "trusted/crypto/aead.h"

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

TEST_F(HomeTest, RemembersTheLastHeadOfALedger) {
  const log::Head first{1, Hash{1}};
  const log::Head second{2, Hash{2}};
  {
    Home home = Home::create(folder_, "shopgood", passphrase_, kCheap).value();
    EXPECT_TRUE(home.ledger_heads().empty());
    ASSERT_TRUE(home.keep_ledger_head("everyone", first));
    ASSERT_TRUE(home.keep_ledger_head("everyone", second));
    ASSERT_TRUE(home.keep_ledger_head("patients", first));
  }
  Home home = Home::open(folder_, passphrase_).value();
  EXPECT_EQ(home.ledger_heads().at("everyone"), second);
  EXPECT_EQ(home.ledger_heads().at("patients"), first);
  EXPECT_TRUE(home.keep_ledger_head("everyone", second));
  EXPECT_EQ(home.keep_ledger_head("everyone", first).error().reason.view(), "ledger_rolled_back");
  EXPECT_EQ(home.keep_ledger_head("everyone", {2, Hash{3}}).error().reason.view(),
            "ledger_rolled_back");
  EXPECT_EQ(home.ledger_heads().at("everyone"), second);
}

TEST_F(HomeTest, AHeadThatAnotherProcessHasKeptStays) {
  Home one = Home::create(folder_, "shopgood", passphrase_, kCheap).value();
  Home two = Home::open(folder_, passphrase_).value();
  ASSERT_TRUE(one.keep_ledger_head("everyone", {5, Hash{5}}));
  EXPECT_FALSE(two.keep_ledger_head("everyone", {4, Hash{4}}));
  ASSERT_TRUE(two.keep_ledger_head("patients", {1, Hash{1}}));
  EXPECT_EQ(Home::open(folder_, passphrase_)->ledger_heads().size(), 2U);
}

// As the version before ledgers wrote it: the same, without their list.
TEST_F(HomeTest, AKeyFileWithoutLedgersIsRead) {
  const Home made = Home::create(folder_, "shopgood", passphrase_, kCheap).value();
  const std::array<std::uint8_t, 16> salt{7};
  const crypto::AeadNonce nonce{9};
  Json json = Json::object({{"name", "shopgood"},
                            {"nonce", to_hex(nonce)},
                            {"salt", to_hex(salt)},
                            {"scrypt_n", kCheap.n},
                            {"scrypt_p", 1},
                            {"scrypt_r", 8},
                            {"sealing_key", to_hex(made.identity().sealing_key)},
                            {"signing_key", to_hex(made.identity().signing_key)},
                            {"version", 1}});
  Writer secrets;
  secrets.raw(made.signing_key().seed().view());
  secrets.raw(made.sealing_key().secret().view());
  secrets.u32(0);
  secrets.u32(0);
  const Secret<32> wrapping_key = crypto::scrypt(passphrase_, salt, kCheap).value();
  json.set("sealed", to_base64(crypto::aead_seal(wrapping_key, nonce, as_bytes(json.canonical()),
                                                 secrets.bytes())));
  ASSERT_TRUE(write_file(folder_ / "keys.json", json.canonical(), 0600));
  Home home = Home::open(folder_, passphrase_).value();
  EXPECT_TRUE(home.ledger_heads().empty());
  ASSERT_TRUE(home.keep_ledger_head("everyone", {1, Hash{1}}));
  EXPECT_NE(file().find(R"("version":2)"), std::string::npos);
  EXPECT_EQ(Home::open(folder_, passphrase_)->ledger_heads().size(), 1U);
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

// Two processes that keep keys at the same time lose neither.
TEST_F(HomeTest, TakesInWhatAnotherProcessHasKept) {
  Home first = Home::create(folder_, "shopgood", passphrase_, kCheap).value();
  Home second = Home::open(folder_, passphrase_).value();
  ASSERT_TRUE(first.keep_snapshot_key(Hash{1}, Secret<32>(std::array<std::uint8_t, 32>{1})));
  ASSERT_TRUE(second.keep_snapshot_key(Hash{2}, Secret<32>(std::array<std::uint8_t, 32>{2})));
  ASSERT_TRUE(first.keep_token_key("c", 1, Secret<32>(std::array<std::uint8_t, 32>{3})));
  EXPECT_EQ(second.keep_token_key("c", 1, Secret<32>()).error().reason.view(), "token_key_exists");
  const Home third = Home::open(folder_, passphrase_).value();
  EXPECT_EQ(third.snapshot_key(Hash{1})->view()[0], 1);
  EXPECT_EQ(third.snapshot_key(Hash{2})->view()[0], 2);
  EXPECT_EQ(third.token_key("c", 1)->view()[0], 3);
}

TEST_F(HomeTest, AHomeThatWasReplacedIsNotWrittenTo) {
  Home home = Home::create(folder_, "shopgood", passphrase_, kCheap).value();
  std::filesystem::remove(folder_ / "keys.json");
  ASSERT_TRUE(Home::create(folder_, "shopgood", passphrase_, kCheap));
  const std::string before = file();
  EXPECT_EQ(home.keep_snapshot_key(Hash{1}, Secret<32>()).error().reason.view(),
            "key_file_replaced");
  EXPECT_EQ(file(), before);
}

TEST_F(HomeTest, WhatCannotBeWrittenIsNotKept) {
  Home home = Home::create(folder_, "shopgood", passphrase_, kCheap).value();
  std::filesystem::remove_all(folder_);
  EXPECT_FALSE(home.keep_snapshot_key(Hash{1}, Secret<32>()));
  EXPECT_EQ(home.snapshot_key(Hash{1}), nullptr);
}

TEST_F(HomeTest, FileAndNewFolderArePrivateAndAnOldFolderIsLeftAlone) {
  using std::filesystem::perms;
  ASSERT_TRUE(Home::create(folder_, "shopgood", passphrase_, kCheap));
  const auto mode = [](const std::filesystem::path& path) {
    return std::filesystem::status(path).permissions();
  };
  EXPECT_EQ(mode(folder_), perms::owner_all);
  EXPECT_EQ(mode(folder_ / "keys.json"), perms::owner_read | perms::owner_write);
  std::filesystem::remove(folder_ / "keys.json");
  std::filesystem::permissions(folder_, perms::owner_all | perms::group_read);
  ASSERT_TRUE(Home::create(folder_, "shopgood", passphrase_, kCheap));
  EXPECT_EQ(mode(folder_), perms::owner_all | perms::group_read);
}

TEST_F(HomeTest, HostileCostsTakeNoMemory) {
  ASSERT_TRUE(Home::create(folder_, "shopgood", passphrase_, kCheap));
  std::string bad = file();
  const std::size_t at = bad.find("\"scrypt_n\":1024");
  ASSERT_NE(at, std::string::npos);
  bad.replace(at, 15, "\"scrypt_n\":1073741824");
  ASSERT_TRUE(write_file(folder_ / "keys.json", bad, 0600));
  EXPECT_EQ(Home::open(folder_, passphrase_).error().reason.view(), "scrypt_cost");
}

TEST_F(HomeTest, NoSecretIsReadableInTheFile) {
  const Home home = Home::create(folder_, "shopgood", passphrase_, kCheap).value();
  const std::string text = file();
  for (const ByteView secret :
       {home.signing_key().seed().view(), home.sealing_key().secret().view()}) {
    EXPECT_EQ(text.find(to_hex(secret)), std::string::npos);
    EXPECT_EQ(text.find(to_base64(secret).substr(0, 40)), std::string::npos);
  }
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
