#include "trusted/packet/dsse.h"

#include <gtest/gtest.h>

#include "trusted/crypto/entropy.h"

namespace gbx::packet {
namespace {

constexpr std::string_view kType = "application/vnd.glovebox.test+json";

struct TwoMembers {
  crypto::SystemEntropy entropy;
  crypto::SigningKey shop = crypto::SigningKey::make(entropy).value();
  crypto::SigningKey news = crypto::SigningKey::make(entropy).value();
  std::vector<crypto::PublicKey> keys = {shop.public_key(), news.public_key()};
  Envelope envelope = make_envelope(kType, Json::object({{"a", 1}}));
};

TEST(Dsse, PreAuthenticationEncodingOfTheSpecification) {
  EXPECT_EQ(as_text(pre_authentication_encoding("http://example.com/HelloWorld", "hello world")),
            "DSSEv1 29 http://example.com/HelloWorld 11 hello world");
}

TEST(Dsse, AllHaveToSignTheSameBytes) {
  TwoMembers two;
  sign(two.envelope, two.shop);
  EXPECT_EQ(verify_envelope(two.envelope, kType, two.keys).error().reason.view(),
            "signature_missing");
  sign(two.envelope, two.news);
  sign(two.envelope, two.news);
  const Envelope parsed = parse_envelope(print_envelope(two.envelope)).value();
  EXPECT_EQ(verify_envelope(parsed, kType, two.keys)->canonical(), R"({"a":1})");
  EXPECT_EQ(verify_envelope(parsed, "other", two.keys).error().reason.view(), "packet_type_wrong");
}

TEST(Dsse, WrongExtraAndRepeatedSignaturesAreRefused) {
  TwoMembers two;
  sign(two.envelope, two.shop);
  sign(two.envelope, two.news);
  Envelope changed = two.envelope;
  changed.payload = R"({"a":2})";
  EXPECT_EQ(verify_envelope(changed, kType, two.keys).error().reason.view(), "signature_wrong");
  Envelope extra = two.envelope;
  sign(extra, crypto::SigningKey::make(two.entropy).value());
  EXPECT_EQ(verify_envelope(extra, kType, two.keys).error().reason.view(), "signature_extra");
  Envelope repeated = two.envelope;
  repeated.signatures.push_back(repeated.signatures.front());
  EXPECT_EQ(verify_envelope(repeated, kType, two.keys).error().reason.view(), "signature_extra");
  EXPECT_FALSE(verify_envelope(two.envelope, kType, {}));
}

TEST(Dsse, EnvelopeHasOneSpelling) {
  TwoMembers two;
  sign(two.envelope, two.shop);
  const std::string good = print_envelope(two.envelope);
  EXPECT_TRUE(parse_envelope(good));
  EXPECT_FALSE(parse_envelope(" " + good));
  EXPECT_FALSE(parse_envelope(good.substr(0, good.size() - 1) + ",\"x\":1}"));
  EXPECT_FALSE(parse_envelope("{}"));
}

TEST(Dsse, MalformedEnvelopesAreRefused) {
  TwoMembers two;
  sign(two.envelope, two.shop);
  sign(two.envelope, two.news);
  const auto refused = [](const Envelope& envelope) {
    auto parsed = parse_envelope(print_envelope(envelope));
    return !parsed && parsed.error() == Error{ErrorCode::invalid_argument, "envelope_malformed"};
  };
  EXPECT_FALSE(refused(two.envelope));
  Envelope bad = two.envelope;
  std::swap(bad.signatures[0], bad.signatures[1]);
  EXPECT_TRUE(refused(bad)) << "order of signatures";
  bad = two.envelope;
  bad.signatures.push_back(bad.signatures.back());
  EXPECT_TRUE(refused(bad)) << "a key twice";
  bad = two.envelope;
  bad.signatures[0].keyid.pop_back();
  EXPECT_TRUE(refused(bad)) << "short keyid";
  bad = two.envelope;
  bad.signatures[0].keyid = std::string(64, 'A');
  EXPECT_TRUE(refused(bad)) << "upper case";
  bad = two.envelope;
  bad.signatures[0].signature.pop_back();
  EXPECT_TRUE(refused(bad)) << "short signature";
  bad = two.envelope;
  bad.payload_type = std::string(201, 'a');
  EXPECT_TRUE(refused(bad)) << "long type";
  bad = two.envelope;
  bad.signatures.resize(kSignaturesMax + 1, bad.signatures[0]);
  EXPECT_TRUE(refused(bad)) << "too many signatures";
  EXPECT_EQ(parse_envelope(std::string(kEnvelopeBytesMax + 1, ' ')).error().reason.view(),
            "envelope_too_large");
}

TEST(Dsse, AKeyIdThatLiesHelpsNobody) {
  TwoMembers two;
  sign(two.envelope, two.shop);
  two.envelope.signatures.push_back(
      {key_id(two.news.public_key()), two.envelope.signatures.front().signature});
  EXPECT_EQ(verify_envelope(two.envelope, kType, two.keys).error().reason.view(),
            "signature_wrong");
}

TEST(Dsse, PayloadMustBeCanonical) {
  TwoMembers two;
  two.envelope.payload = R"({"a": 1})";
  sign(two.envelope, two.shop);
  sign(two.envelope, two.news);
  EXPECT_EQ(verify_envelope(two.envelope, kType, two.keys).error().reason.view(),
            "payload_not_canonical");
}

}  // namespace
}  // namespace gbx::packet
