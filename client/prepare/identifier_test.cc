#include "client/prepare/identifier.h"

#include <gtest/gtest.h>

namespace gbx::prepare {
namespace {

std::string email(std::string_view text) {
  std::string out;
  return normalise_email(text, out) ? out : "none";
}

std::string phone(std::string_view text, const std::string& region = "US") {
  std::string out;
  return normalise_phone(text, region, out) ? out : "none";
}

TEST(Email, IsTrimmedAndLowered) {
  EXPECT_EQ(email("  Alice@Email.COM\t\r"), "alice@email.com");
  EXPECT_EQ(email("a.b+c@x-y.co.uk"), "a.b+c@x-y.co.uk");
  EXPECT_EQ(email("o'neil@example.com"), "o'neil@example.com");
}

// No provider's own rules: these are four people.
TEST(Email, KeepsDotsAndTags) {
  EXPECT_EQ(email("a.b@gmail.com"), "a.b@gmail.com");
  EXPECT_EQ(email("ab@gmail.com"), "ab@gmail.com");
  EXPECT_EQ(email("ab+shop@gmail.com"), "ab+shop@gmail.com");
  EXPECT_EQ(email("ab@googlemail.com"), "ab@googlemail.com");
}

TEST(Email, BeyondAsciiIsKeptWhenComposed) {
  EXPECT_EQ(email("J\xC3\xB6rg@B\xC3\xBC"
                  "cher.de"),
            "j\xC3\xB6rg@b\xC3\xBC"
            "cher.de");
  EXPECT_EQ(email("Jo\xCC\x88rg@example.de"), "none");
}

class WrongEmail : public testing::TestWithParam<std::string> {};
TEST_P(WrongEmail, IsRefused) { EXPECT_EQ(email(GetParam()), "none"); }
INSTANTIATE_TEST_SUITE_P(All, WrongEmail,
                         testing::Values("", " ", "alice", "@x.com", "a@", "a@b", "a@b.", "a@.b",
                                         "a@b..c", "a b@c.de", "a@b@c.de", ".a@b.de", "a.@b.de",
                                         "a..b@c.de", "a@-b.de", "a@b-.de", "Bob <bob@b.de>",
                                         "mailto:bob@b.de", "\"a b\"@c.de", "a@[127.0.0.1]",
                                         "a@b.de,c@d.de", std::string(65, 'a') + "@b.de",
                                         "a@" + std::string(250, 'b') + ".de"));

TEST(Phone, BecomesE164) {
  EXPECT_EQ(phone("(617) 253-1000"), "+16172531000");
  EXPECT_EQ(phone("617.253.1000"), "+16172531000");
  EXPECT_EQ(phone("+1 617 253 1000", ""), "+16172531000");
  EXPECT_EQ(phone("030 901820", "DE"), "+4930901820");
  EXPECT_EQ(phone("+49 30 901820", "US"), "+4930901820");
}

class WrongPhone : public testing::TestWithParam<std::string> {};
TEST_P(WrongPhone, IsRefused) { EXPECT_EQ(phone(GetParam()), "none"); }
INSTANTIATE_TEST_SUITE_P(All, WrongPhone,
                         testing::Values("", "12", "000-000-0000", "617 253 1000 ext 5", "hello",
                                         "+999 1234567", std::string(100, '5')));

TEST(Phone, WithoutRegionNeedsThePlus) { EXPECT_EQ(phone("617 253 1000", ""), "none"); }

TEST(Phone, RegionsAreKnown) {
  EXPECT_TRUE(is_region("US"));
  EXPECT_FALSE(is_region("us"));
  EXPECT_FALSE(is_region("XX"));
  EXPECT_FALSE(is_region(""));
}

TEST(Normaliser, FollowsTheKind) {
  std::string out;
  EXPECT_TRUE(make_normaliser(Identifier::email, "")->normalise("A@b.de", out));
  EXPECT_EQ(out, "a@b.de");
  EXPECT_TRUE(make_normaliser(Identifier::phone, "US")->normalise("617 253 1000", out));
  EXPECT_EQ(out, "+16172531000");
  EXPECT_EQ(identifier_from("email"), Identifier::email);
  EXPECT_EQ(identifier_from("cookie"), std::nullopt);
}

}  // namespace
}  // namespace gbx::prepare
