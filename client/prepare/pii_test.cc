#include "client/prepare/pii.h"

#include <gtest/gtest.h>

namespace gbx::prepare {
namespace {

// The kinds found, in one word: "email phone".
std::string found(std::string_view text, const std::string& region = "US") {
  const std::uint8_t bits = find_pii(text, region);
  std::string out;
  for (std::size_t i = 0; i < kPiiKinds; i++) {
    const Pii kind = static_cast<Pii>(i);
    if ((bits & pii_bit(kind)) != 0) out += (out.empty() ? "" : " ") + std::string(pii_name(kind));
  }
  return out;
}

TEST(Pii, FindsEmailAnywhere) {
  EXPECT_EQ(found("alice@email.com"), "email");
  EXPECT_EQ(found("write to alice.b@mail.example.org, please"), "email");
  EXPECT_EQ(found("@alice"), "");
  EXPECT_EQ(found("5 @ 3.50"), "");
  EXPECT_EQ(found("a@b"), "");
}

TEST(Pii, FindsWrittenPhones) {
  EXPECT_EQ(found("(617) 253-1000"), "phone");
  EXPECT_EQ(found("+49 30 901820", ""), "phone");
  EXPECT_EQ(found("617-253-1000"), "phone");
  EXPECT_EQ(found("6172531000"), "");  // digits alone: a matter of the column
  EXPECT_EQ(found("2025-10-12"), "");
  EXPECT_EQ(found("123-456-789"), "");
}

TEST(Pii, FindsCards) {
  EXPECT_EQ(found("4111 1111 1111 1111"), "card");
  EXPECT_EQ(found("card 5500-0000-0000-0004 used"), "card");
  EXPECT_EQ(found("4111 1111 1111 1112"), "");
  EXPECT_EQ(found("1111111111111117"), "");  // no issuer begins with 1
  EXPECT_EQ(found("x4111111111111111"), "");
}

TEST(Pii, FindsSocialSecurityNumbers) {
  EXPECT_EQ(found("ssn 219-09-9999."), "ssn");
  EXPECT_EQ(found("000-12-3456"), "");
  EXPECT_EQ(found("666-12-3456"), "");
  EXPECT_EQ(found("912-12-3456"), "");
  EXPECT_EQ(found("219-00-9999"), "");
  EXPECT_EQ(found("219-09-0000"), "");
  EXPECT_EQ(found("1219-09-9999"), "");
}

TEST(Pii, FindsIbans) {
  EXPECT_EQ(found("DE89370400440532013000", ""), "iban");
  EXPECT_EQ(found("pay GB29 NWBK 6016 1331 9268 19 now", ""), "iban");
  EXPECT_EQ(found("DE89370400440532013001", ""), "");
}

TEST(Pii, LuhnAndIbanChecks) {
  EXPECT_TRUE(passes_luhn("79927398713"));
  EXPECT_FALSE(passes_luhn("79927398710"));
  EXPECT_FALSE(passes_luhn(""));
  EXPECT_TRUE(passes_iban("FR1420041010050500013M02606"));
  EXPECT_FALSE(passes_iban("FR14"));
}

TEST(Pii, DigitsAloneFitAKind) {
  EXPECT_TRUE(is_bare_card("378282246310005"));
  EXPECT_FALSE(is_bare_card("378282246310006"));
  EXPECT_FALSE(is_bare_card("4111"));
  EXPECT_TRUE(is_bare_phone("6172531000", "US"));
  EXPECT_TRUE(is_bare_phone("16172531000", ""));
  EXPECT_FALSE(is_bare_phone("1234567890", "US"));
  EXPECT_FALSE(is_bare_phone("617253", "US"));
}

TEST(Pii, OrdinaryTextIsNone) {
  EXPECT_EQ(found(""), "");
  EXPECT_EQ(found("sg_fall25"), "");
  EXPECT_EQ(found("order 12345678901234567890123456789"), "");
  EXPECT_EQ(found("2025-10-12 10:00:00"), "");
  EXPECT_EQ(found("9b2e4f1c-33aa-4d1b-9c55-000011112222"), "");
}

}  // namespace
}  // namespace gbx::prepare
