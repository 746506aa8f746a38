#include "attest/key_certificate.h"

#include <gtest/gtest.h>

#include "attest/der.h"
#include "attest/testing/test_chain.h"

namespace gbx::attest::testing {
namespace {

// nullopt for one that is no certificate at all.
std::optional<crypto::Certificate> with(const std::string& usage,
                                        std::vector<crypto::testing::TestExtension> extensions) {
  const TestChain chain(crypto::KeyKind::p256, crypto::Digest::sha256);
  auto spec = chain.leaf("key");
  spec.usage = usage;
  spec.extensions = std::move(extensions);
  auto parsed =
      crypto::Certificate::parse(chain.leaf_der(spec, key_of("leaf", crypto::KeyKind::p256)));
  if (!parsed) return std::nullopt;
  return std::move(parsed).value();
}

TEST(KeyCertificate, MaySign) {
  EXPECT_TRUE(may_sign(*with("digitalSignature", {})));
  EXPECT_TRUE(may_sign(*with("digitalSignature,nonRepudiation", {})));
  EXPECT_FALSE(may_sign(*with("nonRepudiation", {})));
  EXPECT_FALSE(may_sign(*with("", {})));
}

TEST(KeyCertificate, IsForTpm) {
  const auto purposes = [](Bytes value) {
    const auto leaf = with("digitalSignature", {{"2.5.29.37", std::move(value), false}});
    return leaf && is_for_tpm(*leaf);
  };
  const Bytes ak{6, 5, 0x67, 0x81, 5, 8, 3};
  const Bytes ek{6, 5, 0x67, 0x81, 5, 8, 1};
  const Bytes other{6, 5, 0x67, 0x81, 5, 8, 2};
  EXPECT_TRUE(purposes(joined(Bytes{0x30, 7}, ak)));
  EXPECT_TRUE(purposes(joined(Bytes{0x30, 7}, ek)));
  EXPECT_TRUE(purposes(joined(Bytes{0x30, 14}, other, ak)));
  EXPECT_FALSE(purposes(joined(Bytes{0x30, 7}, other)));
  EXPECT_FALSE(purposes(joined(Bytes{0x30, 7}, ak, Bytes{0})));
  EXPECT_FALSE(purposes(joined(Bytes{0x30, 9}, ak, Bytes{5, 0})));
  EXPECT_FALSE(purposes(ak));
  EXPECT_FALSE(is_for_tpm(*with("digitalSignature", {})));
}

TEST(KeyCertificate, GoogleInstanceId) {
  const auto instance = [](Bytes value) {
    return google_instance_id(
        *with("digitalSignature", {{"1.3.6.1.4.1.11129.2.1.21", std::move(value), false}}));
  };
  const Bytes before{0x0c, 1, 'z', 0x02, 1, 5, 0x0c, 1, 'p'};
  EXPECT_EQ(instance(joined(Bytes{0x30, 12}, before, Bytes{2, 1, 9})),
            (Bytes{0, 0, 0, 0, 0, 0, 0, 9}));
  const Bytes large{2, 9, 0, 0xff, 1, 2, 3, 4, 5, 6, 7};
  EXPECT_EQ(instance(joined(Bytes{0x30, 20}, before, large)), (Bytes{0xff, 1, 2, 3, 4, 5, 6, 7}));
  EXPECT_EQ(instance(joined(Bytes{0x30, 20}, before, Bytes{2, 9, 1, 2, 3, 4, 5, 6, 7, 8, 9})),
            std::nullopt);
  EXPECT_EQ(instance(joined(Bytes{0x30, 11}, before, Bytes{2, 0})), std::nullopt);
  EXPECT_EQ(instance(joined(Bytes{0x30, 9}, before)), std::nullopt);
  EXPECT_EQ(instance(joined(Bytes{0x30, 12}, before, Bytes{2, 1, 9, 0})), std::nullopt);
  EXPECT_EQ(google_instance_id(*with("digitalSignature", {})), std::nullopt);
}

TEST(DerReader, ShortestLengthsOnly) {
  const auto reads = [](Bytes bytes) {
    DerReader in(bytes);
    return in.next(kDerSequence) && in.done();
  };
  EXPECT_TRUE(reads({0x30, 0}));
  EXPECT_TRUE(reads(joined(Bytes{0x30, 0x81, 0x80}, Bytes(128, 1))));
  EXPECT_TRUE(reads(joined(Bytes{0x30, 0x82, 1, 0}, Bytes(256, 1))));
  EXPECT_FALSE(reads(joined(Bytes{0x30, 0x81, 0x7f}, Bytes(127, 1))));
  EXPECT_FALSE(reads(joined(Bytes{0x30, 0x82, 0, 0x80}, Bytes(128, 1))));
  EXPECT_FALSE(reads({0x30, 0x80}));
  EXPECT_FALSE(reads({0x30, 0x84, 0, 0, 0, 1, 1}));
  EXPECT_FALSE(reads({0x30, 0x81}));
  EXPECT_FALSE(reads({0x30, 1}));
  EXPECT_FALSE(reads({0x31, 0}));
  EXPECT_FALSE(reads({0x30}));
  EXPECT_FALSE(reads({0x30, 0, 0}));
}

}  // namespace
}  // namespace gbx::attest::testing
