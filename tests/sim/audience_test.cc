// Lists of persons: who is in them, who hears them, what the ledger says of them, and what a member
// or an engine that cheats gets.

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "tests/sim/world.h"
#include "trusted/policy/policy_fixture.h"
#include "trusted/snapshot/snapshot_fixture.h"

namespace gbx::sim {
namespace {

using enclave::Frame;

constexpr std::uint64_t kLists = 3;
const std::string kAll =
    "SELECT DISTINCT hashed_email FROM exposures JOIN purchases USING (hashed_email)";

policy::Rule listing(std::vector<std::string> columns, std::int64_t least) {
  policy::Rule rule;
  rule.kind = policy::RuleKind::list;
  rule.join_columns = {"hashed_email"};
  rule.list_columns = std::move(columns);
  rule.output_constraints = {{"hashed_email", least}};
  rule.access_budget = {{privacy::Window::lifetime, privacy::Accounting::queries, kLists}};
  return rule;
}

// newsnow may have lists of its exposures and of shopgood's purchases.
void make_lists(World& world, std::int64_t least) {
  for (policy::Member& member : world.policy.members) {
    member.abilities.list = member.name == "newsnow";
  }
  world.policy.tables[0].rule =
      listing({"campaign_id", "device", "exposure_date", "hashed_email"}, least);
  world.policy.tables[1].rule = listing({"hashed_email", "purchase_date"}, 2);
}

std::vector<std::string> tokens(std::uint64_t first, std::uint64_t last) {
  std::vector<std::string> out;
  for (std::uint64_t person = first; person <= last; person++) {
    out.push_back(to_hex(snapshot::test_token(person)));
  }
  std::sort(out.begin(), out.end());
  return out;
}

std::vector<std::string> persons_of(const World::Read& read) {
  std::vector<std::string> out;
  for (const auto& row : read.table.rows) out.push_back(std::get<std::string>(row[0].value));
  return out;
}

Json body(const Bytes& entry) {
  return *Json::parse_canonical(as_text(entry)).value().find("body");
}

std::set<std::string> members_of(const Json& json) {
  std::set<std::string> out;
  for (const Json::Member& member : *json.object()) out.insert(member.first);
  return out;
}

TEST(Audience, IsWhoIsInAllTablesAndMeetsTheConditions) {
  Data data = example_data();
  data.exposures.push_back({700, "autumn"});    // bought nothing
  data.purchases.push_back({800, 19600, 100});  // saw nothing
  for (std::uint64_t p = 1; p <= 200; p++) data.purchases.push_back({p, 19700, 100});
  World world(600, data);
  make_lists(world, 100);
  ASSERT_TRUE(world.open());
  const auto read = world.read(world.ask(kAll));
  ASSERT_TRUE(read);
  std::vector<std::string> everybody = tokens(1, 300);
  everybody.push_back(tokens(400, 400)[0]);
  std::sort(everybody.begin(), everybody.end());
  EXPECT_EQ(persons_of(*read), everybody);
  EXPECT_EQ(read->table.withheld, 0);
  const auto late = world.read(world.ask(kAll + " WHERE purchase_date > DATE '2023-10-01'"));
  ASSERT_TRUE(late);
  EXPECT_EQ(persons_of(*late), tokens(1, 200));
}

TEST(Audience, ShowsEachOfAPersonsValuesOnce) {
  Data data = example_data();
  for (std::uint64_t p = 1; p <= 300; p++) data.exposures.push_back({p, "autumn", 19501});
  World world(601, data);
  make_lists(world, 100);
  ASSERT_TRUE(world.open());
  const auto read = world.read(
      world.ask("SELECT DISTINCT hashed_email AS who, campaign_id, device AS d FROM purchases JOIN "
                "exposures USING (hashed_email)"));
  ASSERT_TRUE(read);
  ASSERT_EQ(read->table.columns.size(), 3U);
  EXPECT_EQ(read->table.columns[0].kind, packet::OutputKind::person);
  EXPECT_EQ(read->table.columns[0].name, "who");
  EXPECT_EQ(read->table.columns[1].kind, packet::OutputKind::listed);
  EXPECT_EQ(read->table.columns[2].name, "d");
  EXPECT_EQ(read->table.rows.size(), 501U);  // groups_per_person is 2, and cuts nothing off a list
  std::size_t spring = 0;
  for (const auto& row : read->table.rows) {
    spring += std::get<std::string>(row[1].value) == "spring" ? 1U : 0U;
  }
  EXPECT_EQ(spring, 200U);
}

TEST(Audience, IsSealedToWhoAskedAlone) {
  World world(602);
  make_lists(world, 100);
  ASSERT_TRUE(world.open());
  const Frame answer = world.ask(kAll);
  ASSERT_EQ(refusal_of(answer), "");
  const auto sealed = Json::parse(as_text(answer.payload));
  ASSERT_TRUE(sealed);
  const Json::Array* receivers = sealed->find("receivers")->array();
  ASSERT_EQ(receivers->size(), 1U);  // agency may receive, too
  EXPECT_EQ(*receivers->front().find("name")->string(), "newsnow");
  World other(603);
  make_lists(other, 100);
  other.policy.tables[1].rule.result_receivers = {"agency"};
  ASSERT_TRUE(other.open());
  EXPECT_EQ(refusal_of(other.ask(kAll)), "receiver_not_set");
  EXPECT_EQ(other.engine.runs, 0U);
}

TEST(Audience, SaysThatItIsNoGuarantee) {
  World world(604);
  make_lists(world, 100);
  ASSERT_TRUE(world.open());
  for (const bool dry_run : {true, false}) {
    const auto read = world.read(world.ask(kAll, dry_run));
    ASSERT_TRUE(read);
    const Json said = packet::encode(read->predicate);
    EXPECT_EQ(*said.find("guarantee")->string(),
              "none: a list of persons, not a privacy guarantee");
    ASSERT_TRUE(read->predicate.list);
    EXPECT_EQ(read->predicate.list->salt.has_value(), !dry_run);
    EXPECT_EQ(read->table.rows.empty(), dry_run);
    EXPECT_EQ(read->predicate.noise.statistics.size(), 1U);
    EXPECT_EQ(read->predicate.noise.people_min, 100);
  }
}

TEST(Audience, IsInTheLedgerByACommitmentAndNotBySize) {
  World world(605);
  make_lists(world, 100);
  ASSERT_TRUE(world.open());
  const auto read = world.read(world.ask(kAll));
  ASSERT_TRUE(read);
  const Json entry = body(world.store.entries.back());
  EXPECT_EQ(*entry.find("kind")->string(), "answer");
  EXPECT_EQ(members_of(entry), (std::set<std::string>{"kind", "list", "request"}));
  const Json& list = *entry.find("list");
  EXPECT_EQ(members_of(list),
            (std::set<std::string>{"commitment", "policy", "policy_version", "receiver"}));
  EXPECT_EQ(*list.find("receiver")->string(), "newsnow");
  EXPECT_EQ(*list.find("policy_version")->integer(), 1);
  EXPECT_EQ(*list.find("policy")->string(), to_hex(read->predicate.policy_hash));
  const Hash digest = packet::answer_digest(read->table);
  EXPECT_EQ(*list.find("commitment")->string(),
            to_hex(packet::list_commitment(*read->predicate.list->salt, digest)));
  EXPECT_EQ(world.transcript.end(), std::search(world.transcript.begin(), world.transcript.end(),
                                                digest.begin(), digest.end()));

  const auto again = world.read(world.ask(kAll));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->predicate.repeat_of, read->predicate.request_digest);
  EXPECT_NE(again->predicate.list->salt, read->predicate.list->salt);
  EXPECT_EQ(packet::answer_digest(again->table), digest);
  const Json repeated = body(world.store.entries.back());
  EXPECT_EQ(*repeated.find("kind")->string(), "repeat");
  EXPECT_EQ(*repeated.find("list")->find("commitment")->string(),
            to_hex(packet::list_commitment(*again->predicate.list->salt, digest)));
  EXPECT_EQ(world.engine.runs, 1U);
}

TEST(Audience, ThatIsTooSmallIsWithheldInTheFormOfOneThatIsNot) {
  World small(606);
  World large(606);
  make_lists(small, 302);  // one more than there are
  make_lists(large, 2);
  ASSERT_TRUE(small.open());
  ASSERT_TRUE(large.open());
  const auto none = small.read(small.ask(kAll));
  const auto some = large.read(large.ask(kAll));
  ASSERT_TRUE(none);
  ASSERT_TRUE(some);
  EXPECT_EQ(none->table.withheld, 1);
  EXPECT_TRUE(none->table.rows.empty());
  EXPECT_EQ(none->table.rows_cut, 0);
  EXPECT_EQ(some->table.rows.size(), 301U);
  // The entries of both tell the same, and both have paid.
  ASSERT_EQ(small.store.entries.size(), large.store.entries.size());
  for (std::size_t i = 0; i < small.store.entries.size(); i++) {
    EXPECT_EQ(members_of(body(small.store.entries[i])), members_of(body(large.store.entries[i])));
  }
  EXPECT_EQ(none->predicate.budget[0].after, some->predicate.budget[0].after);
  EXPECT_NE(none->predicate.budget[0].after, none->predicate.budget[0].before);
}

// At the edge it is the noise that decides; below it, nothing can.
TEST(Audience, OfFewerThanTheLeastIsNeverShown) {
  std::size_t shown = 0;
  for (std::uint64_t seed = 0; seed < 40; seed++) {
    World below(7000 + seed);
    make_lists(below, 302);
    ASSERT_TRUE(below.open());
    EXPECT_EQ(below.read(below.ask(kAll))->table.withheld, 1);
    World edge(7100 + seed);
    make_lists(edge, 290);
    ASSERT_TRUE(edge.open());
    shown += edge.read(edge.ask(kAll))->table.withheld == 0 ? 1U : 0U;
  }
  EXPECT_GT(shown, 0U);
  EXPECT_LT(shown, 40U);
}

TEST(Audience, WithoutNoiseDecidesByTheNumberItself) {
  for (const std::int64_t least : {301, 302}) {
    World world(608);
    policy::make_threshold_only(world.policy.privacy, 40);
    world.terms.accounting = privacy::Accounting::queries;
    world.terms.allotment = {40, 0};
    make_lists(world, least);
    ASSERT_TRUE(world.open());
    const auto read = world.read(world.ask(kAll));
    ASSERT_TRUE(read);
    EXPECT_EQ(read->table.rows.size(), least == 301 ? 301U : 0U);
    EXPECT_EQ(*packet::encode(read->predicate).find("guarantee")->string(), packet::kListGuarantee);
  }
}

TEST(Audience, ThatIsNearAnotherIsRefusedWhateverThePolicySays) {
  World world(609);
  make_lists(world, 100);
  world.policy.privacy.differencing.refuse = false;
  ASSERT_TRUE(world.open());
  ASSERT_EQ(refusal_of(world.ask(kAll)), "");
  const std::size_t entries = world.store.entries.size();
  for (const std::string& sql :
       {kAll + " WHERE campaign_id <> 'jane'", kAll + " WHERE device = 'phone'",
        std::string("SELECT DISTINCT campaign_id, hashed_email FROM exposures JOIN purchases USING "
                    "(hashed_email) WHERE campaign_id <> 'jane'")}) {
    EXPECT_EQ(refusal_of(world.ask(sql, true)), "question_near_another") << sql;
    EXPECT_EQ(refusal_of(world.ask(sql)), "question_near_another") << sql;
  }
  EXPECT_EQ(world.store.entries.size(), entries);
  EXPECT_EQ(world.engine.runs, 1U);
}

TEST(Audience, IsRationed) {
  World world(610);
  make_lists(world, 2);
  world.policy.privacy.epsilon_per_query = 500'000;
  ASSERT_TRUE(world.open());
  EXPECT_EQ(refusal_of(world.ask(kAll)), "");
  EXPECT_EQ(refusal_of(world.ask(kAll + " WHERE exposure_date < DATE '2024-06-01'")), "");
  EXPECT_EQ(refusal_of(world.ask(kAll + " WHERE exposure_date >= DATE '2024-06-01'")), "");
  EXPECT_EQ(refusal_of(world.ask(kAll + " WHERE purchase_date < DATE '2024-06-01'")),
            "access_exhausted");
  EXPECT_EQ(refusal_of(world.ask(kAll)), "");  // the same list again is no other
  EXPECT_EQ(world.engine.runs, kLists);
}

TEST(Audience, IsForWhoHasTheAbilityAndATableOfItsOwn) {
  World world(611);
  make_lists(world, 2);
  ASSERT_TRUE(world.open());
  world.asker = "agency";
  EXPECT_EQ(refusal_of(world.ask(kAll)), "member_may_not_list");
  World able(612);
  make_lists(able, 2);
  able.policy.members[0].abilities.list = true;
  ASSERT_TRUE(able.open());
  able.asker = "agency";
  EXPECT_EQ(refusal_of(able.ask(kAll)), "join_required");
}

sql::GroupRow listed(std::uint64_t person, std::int64_t persons = 1) {
  sql::GroupRow out;
  for (const std::int64_t word : sql::words_of(snapshot::test_token(person))) {
    out.key.emplace_back(word);
  }
  out.persons = persons;
  return out;
}

// After the charge, and whatever an engine that has been taken over answers.
TEST(Audience, OfAnEngineThatLiesIsNoAnswer) {
  Data data = example_data();
  data.exposures.push_back({700, "autumn"});    // newsnow's, and not shopgood's
  data.purchases.push_back({800, 19600, 100});  // shopgood's, and not newsnow's
  sql::GroupRow cut = listed(5);
  cut.key.pop_back();
  sql::GroupRow wide = listed(5);
  wide.key[0] = std::int64_t{1} << 32;
  sql::GroupRow text = listed(5);
  text.key[1] = std::string("jane");
  sql::GroupRow none = listed(5);
  none.key[2] = Cell();
  for (const std::vector<sql::GroupRow>& lie :
       std::vector<std::vector<sql::GroupRow>>{{listed(5), listed(700)},
                                               {listed(5), listed(800)},
                                               {listed(5), listed(9999)},
                                               {listed(5), listed(5)},
                                               {listed(5, 2)},
                                               {listed(5, 0)},
                                               {cut},
                                               {wide},
                                               {text},
                                               {none}}) {
    World world(613, data);
    make_lists(world, 2);
    ASSERT_TRUE(world.open());
    world.engine.lie = lie;
    EXPECT_EQ(refusal_of(world.ask(kAll)), "query_failed");
  }
  World honest(613, data);
  make_lists(honest, 2);
  honest.policy.privacy.epsilon_per_query = 3'000'000;
  ASSERT_TRUE(honest.open());
  std::vector<sql::GroupRow> some;
  for (std::uint64_t p = 1; p <= 100; p++) some.push_back(listed(101 - p));
  honest.engine.lie = some;
  const auto read = honest.read(honest.ask(kAll));
  ASSERT_TRUE(read);
  EXPECT_EQ(persons_of(*read), tokens(1, 100));
}

TEST(Audience, IsCutAtResultRowsAndSaysSo) {
  World world(614);
  make_lists(world, 2);
  world.policy.limits.result_rows = 200;
  ASSERT_TRUE(world.open());
  const auto read = world.read(world.ask(kAll));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->table.rows.size(), 200U);
  EXPECT_EQ(read->table.rows_cut, 101);
}

}  // namespace
}  // namespace gbx::sim
