#include "trusted/base/bytes.h"

#include <gtest/gtest.h>

namespace gbx {
namespace {

TEST(Hex, RoundTripsAndRefusesOtherSpellings) {
  const Bytes bytes = {0x00, 0xff, 0x1a};
  EXPECT_EQ(to_hex(bytes), "00ff1a");
  EXPECT_EQ(from_hex("00ff1a").value(), bytes);
  EXPECT_FALSE(from_hex("00FF1A"));
  EXPECT_FALSE(from_hex("00f"));
  EXPECT_FALSE(from_hex("0g"));
}

TEST(Base64, Rfc4648Vectors) {
  const std::pair<const char*, const char*> cases[] = {{"", ""},
                                                       {"f", "Zg=="},
                                                       {"fo", "Zm8="},
                                                       {"foo", "Zm9v"},
                                                       {"foob", "Zm9vYg=="},
                                                       {"fooba", "Zm9vYmE="},
                                                       {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, coded] : cases) {
    EXPECT_EQ(to_base64(as_bytes(plain)), coded);
    EXPECT_EQ(as_text(from_base64(coded).value()), plain);
  }
}

TEST(Base64, EveryValueHasOneSpelling) {
  for (const char* bad :
       {"Zg=", "Zg", "Zh==", "Zm9=", "Z===", "Zg==\n", " Zg==", "Zg==Zg==", "====", "Zm-v"}) {
    EXPECT_FALSE(from_base64(bad)) << bad;
  }
}

TEST(Reader, StaysFailedPastTheEnd) {
  Writer writer;
  writer.u32(7);
  writer.block(std::string_view("abc"));
  Reader reader(writer.bytes());
  EXPECT_EQ(reader.u32(), 7U);
  EXPECT_EQ(as_text(reader.block(3)), "abc");
  EXPECT_TRUE(reader.done());
  EXPECT_EQ(reader.u8(), 0);
  EXPECT_TRUE(reader.failed());
  EXPECT_FALSE(reader.done());
}

TEST(Reader, RefusesABlockOverItsLimit) {
  Writer writer;
  writer.block(std::string_view("abcd"));
  Reader reader(writer.bytes());
  (void)reader.block(3);
  EXPECT_TRUE(reader.failed());
}

}  // namespace
}  // namespace gbx
