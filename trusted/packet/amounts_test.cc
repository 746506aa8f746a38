#include "trusted/packet/amounts.h"

#include <gtest/gtest.h>

namespace gbx::packet {
namespace {

TEST(amounts, an_epsilon_has_one_spelling) {
  for (const char* text : {"0", "0.1", "10", "3", "0.000001", "9007199254.740991"}) {
    const Json json = Json::object({{"e", text}});
    Fields fields(json, "amount_malformed");
    EXPECT_EQ(epsilon_text(take_epsilon(fields, "e")), text);
    EXPECT_TRUE(fields.finish()) << text;
  }
}

class NoEpsilon : public testing::TestWithParam<const char*> {};

TEST_P(NoEpsilon, is_refused) {
  const Json json = Json::object({{"e", GetParam()}});
  Fields fields(json, "amount_malformed");
  EXPECT_EQ(take_epsilon(fields, "e"), 0U);
  EXPECT_FALSE(fields.finish());
}

INSTANTIATE_TEST_SUITE_P(Each, NoEpsilon,
                         testing::Values("", "0.10", "0.0000001", "-1", "+1", "1.", ".1", "01",
                                         "1e3", "99999999999999"));

}  // namespace
}  // namespace gbx::packet
