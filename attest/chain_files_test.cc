#include "attest/chain_files.h"

#include <gtest/gtest.h>

#include "trusted/crypto/testing/issue.h"

namespace gbx::attest {
namespace {

using crypto::testing::CrlSpec;
using crypto::testing::TestKey;
using crypto::testing::to_pem;

constexpr std::int64_t kNow = 1'800'000'000;

struct Made {
  TestKey key = TestKey::make(crypto::KeyKind::p256);
  Bytes root = issue({.subject = "root",
                      .issuer = "root",
                      .not_before = kNow - 9,
                      .not_after = kNow + 9,
                      .authority = true,
                      .usage = "keyCertSign,cRLSign",
                      .extensions = {}},
                     key, key);
  Bytes leaf = issue({.subject = "leaf",
                      .issuer = "root",
                      .serial = 5,
                      .not_before = kNow - 9,
                      .not_after = kNow + 9,
                      .usage = "",
                      .extensions = {}},
                     key, key);
  CrlSpec spec{.issuer = "root", .this_update = kNow - 9, .next_update = kNow + 9, .revoked = {}};
  [[nodiscard]] Bytes crl() const { return issue_crl(spec, key); }
};

Bytes joined(std::initializer_list<Bytes> parts) {
  Bytes out;
  for (const Bytes& part : parts) out.insert(out.end(), part.begin(), part.end());
  return out;
}

TEST(ChainFiles, TakesPemAndDerInAnyOrder) {
  const Made made;
  std::string crlf = to_pem(made.root);
  for (std::size_t at = 0; (at = crlf.find('\n', at)) != std::string::npos; at += 2) {
    crlf.insert(at, "\r");
  }
  const auto files = parse_chain_files(joined({made.crl(), made.leaf, to_bytes(crlf + "\r\n\r\n"),
                                               to_bytes(to_pem(made.crl(), "X509 CRL"))}));
  ASSERT_TRUE(files);
  EXPECT_EQ(files->certificates.size(), 2U);
  EXPECT_EQ(files->crls.size(), 2U);
  EXPECT_EQ(files->certificates[1].der(), made.root);
  EXPECT_TRUE(parse_chain_files({}));
}

TEST(ChainFiles, EveryByteBelongsToAnItem) {
  const Made made;
  const std::string pem = to_pem(made.root);
  for (const std::string& bad :
       {pem + "x", "x" + pem, pem.substr(0, pem.size() - 8), to_pem(made.root, "PRIVATE KEY"),
        to_pem(made.root).replace(11, 11, "X509 CRL   "), std::string("0\x80\0\0", 4),
        std::string("0\x03\0\0", 4), std::string("-----BEGIN -----\n-----END -----\n")}) {
    EXPECT_FALSE(parse_chain_files(as_bytes(bad))) << bad;
  }
  std::string many;
  for (std::size_t i = 0; i <= kChainItemsMax; i++) many += pem;
  EXPECT_EQ(parse_chain_files(as_bytes(many)).error().reason.view(), "chain_malformed");
}

TEST(ChainFiles, StrictPemHasOneSpelling) {
  const Made made;
  const std::string pem = to_pem(made.leaf) + to_pem(made.root);
  ASSERT_EQ(parse_strict_pem(pem)->size(), 2U);
  for (std::size_t bit = 0; bit < pem.size() * 8; bit += 5) {
    std::string bad = pem;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ static_cast<char>(1U << bit % 8));
    const auto parsed = parse_strict_pem(bad);
    // What still parses is another certificate, whose signature then fails.
    if (parsed) {
      EXPECT_FALSE((*parsed)[0].der() == made.leaf && (*parsed)[1].der() == made.root) << bit;
    }
  }
  EXPECT_FALSE(parse_strict_pem(pem + "\n"));
  EXPECT_FALSE(parse_strict_pem(""));
  EXPECT_FALSE(parse_strict_pem(to_pem(made.crl(), "X509 CRL")));
}

TEST(Revocation, EachFaultHasItsName) {
  Made made;
  const std::vector<crypto::Certificate> chain{crypto::Certificate::parse(made.leaf).value(),
                                               crypto::Certificate::parse(made.root).value()};
  const auto faults = [&](RevocationRules rules, bool with_list) {
    std::vector<crypto::Crl> crls;
    if (with_list) crls.push_back(crypto::Crl::parse(made.crl()).value());
    std::string out;
    for (const Literal fault : revocation_faults(chain, crls, rules, 0)) out += fault.view();
    return out;
  };
  const RevocationRules rules{kNow, 60, {}};
  EXPECT_EQ(faults(rules, true), "");
  EXPECT_EQ(faults(rules, false), "crl_missing");
  EXPECT_EQ(faults({kNow, 5, {}}, true), "crl_too_old");
  EXPECT_EQ(faults({kNow + 10, 60, {}}, true), "crl_expired");
  const std::vector<Hash> revoked{chain[1].fingerprint()};
  EXPECT_EQ(faults({kNow, 60, revoked}, true), "certificate_revoked");
  made.spec.revoked = {5};
  EXPECT_EQ(faults(rules, true), "certificate_revoked");
}

}  // namespace
}  // namespace gbx::attest
