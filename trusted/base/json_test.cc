#include "trusted/base/json.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace gbx {
namespace {

std::string slurp(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream out;
  out << in.rdbuf();
  return out.str();
}

TEST(Json, CanonicalFormOfRfc8785Example) {
  const auto json = Json::parse(
      R"({"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],)"
      R"("string":"\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/","literals":[null,true,false]})");
  EXPECT_EQ(json->canonical(),
            "{\"literals\":[null,true,false],\"numbers\":[333333333.3333333,1e+30,4.5,0.002,1e-27],"
            "\"string\":\"€$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}");
}

TEST(Json, JcsVectors) {
  const std::filesystem::path folder = GBX_SOURCE_DIR "/../shared/vectors/jcs";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "the vectors are not beside this checkout";
  int count = 0;
  for (const char* name : {"arrays", "french", "structures", "unicode", "values", "weird"}) {
    const auto input = Json::parse(slurp(folder / (std::string(name) + ".input.json")));
    ASSERT_TRUE(input) << name;
    EXPECT_EQ(input->canonical(), slurp(folder / (std::string(name) + ".output.json"))) << name;
    count++;
  }
  EXPECT_EQ(count, 6);
}

TEST(Json, KeysSortByUtf16) {
  // U+1F600 is D83D DE00 in UTF-16 and so comes before U+FB33, though its UTF-8 bytes come after.
  EXPECT_EQ(Json::parse("{\"\uFB33\":1,\"\U0001F600\":2}")->canonical(),
            "{\"\U0001F600\":2,\"\uFB33\":1}");
}

TEST(Json, RefusesWhatHasTwoMeanings) {
  for (const char* bad : {"", "{", "{\"a\":1,\"a\":2}", "1 2", "nul", "{\"a\":1,}", "[1e999]",
                          "\"\xff\"", "\"\\ud800\"", "// c\n1", "NaN", "{'a':1}"}) {
    EXPECT_FALSE(Json::parse(bad)) << bad;
  }
  EXPECT_FALSE(Json::parse(std::string(100000, '[')));
}

TEST(Json, CanonicalParseTakesOneSpelling) {
  EXPECT_TRUE(Json::parse_canonical(R"({"a":1,"b":["x",true]})"));
  for (const char* bad :
       {R"({"b":1,"a":2})", R"({"a": 1})", R"({"a":1.5})", R"({"a":null})", R"({"a":1e2})",
        R"({"a":9007199254740992})", R"({"a":-0})", R"({"a":"\u0041"})"}) {
    EXPECT_FALSE(Json::parse_canonical(bad)) << bad;
  }
}

TEST(Json, KeepsBigUnsignedIntegers) {
  const auto json = Json::parse("[18446744073709551615, -9223372036854775808]");
  ASSERT_NE((*json->array())[0].big(), nullptr);
  EXPECT_EQ(*(*json->array())[0].big(), 18446744073709551615U);
  EXPECT_EQ(json->canonical(), "[18446744073709551615,-9223372036854775808]");
}

TEST(Fields, RefusesUnknownMissingAndMistyped) {
  const auto read = [](const char* text) {
    const Json json = Json::parse(text).value();
    Fields fields(json, "packet_malformed");
    fields.text("name");
    fields.integer("version", 1, 9);
    fields.optional("note");
    return fields.finish().has_value();
  };
  EXPECT_TRUE(read(R"({"name":"a","version":1})"));
  EXPECT_TRUE(read(R"({"name":"a","version":1,"note":"x"})"));
  EXPECT_FALSE(read(R"({"name":"a"})"));
  EXPECT_FALSE(read(R"({"name":"a","version":10})"));
  EXPECT_FALSE(read(R"({"name":1,"version":1})"));
  EXPECT_FALSE(read(R"({"name":"a","version":1,"other":1})"));
  EXPECT_FALSE(read("[]"));
}

}  // namespace
}  // namespace gbx
