// A room without noise, by the will of every member: exact numbers, k on every row and shape, and
// what it says of itself.

#include <gtest/gtest.h>

#include "tests/sim/world.h"
#include "trusted/policy/policy_fixture.h"

namespace gbx::sim {
namespace {

using enclave::Frame;

constexpr std::uint64_t kQueries = 40;

void make_exact(World& world) {
  policy::make_threshold_only(world.policy.privacy, kQueries);
  world.terms.accounting = privacy::Accounting::queries;
  world.terms.allotment = {kQueries, 0};
}

// `edge` persons saw "edge" and bought for 7 cents; 300 saw "autumn"; with phones the even ones.
Data with_edge(std::uint64_t edge) {
  Data data = example_data();
  for (std::uint64_t i = 0; i < edge; i++) {
    data.exposures.push_back({5000 + 2 * i, "edge"});
    data.purchases.push_back({5000 + 2 * i, 19600, 7});
  }
  return data;
}

std::string campaigns(std::string_view rest = "") {
  return "SELECT campaign_id, COUNT(DISTINCT hashed_email) AS users, SUM(total_spent) AS revenue "
         "FROM exposures JOIN purchases USING (hashed_email) GROUP BY campaign_id" +
         std::string(rest);
}

std::vector<std::string> rows_of(const World::Read& read) {
  std::vector<std::string> out;
  for (const auto& row : read.table.rows) {
    std::string& text = out.emplace_back();
    for (const packet::OutputCell& cell : row) {
      EXPECT_FALSE(cell.interval);
      const auto* number = std::get_if<std::int64_t>(&cell.value);
      const auto* word = std::get_if<std::string>(&cell.value);
      text += (text.empty() ? "" : " ") + (number != nullptr ? std::to_string(*number)
                                           : word != nullptr ? *word
                                                             : "-");
    }
  }
  return out;
}

std::vector<std::string> answer(World& world, const std::string& sql) {
  const Frame frame = world.ask(sql);
  EXPECT_EQ(refusal_of(frame), "") << sql;
  const auto read = world.read(frame);
  return read ? rows_of(*read) : std::vector<std::string>{"unreadable"};
}

Json body(const Bytes& entry) {
  return *Json::parse_canonical(as_text(entry)).value().find("body");
}

TEST(ThresholdOnly, GivesExactNumbersFromKPeopleOn) {
  World below(500, with_edge(19));
  World at(500, with_edge(20));
  make_exact(below);
  make_exact(at);
  ASSERT_TRUE(below.open());
  ASSERT_TRUE(at.open());
  const std::vector<std::string> without = answer(below, campaigns());
  std::vector<std::string> with = answer(at, campaigns());
  ASSERT_EQ(without.size(), 2U);
  ASSERT_EQ(with.size(), 3U);
  EXPECT_EQ(with[1], "edge 20 140");
  with.erase(with.begin() + 1);
  EXPECT_EQ(with, without);
  EXPECT_EQ(without[0].substr(0, 11), "autumn 300 ");
  EXPECT_EQ(without[1].substr(0, 11), "spring 200 ");
}

// The same people without a join, without groups, with a filter, with public groups.
TEST(ThresholdOnly, KHoldsForEveryShape) {
  World below(501, with_edge(19));
  World at(501, with_edge(20));
  make_exact(below);
  make_exact(at);
  ASSERT_TRUE(below.open());
  ASSERT_TRUE(at.open());
  struct Shape {
    std::string sql;
    std::vector<std::string> below;
    std::vector<std::string> at;
  };
  const std::vector<Shape> shapes = {
      {"SELECT COUNT(DISTINCT hashed_email) AS n FROM exposures WHERE campaign_id = 'edge'",
       {"-"},
       {"20"}},
      {"SELECT COUNT(*) AS n FROM exposures WHERE campaign_id = 'edge' AND device <> 'x'",
       {"-"},
       {"20"}},
      {"SELECT COUNT(*) AS n, SUM(total_spent) AS s FROM exposures JOIN purchases USING "
       "(hashed_email) WHERE campaign_id = 'edge' AND total_spent <= 500",
       {"- -"},
       {"20 140"}},
      {"SELECT AVG(total_spent) AS a FROM exposures JOIN purchases USING (hashed_email) WHERE "
       "campaign_id = 'edge' AND total_spent < 100",
       {"-"},
       {"70000"}},
      {"SELECT device, COUNT(*) AS n FROM exposures WHERE campaign_id = 'edge' GROUP BY device",
       {"- -", "desktop 20", "phone -"},
       {}},
  };
  for (const Shape& shape : shapes) {
    if (shape.at.empty()) continue;
    EXPECT_EQ(answer(below, shape.sql), shape.below) << shape.sql;
    EXPECT_EQ(answer(at, shape.sql), shape.at) << shape.sql;
  }
  EXPECT_EQ(answer(below, shapes[4].sql),
            (std::vector<std::string>{"- -", "desktop -", "phone -"}));
  EXPECT_EQ(answer(at, shapes[4].sql), (std::vector<std::string>{"- -", "desktop 20", "phone -"}));
}

TEST(ThresholdOnly, HavingAndOrderSeeNothingThatIsWithheld) {
  World world(502, with_edge(19));
  make_exact(world);
  ASSERT_TRUE(world.open());
  EXPECT_EQ(answer(world, campaigns(" HAVING COUNT(DISTINCT hashed_email) < 250")).size(), 1U);
  EXPECT_TRUE(answer(world, campaigns(" HAVING COUNT(DISTINCT hashed_email) < 20")).empty());
  const auto last = answer(world, campaigns(" ORDER BY COUNT(DISTINCT hashed_email) LIMIT 1"));
  ASSERT_EQ(last.size(), 1U);
  EXPECT_EQ(last[0].substr(0, 10), "spring 200");
  EXPECT_EQ(world.engine.runs, 1U);  // one release: they are done to it, not to rows
}

TEST(ThresholdOnly, SaysThatItGuaranteesNothing) {
  World world(503);
  make_exact(world);
  ASSERT_TRUE(world.open());
  for (const bool dry_run : {true, false}) {
    const auto read = world.read(world.ask(campaigns(), dry_run));
    ASSERT_TRUE(read);
    EXPECT_EQ(*packet::encode(read->predicate).find("guarantee")->string(),
              "none: threshold only, not a privacy guarantee");
    EXPECT_EQ(read->predicate.noise.selection, privacy::Selection::exact);
    EXPECT_EQ(read->predicate.noise.hides_people, 0);
    EXPECT_EQ(read->table.columns[0].kind, packet::OutputKind::group);
    EXPECT_EQ(read->table.columns[1].kind, packet::OutputKind::exact);
    EXPECT_EQ(read->table.columns[2].kind, packet::OutputKind::exact);
    EXPECT_FALSE(read->table.columns[1].half_width);
  }
}

// Queries are what is counted; there is no epsilon in it, not even zero.
TEST(ThresholdOnly, TheLedgerCountsQueries) {
  World world(504);
  make_exact(world);
  world.terms.allotment = {2, 0};
  ASSERT_TRUE(world.open());
  ASSERT_EQ(refusal_of(world.ask(campaigns())), "");
  const Json charge = body(world.store.entries[world.store.entries.size() - 2]);
  EXPECT_EQ(*charge.find("kind")->string(), "charge");
  EXPECT_EQ(*charge.find("queries")->string(), "1");
  EXPECT_EQ(*charge.find("delta")->string(), "0");
  EXPECT_EQ(charge.find("epsilon"), nullptr);
  EXPECT_EQ(charge.find("tables")->canonical(),
            R"([{"delta_left":"0","queries_left":"1","table":"exposures"},)"
            R"({"delta_left":"0","queries_left":"1","table":"purchases"}])");
  const auto again = world.read(world.ask(campaigns()));
  ASSERT_TRUE(again && again->predicate.repeat_of);
  EXPECT_EQ(refusal_of(world.ask("SELECT COUNT(*) AS n FROM purchases")), "");
  EXPECT_EQ(refusal_of(world.ask("SELECT COUNT(*) AS n, SUM(total_spent) AS s FROM purchases")),
            "loss_exhausted");
  world.asked_epsilon = "0.1";
  EXPECT_EQ(refusal_of(world.ask(campaigns())), "threshold_only_epsilon");
}

TEST(ThresholdOnly, RationsCountQueries) {
  World world(505);
  make_exact(world);
  for (policy::Member& member : world.policy.members) {
    if (member.name != "newsnow") continue;
    member.rations = {{privacy::Window::day, privacy::Accounting::queries, 1}};
  }
  ASSERT_TRUE(world.open());
  ASSERT_EQ(refusal_of(world.ask(campaigns())), "");
  EXPECT_EQ(refusal_of(world.ask(campaigns())), "");
  EXPECT_EQ(refusal_of(world.ask("SELECT COUNT(*) AS n FROM purchases")), "ration_exhausted");
  world.clock.now += 86'400;
  EXPECT_EQ(refusal_of(world.ask("SELECT COUNT(*) AS n FROM purchases")), "");
}

TEST(ThresholdOnly, AnAllotmentIsANumberOfQueries) {
  for (const privacy::Price allotment : {privacy::Price{0, 0}, privacy::Price{5, 1}}) {
    World world(506);
    make_exact(world);
    world.terms.allotment = allotment;
    EXPECT_FALSE(world.open());
  }
  World world(506);
  make_exact(world);
  world.terms.accounting = privacy::Accounting::pure;
  EXPECT_FALSE(world.open());
}

// One person in many campaigns still counts in two: whoever is left out is drawn anew each time.
TEST(ThresholdOnly, ContributionsAreBounded) {
  Data data = with_edge(20);
  for (std::uint64_t i = 0; i < 20; i++) {
    for (const char* campaign : {"a", "b", "c"}) data.exposures.push_back({5000 + 2 * i, campaign});
  }
  World world(507, data);
  make_exact(world);
  world.policy.privacy.people_min = 2;
  for (policy::Table& table : world.policy.tables) table.rule.output_constraints.clear();
  ASSERT_TRUE(world.open());
  const auto read = world.read(world.ask(campaigns()));
  ASSERT_TRUE(read);
  std::int64_t counted = 0;
  for (const auto& row : read->table.rows) {
    const std::string name = *std::get_if<std::string>(&row[0].value);
    if (name.size() == 1 || name == "edge") counted += *std::get_if<std::int64_t>(&row[1].value);
  }
  EXPECT_EQ(counted, 40);
}

TEST(ThresholdOnly, RefusesWhatIsAboutFewerPeopleThanItsRow) {
  World world(508);
  make_exact(world);
  ASSERT_TRUE(world.open());
  EXPECT_EQ(refusal_of(world.ask("SELECT COUNT(*) FILTER (WHERE campaign_id = 'jane') AS n FROM "
                                 "exposures")),
            "threshold_only_conditional");
  EXPECT_EQ(world.engine.runs, 0U);
}

}  // namespace
}  // namespace gbx::sim
