// Derived tables in a whole room: who may define, name, drop and veto them, how long they are, and
// that a question by a name is the question written out.

#include <gtest/gtest.h>

#include <algorithm>

#include "client/query/confirm_apart.h"
#include "tests/sim/world.h"
#include "trusted/policy/policy_fixture.h"

namespace gbx::sim {
namespace {

using packet::DerivedAction;
using packet::DerivedCall;

constexpr std::int64_t kHour = 3600;
const std::string kSpent =
    "SELECT hashed_email, SUM(total_spent) AS spent FROM purchases GROUP BY hashed_email";
const std::string kByName =
    "SELECT campaign_id, COUNT(DISTINCT hashed_email) AS people, SUM(spent) AS revenue FROM "
    "exposures JOIN buyers USING (hashed_email) GROUP BY campaign_id";
const std::string kWrittenOut =
    "WITH b AS (" + kSpent + ") SELECT campaign_id, COUNT(DISTINCT hashed_email) AS people, " +
    "SUM(spent) AS revenue FROM exposures JOIN b USING (hashed_email) GROUP BY campaign_id";

// Both tables allow derived tables, exposures for longer.
class Derived : public testing::Test {
 protected:
  explicit Derived(std::uint64_t seed = 800) : world_(seed) {
    world_.policy.tables[0].rule.derived_hours = 48;
    world_.policy.tables[1].rule.derived_hours = 24;
    world_.policy.privacy.epsilon_per_query = 500'000;
  }
  void SetUp() override { ASSERT_TRUE(world_.open()); }

  enclave::Frame define(const std::string& name, const std::string& sql, std::int64_t hours = 1) {
    return world_.derive({DerivedAction::create, name, sql, world_.clock.now + hours * kHour});
  }
  enclave::Frame drop(const std::string& name) {
    return world_.derive({DerivedAction::drop, name, {}, 0});
  }
  enclave::Frame veto(const std::string& owner, const std::string& name) {
    const std::string before = world_.asker;
    world_.asker = owner;
    enclave::Frame out = world_.derive({DerivedAction::veto, name, {}, 0});
    world_.asker = before;
    return out;
  }
  std::vector<std::string> names() {
    const auto list = world_.read_derived(world_.derive({DerivedAction::list, {}, {}, 0}));
    std::vector<std::string> out;
    if (!list) return {"unreadable"};
    for (const packet::ListedTable& listed : list->tables) out.push_back(listed.table.name);
    return out;
  }
  World::Read answered(const std::string& sql) {
    const enclave::Frame frame = world_.ask(sql);
    EXPECT_EQ(refusal_of(frame), "") << sql;
    auto read = world_.read(frame);
    GBX_CHECK(read);
    return std::move(*read);
  }
  Json last_entry() const {
    return *Json::parse_canonical(as_text(world_.store.entries.back())).value().find("body");
  }

  World world_;
};

using Names = std::vector<std::string>;

TEST_F(Derived, AreNamedByEveryMemberWhoMayAsk) {
  ASSERT_EQ(refusal_of(define("buyers", kSpent)), "");
  const World::Read read = answered(kByName);
  ASSERT_EQ(read.predicate.derived.size(), 1U);
  EXPECT_EQ(read.predicate.derived[0].name, "buyers");
  EXPECT_EQ(read.predicate.derived[0].member, "newsnow");
  EXPECT_EQ(read.predicate.derived[0].sql, kSpent);
  EXPECT_EQ(read.table.rows.size(), 2U);
  world_.asker = "agency";
  EXPECT_EQ(refusal_of(world_.ask(kByName)), "");
  EXPECT_EQ(refusal_of(define("rich", "SELECT hashed_email FROM buyers WHERE spent > 100")), "");
  EXPECT_EQ(names(), (Names{"buyers", "rich"}));
}

TEST_F(Derived, AreWhatIsWrittenOut) {
  const World::Read first = answered(kWrittenOut);
  ASSERT_EQ(refusal_of(define("buyers", kSpent)), "");
  const World::Read named = answered(kByName);
  EXPECT_EQ(named.predicate.repeat_of, first.predicate.request_digest);
  EXPECT_EQ(named.predicate.query_text, first.predicate.query_text);
  EXPECT_EQ(packet::encode(named.table).canonical(), packet::encode(first.table).canonical());
  EXPECT_EQ(world_.engine.runs, 1U);
  // Under another name, by somebody else, and over another.
  ASSERT_EQ(refusal_of(define("callers", "SELECT hashed_email, spent FROM buyers")), "");
  std::string other = kByName;
  other.replace(other.find("buyers"), 6, "callers");
  const World::Read again = answered(other);
  EXPECT_EQ(again.predicate.repeat_of, first.predicate.request_digest);
  EXPECT_EQ(again.predicate.derived.size(), 2U);
  EXPECT_EQ(world_.engine.runs, 1U);
}

TEST_F(Derived, RedefinedAreAnotherQuestion) {
  ASSERT_EQ(refusal_of(define("buyers", kSpent)), "");
  const World::Read first = answered(kByName);
  ASSERT_EQ(refusal_of(drop("buyers")), "");
  EXPECT_EQ(refusal_of(world_.ask(kByName)), "table_unknown");
  const std::string other =
      "SELECT hashed_email, MAX(total_spent) AS spent FROM purchases GROUP BY hashed_email";
  ASSERT_EQ(refusal_of(define("buyers", other)), "");
  const World::Read second = answered(kByName);
  EXPECT_FALSE(second.predicate.repeat_of);
  EXPECT_NE(second.predicate.query_text, first.predicate.query_text);
  EXPECT_EQ(world_.engine.runs, 2U);
}

TEST_F(Derived, HideNoNarrowCondition) {
  const std::string count = "SELECT COUNT(DISTINCT hashed_email) AS n FROM ";
  const World::Read all = answered(count + "exposures");
  const std::string without = "SELECT hashed_email FROM exposures WHERE campaign_id <> 'jane'";
  ASSERT_EQ(refusal_of(define("most", without)), "");
  const World::Read read = answered(count + "most");
  ASSERT_EQ(read.predicate.near.size(), 1U);
  EXPECT_EQ(read.predicate.near[0], all.predicate.request_digest);
}

class RefusingNear : public Derived {
 protected:
  RefusingNear() : Derived(801) { world_.policy.privacy.differencing.refuse = true; }
};

TEST_F(RefusingNear, HidesNoneFromTheRefusal) {
  const std::string count = "SELECT COUNT(DISTINCT hashed_email) AS n FROM ";
  answered(count + "exposures");
  ASSERT_EQ(refusal_of(define("all_seen", "SELECT * FROM exposures")), "");
  ASSERT_EQ(
      refusal_of(define("most", "SELECT hashed_email FROM all_seen WHERE campaign_id <> 'jane'")),
      "");
  EXPECT_EQ(refusal_of(world_.ask(count + "most")), "question_near_another");
  EXPECT_EQ(world_.engine.runs, 1U);
}

TEST_F(Derived, AreConfirmedOffline) {
  ASSERT_EQ(refusal_of(define("buyers", kSpent)), "");
  ASSERT_EQ(refusal_of(define("callers", "SELECT hashed_email, spent FROM buyers")), "");
  ASSERT_EQ(refusal_of(define("rest", "SELECT hashed_email FROM exposures")), "");
  std::string sql = kByName;
  sql.replace(sql.find("buyers"), 6, "callers");
  const World::Read read = answered(sql);
  ASSERT_EQ(read.predicate.derived.size(), 2U);
  const auto policy =
      policy::VerifiedPolicy::verify(packet::parse_envelope(world_.policy_packet()).value());
  packet::Request request;
  request.member = "newsnow";
  request.sql = sql;
  const auto reason = [&](const packet::AnswerPredicate& predicate) {
    const Status known = client::confirm_apart(*policy, read.table, predicate, request);
    return known ? "" : std::string(known.error().reason.view());
  };
  const auto changed = [&](auto change) {
    packet::AnswerPredicate other = read.predicate;
    change(other.derived);
    return reason(other);
  };
  using Tables = std::vector<packet::DerivedTable>;
  const std::string differs = "statement_query_differs";
  EXPECT_EQ(changed([](Tables&) {}), "");
  EXPECT_EQ(changed([](Tables& all) {
              all[0].sql =
                  "SELECT hashed_email, MAX(total_spent) AS spent "
                  "FROM purchases GROUP BY hashed_email";
            }),
            differs);
  EXPECT_EQ(changed([](Tables& all) { all.erase(all.begin()); }), differs);
  EXPECT_EQ(changed([](Tables& all) { std::swap(all[0], all[1]); }), differs);
  EXPECT_EQ(changed([](Tables& all) {
              all.push_back(all[0]);
              all.back().name = "more";
            }),
            differs);
  EXPECT_EQ(changed([](Tables& all) { all[1].name = "others"; }), differs);
  EXPECT_EQ(changed([](Tables& all) { all[0].member = "shopgood"; }), differs);  // may not define
}

TEST_F(Derived, AreDroppedByWhoDefinedThem) {
  ASSERT_EQ(refusal_of(define("buyers", kSpent)), "");
  ASSERT_EQ(refusal_of(define("rich", "SELECT hashed_email FROM buyers WHERE spent > 100")), "");
  ASSERT_EQ(refusal_of(define("seen", "SELECT hashed_email FROM exposures")), "");
  world_.asker = "agency";
  EXPECT_EQ(refusal_of(drop("buyers")), "derived_not_yours");
  EXPECT_EQ(refusal_of(drop("sellers")), "derived_unknown");
  world_.asker = "newsnow";
  EXPECT_EQ(refusal_of(drop("buyers")), "");
  EXPECT_EQ(names(), Names{"seen"});
  EXPECT_EQ(*last_entry().find("action")->string(), "drop");
  EXPECT_EQ(last_entry().find("definitions")->array()->size(), 2U);
  EXPECT_EQ(refusal_of(define("buyers", kSpent)), "");
}

TEST_F(Derived, AreVetoedByAnOwnerBeneath) {
  ASSERT_EQ(refusal_of(define("buyers", kSpent)), "");
  ASSERT_EQ(refusal_of(define("rich", "SELECT hashed_email FROM buyers WHERE spent > 100")), "");
  ASSERT_EQ(refusal_of(define("seen", "SELECT hashed_email FROM exposures")), "");
  EXPECT_EQ(refusal_of(veto("agency", "buyers")), "member_may_not_veto");
  EXPECT_EQ(refusal_of(veto("newsnow", "buyers")), "");  // not of its tables
  EXPECT_EQ(names(), (Names{"buyers", "rich", "seen"}));
  EXPECT_EQ(refusal_of(veto("shopgood", "buyers")), "");  // who may not even ask
  EXPECT_EQ(*last_entry().find("action")->string(), "veto");
  EXPECT_EQ(*last_entry().find("member")->string(), "shopgood");
  EXPECT_EQ(last_entry().find("definitions")->array()->size(), 2U);
  EXPECT_EQ(refusal_of(world_.ask(kByName)), "table_unknown");
  EXPECT_EQ(refusal_of(world_.ask("SELECT COUNT(DISTINCT hashed_email) FROM rich")),
            "table_unknown");
  EXPECT_EQ(refusal_of(world_.ask("SELECT COUNT(DISTINCT hashed_email) FROM seen")), "");
  // Neither the name nor the rows come back over that owner's tables.
  EXPECT_EQ(refusal_of(define("buyers", kSpent)), "derived_vetoed");
  EXPECT_EQ(refusal_of(define("buyers", "SELECT hashed_email FROM purchases")), "derived_vetoed");
  EXPECT_EQ(refusal_of(define("payers",
                              "SELECT p.hashed_email, SUM(p.total_spent) AS x FROM "
                              "purchases p GROUP BY p.hashed_email")),
            "derived_vetoed");
  EXPECT_EQ(refusal_of(define("payers",
                              "SELECT hashed_email, x FROM (SELECT hashed_email, "
                              "COUNT(*) AS x FROM purchases GROUP BY hashed_email)")),
            "derived_vetoed");
  EXPECT_EQ(refusal_of(define("rich", "SELECT hashed_email FROM purchases WHERE total_spent > 1")),
            "");
  EXPECT_EQ(names(), (Names{"seen", "rich"}));
}

TEST_F(Derived, AreVetoedBeforeTheyAreThereAndAllAtOnce) {
  EXPECT_EQ(refusal_of(veto("shopgood", "later")), "");
  EXPECT_EQ(refusal_of(define("later", kSpent)), "derived_vetoed");
  EXPECT_EQ(refusal_of(define("later", "SELECT hashed_email FROM exposures")), "");
  ASSERT_EQ(refusal_of(define("buyers", kSpent)), "");
  EXPECT_EQ(refusal_of(veto("shopgood", "")), "");
  EXPECT_EQ(names(), Names{"later"});
  EXPECT_EQ(refusal_of(define("others", "SELECT hashed_email FROM purchases")), "derived_vetoed");
  const auto list = world_.read_derived(world_.derive({DerivedAction::list, {}, {}, 0}));
  ASSERT_TRUE(list);
  EXPECT_EQ(list->vetoes, (std::vector<packet::Veto>{{"shopgood", ""}, {"shopgood", "later"}}));
}

TEST_F(Derived, AnOwnerVetoesSoManyNamesAndStillAll) {
  for (std::size_t i = 0; i < packet::kVetoesMax; i++) {
    ASSERT_EQ(refusal_of(veto("shopgood", "n" + std::to_string(i))), "") << i;
  }
  EXPECT_EQ(refusal_of(veto("shopgood", "more")), "vetoes_full");
  EXPECT_EQ(refusal_of(veto("shopgood", "n1")), "");
  EXPECT_EQ(refusal_of(veto("shopgood", "")), "");
  EXPECT_EQ(refusal_of(define("more", kSpent)), "derived_vetoed");
}

TEST_F(Derived, LiveAsLongAsTheirTablesAllow) {
  EXPECT_EQ(refusal_of(define("buyers", kSpent, 25)), "derived_retention_too_long");
  EXPECT_EQ(refusal_of(define("buyers", kSpent, 0)), "derived_over");
  EXPECT_EQ(refusal_of(define("buyers", kSpent, -1)), "derived_over");
  EXPECT_EQ(refusal_of(define("seen", "SELECT hashed_email FROM exposures", 48)), "");
  EXPECT_EQ(refusal_of(define("buyers", kSpent, 24)), "");
  EXPECT_EQ(refusal_of(define("brief", "SELECT hashed_email FROM seen", 2)), "");
  EXPECT_EQ(refusal_of(define("briefer", "SELECT hashed_email FROM brief", 3)),
            "derived_retention_too_long");
  EXPECT_EQ(refusal_of(define("briefer", "SELECT hashed_email FROM brief", 2)), "");
  world_.clock.now += 2 * kHour - 1;
  EXPECT_EQ(names(), (Names{"seen", "buyers", "brief", "briefer"}));
  world_.clock.now += 1;
  EXPECT_EQ(refusal_of(world_.ask("SELECT COUNT(DISTINCT hashed_email) FROM briefer")),
            "table_unknown");
  world_.clock.now -= kHour;  // brings nothing back
  EXPECT_EQ(names(), (Names{"seen", "buyers"}));
  EXPECT_EQ(refusal_of(define("again", kSpent, 1)), "derived_over");  // by the latest time
  world_.clock.now += 23 * kHour;
  EXPECT_EQ(names(), Names{"seen"});
}

TEST_F(Derived, AreForWhoMayAsk) {
  world_.asker = "shopgood";
  EXPECT_EQ(refusal_of(define("buyers", kSpent)), "member_may_not_query");
  EXPECT_EQ(refusal_of(drop("buyers")), "member_may_not_query");
  EXPECT_EQ(names(), Names{});
  EXPECT_EQ(refusal_of(world_.ask("SELECT COUNT(*) FROM purchases")), "member_may_not_query");
}

TEST_F(Derived, TakeEqualSharesOfTheRoom) {
  const std::size_t share = packet::kDerivedMax / world_.policy.members.size();
  for (std::size_t i = 0; i < share; i++) {
    ASSERT_EQ(refusal_of(define("n" + std::to_string(i), kSpent)), "") << i;
  }
  EXPECT_EQ(refusal_of(define("more", kSpent)), "derived_tables_full");
  world_.asker = "agency";
  EXPECT_EQ(refusal_of(define("more", kSpent)), "");
}

TEST_F(Derived, CostNothingAndReadNothing) {
  const std::size_t entries = world_.store.entries.size();
  ASSERT_EQ(refusal_of(define("buyers", kSpent)), "");
  EXPECT_EQ(names(), Names{"buyers"});
  EXPECT_EQ(world_.store.entries.size(), entries + 1);
  EXPECT_EQ(world_.engine.runs, 0U);
  const World::Read read = answered(kByName);
  EXPECT_EQ(read.predicate.budget[0].before.loss, 3'000'000U);
  EXPECT_EQ(read.predicate.budget.size(), 2U);  // every table beneath pays
  EXPECT_EQ(read.predicate.budget[1].after.loss, 2'500'000U);
}

TEST_F(Derived, AreInTheLedgerByDigestAlone) {
  ASSERT_EQ(refusal_of(define("buyers_of_autumn", kSpent)), "");
  const Json entry = last_entry();
  EXPECT_EQ(*entry.find("kind")->string(), "derived");
  EXPECT_EQ(*entry.find("action")->string(), "create");
  EXPECT_EQ(*entry.find("member")->string(), "newsnow");
  EXPECT_EQ(entry.find("tables")->canonical(), R"(["purchases"])");
  EXPECT_EQ(*entry.find("until")->integer(), world_.clock.now + kHour);
  EXPECT_EQ(entry.object()->size(), 6U);
  const World::Read read = answered("SELECT SUM(spent) AS revenue FROM buyers_of_autumn");
  const std::string digest = to_hex(packet::derived_digest(read.predicate.derived.at(0)));
  EXPECT_EQ(*entry.find("definition")->string(), digest);
  EXPECT_EQ(last_entry().find("derived")->canonical(), "[\"" + digest + "\"]");
  const std::string seen(as_text(world_.transcript));
  EXPECT_EQ(seen.find("buyers_of_autumn"), std::string::npos);
  EXPECT_EQ(seen.find("total_spent) AS spent"), std::string::npos);
}

TEST_F(Derived, AreNotThereUnlessTheyAreStored) {
  world_.store.fail_at = world_.store.calls;
  EXPECT_EQ(refusal_of(define("buyers", kSpent)), "store_failed");
  EXPECT_EQ(names(), Names{});
  ASSERT_EQ(refusal_of(define("buyers", kSpent)), "");
  // A veto holds, whatever the store says.
  world_.store.fail_at = world_.store.calls;
  EXPECT_EQ(refusal_of(veto("shopgood", "buyers")), "store_failed");
  EXPECT_EQ(names(), Names{});
  EXPECT_EQ(refusal_of(define("buyers", kSpent)), "derived_vetoed");
}

TEST_F(Derived, EndWithTheRoom) {
  ASSERT_EQ(refusal_of(define("buyers", kSpent)), "");
  ASSERT_EQ(refusal_of(world_.close()), "");
  EXPECT_EQ(refusal_of(world_.derive({DerivedAction::list, {}, {}, 0})), "room_closed");
  EXPECT_EQ(refusal_of(define("buyers", kSpent)), "room_closed");
}

TEST_F(Derived, AreRefusedWhereTheyAreWrittenOrNamed) {
  const auto span_of = [](const enclave::Frame& frame) {
    return enclave::decode_refusal(frame.payload).value().where;
  };
  EXPECT_EQ(span_of(define("x", "SELECT hashed_email, nothing FROM purchases")), (Span{21, 28}));
  ASSERT_EQ(refusal_of(define("buyers", kSpent)), "");
  const enclave::Frame frame = world_.ask("SELECT spent, COUNT(*) FROM buyers GROUP BY spent");
  EXPECT_EQ(refusal_of(frame), "column_not_dimension");
  EXPECT_EQ(span_of(frame), (Span{28, 34}));
}

TEST_F(Derived, OfAnotherMemberGiveNobodyItsRights) {
  World world(802);
  world.policy.tables[1].rule = {};
  world.policy.tables[1].rule.kind = policy::RuleKind::custom;
  world.policy.tables[1].rule.analyses = {std::string(policy::kAnyQuery)};
  world.policy.tables[1].rule.analysis_providers = {"newsnow"};
  world.policy.tables[1].rule.derived_hours = 24;
  world.policy.tables[0].rule.join_required = true;
  world.policy.tables[0].rule.derived_hours = 24;
  ASSERT_TRUE(world.open());
  const std::int64_t until = world.clock.now + kHour;
  ASSERT_EQ(refusal_of(world.derive({DerivedAction::create, "buyers", kSpent, until})), "");
  ASSERT_EQ(refusal_of(world.derive({DerivedAction::create, "seen",
                                     "SELECT hashed_email, campaign_id FROM exposures", until})),
            "");
  EXPECT_EQ(refusal_of(world.ask("SELECT SUM(spent) AS s FROM buyers")), "");
  EXPECT_EQ(refusal_of(world.ask("SELECT COUNT(DISTINCT hashed_email) AS n FROM seen")), "");
  world.asker = "agency";
  EXPECT_EQ(refusal_of(world.ask("SELECT SUM(spent) AS s FROM buyers")), "analysis_not_allowed");
  EXPECT_EQ(refusal_of(world.ask("SELECT COUNT(DISTINCT hashed_email) AS n FROM seen")),
            "join_required");
  EXPECT_EQ(refusal_of(world.derive(
                {DerivedAction::create, "mine", "SELECT hashed_email FROM buyers", until})),
            "analysis_not_allowed");
}

class Rationed : public Derived {
 protected:
  Rationed() : Derived(803) {
    world_.policy.tables[1].rule.access_budget = {
        {privacy::Window::lifetime, privacy::Accounting::queries, 1}};
  }
};

TEST_F(Rationed, ByTheTablesBeneath) {
  ASSERT_EQ(refusal_of(define("buyers", kSpent)), "");
  EXPECT_EQ(refusal_of(world_.ask("SELECT SUM(spent) AS s FROM buyers")), "");
  EXPECT_EQ(refusal_of(world_.ask("SELECT SUM(spent) AS s FROM buyers WHERE spent > 500")),
            "access_exhausted");
}

TEST(DerivedNowhere, WherePoliciesSayNothing) {
  World world(804);
  ASSERT_TRUE(world.open());
  EXPECT_EQ(
      refusal_of(world.derive({DerivedAction::create, "buyers", kSpent, world.clock.now + kHour})),
      "derived_not_allowed");
}

TEST_F(Derived, SameSeedSameBytes) {
  World other(800);
  other.policy = world_.policy;
  ASSERT_TRUE(other.open());
  const std::int64_t until = world_.clock.now + kHour;
  for (World* world : {&world_, &other}) {
    ASSERT_EQ(refusal_of(world->derive({DerivedAction::create, "buyers", kSpent, until})), "");
    ASSERT_EQ(refusal_of(world->ask(kByName)), "");
  }
  EXPECT_EQ(world_.transcript, other.transcript);
}

}  // namespace
}  // namespace gbx::sim
