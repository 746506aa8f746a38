#include "trusted/base/hidden.h"

#include <gtest/gtest.h>

#include <string>

namespace gbx {
namespace {

TEST(Hidden, WhatAScreenShowsIsNot) {
  EXPECT_TRUE(is_printable(""));
  EXPECT_TRUE(is_printable("sg_fall25 'x' -- \\ ~"));
  EXPECT_TRUE(is_printable("Zürich, Москва, 東京, القاهرة, \xF0\x9F\x91\x9F"));
  EXPECT_TRUE(is_printable("\xC2\xA0"));                  // a space that does not break
  EXPECT_TRUE(is_printable("\xE2\x80\x8C\xE2\x80\x8D"));  // join letters, or not
  EXPECT_TRUE(is_printable("\xE2\x9D\xA4\xEF\xB8\x8F"));  // a heart, in colour
}

class HiddenIn : public ::testing::TestWithParam<const char*> {};

TEST_P(HiddenIn, IsFoundWhereItIs) {
  const std::string character = GetParam();
  const Hidden found = find_hidden("ab" + character + "c");
  EXPECT_EQ(found.begin, 2U);
  EXPECT_EQ(found.size, character.size());
  EXPECT_EQ(find_hidden("ab" + character + "c", 2 + character.size()).size, 0U);
  EXPECT_FALSE(is_printable(character));
}

INSTANTIATE_TEST_SUITE_P(Of, HiddenIn,
                         ::testing::Values("\x01", "\t", "\n", "\x1b", "\x7f",
                                           "\xC2\x80",          // C1
                                           "\xC2\x9B",          // CSI: begins an escape sequence
                                           "\xD8\x9C",          // U+061C
                                           "\xE2\x80\x8B",      // U+200B
                                           "\xE2\x80\x8E",      // U+200E
                                           "\xE2\x80\x8F",      // U+200F
                                           "\xE2\x80\xA8",      // U+2028
                                           "\xE2\x80\xA9",      // U+2029
                                           "\xE2\x80\xAA",      // U+202A
                                           "\xE2\x80\xAE",      // U+202E: from right to left
                                           "\xE2\x81\xA0",      // U+2060
                                           "\xE2\x81\xA6",      // U+2066
                                           "\xE2\x81\xA9",      // U+2069
                                           "\xEF\xBB\xBF",      // U+FEFF
                                           "\xEF\xBF\xB9",      // U+FFF9
                                           "\xF3\xA0\x80\x81",  // a tag
                                           "\xC2\xAD",      // U+00AD: a hyphen that is not shown
                                           "\xCD\x8F",      // U+034F
                                           "\xE1\x85\xA0",  // U+1160: fills, and shows nothing
                                           "\xE1\x9E\xB4",  // U+17B4
                                           "\xE1\xA0\x8E",  // U+180E
                                           "\xE3\x85\xA4",  // U+3164
                                           "\xEF\xBE\xA0",  // U+FFA0
                                           "\xF3\xA0\x84\x80",  // a selector of variants
                                           "\x80", "\xFF", "\xC3"));

TEST(Hidden, BytesThatAreNoUtf8AreOneEach) {
  EXPECT_EQ(find_hidden("\xE2\x80z").size, 1U);
  EXPECT_EQ(find_hidden("\xE0\x80\x8A").size, 1U);      // a line end, written longer
  EXPECT_EQ(find_hidden("\xF0\x80\x80\x8A").size, 1U);  //
  EXPECT_EQ(find_hidden("\xC0\x8A").size, 1U);          //
}

}  // namespace
}  // namespace gbx
