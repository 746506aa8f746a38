#include "client/evidence/text_forms.h"

#include <gtest/gtest.h>

#include "attest/testing/snp_maker.h"
#include "trusted/base/json.h"
#include "trusted/crypto/testing/issue.h"

namespace gbx::client {
namespace {

Bytes document() {
  Bytes out;
  for (std::size_t i = 0; i < 200; i++) out.push_back(static_cast<std::uint8_t>(i * 7 + 251));
  return out;
}

std::string wrapped(const std::string& text, std::size_t width, const std::string& end) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); i += width) out += text.substr(i, width) + end;
  return out;
}

std::string upper(std::string text) {
  for (char& c : text) c = static_cast<char>(std::toupper(c));
  return text;
}

std::string for_addresses(std::string text) {
  for (char& c : text) {
    if (c == '+') c = '-';
    if (c == '/') c = '_';
  }
  while (text.ends_with('=')) text.pop_back();
  return text;
}

TEST(TextForms, HexAndBase64InEverySpelling) {
  const Bytes bytes = document();
  const std::string hex = to_hex(bytes);
  const std::string base64 = to_base64(bytes);
  for (const std::string& text :
       {hex, upper(hex), "0x" + hex, "0X" + upper(hex) + "\r\n", wrapped(hex, 60, "\n"),
        wrapped(hex, 2, " "), base64, wrapped(base64, 76, "\n"), wrapped(base64, 64, "\r\n"),
        for_addresses(base64), "\t" + base64 + "\n\n"}) {
    const auto decoded = from_text(to_bytes(text));
    ASSERT_TRUE(decoded) << text;
    EXPECT_EQ(*decoded, bytes) << text;
  }
}

TEST(TextForms, WhatIsNoTextStaysAsItIs) {
  for (const std::string& text :
       {std::string(), std::string(" \n"), std::string("0x"), std::string("0xabc"),
        std::string("{}"), std::string("abc\0def", 7),
        std::string("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n")}) {
    EXPECT_FALSE(from_text(to_bytes(text))) << text;
  }
  EXPECT_FALSE(from_text(document()));
}

const std::string kBlock = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
const std::string kList = "-----BEGIN X509 CRL-----\nMIIC\n-----END X509 CRL-----\n";

TEST(TextForms, ExplanationsAroundBlocks) {
  const std::string printed = "Certificate:\n    Data:\n        Version: 3 (0x2)\n" + kBlock +
                              " 1 s:CN = ARK\n   i:CN = ARK\n\n" + kList + "subject=CN = ARK\n";
  EXPECT_EQ(as_text(chain_from_text(to_bytes(printed))), kBlock + kList);
  EXPECT_EQ(as_text(chain_from_text(to_bytes(kBlock + kList))), kBlock + kList);
}

// A list that was left out because its head is misspelled would be a list that nobody looks at.
TEST(TextForms, NothingThatMayBePartOfABlockIsLeftOut) {
  for (const std::string& text :
       {"Issuer: x\n" + kBlock + "MIIC\n", "Issuer: x\n" + kBlock + "MIIC==  \n",
        "Issuer: x\n" + kBlock + "----BEGIN X509 CRL-----\nMIIC\n-----END X509 CRL-----\n",
        "Issuer: x\n" + kBlock + "-----BEGIN X509 CRL-----\nMIIC\n",
        "Issuer: x\n" + kBlock + "\x30\x82 :\x01\n", std::string("Issuer: x\n"),
        std::string("Issuer: -----x\n") + kBlock}) {
    EXPECT_EQ(as_text(chain_from_text(to_bytes(text))), text);
  }
}

TEST(TextForms, WhatAzuresHostHandsOut) {
  const Json json = Json::object({{"vcekCert", kBlock},
                                  {"tcbm", "DB18000000000004"},
                                  {"certificateChain", kBlock + kBlock},
                                  {"cacheControl", "86400"}});
  EXPECT_EQ(as_text(chain_from_text(to_bytes(json.pretty()))),
            kBlock + "\n" + kBlock + kBlock + "\n");
  const Bytes less = to_bytes(Json::object({{"vcekCert", kBlock}}).canonical());
  EXPECT_EQ(chain_from_text(less), less);
}

TEST(TextForms, ChainsAsHexAndOneBehindTheOther) {
  EXPECT_EQ(chain_from_text(to_bytes(to_hex(document()))), document());
  EXPECT_EQ(chain_from_text(document()), document());
  Bytes chain = to_bytes(kBlock.substr(0, kBlock.size() - 1));
  append_chain(chain, to_bytes(kList));
  EXPECT_EQ(as_text(chain), kBlock + kList);
  append_chain(chain, document());
  EXPECT_EQ(chain.size(), kBlock.size() + kList.size() + document().size());
}

// One entry of a table: GUID, offset, length.
Bytes entry(std::uint8_t last, std::size_t offset, std::size_t size) {
  Bytes out = {0x63, 0xDA, 0x75, 0x8D, 0xE6, 0x64, 0x45, 0x64,
               0xAD, 0xC5, 0xF4, 0xB9, 0x3B, 0xE8, 0xAC, last};
  for (const std::size_t value : {offset, size}) {
    for (unsigned shift = 0; shift < 32; shift += 8) {
      out.push_back(static_cast<std::uint8_t>(value >> shift));
    }
  }
  return out;
}

// The table of an extended report, with AMD's list in a file of its own behind or before it.
TEST(TextForms, TablesBesideOtherFiles) {
  const auto made = attest::testing::SnpMaker().make();
  const auto joined = [](std::initializer_list<Bytes> parts) {
    Bytes out;
    for (const Bytes& part : parts) out.insert(out.end(), part.begin(), part.end());
    return out;
  };
  crypto::testing::TestKey key = crypto::testing::TestKey::make(crypto::KeyKind::p256);
  const Bytes der = issue({.subject = "a", .issuer = "a", .usage = "", .extensions = {}}, key, key);
  const Bytes table = joined({entry(0xCD, 48, der.size()), Bytes(24), der});
  Bytes chain;
  append_chain(chain, table);
  EXPECT_EQ(chain, table);
  append_chain(chain, to_bytes(kList));
  EXPECT_EQ(chain, joined({der, to_bytes(kList)}));
  append_chain(chain, table);
  EXPECT_EQ(chain, joined({der, to_bytes(kList), der}));
  // What the verifier refuses stays for it to see: something that no entry covers.
  const Bytes hidden = joined({table, Bytes{1}});
  Bytes with_hidden = der;
  append_chain(with_hidden, hidden);
  EXPECT_EQ(with_hidden, joined({der, hidden}));
}

}  // namespace
}  // namespace gbx::client
