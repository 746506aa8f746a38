// What a member may have charged: beside the tables' budgets, in the same step and entry.

#include <gtest/gtest.h>

#include "tests/sim/world.h"

namespace gbx::sim {
namespace {

constexpr std::int64_t kDay = 86'400;

// Another question for each number.
std::string query(int spent = 0) {
  return "SELECT campaign_id, COUNT(DISTINCT hashed_email) AS users FROM exposures JOIN purchases "
         "USING (hashed_email) WHERE total_spent > " +
         std::to_string(spent) + " GROUP BY campaign_id";
}

void ration(World& world, std::string_view name, std::vector<privacy::Ration> rations) {
  for (policy::Member& member : world.policy.members) {
    if (member.name == name) member.rations = rations;
  }
}

privacy::Ration one_a_day() { return {privacy::Window::day, privacy::Accounting::pure, 1'000'000}; }

Json body(const Bytes& entry) {
  return *Json::parse_canonical(as_text(entry)).value().find("body");
}

TEST(Rations, OneMembersEndsBeforeTheBudget) {
  World world(400);
  ration(world, "newsnow", {one_a_day()});
  ASSERT_TRUE(world.open());
  EXPECT_EQ(refusal_of(world.ask(query(0))), "");
  const std::size_t entries = world.store.entries.size();
  EXPECT_EQ(refusal_of(world.ask(query(1))), "ration_exhausted");
  EXPECT_EQ(refusal_of(world.ask(query(1), true)), "ration_exhausted");
  EXPECT_EQ(world.store.entries.size(), entries);  // nothing was spent
  EXPECT_EQ(world.engine.runs, 1U);
  world.asker = "agency";
  EXPECT_EQ(refusal_of(world.ask(query(1))), "");
  world.asker = "newsnow";
  world.clock.now += kDay;
  EXPECT_EQ(refusal_of(world.ask(query(2))), "");
  world.clock.now += kDay;
  EXPECT_EQ(refusal_of(world.ask(query(3))), "loss_exhausted");
}

TEST(Rations, AClockThatGoesBackFreesNothing) {
  World world(401);
  ration(world, "newsnow", {one_a_day()});
  ASSERT_TRUE(world.open());
  EXPECT_EQ(refusal_of(world.ask(query(0))), "");
  world.clock.now -= 10 * kDay;
  EXPECT_EQ(refusal_of(world.ask(query(1))), "ration_exhausted");
}

TEST(Rations, TheChargeSaysWhatIsLeft) {
  World world(402);
  ration(world, "newsnow", {one_a_day()});
  ASSERT_TRUE(world.open());
  world.asked_epsilon = "0.25";
  ASSERT_EQ(refusal_of(world.ask(query(0))), "");
  const Json charge = body(world.store.entries[world.store.entries.size() - 2]);
  EXPECT_EQ(*charge.find("kind")->string(), "charge");
  EXPECT_EQ(*charge.find("member")->string(), "newsnow");
  EXPECT_EQ(charge.find("rations")->canonical(), R"([{"epsilon_left":"0.75","window":"day"}])");
  const Json status =
      Json::parse_canonical(as_text(world.call(enclave::Call::status, "").payload)).value();
  EXPECT_EQ(status.find("rations")->canonical(),
            R"([{"left":[{"epsilon_left":"0.75","window":"day"}],"member":"newsnow"}])");
}

// A repeat costs no table anything, but the ration of who asks for it for the first time.
TEST(Rations, ARepeatIsPaidOnceByEveryMember) {
  World world(403);
  ration(world, "agency", {one_a_day()});
  ASSERT_TRUE(world.open());
  ASSERT_EQ(refusal_of(world.ask(query(0))), "");
  world.asker = "agency";
  EXPECT_EQ(refusal_of(world.ask(query(0))), "");
  const Json repeat = body(world.store.entries.back());
  EXPECT_EQ(*repeat.find("kind")->string(), "repeat");
  EXPECT_EQ(repeat.find("rations")->canonical(), R"([{"epsilon_left":"0","window":"day"}])");
  EXPECT_EQ(refusal_of(world.ask(query(0))), "");
  EXPECT_EQ(body(world.store.entries.back()).find("rations"), nullptr);
  EXPECT_EQ(refusal_of(world.ask(query(1))), "ration_exhausted");
  world.asker = "newsnow";
  ASSERT_EQ(refusal_of(world.ask(query(1))), "");
  world.asker = "agency";
  EXPECT_EQ(refusal_of(world.ask(query(1))), "ration_exhausted");
  EXPECT_EQ(refusal_of(world.ask(query(1), true)), "ration_exhausted");
  EXPECT_EQ(world.engine.runs, 2U);
}

TEST(Rations, AChargeWhoseEntryFailsCounts) {
  World world(404);
  ration(world, "newsnow", {one_a_day()});
  ASSERT_TRUE(world.open());
  world.store.fail_at = world.store.calls;
  EXPECT_EQ(refusal_of(world.ask(query(0))), "query_failed");
  EXPECT_EQ(refusal_of(world.ask(query(0))), "ration_exhausted");
}

// Each member has so many questions about a table, whatever they cost; repeats count once.
TEST(Rations, ATableHasAnAccessBudget) {
  World world(410);
  world.policy.tables[1].rule.access_budget = {
      {privacy::Window::day, privacy::Accounting::queries, 1}};
  ASSERT_TRUE(world.open());
  world.asked_epsilon = "0.25";
  ASSERT_EQ(refusal_of(world.ask(query(0))), "");
  const Json charge = body(world.store.entries[world.store.entries.size() - 2]);
  EXPECT_EQ(charge.find("access")->canonical(),
            R"([{"left":[{"queries_left":"0","window":"day"}],"table":"purchases"}])");
  EXPECT_EQ(*charge.find("member")->string(), "newsnow");
  const std::size_t entries = world.store.entries.size();
  EXPECT_EQ(refusal_of(world.ask(query(1))), "access_exhausted");
  EXPECT_EQ(refusal_of(world.ask(query(1), true)), "access_exhausted");
  EXPECT_EQ(world.store.entries.size(), entries);  // nothing was spent
  EXPECT_EQ(world.engine.runs, 1U);
  EXPECT_EQ(refusal_of(world.ask(query(0))), "");  // paid for already
  EXPECT_EQ(refusal_of(world.ask("SELECT COUNT(DISTINCT hashed_email) FROM exposures")), "");
  const Json status =
      Json::parse_canonical(as_text(world.call(enclave::Call::status, "").payload)).value();
  EXPECT_EQ(status.find("access")->array()->size(), 2U);  // agency's, newsnow's
  world.asker = "agency";
  EXPECT_EQ(refusal_of(world.ask(query(0))), "");  // its own first
  EXPECT_EQ(refusal_of(world.ask(query(1))), "access_exhausted");
  world.clock.now += kDay;
  EXPECT_EQ(refusal_of(world.ask(query(1))), "");
}

}  // namespace
}  // namespace gbx::sim
