// Two rooms whose data differ in one person: every refusal is the same, byte for byte, and so is
// what the host sees of an answer's size and of the ledger.

#include <gtest/gtest.h>

#include <array>

#include "tests/sim/world.h"

namespace gbx::sim {
namespace {

using enclave::Call;
using enclave::Frame;

// The neighbour: one more person, with the largest values and a campaign of its own.
Data with_one_more() {
  Data data = example_data();
  data.exposures.push_back({999, "zeta", 20999});
  data.purchases.push_back({999, 20999, 50000});
  return data;
}

constexpr std::array<std::string_view, 14> kRefused{
    "SELECT * FROM purchases",
    "SELECT hashed_email FROM purchases",
    "SELECT total_spent FROM purchases",
    "SELECT MAX(total_spent) FROM purchases",
    "SELECT COUNT(*) FROM purchases WHERE hashed_email = 'jane'",
    "SELECT SUM(CASE WHEN hashed_email = 'x' THEN 1 END) FROM purchases",
    "SELECT COUNT(*) FROM exposures a JOIN purchases b ON a.campaign_id = b.hashed_email",
    "SELECT COUNT(*) FROM exposures, purchases",
    "SELECT campaign_id, COUNT(*) FROM exposures GROUP BY hashed_email",
    "SELECT COUNT(*) FROM nobody",
    "SELECT 1/0 FROM purchases",
    "SELECT CAST(campaign_id AS INTEGER), COUNT(*) FROM exposures GROUP BY 1",
    "this is no SQL",
    "",
};

TEST(Neighbours, RefusalsAreByteEqual) {
  World a(200);
  World b(200, with_one_more());
  ASSERT_TRUE(a.open());
  ASSERT_TRUE(b.open());
  for (const std::string_view sql : kRefused) {
    const Frame first = a.ask(sql);
    const Frame second = b.ask(sql);
    EXPECT_EQ(first.call, Call::refusal) << sql;
    EXPECT_EQ(first.payload, second.payload) << sql;
    EXPECT_EQ(first.payload.size(), enclave::kRefusalBytes) << sql;
    const auto refusal = enclave::decode_refusal(first.payload);
    ASSERT_TRUE(refusal) << sql;
    EXPECT_NE(refusal->signature, enclave::kUnsigned) << sql;
  }
  EXPECT_EQ(a.engine.runs, 0U);
}

TEST(Neighbours, ExhaustionComesAtTheSameQuestion) {
  World a(201);
  World b(201, with_one_more());
  ASSERT_TRUE(a.open());
  ASSERT_TRUE(b.open());
  for (int i = 0; i < 5; i++) {
    const Frame first = a.ask("SELECT COUNT(DISTINCT hashed_email) AS n FROM purchases");
    const Frame second = b.ask("SELECT COUNT(DISTINCT hashed_email) AS n FROM purchases");
    EXPECT_EQ(first.call, second.call);
    EXPECT_EQ(first.payload.size(), second.payload.size());
    if (first.call == Call::refusal) {
      EXPECT_EQ(first.payload, second.payload);
    }
  }
}

// --- questions that are answered ---

// All of these are answered, whatever the rows: expressions are total.
constexpr std::array<std::string_view, 12> kAnswered{
    "SELECT COUNT(DISTINCT hashed_email) AS n FROM purchases",
    "SELECT COUNT(DISTINCT hashed_email) AS n, SUM(total_spent) AS s, AVG(total_spent) AS a "
    "FROM purchases",
    "SELECT campaign_id, COUNT(DISTINCT hashed_email) AS n FROM exposures GROUP BY campaign_id",
    "SELECT campaign_id, COUNT(DISTINCT hashed_email) AS n, SUM(total_spent) AS s FROM exposures "
    "JOIN purchases USING (hashed_email) GROUP BY campaign_id",
    "SELECT campaign_id, COUNT(DISTINCT hashed_email) AS n FROM exposures GROUP BY campaign_id "
    "HAVING COUNT(DISTINCT hashed_email) > 250 ORDER BY n DESC LIMIT 1",
    "SELECT device, COUNT(DISTINCT hashed_email) AS n FROM exposures GROUP BY device",
    "SELECT APPROX_BOUNDS_HIGH(total_spent) AS high FROM purchases",
    "SELECT COUNT(DISTINCT hashed_email) AS n, COUNT_BOUNDED() AS cut, SUM(total_spent) AS s "
    "FROM purchases",
    // Only the neighbour has a row that these divide by zero, or that is the largest there can be.
    "SELECT COUNT(DISTINCT hashed_email) AS n FROM purchases WHERE 1 / (total_spent - 500) < 0",
    "SELECT SUM(total_spent) AS s FROM purchases WHERE total_spent * total_spent > 249999",
    "SELECT COUNT(DISTINCT hashed_email) AS n FROM purchases WHERE ABS(total_spent - 500) = 0",
    "SELECT campaign_id, COUNT(DISTINCT hashed_email) AS n FROM purchases LEFT JOIN exposures "
    "USING (hashed_email) GROUP BY campaign_id",
};

Data with_another_in_the_crowd() {
  Data data = example_data();
  for (std::uint64_t i = 0; i < 90; i++) data.exposures.push_back({301, "autumn", 19000});
  for (std::uint64_t i = 0; i < 90; i++) data.purchases.push_back({301, 19600, 50000});
  return data;
}

Data without_the_last() {
  Data data = example_data();
  data.exposures.pop_back();
  data.purchases.pop_back();
  return data;
}

// Two rooms with room for all questions, under one seed.
struct Pair {
  explicit Pair(std::uint64_t seed, const Data& other) : a(seed), b(seed, other) {
    for (World* world : {&a, &b}) {
      world->policy.privacy.outer_joins = true;
      world->policy.privacy.epsilon = 50'000'000;
      world->terms.allotment.loss = 50'000'000;
      GBX_CHECK(world->open());
    }
  }
  World a;
  World b;
};

const std::array<Data, 3> kNeighbours{with_one_more(), with_another_in_the_crowd(),
                                      without_the_last()};

// The neighbour's groups are all public, or too small, or large on both sides: then as many rows
// are shown, and as many bytes leave the room.
TEST(Neighbours, AnswersHaveAsManyRowsAndBytes) {
  for (const Data& neighbour : kNeighbours) {
    Pair pair(203, neighbour);
    for (const bool dry_run : {true, false}) {
      for (const std::string_view sql : kAnswered) {
        const Frame first = pair.a.ask(sql, dry_run);
        const Frame second = pair.b.ask(sql, dry_run);
        ASSERT_EQ(refusal_of(first), "") << sql;
        ASSERT_EQ(refusal_of(second), "") << sql;
        const auto one = pair.a.read(first);
        const auto other = pair.b.read(second);
        ASSERT_TRUE(one && other) << sql;
        EXPECT_EQ(one->table.rows.size(), other->table.rows.size()) << sql;
        EXPECT_EQ(first.payload.size(), second.payload.size()) << sql;
      }
    }
  }
}

// What a price says is a function of the question: but for snapshots and log, the same statement.
TEST(Neighbours, PricesAreTheSame) {
  Pair pair(204, with_one_more());
  for (const std::string_view sql : kAnswered) {
    const Frame first = pair.a.ask(sql, true);
    const Frame second = pair.b.ask(sql, true);
    auto one = pair.a.read(first);
    auto other = pair.b.read(second);
    ASSERT_TRUE(one && other) << sql;
    for (auto* read : {&*one, &*other}) {
      read->predicate.log_head = Hash{};
      read->predicate.request_digest = Hash{};
      read->predicate.binding = {};
      read->predicate.snapshots.clear();
    }
    EXPECT_EQ(packet::encode(one->predicate).canonical(),
              packet::encode(other->predicate).canonical())
        << sql;
    EXPECT_EQ(packet::encode(one->table).canonical(), packet::encode(other->table).canonical());
  }
}

// An engine that fails, or says what cannot be, is one word, whatever the rows are.
TEST(Neighbours, FailuresAreByteEqual) {
  Pair pair(205, with_one_more());
  for (const bool lies : {false, true}) {
    for (World* world : {&pair.a, &pair.b}) {
      world->engine.fails = !lies;
      if (lies) world->engine.lie = std::vector<sql::GroupRow>{};
    }
    const Frame first = pair.a.ask(kAnswered[0]);
    const Frame second = pair.b.ask(kAnswered[0]);
    EXPECT_EQ(refusal_of(first), "query_failed");
    EXPECT_EQ(first.payload, second.payload);
  }
}

std::string body_of(const Bytes& entry) {
  return Json::parse_canonical(as_text(entry)).value().find("body")->canonical();
}

// Every entry of the ledger has the same body, byte for byte, but for what names the sealed file in
// an allotment, and the same size. (Its link to the entry before differs since that allotment.)
TEST(Neighbours, EntriesOfTheLedgerAreTheSame) {
  for (const Data& neighbour : kNeighbours) {
    Pair pair(206, neighbour);
    for (const std::string_view sql : kAnswered) pair.a.ask(sql), pair.b.ask(sql);
    const std::vector<Bytes>& a = pair.a.store.entries;
    const std::vector<Bytes>& b = pair.b.store.entries;
    ASSERT_EQ(a.size(), b.size());
    // Boot and two allotments, charge and answer of each; the one with HAVING is a repeat.
    ASSERT_EQ(a.size(), 3 + 2 * kAnswered.size() - 1);
    std::size_t allotments = 0;
    for (std::size_t i = 0; i < a.size(); i++) {
      EXPECT_EQ(a[i].size(), b[i].size());
      if (body_of(a[i]).find("allotment") != std::string::npos) {
        allotments++;
        continue;
      }
      EXPECT_EQ(body_of(a[i]), body_of(b[i]));
    }
    EXPECT_EQ(allotments, 2U);
    EXPECT_EQ(pair.a.engine.runs, pair.b.engine.runs);
    EXPECT_EQ(pair.a.store.calls, pair.b.store.calls);
  }
}

}  // namespace
}  // namespace gbx::sim
