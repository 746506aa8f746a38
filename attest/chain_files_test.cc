#include "attest/chain_files.h"

#include <gtest/gtest.h>

#include <functional>

#include "attest/testing/snp_maker.h"
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

std::string with_lines(const Bytes& der, std::size_t line) {
  const std::string base64 = to_base64(der);
  std::string out = "-----BEGIN CERTIFICATE-----\n";
  for (std::size_t i = 0; i < base64.size(); i += line) out += base64.substr(i, line) + "\n";
  return out + "-----END CERTIFICATE-----\n";
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
  // Lines of 76, as Fortanix's nodes write the first: the same throughout a certificate.
  const std::string longer = with_lines(made.leaf, 76) + with_lines(made.root, 76);
  ASSERT_TRUE(parse_strict_pem(longer));
  EXPECT_EQ(parse_strict_pem(longer)->size(), 2U);
  EXPECT_TRUE(parse_strict_pem(with_lines(made.leaf, 76) + to_pem(made.root)));
  std::string mixed = with_lines(made.leaf, 76);
  mixed.erase(mixed.find('\n', 30), 1).insert(28 + 64, "\n");
  EXPECT_FALSE(parse_strict_pem(mixed));
  EXPECT_FALSE(parse_strict_pem(with_lines(made.leaf, 72) + with_lines(made.root, 72)));
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

constexpr const char* kVcek = "63da758de6644564adc5f4b93be8accd";
constexpr const char* kAsk = "4ab7b379bbac4fe4a02f05aef327c782";
constexpr const char* kArk = "c0b406a4a803495297433fb6014cd0ae";
constexpr const char* kCrl = "92f81bc358114d3d97ffd19f88dc67ea";

struct Table {
  std::vector<std::pair<std::string, Bytes>> entries;
  std::uint32_t first_offset_error = 0;
  bool closed = true;
  Bytes padding = Bytes(100);

  explicit Table(ByteView chain) {
    const auto files = parse_chain_files(chain).value();
    const char* kinds[] = {kVcek, kAsk, kArk};
    for (std::size_t i = 0; i < 3; i++) entries.emplace_back(kinds[i], files.certificates[i].der());
    std::size_t size = 0;
    for (const auto& [kind, value] : entries) size += value.size();
    entries.emplace_back(kCrl,
                         Bytes(chain.begin() + static_cast<std::ptrdiff_t>(size), chain.end()));
  }
  [[nodiscard]] Bytes bytes() const {
    Writer writer;
    auto at = static_cast<std::uint32_t>(24 * (entries.size() + (closed ? 1 : 0)));
    std::uint32_t error = first_offset_error;
    for (const auto& [kind, value] : entries) {
      writer.raw(from_hex(kind).value());
      writer.u32(at + error);
      writer.u32(static_cast<std::uint32_t>(value.size()));
      at += static_cast<std::uint32_t>(value.size());
      error = 0;
    }
    if (closed) writer.raw(Bytes(24));
    for (const auto& [kind, value] : entries) writer.raw(value);
    writer.raw(padding);
    return writer.take();
  }
};

TEST(CertificateTable, TheHostsTableIsTaken) {
  testing::MadeEvidence made = testing::SnpMaker().make();
  made.chain = Table(made.chain).bytes();
  EXPECT_EQ(testing::reasons_of(made.verdict()), "");
  const auto files = parse_chain_files(made.chain);
  ASSERT_TRUE(files);
  EXPECT_EQ(files->certificates.size(), 3U);
  EXPECT_EQ(files->crls.size(), 1U);
  EXPECT_TRUE(testing::surviving_flips(made, &testing::MadeEvidence::chain, 131).empty());
}

TEST(CertificateTable, EachWrongTableIsRefused) {
  const testing::MadeEvidence made = testing::SnpMaker().make();
  const std::function<void(Table&)> changes[] = {
      [](Table& t) { t.entries[1].first[0] = '5'; },        // an unknown kind
      [](Table& t) { t.entries[1].first = kVcek; },         // a kind twice
      [](Table& t) { t.first_offset_error = 1; },           // into the next value
      [](Table& t) { t.first_offset_error = 0xFFFFFF00; },  // past the end, or into the table
      [](Table& t) { t.first_offset_error = 0x01000000; },  // past the end
      [](Table& t) { t.closed = false; },                   // no last entry
      [](Table& t) { t.padding[99] = 1; },                  // what no entry covers
      [](Table& t) { t.entries[0].second.push_back(0); },   // more than one value
      [](Table& t) { t.entries[0].second.clear(); },        // none
  };
  for (std::size_t i = 0; i < std::size(changes); i++) {
    Table table(made.chain);
    changes[i](table);
    EXPECT_FALSE(parse_chain_files(table.bytes())) << i;
  }
}

}  // namespace
}  // namespace gbx::attest
