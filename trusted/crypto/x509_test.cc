#include "trusted/crypto/x509.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "trusted/crypto/testing/issue.h"

namespace gbx::crypto {
namespace {

using testing::CertificateSpec;
using testing::CrlSpec;
using testing::TestKey;

constexpr std::int64_t kNow = 1'800'000'000;
constexpr std::int64_t kDay = 86'400;

std::string words(const std::vector<Literal>& faults) {
  std::string out;
  for (const Literal fault : faults) out += (out.empty() ? "" : " ") + std::string(fault.view());
  return out;
}

// Root (RSA, PSS SHA-384) -> authority (RSA, PSS SHA-384) -> leaf (P-384), as AMD has it.
struct Good {
  TestKey root_key = TestKey::make(KeyKind::rsa);
  TestKey authority_key = TestKey::make(KeyKind::rsa);
  TestKey leaf_key = TestKey::make(KeyKind::p384);
  TestKey leaf_issuer_key = authority_key;
  CertificateSpec root{.subject = "root",
                       .issuer = "root",
                       .not_before = kNow - kDay,
                       .not_after = kNow + kDay,
                       .authority = true,
                       .usage = "keyCertSign,cRLSign",
                       .digest = Digest::sha384,
                       .pss = true,
                       .extensions = {}};
  CertificateSpec authority{.subject = "authority",
                            .issuer = "root",
                            .serial = 7,
                            .not_before = kNow - kDay,
                            .not_after = kNow + kDay,
                            .authority = true,
                            .path_length = 0,
                            .usage = "keyCertSign",
                            .digest = Digest::sha384,
                            .pss = true,
                            .extensions = {}};
  CertificateSpec leaf{.subject = "leaf",
                       .issuer = "authority",
                       .serial = 0,
                       .not_before = kNow - kDay,
                       .not_after = kNow + kDay,
                       .usage = "",
                       .digest = Digest::sha384,
                       .pss = true,
                       .extensions = {{"1.2.3.4", {4, 1, 9}}}};
  bool pin = true;

  [[nodiscard]] std::vector<Certificate> chain() const {
    return {Certificate::parse(issue(leaf, leaf_key, leaf_issuer_key)).value(),
            Certificate::parse(issue(authority, authority_key, root_key)).value(),
            Certificate::parse(issue(root, root_key, root_key)).value()};
  }
  [[nodiscard]] std::string faults() const {
    const auto made = chain();
    const std::vector<Hash> roots{pin ? made.back().fingerprint() : Hash{1}};
    return words(chain_faults(made, roots, kNow));
  }
};

TEST(X509, EachFaultOfAChainHasItsName) {
  Good good;
  EXPECT_EQ(good.faults(), "");
  const std::pair<const char*, std::function<void(Good&)>> cases[] = {
      {"root_not_pinned", [](Good& g) { g.pin = false; }},
      {"chain_issuer_wrong", [](Good& g) { g.leaf.issuer = "another"; }},
      {"certificate_signature_wrong", [](Good& g) { g.leaf_issuer_key = g.root_key; }},
      {"certificate_expired", [](Good& g) { g.leaf.not_after = kNow - 1; }},
      {"certificate_expired", [](Good& g) { g.root.not_after = kNow - 1; }},
      {"certificate_not_yet_valid", [](Good& g) { g.authority.not_before = kNow + 1; }},
      {"certificate_not_authority", [](Good& g) { g.authority.authority = false; }},
      {"certificate_not_authority", [](Good& g) { g.authority.usage = "digitalSignature"; }},
      {"certificate_not_authority", [](Good& g) { g.authority.usage = ""; }},
      {"certificate_leaf_is_authority", [](Good& g) { g.leaf.authority = true; }},
      {"certificate_path_too_long", [](Good& g) { g.root.path_length = 0; }},
      {"certificate_extension_unknown", [](Good& g) { g.leaf.extensions[0].critical = true; }},
      {"certificate_signature_wrong",  // PSS with another digest than AMD's
       [](Good& g) { g.leaf.digest = Digest::sha256; }},
      {"certificate_signature_wrong",  // with another one in its mask
       [](Good& g) { g.leaf.mask = Digest::sha256; }},
  };
  for (const auto& [reason, change] : cases) {
    Good bad = good;
    change(bad);
    EXPECT_EQ(bad.faults(), reason);
  }
}

TEST(X509, AChainHasALeafAndARootAndIsShort) {
  const auto chain = Good().chain();
  const std::vector<Hash> roots{chain.back().fingerprint()};
  EXPECT_EQ(words(chain_faults({}, roots, kNow)), "chain_incomplete");
  EXPECT_EQ(words(chain_faults(std::span(chain).last(1), roots, kNow)), "chain_incomplete");
  EXPECT_EQ(words(chain_faults(std::vector<Certificate>(9, chain[2]), roots, kNow)),
            "chain_too_long");
  const auto ordered = order_chain(chain[0], std::vector<Certificate>{chain[2], chain[1]});
  ASSERT_EQ(ordered.size(), 3U);
  EXPECT_EQ(ordered[1].common_name(), "authority");
  EXPECT_EQ(order_chain(chain[0], std::vector<Certificate>{chain[2]}).size(), 1U);
}

TEST(X509, ACertificateHasOneSpelling) {
  const Good good;
  const Bytes der = good.chain()[0].der();
  const auto root = good.chain();
  const std::vector<Hash> roots{root.back().fingerprint()};
  for (std::size_t bit = 0; bit < der.size() * 8; bit++) {
    Bytes bad = der;
    bad[bit / 8] = static_cast<std::uint8_t>(bad[bit / 8] ^ 1U << bit % 8);
    const auto parsed = Certificate::parse(bad);
    if (!parsed) continue;
    const std::vector<Certificate> chain{*parsed, root[1], root[2]};
    EXPECT_FALSE(chain_faults(chain, roots, kNow).empty()) << bit;
  }
  Bytes longer = der;
  longer.push_back(0);
  EXPECT_EQ(Certificate::parse(longer).error().reason.view(), "certificate_malformed");
  EXPECT_FALSE(Certificate::parse(ByteView(der).first(der.size() - 1)));
  EXPECT_FALSE(Certificate::parse({}));
}

TEST(X509, SaysWhatIsInIt) {
  const auto chain = Good().chain();
  EXPECT_EQ(chain[0].common_name(), "leaf");
  EXPECT_EQ(chain[0].issuer_common_name(), "authority");
  EXPECT_EQ(chain[0].serial(), Bytes{});  // AMD's is 0
  EXPECT_EQ(chain[1].serial(), Bytes{7});
  EXPECT_EQ(chain[0].not_after(), kNow + kDay);
  EXPECT_EQ(chain[0].extension("1.2.3.4"), (Bytes{4, 1, 9}));
  EXPECT_FALSE(chain[0].extension("1.2.3.5"));
  EXPECT_FALSE(chain[0].is_authority());
  EXPECT_TRUE(chain[1].is_authority());
  EXPECT_EQ(chain[0].key().kind(), KeyKind::p384);
}

TEST(X509, EachFaultOfACrlHasItsName) {
  Good good;
  const auto chain = good.chain();
  const CrlSpec spec{.issuer = "root",
                     .this_update = kNow - kDay,
                     .next_update = kNow + kDay,
                     .revoked = {8, 7},
                     .digest = Digest::sha384,
                     .pss = true};
  const auto crl = [&](const CrlSpec& changed, const TestKey& key) {
    return Crl::parse(issue_crl(changed, key)).value();
  };
  const Crl list = crl(spec, good.root_key);
  EXPECT_EQ(words(list.faults(chain[2], kNow)), "");
  EXPECT_TRUE(list.revokes(chain[1]));
  EXPECT_FALSE(list.revokes(chain[0]));
  EXPECT_EQ(words(list.faults(chain[2], kNow + kDay + 1)), "crl_expired");
  EXPECT_EQ(words(list.faults(chain[2], kNow - kDay - 1)), "crl_not_yet_valid");
  EXPECT_EQ(words(crl(spec, good.authority_key).faults(chain[2], kNow)), "crl_signature_wrong");
  CrlSpec other = spec;
  other.issuer = "authority";  // which may sign no lists
  EXPECT_EQ(words(crl(other, good.authority_key).faults(chain[1], kNow)), "crl_issuer_wrong");
  Bytes der = issue_crl(spec, good.root_key);
  der.push_back(0);
  EXPECT_EQ(Crl::parse(der).error().reason.view(), "crl_malformed");
}

TEST(VerifyingKey, TakesEachFormForItsKindOnly) {
  const Bytes message = to_bytes("message");
  const TestKey p256 = TestKey::make(KeyKind::p256);
  const TestKey rsa = TestKey::make(KeyKind::rsa);
  const auto point = VerifyingKey::from_point(p256.point());
  const auto modulus = VerifyingKey::from_rsa(rsa.modulus(), 65537);
  ASSERT_TRUE(point && modulus);
  Bytes raw = p256.sign(SignatureForm::ecdsa_raw, Digest::sha256, message);
  EXPECT_TRUE(point->verify(SignatureForm::ecdsa_raw, Digest::sha256, message, raw));
  EXPECT_FALSE(point->verify(SignatureForm::ecdsa_raw, Digest::sha384, message, raw));
  EXPECT_FALSE(point->verify(SignatureForm::rsa_pss, Digest::sha256, message, raw));
  EXPECT_FALSE(modulus->verify(SignatureForm::ecdsa_raw, Digest::sha256, message, raw));
  raw[0] ^= 1;
  EXPECT_FALSE(point->verify(SignatureForm::ecdsa_raw, Digest::sha256, message, raw));
  EXPECT_FALSE(point->verify(SignatureForm::ecdsa_raw, Digest::sha256, message, {}));
  const Bytes pss = rsa.sign(SignatureForm::rsa_pss, Digest::sha384, message);
  const Bytes pkcs1 = rsa.sign(SignatureForm::rsa_pkcs1, Digest::sha256, message);
  EXPECT_TRUE(modulus->verify(SignatureForm::rsa_pss, Digest::sha384, message, pss));
  EXPECT_FALSE(modulus->verify(SignatureForm::rsa_pkcs1, Digest::sha384, message, pss));
  EXPECT_TRUE(modulus->verify(SignatureForm::rsa_pkcs1, Digest::sha256, message, pkcs1));
}

TEST(VerifyingKey, RefusesWhatIsNoKey) {
  Bytes off_the_curve = TestKey::make(KeyKind::p256).point();
  off_the_curve[63] ^= 1;
  EXPECT_EQ(VerifyingKey::from_point(off_the_curve).error().reason.view(), "key_malformed");
  EXPECT_FALSE(VerifyingKey::from_point(Bytes(64)));
  EXPECT_FALSE(VerifyingKey::from_point(Bytes(65)));
  EXPECT_FALSE(VerifyingKey::from_rsa(Bytes(128, 0xFF), 65537));  // 1024 bits
  EXPECT_FALSE(VerifyingKey::from_rsa(Bytes(256, 0xFF), 1));
  EXPECT_FALSE(VerifyingKey::from_rsa({}, 65537));
}

}  // namespace
}  // namespace gbx::crypto
