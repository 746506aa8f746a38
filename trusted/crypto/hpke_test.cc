#include "trusted/crypto/hpke.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "trusted/base/json.h"
#include "trusted/crypto/entropy.h"

namespace gbx::crypto {
namespace {

// Gives out the ephemeral secret of a vector.
class FixedEntropy final : public Entropy {
 public:
  explicit FixedEntropy(Bytes bytes) : bytes_(std::move(bytes)) {}
  Status fill(std::span<std::uint8_t> out) noexcept override {
    if (out.size() != bytes_.size()) return Error{ErrorCode::unavailable, "entropy_failed"};
    std::copy(bytes_.begin(), bytes_.end(), out.begin());
    return {};
  }

 private:
  Bytes bytes_;
};

Bytes hex_of(const Json& json, std::string_view key) {
  return from_hex(*json.find(key)->string()).value();
}

bool is_ours(const Json& vector) {
  return *vector.find("suite")->string() ==
             "DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20Poly1305" &&
         vector.find("section")->string()->starts_with("Base ");
}

TEST(Hpke, Rfc9180Vectors) {
  const std::filesystem::path path =
      GBX_SOURCE_DIR "/../shared/vectors/hpke/rfc9180-appendix-a.json";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "the vectors are not beside this checkout";
  std::ifstream in(path);
  std::stringstream text;
  text << in.rdbuf();
  const Json file = Json::parse(text.str()).value();
  int count = 0;
  for (const Json& entry : *file.array()) {
    if (!is_ours(entry)) continue;
    const Json& vector = *entry.find("params");
    const Json& first = entry.find("encryptions")->array()->front();
    const auto key = SealingKey::from_secret(Secret<32>::from(hex_of(vector, "skRm")).value());
    EXPECT_EQ(Bytes(key.public_key().begin(), key.public_key().end()), hex_of(vector, "pkRm"));
    FixedEntropy entropy(hex_of(vector, "skEm"));
    const Bytes sealed = hpke_seal(key.public_key(), hex_of(vector, "info"), hex_of(first, "aad"),
                                   hex_of(first, "pt"), entropy)
                             .value();
    Bytes expected = hex_of(vector, "enc");
    const Bytes ciphertext = hex_of(first, "ct");
    expected.insert(expected.end(), ciphertext.begin(), ciphertext.end());
    EXPECT_EQ(sealed, expected);
    const auto opened = hpke_open(key, hex_of(vector, "info"), hex_of(first, "aad"), sealed);
    EXPECT_EQ(to_hex(opened->view()), to_hex(hex_of(first, "pt")));
    count++;
  }
  EXPECT_EQ(count, 1);
}

TEST(Hpke, RoundTripsAndRefusesEveryFlippedBit) {
  SystemEntropy entropy;
  const SealingKey key = SealingKey::make(entropy).value();
  const Bytes sealed =
      hpke_seal(key.public_key(), as_bytes("info"), as_bytes("aad"), as_bytes("secret"), entropy)
          .value();
  EXPECT_EQ(as_text(hpke_open(key, as_bytes("info"), as_bytes("aad"), sealed)->view()), "secret");
  for (std::size_t bit = 0; bit < sealed.size() * 8; bit++) {
    Bytes bad = sealed;
    bad[bit / 8] = static_cast<std::uint8_t>(bad[bit / 8] ^ (1U << bit % 8));
    // X25519 ignores the top bit of a public key, but the key schedule binds the bytes as sent.
    EXPECT_FALSE(hpke_open(key, as_bytes("info"), as_bytes("aad"), bad)) << bit;
  }
  EXPECT_FALSE(hpke_open(key, as_bytes("other"), as_bytes("aad"), sealed));
  EXPECT_FALSE(hpke_open(key, as_bytes("info"), as_bytes("other"), sealed));
  EXPECT_FALSE(hpke_open(key, as_bytes("info"), as_bytes("aad"), ByteView(sealed).first(47)));
}

TEST(Hpke, RefusesAKeyOfLowOrder) {
  SystemEntropy entropy;
  EXPECT_EQ(hpke_seal(SealingPublicKey{}, {}, {}, {}, entropy).error().reason.view(),
            "sealing_key_wrong");
}

}  // namespace
}  // namespace gbx::crypto
