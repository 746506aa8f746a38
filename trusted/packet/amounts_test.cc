#include "trusted/packet/amounts.h"

#include <gtest/gtest.h>

namespace gbx::packet {
namespace {

TEST(amounts, a_loss_has_one_spelling) {
  for (const char* text : {"0", "0.1", "10", "3", "0.000001", "1000"}) {
    const Json json = Json::object({{"e", text}});
    Fields fields(json, "amount_malformed");
    EXPECT_EQ(
        format_loss(privacy::Accounting::pure, take_loss(fields, privacy::Accounting::pure, "e")),
        text);
    EXPECT_TRUE(fields.finish()) << text;
  }
}

TEST(amounts, rho_is_read_in_its_own_unit) {
  const Json json = Json::object({{"rho", "0.125"}});
  Fields fields(json, "amount_malformed");
  EXPECT_EQ(take_loss(fields, privacy::Accounting::zcdp, "rho"), privacy::kRhoUnit / 8);
  EXPECT_TRUE(fields.finish());
}

class NoLoss : public testing::TestWithParam<const char*> {};

TEST_P(NoLoss, is_refused) {
  const Json json = Json::object({{"e", GetParam()}});
  Fields fields(json, "amount_malformed");
  EXPECT_EQ(take_loss(fields, privacy::Accounting::pure, "e"), 0U);
  EXPECT_FALSE(fields.finish());
}

INSTANTIATE_TEST_SUITE_P(Each, NoLoss,
                         testing::Values("", "0.10", "0.0000001", "-1", "+1", "1.", ".1", "01",
                                         "1e3", "1001", "1e-1"));

}  // namespace
}  // namespace gbx::packet
