// The same question again: the same release, at no price, with no row read; and what is not the
// same question pays.

#include <gtest/gtest.h>

#include "tests/sim/world.h"

namespace gbx::sim {
namespace {

using enclave::Call;
using enclave::Frame;

constexpr std::string_view kFirst =
    "SELECT campaign_id, COUNT(DISTINCT hashed_email) AS users, SUM(total_spent) AS revenue "
    "FROM exposures JOIN purchases USING (hashed_email) "
    "WHERE total_spent > 100 AND device = 'phone' GROUP BY campaign_id";

std::string result_of(const World::Read& read) { return packet::encode(read.table).canonical(); }

Json last_entry(const World& world) {
  return *Json::parse_canonical(as_text(world.store.entries.back())).value().find("body");
}

TEST(Repeats, GiveTheSameBytesAtNoPriceAndReadNoRow) {
  World world(300);
  ASSERT_TRUE(world.open());
  const auto first = world.read(world.ask(kFirst));
  ASSERT_TRUE(first);
  EXPECT_FALSE(first->predicate.repeat_of);
  const auto again = world.read(world.ask(kFirst));
  ASSERT_TRUE(again);
  EXPECT_EQ(result_of(*again), result_of(*first));
  EXPECT_EQ(again->predicate.repeat_of, first->predicate.request_digest);
  EXPECT_NE(again->predicate.request_digest, first->predicate.request_digest);
  ASSERT_EQ(again->predicate.budget.size(), 2U);
  for (std::size_t i = 0; i < 2; i++) {
    EXPECT_EQ(again->predicate.budget[i].before, first->predicate.budget[i].after);
    EXPECT_EQ(again->predicate.budget[i].after, first->predicate.budget[i].after);
  }
  EXPECT_EQ(again->predicate.snapshots.size(), 2U);
  EXPECT_EQ(world.engine.runs, 1U);
  const Json entry = last_entry(world);
  EXPECT_EQ(*entry.find("kind")->string(), "repeat");
  EXPECT_EQ(*entry.find("of")->string(), to_hex(first->predicate.request_digest));
  EXPECT_EQ(*entry.find("request")->string(), to_hex(again->predicate.request_digest));
}

TEST(Repeats, AreAnsweredWhenTheBudgetIsGone) {
  World world(301);
  world.terms.allotment.loss = 1'000'000;
  ASSERT_TRUE(world.open());
  EXPECT_EQ(refusal_of(world.ask(kFirst)), "");
  EXPECT_EQ(refusal_of(world.ask("SELECT COUNT(DISTINCT hashed_email) AS n FROM exposures")),
            "loss_exhausted");
  EXPECT_EQ(refusal_of(world.ask(kFirst)), "");
  const auto price = world.read(world.ask(kFirst, true));
  ASSERT_TRUE(price);
  EXPECT_TRUE(price->predicate.repeat_of);
  EXPECT_EQ(price->predicate.budget[0].before, price->predicate.budget[0].after);
}

// Other names, spellings, orders and sides; and other views of the same release.
TEST(Repeats, AreFoundHoweverTheyAreWritten) {
  World world(302);
  ASSERT_TRUE(world.open());
  ASSERT_TRUE(world.read(world.ask(kFirst)));
  for (const char* sql :
       {"select e.campaign_id as c, count(distinct p.hashed_email) as n, sum(p.total_spent) as s "
        "from purchases p join exposures e on e.hashed_email = p.hashed_email "
        "where e.device = 'phone' and p.total_spent > 100 group by 1",
        "SELECT campaign_id, SUM(total_spent) AS s, COUNT(DISTINCT hashed_email) AS n "
        "FROM exposures, purchases WHERE (exposures.hashed_email = purchases.hashed_email "
        "AND ('phone' = device AND 100.00 < total_spent)) GROUP BY campaign_id",
        "SELECT campaign_id, COUNT(DISTINCT hashed_email) AS n, SUM(total_spent) AS s "
        "FROM exposures JOIN purchases USING (hashed_email) WHERE total_spent > 100 AND 1 = 1 "
        "AND total_spent > 100.0 AND device = 'phone' AND TRUE GROUP BY campaign_id",
        "SELECT campaign_id, COUNT(DISTINCT hashed_email) AS n, SUM(total_spent) AS s "
        "FROM exposures JOIN purchases USING (hashed_email) WHERE total_spent > 100 "
        "AND device = 'phone' GROUP BY campaign_id HAVING SUM(total_spent) > 0 "
        "ORDER BY n DESC LIMIT 1"}) {
    const auto read = world.read(world.ask(sql));
    ASSERT_TRUE(read) << sql;
    EXPECT_TRUE(read->predicate.repeat_of) << sql;
  }
  EXPECT_EQ(world.engine.runs, 1U);
}

TEST(Repeats, AreNotFoundWhereSomethingElseIsAsked) {
  for (const char* sql :
       {"SELECT campaign_id, COUNT(DISTINCT hashed_email) AS users, SUM(total_spent) AS revenue "
        "FROM exposures JOIN purchases USING (hashed_email) "
        "WHERE total_spent > 101 AND device = 'phone' GROUP BY campaign_id",
        "SELECT campaign_id, COUNT(DISTINCT hashed_email) AS users, SUM(total_spent) AS revenue "
        "FROM exposures JOIN purchases USING (hashed_email) "
        "WHERE total_spent > 100 OR device = 'phone' GROUP BY campaign_id",
        "SELECT campaign_id, COUNT(DISTINCT hashed_email) AS users, SUM(total_spent) AS revenue "
        "FROM exposures JOIN purchases USING (hashed_email) "
        "WHERE total_spent > 100 AND device = 'desktop' GROUP BY campaign_id",
        "SELECT campaign_id, COUNT(DISTINCT hashed_email) AS users "
        "FROM exposures JOIN purchases USING (hashed_email) "
        "WHERE total_spent > 100 AND device = 'phone' GROUP BY campaign_id"}) {
    World world(303);
    ASSERT_TRUE(world.open());
    ASSERT_TRUE(world.read(world.ask(kFirst)));
    const auto read = world.read(world.ask(sql));
    ASSERT_TRUE(read) << sql;
    EXPECT_FALSE(read->predicate.repeat_of) << sql;
    EXPECT_EQ(world.engine.runs, 2U);
  }
}

TEST(Repeats, AnotherEpsilonIsAnotherRelease) {
  World world(304);
  ASSERT_TRUE(world.open());
  ASSERT_TRUE(world.read(world.ask(kFirst)));
  world.asked_epsilon = "0.5";
  const auto read = world.read(world.ask(kFirst));
  ASSERT_TRUE(read);
  EXPECT_FALSE(read->predicate.repeat_of);
  EXPECT_EQ(read->predicate.noise.price.loss, 500'000U);
}

TEST(Repeats, NothingIsRememberedOfWhatWasNotAnswered) {
  World world(305);
  ASSERT_TRUE(world.open());
  world.store.fail_at = world.store.calls + 1;  // the answer's entry
  EXPECT_EQ(refusal_of(world.ask(kFirst)), "query_failed");
  const auto read = world.read(world.ask(kFirst));
  ASSERT_TRUE(read);
  EXPECT_FALSE(read->predicate.repeat_of);
  EXPECT_EQ(world.engine.runs, 2U);
}

TEST(Repeats, ARepeatWhoseEntryFailsIsNotAnswered) {
  World world(306);
  ASSERT_TRUE(world.open());
  ASSERT_TRUE(world.read(world.ask(kFirst)));
  world.store.fail_at = world.store.calls;
  EXPECT_EQ(refusal_of(world.ask(kFirst)), "query_failed");
  const auto read = world.read(world.ask(kFirst));
  ASSERT_TRUE(read);
  EXPECT_TRUE(read->predicate.repeat_of);
  EXPECT_EQ(read->predicate.budget[0].after.loss, 2'000'000U);
}

TEST(Repeats, AReplayedRequestIsNoRepeat) {
  World world(307);
  ASSERT_TRUE(world.open());
  const std::string request = world.make_request(kFirst);
  EXPECT_EQ(refusal_of(world.call(Call::query, request)), "");
  EXPECT_EQ(refusal_of(world.call(Call::query, request)), "request_replayed");
}

TEST(Repeats, EndWithTheDataAndWithTheRoom) {
  World world(308);
  ASSERT_TRUE(world.open());
  ASSERT_TRUE(world.read(world.ask(kFirst)));
  world.clock.now = world.exposures.manifest.expires;
  EXPECT_EQ(refusal_of(world.ask(kFirst)), "retention_ended");
  world.close();
  EXPECT_EQ(refusal_of(world.ask(kFirst)), "room_closed");
}

}  // namespace
}  // namespace gbx::sim
