// Every write and every draw of randomness fails once, at every place: no release without a charge,
// no answer without a durable entry, and never more spent than allotted.

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "tests/sim/world.h"
#include "trusted/log/log.h"
#include "trusted/privacy/plan.h"

namespace gbx::sim {
namespace {

using enclave::Call;
using enclave::Frame;

// Another question for each number.
std::string query(int spent = 0) {
  return "SELECT campaign_id, COUNT(DISTINCT hashed_email) AS users FROM exposures JOIN purchases "
         "USING (hashed_email) WHERE total_spent > " +
         std::to_string(spent) + " GROUP BY campaign_id";
}

struct Books {
  std::size_t charges = 0;
  std::size_t answers = 0;
  std::uint64_t epsilon = 0;  // charged to each table, in 10^-6
};

// What the host's copy of the ledger says; entries that the chain holds twice count once.
Books read_books(const World& world) {
  Books books;
  std::vector<Bytes> seen;
  for (const Bytes& entry : world.store.entries) {
    if (std::find(seen.begin(), seen.end(), entry) != seen.end()) continue;
    seen.push_back(entry);
    const Json json = Json::parse_canonical(as_text(entry)).value();
    const Json* body = json.find("body");
    const std::string kind = *body->find("kind")->string();
    if (kind == "answer") books.answers++;
    if (kind != "charge") continue;
    books.charges++;
    books.epsilon += privacy::parse_epsilon(*body->find("epsilon")->string()).value();
  }
  return books;
}

// Opens a room and asks five questions, each twice, whatever happens. Returns how many releases
// came out: what is the same again counts once.
std::size_t live(World& world) {
  if (!world.open()) return 0;
  std::set<std::string> releases;
  for (int i = 0; i < 10; i++) {
    const auto read = world.read(world.ask(query(i / 2)));
    if (read) releases.insert(packet::encode(read->table).canonical());
  }
  return releases.size();
}

void expect_honest(const World& world, std::size_t answers) {
  const Books books = read_books(world);
  EXPECT_LE(books.epsilon, 3'000'000U);
  EXPECT_LE(answers, books.answers);            // no answer without a durable entry
  EXPECT_LE(books.answers, books.charges);      // no release without a charge
  EXPECT_LE(world.engine.runs, books.charges);  // no row read before its charge was durable
}

TEST(Faults, EveryAppendFailsOnce) {
  World healthy(100);
  ASSERT_EQ(live(healthy), 3U);  // the budget is for three
  expect_honest(healthy, 3);
  for (const bool keeps : {false, true}) {
    for (std::size_t n = 0; n < healthy.store.calls; n++) {
      World world(100);
      world.store.fail_at = n;
      world.store.keeps_failed = keeps;
      const std::size_t answers = live(world);
      EXPECT_LT(answers, 4U) << n;
      expect_honest(world, answers);
    }
  }
}

TEST(Faults, EntropyFailsOnceAtEveryCall) {
  World healthy(101);
  ASSERT_EQ(live(healthy), 3U);
  const std::size_t step = std::max<std::size_t>(1, healthy.entropy.calls / 60);
  for (std::size_t n = 0; n < healthy.entropy.calls; n += step) {
    World world(101);
    world.entropy.fail_at = n;
    const std::size_t answers = live(world);
    EXPECT_LT(answers, 4U) << n;
    expect_honest(world, answers);
  }
}

TEST(Faults, AfterTheChargeEveryFailureIsTheSameRefusalAndStaysPaid) {
  Bytes refusals[3];
  for (int i = 0; i < 3; i++) {
    World world(102);
    ASSERT_TRUE(world.open());
    if (i == 0) world.engine.fails = true;
    if (i == 1) world.engine.lie = std::vector<sql::GroupRow>{{{std::string("x")}, -1, {}}};
    if (i == 2) world.store.fail_at = world.store.calls + 1;  // the answer's entry
    const Frame answer = world.ask(query());
    EXPECT_EQ(refusal_of(answer), "query_failed");
    refusals[i] = answer.payload;
    EXPECT_EQ(read_books(world).charges, 1U);
  }
  EXPECT_EQ(refusals[0], refusals[1]);
  EXPECT_EQ(refusals[1], refusals[2]);
}

TEST(Faults, AFailedChargeReadsNoRowAndStaysPaid) {
  World world(103);
  ASSERT_TRUE(world.open());
  world.store.fail_at = world.store.calls;
  EXPECT_EQ(refusal_of(world.ask(query())), "query_failed");
  EXPECT_EQ(world.engine.runs, 0U);
  EXPECT_EQ(refusal_of(world.ask(query())), "");
  EXPECT_EQ(refusal_of(world.ask(query(1))), "");
  EXPECT_EQ(refusal_of(world.ask(query(2))), "loss_exhausted");
}

TEST(Faults, AnEngineThatLiesPossiblyIsStillNoised) {
  World world(104);
  ASSERT_TRUE(world.open());
  world.engine.lie = std::vector<sql::GroupRow>{{{std::string("autumn")}, 250, {}}};
  const auto read = world.read(world.ask(query()));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->table.rows.size(), 1U);
}

TEST(Faults, AnEngineThatLiesImpossiblyIsUnavailable) {
  World world(106);
  ASSERT_TRUE(world.open());
  world.engine.lie = std::vector<sql::GroupRow>{{{std::string("what one row said")}, 250, {}}};
  EXPECT_EQ(refusal_of(world.ask(query())), "query_failed");
  world.engine.lie = std::vector<sql::GroupRow>{{{std::string("autumn")}, 302, {}}};
  EXPECT_EQ(refusal_of(world.ask(query())), "query_failed");
}

TEST(Faults, AFailedCloseCanBeAskedAgain) {
  World world(105);
  ASSERT_TRUE(world.open());
  world.store.fail_at = world.store.calls;
  EXPECT_EQ(refusal_of(world.close()), "store_failed");
  EXPECT_EQ(refusal_of(world.ask(query())), "room_closed");
  EXPECT_EQ(world.close().call, Call::answer);
}

TEST(Faults, AFailedCloseAskedAgainIsOneEntry) {
  for (const bool keeps : {false, true}) {
    World world(107);
    ASSERT_TRUE(world.open());
    world.store.fail_at = world.store.calls;
    world.store.keeps_failed = keeps;
    EXPECT_EQ(world.close().call, Call::refusal);
    EXPECT_EQ(world.close().call, Call::answer);
    const auto replay = log::replay(world.binding.log_origin, world.store.entries);
    ASSERT_TRUE(replay);
    const auto closes = std::ranges::count_if(replay->bodies, [](std::string_view body) {
      return *Json::parse_canonical(body)->find("kind")->string() == "close";
    });
    EXPECT_EQ(closes, 1) << keeps;
  }
}

TEST(Faults, ACloseWithoutRandomnessCanBeAskedAgain) {
  World world(108);
  ASSERT_TRUE(world.open());
  world.entropy.fail_at = world.entropy.calls;
  EXPECT_EQ(world.close().call, Call::refusal);
  EXPECT_EQ(world.close().call, Call::answer);
}

}  // namespace
}  // namespace gbx::sim
