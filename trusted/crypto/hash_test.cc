#include "trusted/crypto/hash.h"

#include <gtest/gtest.h>

#include <thread>

namespace gbx::crypto {
namespace {

Bytes range(std::uint8_t first, std::size_t count) {
  Bytes out;
  for (std::size_t i = 0; i < count; i++) out.push_back(static_cast<std::uint8_t>(first + i));
  return out;
}

TEST(Hash, Fips180Examples) {
  EXPECT_EQ(to_hex(sha256(as_bytes("abc"))),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(to_hex(sha256({})), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(to_hex(sha512(as_bytes("abc"))),
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
            "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
}

TEST(Hash, PiecesHashAsTheWhole) {
  const Bytes message = range(0, 200);
  for (std::size_t cut = 0; cut <= message.size(); cut++) {
    Sha256 pieces;
    pieces.update(ByteView(message).first(cut));
    pieces.update(ByteView(message).subspan(cut));
    EXPECT_EQ(pieces.finish(), sha256(message)) << cut;
  }
}

TEST(Hmac, Rfc4231) {
  EXPECT_EQ(to_hex(hmac_sha256(Bytes(20, 0x0b), as_bytes("Hi There")).view()),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(to_hex(hmac_sha256(as_bytes("Jefe"), as_bytes("what do ya want for nothing?")).view()),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(to_hex(hmac_sha256(Bytes(131, 0xaa),
                               as_bytes("Test Using Larger Than Block-Size Key - Hash Key First"))
                       .view()),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(Hkdf, Rfc5869) {
  EXPECT_EQ(to_hex(hkdf_sha256(Bytes(22, 0x0b), range(0, 13), range(0xf0, 10), 42).view()),
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
  EXPECT_EQ(to_hex(hkdf_sha256(range(0, 80), range(0x60, 80), range(0xb0, 80), 82).view()),
            "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41"
            "c65e590e09da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87");
  EXPECT_EQ(to_hex(hkdf_sha256(Bytes(22, 0x0b), {}, {}, 42).view()),
            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8");
}

TEST(Hkdf, EverySizeIsAPrefixOfTheLongest) {
  const SecretBytes longest = hkdf_sha256(as_bytes("secret"), {}, as_bytes("info"), 255 * 32);
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{32}, std::size_t{33},
                                 std::size_t{64}, std::size_t{255 * 32 - 1}}) {
    const SecretBytes out = hkdf_sha256(as_bytes("secret"), {}, as_bytes("info"), size);
    EXPECT_EQ(to_hex(out.view()), to_hex(longest.view().first(size)));
  }
  EXPECT_DEATH(static_cast<void>(hkdf_sha256({}, {}, {}, 255 * 32 + 1)), "invariant broken");
}

// Lengths around the block borders: 55 is the last that fits the block with its padding.
TEST(Tokeniser, IsHmacCutTo128Bits) {
  const auto key = Secret<32>::from(range(1, 32)).value();
  const Tokeniser tokeniser(key);
  for (std::size_t size = 0; size <= 300; size++) {
    const Bytes message = range(7, size);
    const Secret<32> mac = hmac_sha256(key.view(), message);
    EXPECT_EQ(to_hex(tokeniser.token(message)), to_hex(mac.view().first(16))) << size;
  }
}

TEST(Tokeniser, ThreadsShareOne) {
  const auto key = Secret<32>::from(range(1, 32)).value();
  const Tokeniser tokeniser(key);
  const Token expected = tokeniser.token(as_bytes("ana@example.com"));
  std::array<bool, 4> same{};
  std::vector<std::thread> threads;
  for (bool& result : same) {
    threads.emplace_back([&tokeniser, &expected, &result] {
      bool all = true;
      for (int i = 0; i < 2000; i++) {
        all = all && tokeniser.token(as_bytes("ana@example.com")) == expected;
      }
      result = all;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(same, (std::array<bool, 4>{true, true, true, true}));
}

TEST(Scrypt, Rfc7914) {
  EXPECT_EQ(to_hex(scrypt({}, {}, {16, 1, 1})->view()),
            "77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442");
  EXPECT_EQ(to_hex(scrypt(as_bytes("password"), as_bytes("NaCl"), {1024, 8, 16})->view()),
            "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162");
  EXPECT_EQ(
      to_hex(scrypt(as_bytes("pleaseletmein"), as_bytes("SodiumChloride"), {16384, 8, 1})->view()),
      "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2");
}

TEST(Scrypt, CostOutOfRangeIsRefusedBeforeMemoryIsTaken) {
  const auto refused = [](ScryptCost cost) {
    const auto out = scrypt(as_bytes("password"), as_bytes("salt"), cost);
    return !out && out.error() == Error{ErrorCode::invalid_argument, "scrypt_cost"};
  };
  EXPECT_TRUE(refused({0, 8, 1}));
  EXPECT_TRUE(refused({1, 8, 1}));
  EXPECT_TRUE(refused({1000, 8, 1}));
  EXPECT_TRUE(refused({16, 0, 1}));
  EXPECT_TRUE(refused({16, 8, 0}));
  EXPECT_TRUE(refused({std::uint64_t{1} << 63, 8, 1}));
  EXPECT_TRUE(refused({std::uint64_t{1} << 21, 8, 1}));
  EXPECT_TRUE(refused({16, ~std::uint32_t{0}, 1}));
  EXPECT_TRUE(refused({16, 8, ~std::uint32_t{0}}));
}

}  // namespace
}  // namespace gbx::crypto
