#include "trusted/base/canonical.h"

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>

namespace gbx {
namespace {

bool is_canonical(std::string_view text) {
  const std::size_t size = canonical_size(text);
  return size > 0 && size == text.size();
}

TEST(Canonical, TakesWhatParsingTakes) {
  for (const std::string_view good :
       {"0", "-1", "9007199254740991", "-9007199254740991", "true", "false", "\"\"", "[]", "{}",
        "[1,[2,{}],\"x\"]", R"({"":1,"a":2,"aa":3,"b":[]})", R"("\"\\\b\f\n\r\t\u0000\u001f")",
        "\"\x7f\xc2\x80\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\"",
        R"({"\n":1,"\u000b":2,"\r":3,"\"":4,"a":5})", "{\"\U0001F600\":2,\"\uFB33\":1}"}) {
    EXPECT_TRUE(Json::parse_canonical(good)) << good;
    EXPECT_TRUE(is_canonical(good)) << good;
  }
}

void expect_refused(std::initializer_list<std::string_view> all) {
  for (const std::string_view bad : all) {
    EXPECT_FALSE(Json::parse_canonical(bad)) << bad;
    EXPECT_FALSE(is_canonical(bad)) << bad;
  }
}

// clang-format off
TEST(Canonical, RefusesNumbersAndWordsThatParsingRefuses) {
  expect_refused({"", " 1", "1 ", "-", "-0", "01", "+1", "1.5", "1e2", "1E2", "null", "tru", "True",
                  "nul", "9007199254740992", "-9007199254740992", "99999999999999999999",
                  "\xef\xbb\xbf{}", "{}{}", "1,2"});
}

TEST(Canonical, RefusesListsAndObjectsThatParsingRefuses) {
  expect_refused({"[", "[1", "[1,", "[1,]", "[,1]", "[1 ,2]", "]", "{", "{\"a\"", "{\"a\":",
                  "{\"a\":1", "{\"a\":1,}", "{\"a\" :1}", "{1:2}", "{a:1}", "{\"a\":1.5}",
                  "{\"a\":null}", R"({"a":1,"a":2})", R"({"b":1,"a":2})", R"({"aa":1,"a":2})",
                  R"({"a":1,"\n":2})", R"({"\r":1,"\u000b":2})",
                  "{\"\uFB33\":1,\"\U0001F600\":2}"});
}

TEST(Canonical, RefusesTextThatParsingRefuses) {
  expect_refused({"\"", "\"\\\"", "\"\\", R"("\/")", R"("\u0041")", R"("\u000A")", R"("\u000a")",
                  R"("\u001F")", R"("\u0022")", R"("\u00")", R"("\ud800")", R"("\x")", "\"\n\"",
                  "\"\x1f\"", "\"\x80\"", "\"\xc1\x81\"", "\"\xc2\"", "\"\xe0\x9f\xbf\"",
                  "\"\xed\xa0\x80\"", "\"\xe1\x80\"", "\"\xf0\x8f\xbf\xbf\"",
                  "\"\xf4\x90\x80\x80\"", "\"\xf5\x80\x80\x80\"", "\"\xf1\x80\x80\"", "\"\xff\""});
}
// clang-format on

TEST(Canonical, NestingEndsWhereParsingsDoes) {
  const auto nested = [](std::size_t depth, const char* open, const char* close) {
    std::string out;
    for (std::size_t i = 0; i < depth; i++) out += open;
    out += *close == '}' ? "1" : "";
    for (std::size_t i = 0; i < depth; i++) out += close;
    return out;
  };
  for (const auto& [open, close] : {std::pair("[", "]"), std::pair("{\"a\":", "}")}) {
    const std::string deepest = nested(Json::kDepthMax, open, close);
    const std::string deeper = nested(Json::kDepthMax + 1, open, close);
    EXPECT_TRUE(Json::parse_canonical(deepest));
    EXPECT_TRUE(is_canonical(deepest));
    EXPECT_FALSE(Json::parse_canonical(deeper));
    EXPECT_FALSE(is_canonical(deeper));
    EXPECT_EQ(canonical_size(deepest, Json::kDepthMax - 1), 0U);
  }
  EXPECT_EQ(canonical_size(std::string(1'000'000, '[')), 0U);
}

TEST(Canonical, SaysWhereTheValueEnds) {
  EXPECT_EQ(canonical_size(R"({"a":"}"},{"b":2})"), 9U);
  EXPECT_EQ(canonical_size("[1]x"), 3U);
  EXPECT_EQ(canonical_size("12,"), 2U);
}

}  // namespace
}  // namespace gbx
