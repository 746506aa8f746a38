#include "trusted/crypto/sign.h"

#include <gtest/gtest.h>

#include "trusted/crypto/entropy.h"

namespace gbx::crypto {
namespace {

struct Case {
  std::string_view seed;
  std::string_view public_key;
  std::string_view message;
  std::string_view signature;
};

// RFC 8032 section 7.1, tests 1 and 2.
constexpr std::array kCases = {
    Case{"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
         "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
         "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701"
         "cf9b46bd25bf5f0595bbe24655141438e7a100b"},
    Case{"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
         "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
         "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d"
         "0f11d8c387b2eaeb4302aeeb00d291612bb0c00"},
};

TEST(Sign, Rfc8032) {
  for (const Case& example : kCases) {
    const auto key =
        SigningKey::from_seed(Secret<32>::from(from_hex(example.seed).value()).value());
    const Bytes message = from_hex(example.message).value();
    EXPECT_EQ(to_hex(key.public_key()), example.public_key);
    EXPECT_EQ(to_hex(key.sign(message)), example.signature);
    EXPECT_TRUE(verify(key.public_key(), message, from_hex(example.signature).value()));
  }
}

TEST(Sign, EveryFlippedBitIsRefused) {
  SystemEntropy entropy;
  const SigningKey key = SigningKey::make(entropy).value();
  const Signature good = key.sign(as_bytes("message"));
  const Error wrong{ErrorCode::unverified, "signature_wrong"};
  for (std::size_t bit = 0; bit < good.size() * 8; bit++) {
    Signature bad = good;
    bad[bit / 8] = static_cast<std::uint8_t>(bad[bit / 8] ^ (1U << bit % 8));
    EXPECT_EQ(verify(key.public_key(), as_bytes("message"), bad).error(), wrong) << bit;
  }
  EXPECT_EQ(verify(key.public_key(), as_bytes("massage"), good).error(), wrong);
  EXPECT_EQ(verify(key.public_key(), as_bytes("message"), {}).error(), wrong);
  EXPECT_EQ(verify(key.public_key(), as_bytes("message"), ByteView(good).first(63)).error(), wrong);
  Bytes longer(good.begin(), good.end());
  longer.push_back(0);
  EXPECT_EQ(verify(key.public_key(), as_bytes("message"), longer).error(), wrong);
  EXPECT_EQ(verify(SigningKey::make(entropy)->public_key(), as_bytes("message"), good).error(),
            wrong);
}

class NoEntropy final : public Entropy {
 public:
  Status fill(std::span<std::uint8_t> /*out*/) noexcept override {
    return Error{ErrorCode::unavailable, "entropy_failed"};
  }
};

TEST(Sign, WithoutEntropyThereIsNoKey) {
  NoEntropy none;
  EXPECT_EQ(SigningKey::make(none).error().code, ErrorCode::unavailable);
}

TEST(SystemEntropy, FillsWhollyAndDiffersEachTime) {
  SystemEntropy entropy;
  // Over one part of what is asked from the library at a time; an all-zero tail of 32 bytes has
  // probability 2^-256.
  Bytes a((std::size_t{1} << 20) + 32);
  Bytes b(32);
  ASSERT_TRUE(entropy.fill(a));
  ASSERT_TRUE(entropy.fill(b));
  EXPECT_NE(to_hex(ByteView(a).last(32)), to_hex(Bytes(32)));
  EXPECT_NE(to_hex(ByteView(a).first(32)), to_hex(b));
  EXPECT_TRUE(entropy.fill({}));
}

}  // namespace
}  // namespace gbx::crypto
