// Questions that differ by a narrow condition: flagged to everybody who reads answer or log, or
// refused, by what was asked alone.

#include <gtest/gtest.h>

#include "tests/sim/world.h"
#include "trusted/policy/policy_fixture.h"

namespace gbx::sim {
namespace {

using enclave::Frame;

std::string sales(std::string_view where = "") {
  return "SELECT COUNT(DISTINCT hashed_email) AS n, SUM(total_spent) AS s FROM purchases" +
         std::string(where);
}

// Everybody, and everybody but who spent 123.45.
const std::string kMinusJane = sales(" WHERE total_spent <> 123.45");

Json last_body(const World& world) {
  return *Json::parse_canonical(as_text(world.store.entries.back())).value().find("body");
}

World::Read answered(World& world, const std::string& sql, bool dry_run = false) {
  const Frame frame = world.ask(sql, dry_run);
  EXPECT_EQ(refusal_of(frame), "") << sql;
  auto read = world.read(frame);
  GBX_CHECK(read);
  return std::move(*read);
}

TEST(NearQuestions, AreFlaggedInPriceAnswerAndLog) {
  World world(600);
  ASSERT_TRUE(world.open());
  world.asked_epsilon = "0.5";
  const World::Read first = answered(world, sales());
  EXPECT_TRUE(first.predicate.near.empty());
  EXPECT_EQ(last_body(world).find("near"), nullptr);
  const std::vector<Hash> want = {first.predicate.request_digest};
  EXPECT_EQ(answered(world, kMinusJane, true).predicate.near, want);
  world.asker = "agency";  // whoever asks
  ASSERT_EQ(refusal_of(world.ask(kMinusJane)), "");
  EXPECT_EQ(last_body(world).find("near")->canonical(),
            "[\"" + to_hex(first.predicate.request_digest) + "\"]");
  world.asker = "newsnow";
  // A repeat is the answer of before, and tells nothing new.
  EXPECT_TRUE(answered(world, kMinusJane).predicate.near.empty());
  EXPECT_EQ(answered(world, sales(" WHERE total_spent <> 123.46")).predicate.near.size(), 2U);
  // Priced as always.
  EXPECT_EQ(first.predicate.budget[0].after.loss, 2'500'000U);
}

TEST(NearQuestions, ADryRunIsNotRemembered) {
  World world(601);
  ASSERT_TRUE(world.open());
  answered(world, sales(), true);
  EXPECT_TRUE(answered(world, kMinusJane, true).predicate.near.empty());
}

TEST(NearQuestions, AreRefusedWhereThePolicySaysSo) {
  World world(602);
  world.policy.privacy.differencing.refuse = true;
  ASSERT_TRUE(world.open());
  answered(world, sales());
  const std::size_t entries = world.store.entries.size();
  EXPECT_EQ(refusal_of(world.ask(kMinusJane)), "question_near_another");
  EXPECT_EQ(refusal_of(world.ask(kMinusJane, true)), "question_near_another");
  world.asker = "agency";
  EXPECT_EQ(refusal_of(world.ask(kMinusJane)), "question_near_another");
  EXPECT_EQ(world.store.entries.size(), entries);  // nothing was spent, and nothing read
  EXPECT_EQ(world.engine.runs, 1U);
  world.asker = "newsnow";
  EXPECT_EQ(refusal_of(world.ask(sales())), "");  // a repeat
  EXPECT_EQ(refusal_of(world.ask(sales(" WHERE total_spent > 250"))), "");
}

TEST(NearQuestions, ThePolicySaysWhatIsNarrow) {
  World world(603);
  world.policy.privacy.differencing = {.refuse = true, .values = 10, .percent = 60};
  ASSERT_TRUE(world.open());
  answered(world, sales());
  EXPECT_EQ(refusal_of(world.ask(sales(" WHERE total_spent > 250"))), "question_near_another");
}

// The charge counts although nothing was answered; so does the question.
TEST(NearQuestions, AChargedQuestionIsRememberedWhateverFailed) {
  World world(604);
  ASSERT_TRUE(world.open());
  world.asked_epsilon = "0.5";
  world.engine.fails = true;
  EXPECT_EQ(refusal_of(world.ask(sales())), "query_failed");
  world.engine.fails = false;
  EXPECT_EQ(answered(world, kMinusJane).predicate.near.size(), 1U);
}

// The verdict is of the texts: who is in the data does not move it.
TEST(NearQuestions, AreTheSameOnNeighbours) {
  Data more = example_data();
  more.exposures.push_back({999, "zeta", 20999});
  more.purchases.push_back({999, 20999, 12345});
  World a(605);
  World b(605, more);
  for (World* world : {&a, &b}) {
    world->policy.privacy.differencing.refuse = true;
    ASSERT_TRUE(world->open());
    answered(*world, sales());
  }
  EXPECT_EQ(a.ask(kMinusJane).payload, b.ask(kMinusJane).payload);
}

// As budgets and releases: a new boot knows nothing, and gets nothing without the owners' keys.
TEST(NearQuestions, ANewBootRemembersNone) {
  World before(606);
  ASSERT_TRUE(before.open());
  answered(before, sales());
  World after(607);
  ASSERT_TRUE(after.open());
  EXPECT_TRUE(answered(after, kMinusJane).predicate.near.empty());
}

// Without noise the difference of two answers is Jane; refusing is what stands in the way here.
TEST(NearQuestions, WithoutNoiseTheDifferenceIsJane) {
  for (const bool refuse : {false, true}) {
    Data data = example_data();
    data.purchases.push_back({7777, 19600, 12345});
    World world(608, data);
    policy::make_threshold_only(world.policy.privacy, 10);
    world.policy.privacy.differencing.refuse = refuse;
    world.terms.accounting = privacy::Accounting::queries;
    world.terms.allotment = {10, 0};
    ASSERT_TRUE(world.open());
    const World::Read all = answered(world, sales());
    if (refuse) {
      EXPECT_EQ(refusal_of(world.ask(kMinusJane)), "question_near_another");
      continue;
    }
    const World::Read rest = answered(world, kMinusJane);
    EXPECT_EQ(rest.predicate.near.size(), 1U);
    const auto number = [](const World::Read& read, std::size_t column) {
      return *std::get_if<std::int64_t>(&read.table.rows[0][column].value);
    };
    EXPECT_EQ(number(all, 0) - number(rest, 0), 1);
    EXPECT_EQ(number(all, 1) - number(rest, 1), 12345);
  }
}

}  // namespace
}  // namespace gbx::sim
