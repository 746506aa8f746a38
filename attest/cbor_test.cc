#include "attest/cbor.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "attest/testing/made_evidence.h"
#include "trusted/base/json.h"
#include "trusted/crypto/x509.h"

namespace gbx::attest {
namespace {

Bytes hex(std::string_view text) { return from_hex(text).value(); }

std::string refusal(std::string_view text) {
  const Bytes bytes = hex(text);
  const auto parsed = Cbor::parse(bytes);
  return parsed ? "none" : std::string(parsed.error().reason.view());
}

TEST(Cbor, ReadsWhatADocumentHolds) {
  const Bytes bytes = hex("a501187f0220636b657983f6f5f4656279746573430102036464656570a0");
  const Cbor map = Cbor::parse(bytes).value();
  ASSERT_EQ(map.kind(), Cbor::Kind::map);
  ASSERT_EQ(map.items().size(), 10U);
  EXPECT_EQ(map.items()[1].integer(), 127);
  EXPECT_EQ(map.items()[3].integer(), -1);
  const Cbor* list = map.find("key");
  ASSERT_NE(list, nullptr);
  EXPECT_TRUE(list->items()[0].is_null());
  EXPECT_EQ(list->items()[1].kind(), Cbor::Kind::boolean);
  EXPECT_FALSE(list->items()[1] == list->items()[2]);
  EXPECT_EQ(to_hex(*map.find("bytes")->bytes()), "010203");
  EXPECT_EQ(map.find("deep")->kind(), Cbor::Kind::map);
  EXPECT_EQ(map.find("nothing"), nullptr);
  EXPECT_EQ(list->find("key"), nullptr);
  EXPECT_FALSE(map.integer());
  EXPECT_FALSE(map.bytes());
  EXPECT_FALSE(map.text());
}

TEST(Cbor, LargeNumbers) {
  const Bytes largest = hex("1b7fffffffffffffff");
  const Bytes over = hex("1b8000000000000000");
  const Bytes least = hex("3b7fffffffffffffff");
  EXPECT_EQ(Cbor::parse(largest)->integer(), INT64_MAX);
  EXPECT_EQ(Cbor::parse(over)->integer(), std::nullopt);
  EXPECT_EQ(Cbor::parse(least)->integer(), INT64_MIN);
}

TEST(Cbor, OneSpellingOnly) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "cbor_malformed"},
      {"0000", "cbor_malformed"},                // something after the value
      {"1817", "cbor_malformed"},                // 23 in two bytes
      {"190017", "cbor_malformed"},              // ... in three
      {"1900ff", "cbor_malformed"},              // 255 in three
      {"1a0000ffff", "cbor_malformed"},          // 65535 in five
      {"1b00000000ffffffff", "cbor_malformed"},  // 2^32-1 in nine
      {"1c", "cbor_malformed"},                  // reserved
      {"1f", "cbor_malformed"},                  // no length for a number
      {"5f4100ff", "cbor_malformed"},            // bytes in chunks
      {"7f6161ff", "cbor_malformed"},            // text in chunks
      {"9f00ff", "cbor_malformed"},              // array until break
      {"bf0000ff", "cbor_malformed"},            // map until break
      {"5800", "cbor_malformed"},                // a length in a longer form
      {"4201", "cbor_malformed"},                // cut off
      {"18", "cbor_malformed"},                  // cut off
      {"8100ff", "cbor_malformed"},              // a break after it
      {"c100", "cbor_malformed"},                // a tag
      {"f7", "cbor_malformed"},                  // undefined
      {"e0", "cbor_malformed"},                  // a simple value without meaning
      {"f814", "cbor_malformed"},                // false in two bytes
      {"f93c00", "cbor_malformed"},              // floats
      {"fb3ff0000000000000", "cbor_malformed"},
      {"ff", "cbor_malformed"},
      {"6180", "cbor_malformed"},  // not ASCII
      {"610a", "cbor_malformed"},  // not printable
      {"a2010001f6", "cbor_key_repeated"},
      {"a2616101616100", "cbor_key_repeated"},
      {"a2820102008201026161", "cbor_key_repeated"},
      {"818181818181818100", "cbor_too_deep"},
      {"990401", "cbor_too_large"},
      {"9b0000000100000000", "cbor_too_large"},
      {"5b0000000100000000", "cbor_too_large"},
  };
  for (const auto& [text, reason] : cases) EXPECT_EQ(refusal(text), reason) << text;
  EXPECT_EQ(refusal("8181818181818100"), "none");
}

TEST(Cbor, ItemsHaveALimitTogether) {
  Bytes nested = hex("82");
  for (int i = 0; i < 2; i++) {
    nested.insert(nested.end(), {0x99, 0x02, 0x00});
    nested.insert(nested.end(), 512, 0);
  }
  EXPECT_EQ(Cbor::parse(nested).error().reason.view(), "cbor_too_large");
  const Bytes huge(kCborBytesMax + 1, 0);
  EXPECT_EQ(Cbor::parse(huge).error().reason.view(), "cbor_too_large");
}

TEST(CoseSign1, Form) {
  const Bytes good =
      hex("8443a10126a04161"
          "4162");
  const CoseSign1 message = parse_cose_sign1(good).value();
  EXPECT_EQ(message.algorithm, kCoseEs256);
  EXPECT_TRUE(message.is_bare);
  EXPECT_EQ(to_hex(cose_signed_bytes(message)), "846a5369676e61747572653143a10126404161");
  EXPECT_TRUE(parse_cose_sign1(hex("d28443a10126a041614162")));
  const Bytes kid =
      hex("8443a10126a10441314161"
          "4162");
  EXPECT_FALSE(parse_cose_sign1(kid)->is_bare);
  const char* bad[] = {
      "d2d28443a10126a041614162",    // tagged twice
      "8343a10126a04161",            // three parts
      "8543a10126a04161416200",      // five parts
      "8440a041614162",              // no protected header
      "8441a0a041614162",            // an empty one
      "8444a1011806a041614162",      // its number in a long form
      "8445a201260300a041614162",    // two members
      "8443a10226a041614162",        // not the algorithm
      "8446a10163455333a041614162",  // an algorithm in words
      "8443a10126f641614162",        // no unprotected header
      "8443a10126a0f64162",          // detached payload
      "8443a10126a041616162",        // a signature of text
      "a10000",
  };
  for (const char* text : bad) EXPECT_FALSE(parse_cose_sign1(hex(text))) << text;
}

// The COSE working group's examples. One of them, whose algorithm nobody signed, is correct COSE
// and refused here.
TEST(CoseSign1, WorkingGroupExamples) {
  const std::filesystem::path folder = GBX_SOURCE_DIR "/../shared/vectors/cose";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << testing::kNoVectors;
  int checked = 0;
  for (const auto& file : std::filesystem::directory_iterator(folder)) {
    std::ifstream in(file.path());
    std::stringstream text;
    text << in.rdbuf();
    const Json json = Json::parse(text.str()).value();
    const Json& sign0 = *json.find("input")->find("sign0");
    const Json& key = *sign0.find("key");
    if (*key.find("kty")->string() != "EC") continue;
    const auto coordinate = [&](const char* name) {
      std::string base64 = *key.find(name)->string();
      for (char& c : base64) c = c == '-' ? '+' : c == '_' ? '/' : c;
      while (base64.size() % 4 != 0) base64.push_back('=');
      return from_base64(base64).value();
    };
    Bytes point = coordinate("x");
    const Bytes y = coordinate("y");
    point.insert(point.end(), y.begin(), y.end());
    std::string cbor = *json.find("output")->find("cbor")->string();
    for (char& c : cbor) c = static_cast<char>(std::tolower(c));
    Bytes external;
    if (const Json* given = sign0.find("external")) external = hex(*given->string());
    const Bytes document = hex(cbor);
    const auto message = parse_cose_sign1(document);
    bool good = message.has_value();
    if (good) {
      const auto digest =
          message->algorithm == kCoseEs384 ? crypto::Digest::sha384 : crypto::Digest::sha256;
      good = (message->algorithm == kCoseEs384 || message->algorithm == kCoseEs256) &&
             crypto::VerifyingKey::from_point(point)
                 ->verify(crypto::SignatureForm::ecdsa_raw, digest,
                          cose_signed_bytes(*message, external), message->signature)
                 .has_value();
    }
    const std::string name = file.path().filename();
    const bool expected = name.find("fail") == std::string::npos && name != "sign-pass-01.json";
    EXPECT_EQ(good, expected) << name;
    checked++;
  }
  EXPECT_GE(checked, 9);
}

}  // namespace
}  // namespace gbx::attest
