// Answers of a whole room, held against the question by the program that verifies them: what a room
// says that it was asked, and what its columns are computed of, must be what the signed text says.

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>

#include "client/query/confirm_apart.h"
#include "tests/sim/world.h"

namespace gbx::sim {
namespace {

const std::string kRates =
    "SELECT campaign_id, COUNT(DISTINCT hashed_email) AS people, SUM(total_spent) AS spent,\n"
    "  spent / people AS each, ROUND(100.0 * COUNT(*) / people, 1) AS percent\n"
    "FROM exposures JOIN purchases USING (hashed_email)\n"
    "GROUP BY campaign_id HAVING COUNT(*) > 3 ORDER BY AVG(total_spent)";

class Confirm : public testing::Test {
 protected:
  Confirm() : world_(700) {
    GBX_CHECK(world_.open());
    auto policy =
        policy::VerifiedPolicy::verify(packet::parse_envelope(world_.policy_packet()).value());
    policy_.emplace(std::move(policy).value());
    auto made = client::StaticCheck::make(*policy_);
    checker_.emplace(std::move(made).value());
  }

  World::Read ask(const std::string& sql, bool dry_run = false) {
    const enclave::Frame frame = world_.ask(sql, dry_run);
    EXPECT_EQ(refusal_of(frame), "") << sql;
    auto read = world_.read(frame);
    GBX_CHECK(read);
    request_ = {};
    request_.member = "newsnow";
    request_.sql = sql;
    return std::move(*read);
  }

  std::string reason(const World::Read& read) {
    const Status known = checker_->confirm(read.table, read.predicate, request_);
    // The same in a cage.
    const Status apart = client::confirm_apart(*policy_, read.table, read.predicate, request_);
    const std::string said = known ? "" : std::string(known.error().reason.view());
    EXPECT_EQ(apart ? "" : std::string(apart.error().reason.view()), said);
    return said;
  }

  World world_;
  packet::Request request_;
  std::optional<policy::VerifiedPolicy> policy_;
  std::optional<client::StaticCheck> checker_;
};

pid_t child_that(void (*run)()) {
  const pid_t child = ::fork();
  if (child != 0) return child;
  run();
  ::_exit(7);
}

TEST(ConfirmApart, WaitsForAChildThatWorksAndNotForOneThatWaits) {
  using std::chrono::milliseconds;
  EXPECT_EQ(client::exit_code_of(child_that([] {}), milliseconds(60'000)), 7);
  EXPECT_EQ(client::exit_code_of(child_that([] { ::abort(); }), milliseconds(60'000)),
            std::nullopt);
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(client::exit_code_of(child_that([] { ::pause(); }), milliseconds(50)), std::nullopt);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(50));
}

TEST_F(Confirm, WhatWasAskedIsWhatIsThere) {
  EXPECT_EQ(reason(ask(kRates, true)), "");
  EXPECT_EQ(reason(ask(kRates)), "");
  EXPECT_EQ(reason(ask(kRates)), "");  // a repeat
  EXPECT_EQ(reason(ask("SELECT COUNT(DISTINCT hashed_email) AS n FROM purchases")), "");
  EXPECT_EQ(reason(ask("select count(distinct p.hashed_email) n from purchases p")), "");
}

TEST_F(Confirm, AnotherQuestionIsSeen) {
  World::Read read = ask(kRates, true);
  request_.sql += " DESC";
  EXPECT_EQ(reason(read), "statement_query_differs");
  request_.sql = "SELECT nothing";
  EXPECT_EQ(reason(read), "statement_query_differs");
  request_.sql = kRates;
  EXPECT_EQ(reason(read), "");
  read.predicate.query_text += " ";
  EXPECT_EQ(reason(read), "statement_query_differs");
}

TEST_F(Confirm, AnotherColumnIsSeen) {
  const World::Read read = ask(kRates, true);
  ASSERT_GE(read.table.columns.size(), 5U);
  const auto changed = [&](auto change) {
    World::Read other = read;
    change(other.table.columns);
    return reason(other);
  };
  using Columns = std::vector<packet::Output>;
  const std::string differs = "result_columns_differ";
  EXPECT_EQ(changed([](Columns& all) { all[1].name = "persons"; }), differs);
  EXPECT_EQ(changed([](Columns& all) { all[2].type.scale = 1; }), differs);
  EXPECT_EQ(changed([](Columns& all) { all[0].kind = packet::OutputKind::noised; }), differs);
  EXPECT_EQ(changed([](Columns& all) { all[3].formula = all[4].formula; }), differs);
  EXPECT_EQ(changed([](Columns& all) { all[3].formula.reset(); }), differs);
  EXPECT_EQ(changed([](Columns& all) { all[3].kind = packet::OutputKind::noised; }), differs);
  EXPECT_EQ(changed([](Columns& all) { std::swap(all[1], all[2]); }), differs);
  EXPECT_EQ(changed([](Columns& all) { all.pop_back(); }), differs);
  EXPECT_EQ(changed([](Columns&) {}), "");
}

TEST_F(Confirm, AnotherWindowIsSeen) {
  const World::Read read =
      ask("SELECT campaign_id, COUNT(*) AS n, RANK() OVER (ORDER BY COUNT(*) DESC) AS place, "
          "COUNT(*) / "
          "SUM(COUNT(*)) OVER () AS share FROM exposures GROUP BY campaign_id",
          true);
  ASSERT_EQ(read.table.columns.size(), 5U);
  EXPECT_EQ(read.table.columns[2].kind, packet::OutputKind::window);
  EXPECT_TRUE(read.table.columns[4].input);
  EXPECT_EQ(reason(read), "");
  World::Read other = read;
  other.table.columns[2].window = other.table.columns[4].window;
  EXPECT_EQ(reason(other), "result_columns_differ");
  other = read;
  other.table.columns[2].kind = packet::OutputKind::noised;
  other.table.columns[2].window.reset();
  EXPECT_EQ(reason(other), "result_columns_differ");
}

}  // namespace
}  // namespace gbx::sim
