// Who hears an answer: each table's rule may leave receivers out; with nobody left there is no
// answer.

#include <gtest/gtest.h>

#include "tests/sim/world.h"

namespace gbx::sim {
namespace {

using enclave::Frame;

constexpr std::string_view kAttribution =
    "SELECT campaign_id, COUNT(DISTINCT hashed_email) AS users FROM exposures JOIN purchases USING "
    "(hashed_email) GROUP BY campaign_id";

TEST(Receivers, AreThoseThatAllTablesAllow) {
  World world(38);
  world.policy.tables[1].rule.result_receivers = {"agency"};
  ASSERT_TRUE(world.open());
  const Frame answer = world.ask(kAttribution);
  ASSERT_EQ(refusal_of(answer), "");
  const auto sealed = Json::parse(as_text(answer.payload));
  ASSERT_TRUE(sealed);
  const Json::Array* receivers = sealed->find("receivers")->array();
  ASSERT_EQ(receivers->size(), 1U);
  EXPECT_EQ(*receivers->front().find("name")->string(), "agency");
  World closed(39);
  closed.policy.tables[0].rule.result_receivers = {"newsnow"};
  closed.policy.tables[1].rule.result_receivers = {"agency"};
  ASSERT_TRUE(closed.open());
  EXPECT_EQ(refusal_of(closed.ask(kAttribution)), "receiver_not_set");
}

}  // namespace
}  // namespace gbx::sim
