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

TEST(Neighbours, EntriesOfTheLedgerHaveTheSameShape) {
  World a(202);
  World b(202, with_one_more());
  ASSERT_TRUE(a.open());
  ASSERT_TRUE(b.open());
  const std::string_view sql =
      "SELECT campaign_id, COUNT(DISTINCT hashed_email) AS n FROM exposures GROUP BY campaign_id";
  ASSERT_EQ(a.ask(sql).call, b.ask(sql).call);
  ASSERT_EQ(a.store.entries.size(), b.store.entries.size());
  for (std::size_t i = 0; i < a.store.entries.size(); i++) {
    EXPECT_EQ(a.store.entries[i].size(), b.store.entries[i].size());
  }
}

}  // namespace
}  // namespace gbx::sim
