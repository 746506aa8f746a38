#include "client/ledger/population.h"

#include <gtest/gtest.h>

#include <functional>

#include "client/ledger/ledger_testing.h"

namespace gbx::client {
namespace {

class PopulationTest : public testing::Test {
 protected:
  std::string add(const LedgerEvent& event) { return reason_of(people_.add(event, entropy_)); }
  [[nodiscard]] std::string file() const {
    return people_.print(spec::example_signing_key(kOwnerName));
  }
  static Result<Population> parse(std::string_view text) {
    return Population::parse(text, "everyone", owner_key());
  }

  spec::ExampleEntropy entropy_;
  Population people_{"everyone", owner_key()};
};

TEST_F(PopulationTest, NothingIsGivenBeforeATotalIsSet) {
  EXPECT_EQ(add(grant_of("a", 1)), "population_unset");
  EXPECT_FALSE(people_.is_set());
}

TEST_F(PopulationTest, TheSumOverAllRoomsAndCollaborationsStaysWithinTheTotal) {
  ASSERT_EQ(add(total_of(3'000'000)), "");
  EXPECT_EQ(add(grant_of("a", 2'000'000)), "");
  Grant other = grant_of("b", 1'000'001);
  other.collaboration = "another";
  other.table = "refunds";
  other.snapshot = spec::example_hash("another snapshot");
  EXPECT_EQ(add(other), "population_exhausted");
  EXPECT_EQ(people_.free().loss, 1'000'000U);
  other.given.loss = 1'000'000;
  EXPECT_EQ(add(other), "");
  EXPECT_EQ(people_.free().loss, 0U);
  EXPECT_EQ(add(grant_of("c", 1)), "population_exhausted");
}

// A room without noise fits under no promise, and a number of queries is none.
TEST_F(PopulationTest, QueriesWithoutNoiseAreATotalOfTheirOwn) {
  Grant exact = grant_of("a", 40);
  exact.accounting = privacy::Accounting::queries;
  exact.given = {40, 0};
  Population promised = people_;
  ASSERT_EQ(add(total_of(3'000'000)), "");
  EXPECT_EQ(add(exact), "accounting_differs");
  people_ = std::move(promised);
  TotalSet total = total_of(100, 1);
  total.accounting = privacy::Accounting::queries;
  EXPECT_EQ(add(total), "total_malformed");
  total.total = {100, 0};
  ASSERT_EQ(add(total), "");
  EXPECT_EQ(add(exact), "");
  EXPECT_EQ(add(grant_of("b", 1)), "accounting_differs");
  exact.given.delta = 1;
  EXPECT_EQ(add(exact), "allotment_malformed");
  EXPECT_EQ(people_.free(), (privacy::Price{60, 0}));
  const auto read = parse(file());
  ASSERT_TRUE(read);
  EXPECT_EQ(read->accounting(), privacy::Accounting::queries);
  EXPECT_EQ(read->free(), (privacy::Price{60, 0}));
}

TEST_F(PopulationTest, DeltaEndsTheTotalToo) {
  ASSERT_EQ(add(total_of(3'000'000, 100)), "");
  Grant grant = grant_of("a", 1);
  grant.given.delta = 101;
  EXPECT_EQ(add(grant), "population_exhausted");
  grant.given.delta = 100;
  EXPECT_EQ(add(grant), "");
}

TEST_F(PopulationTest, OneTableOfOneRoomCountsOnceWithItsLargest) {
  ASSERT_EQ(add(total_of(3'000'000)), "");
  EXPECT_EQ(add(grant_of("a", 2'000'000)), "");
  EXPECT_EQ(add(grant_of("a", 2'000'000)), "");
  EXPECT_EQ(add(grant_of("a", 1'000'000)), "");
  EXPECT_EQ(people_.in_rooms().loss, 2'000'000U);
  EXPECT_EQ(add(grant_of("a", 3'000'000)), "");
  EXPECT_EQ(people_.in_rooms().loss, 3'000'000U);
  EXPECT_EQ(people_.allotments().size(), 1U);
  Grant refunds = grant_of("a", 1);
  refunds.table = "refunds";
  EXPECT_EQ(add(refunds), "population_exhausted");
}

TEST_F(PopulationTest, WhatComesBackIsFreeOnce) {
  ASSERT_EQ(add(total_of(3'000'000)), "");
  ASSERT_EQ(add(grant_of("a", 3'000'000)), "");
  EXPECT_EQ(add(return_of("a", 500'000)), "");
  EXPECT_EQ(people_.spent(), (privacy::Price{500'000, 500}));
  EXPECT_EQ(people_.in_rooms().loss, 0U);
  EXPECT_EQ(people_.free().loss, 2'500'000U);
  EXPECT_EQ(add(return_of("a", 0)), "already_taken_back");
  EXPECT_EQ(add(grant_of("a", 1)), "room_closed");
  EXPECT_EQ(people_.spent().loss, 500'000U);
}

TEST_F(PopulationTest, NoMoreComesBackThanWasGiven) {
  ASSERT_EQ(add(total_of(3'000'000)), "");
  ASSERT_EQ(add(grant_of("a", 1'000'000)), "");
  EXPECT_EQ(add(return_of("b", 0)), "room_unknown");
  EXPECT_EQ(add(return_of("a", 1'000'001)), "closing_over_allotment");
  Return back = return_of("a", 0);
  back.spent.delta = 1001;
  EXPECT_EQ(add(back), "closing_over_allotment");
  back.spent.delta = 1000;
  back.table = "refunds";
  EXPECT_EQ(add(back), "room_unknown");
  EXPECT_EQ(people_.in_rooms().loss, 1'000'000U);
}

TEST_F(PopulationTest, ALogThatWentBackIsSeen) {
  ASSERT_EQ(add(total_of(3'000'000)), "");
  ASSERT_EQ(add(grant_of("a", 1)), "");
  Grant grant = grant_of("a", 1);
  grant.head = {2, Hash{1}};
  EXPECT_EQ(add(grant), "log_rolled_back");
  grant.head = {3, Hash{8}};
  EXPECT_EQ(add(grant), "log_rolled_back");
  Return back = return_of("a", 0);
  back.head = {2, Hash{1}};
  EXPECT_EQ(add(back), "log_rolled_back");
  grant.head = {4, Hash{8}};
  EXPECT_EQ(add(grant), "");
}

TEST_F(PopulationTest, AnotherRoomOfTheSameNameGetsNothing) {
  ASSERT_EQ(add(total_of(3'000'000)), "");
  ASSERT_EQ(add(grant_of("a", 1)), "");
  Grant grant = grant_of("a", 1);
  grant.room_key = spec::example_signing_key("b").public_key();
  EXPECT_EQ(add(grant), "log_origin_wrong");
  grant = grant_of("a", 1);
  grant.policy = spec::example_hash("another policy");
  EXPECT_EQ(add(grant), "log_origin_wrong");
  grant = grant_of("a", 1);
  grant.collaboration = "another";
  EXPECT_EQ(add(grant), "log_origin_wrong");
}

TEST_F(PopulationTest, ANewTotalForgetsNothing) {
  ASSERT_EQ(add(total_of(3'000'000)), "");
  ASSERT_EQ(add(grant_of("a", 2'000'000)), "");
  EXPECT_EQ(add(total_of(1'000'000)), "");  // less than what is out already: nothing is left
  EXPECT_EQ(people_.free(), (privacy::Price{0, 1000}));
  EXPECT_EQ(add(grant_of("b", 1)), "population_exhausted");
  EXPECT_EQ(add(grant_of("a", 2'000'000)), "");  // the same room, at no further charge
  EXPECT_EQ(add(grant_of("a", 1'500'000)), "");
  EXPECT_EQ(add(total_of(4'000'000)), "");
  EXPECT_EQ(people_.free().loss, 2'000'000U);
  EXPECT_EQ(people_.totals().size(), 3U);
}

TEST_F(PopulationTest, RhoTakesRoomsThatAddEpsilons) {
  TotalSet total = total_of(1);
  total.accounting = privacy::Accounting::zcdp;
  total.total.loss = privacy::kRhoUnit;  // rho 1
  ASSERT_EQ(add(total), "");
  EXPECT_EQ(add(grant_of("a", 1'000'000)), "");  // epsilon 1 is rho 1/2
  EXPECT_EQ(people_.in_rooms(), (privacy::Price{privacy::kRhoUnit / 2, 1000}));
  Grant rho = grant_of("b", 1);
  rho.accounting = privacy::Accounting::zcdp;
  rho.given = {privacy::kRhoUnit / 2, 1000};
  EXPECT_EQ(add(rho), "");
  EXPECT_EQ(people_.free().loss, 0U);
  EXPECT_EQ(add(return_of("a", 100'000)), "");
  EXPECT_EQ(people_.spent().loss, privacy::rho_of_epsilon(100'000));
  EXPECT_EQ(people_.committed(rho.collaboration, "purchases", privacy::Accounting::zcdp)->loss,
            privacy::kRhoUnit / 2 + privacy::rho_of_epsilon(100'000));
  EXPECT_EQ(people_.committed(rho.collaboration, "purchases", privacy::Accounting::pure)
                .error()
                .reason.view(),
            "accounting_differs");
}

TEST_F(PopulationTest, EpsilonsTakeNoRho) {
  ASSERT_EQ(add(total_of(3'000'000)), "");
  Grant rho = grant_of("a", 1);
  rho.accounting = privacy::Accounting::zcdp;
  EXPECT_EQ(add(rho), "accounting_differs");
  TotalSet total = total_of(1);
  total.accounting = privacy::Accounting::zcdp;
  EXPECT_EQ(add(total), "accounting_differs");
}

template <typename Event>
struct Wrong {
  const char* what;
  std::function<void(Event&)> change;
};

TEST_F(PopulationTest, EachInvalidFieldOfATotalIsRefused) {
  const std::vector<Wrong<TotalSet>> wrongs = {
      {"negative time", [](TotalSet& total) { total.at = -1; }},
      {"time after 9999", [](TotalSet& total) { total.at = 253'402'300'800; }},
      {"no epsilon", [](TotalSet& total) { total.total.loss = 0; }},
      {"epsilon over 1000", [](TotalSet& total) { total.total.loss = privacy::kEpsilonMax + 1; }},
      {"no delta", [](TotalSet& total) { total.total.delta = 0; }},
      {"delta over 2^53", [](TotalSet& total) { total.total.delta = std::uint64_t{1} << 53; }},
  };
  for (const auto& wrong : wrongs) {
    TotalSet total = total_of(3'000'000);
    wrong.change(total);
    EXPECT_EQ(add(total), "total_malformed") << wrong.what;
  }
}

TEST_F(PopulationTest, EachInvalidFieldOfAGrantIsRefused) {
  ASSERT_EQ(add(total_of(3'000'000)), "");
  const std::vector<Wrong<Grant>> wrongs = {
      {"negative time", [](Grant& grant) { grant.at = -1; }},
      {"time after 9999", [](Grant& grant) { grant.at = 253'402'300'800; }},
      {"no collaboration", [](Grant& grant) { grant.collaboration.clear(); }},
      {"collaboration with a space", [](Grant& grant) { grant.collaboration = "a b"; }},
      {"no table", [](Grant& grant) { grant.table.clear(); }},
      {"table with a line end", [](Grant& grant) { grant.table = "a\n"; }},
      {"no origin", [](Grant& grant) { grant.log_origin.clear(); }},
      {"long origin", [](Grant& grant) { grant.log_origin.assign(257, 'a'); }},
      {"nothing", [](Grant& grant) { grant.given.loss = 0; }},
      {"epsilon over 1000", [](Grant& grant) { grant.given.loss = privacy::kEpsilonMax + 1; }},
      {"delta over 2^53", [](Grant& grant) { grant.given.delta = std::uint64_t{1} << 53; }},
  };
  for (const auto& wrong : wrongs) {
    Grant grant = grant_of("a", 1);
    wrong.change(grant);
    EXPECT_EQ(add(grant), "allotment_malformed") << wrong.what;
  }
  ASSERT_EQ(add(grant_of("a", 1)), "");
  Return back = return_of("a", 0);
  back.at = -1;
  EXPECT_EQ(add(back), "return_malformed");
}

// --- the file
// -------------------------------------------------------------------------------------

TEST_F(PopulationTest, ReadsBackAsItWasWritten) {
  ASSERT_EQ(add(total_of(3'000'000)), "");
  ASSERT_EQ(add(grant_of("a", 2'000'000)), "");
  ASSERT_EQ(add(return_of("a", 500'000)), "");
  ASSERT_EQ(add(grant_of("b", 2'500'000)), "");
  const auto again = parse(file());
  ASSERT_TRUE(again);
  EXPECT_EQ(again->print(spec::example_signing_key(kOwnerName)), file());
  EXPECT_EQ(again->spent(), people_.spent());
  EXPECT_EQ(again->in_rooms(), people_.in_rooms());
  EXPECT_EQ(again->totals(), people_.totals());
  EXPECT_EQ(again->allotments().front().grant.binding, grant_of("a", 1).binding);
  EXPECT_EQ(again->allotments().back().grant, people_.allotments().back().grant);
}

// Or a home would write a ledger that it cannot read.
TEST_F(PopulationTest, TheLongestFileCanBeReadBack) {
  ASSERT_EQ(add(total_of(3'000'000)), "");
  const std::size_t before = file().size();
  Grant grant = grant_of("a", 3'000'000);
  grant.at = 253'402'300'799;
  grant.collaboration.assign(256, '"');  // two bytes each in JSON
  grant.table.assign(256, '"');
  grant.log_origin.assign(256, '"');
  grant.head.size = Json::kIntegerMax;
  ASSERT_EQ(add(grant), "");
  constexpr std::size_t kNumberDigits = 5;  // of an entry's number
  const std::size_t line = file().size() - before + kNumberDigits;
  EXPECT_LE(line * Population::kEntriesMax, Population::kFileBytesMax);
}

TEST_F(PopulationTest, ALedgerIsFull) {
  for (std::size_t i = 0; i < Population::kEntriesMax; i++) {
    ASSERT_EQ(add(total_of(3'000'000)), "") << i;
  }
  EXPECT_EQ(add(total_of(3'000'000)), "ledger_full");
  EXPECT_TRUE(parse(file()));
}

TEST_F(PopulationTest, KnowsTheHeadsThatItHad) {
  const log::Head empty = people_.head();
  ASSERT_EQ(add(total_of(3'000'000)), "");
  const log::Head first = people_.head();
  ASSERT_EQ(add(grant_of("a", 1)), "");
  EXPECT_TRUE(people_.passed(empty));
  EXPECT_TRUE(people_.passed(first));
  EXPECT_TRUE(people_.passed(people_.head()));
  EXPECT_FALSE(people_.passed({1, people_.head().hash}));
  EXPECT_FALSE(people_.passed({3, people_.head().hash}));
}

TEST_F(PopulationTest, AnyChangedByteIsRefused) {
  ASSERT_EQ(add(total_of(3'000'000)), "");
  ASSERT_EQ(add(grant_of("a", 2'000'000)), "");
  const std::string text = file();
  for (std::size_t i = 0; i < text.size(); i++) {
    std::string changed = text;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    const auto read = parse(changed);
    ASSERT_FALSE(read) << i;
    EXPECT_EQ(read.error().reason.view(), "ledger_damaged");
  }
}

TEST_F(PopulationTest, AFileThatIsCutAnywhereIsRefused) {
  ASSERT_EQ(add(total_of(3'000'000)), "");
  ASSERT_EQ(add(grant_of("a", 2'000'000)), "");
  const std::string text = file();
  for (std::size_t size = 0; size < text.size(); size++) {
    EXPECT_FALSE(parse(text.substr(0, size))) << size;
  }
  EXPECT_FALSE(parse(text + "\n"));
  EXPECT_FALSE(parse(text + text));
}

TEST_F(PopulationTest, LinesAreNotDroppedDoubledOrMoved) {
  ASSERT_EQ(add(total_of(3'000'000)), "");
  ASSERT_EQ(add(grant_of("a", 1)), "");
  ASSERT_EQ(add(grant_of("b", 1)), "");
  std::vector<std::string> lines;
  std::string rest = file();
  for (std::size_t end = 0; (end = rest.find('\n')) != std::string::npos; rest.erase(0, end + 1)) {
    lines.push_back(rest.substr(0, end + 1));
  }
  ASSERT_EQ(lines.size(), 4U);
  EXPECT_TRUE(parse(lines[0] + lines[1] + lines[2] + lines[3]));
  EXPECT_FALSE(parse(lines[0] + lines[1] + lines[3]));
  EXPECT_FALSE(parse(lines[0] + lines[2] + lines[1] + lines[3]));
  EXPECT_FALSE(parse(lines[0] + lines[1] + lines[1] + lines[2] + lines[3]));
  EXPECT_FALSE(parse(lines[0] + lines[1] + lines[2] + lines[3] + lines[3]));
  EXPECT_FALSE(parse(lines[3]));
}

TEST_F(PopulationTest, TheFileIsOfThisOwnerAndThesePeople) {
  ASSERT_EQ(add(total_of(3'000'000)), "");
  EXPECT_TRUE(Population::parse(file(), "everyone", owner_key()));
  EXPECT_FALSE(Population::parse(file(), "somebody", owner_key()));
  EXPECT_FALSE(
      Population::parse(file(), "everyone", spec::example_signing_key("newsnow").public_key()));
}

// Whoever holds the key could sign them; they are refused all the same.
TEST_F(PopulationTest, EntriesThatCouldNotHaveBeenMadeAreRefused) {
  const auto entry = [](std::uint64_t number, const LedgerEvent& event) {
    return Json::object(
               {{"body", encode(event)}, {"nonce", std::string(32, '0')}, {"number", number}})
               .canonical() +
           "\n";
  };
  const auto replays = [](const std::string& lines) {
    return Population::replay(lines, "everyone", owner_key()).has_value();
  };
  const std::string total = entry(0, total_of(3'000'000));
  EXPECT_TRUE(replays(total + entry(1, grant_of("a", 3'000'000))));
  EXPECT_FALSE(replays(total + entry(1, grant_of("a", 3'000'001))));
  EXPECT_FALSE(replays(total + entry(1, return_of("a", 0))));
  EXPECT_FALSE(replays(entry(0, grant_of("a", 1))));
  EXPECT_FALSE(replays(total + entry(2, grant_of("a", 1))));
  EXPECT_FALSE(replays(total + entry(1, grant_of("a", 1)) + entry(2, return_of("a", 0)) +
                       entry(3, return_of("a", 0))));
}

// Each member of each body: gone, of another type, and one too many.
TEST_F(PopulationTest, EachMalformedMemberIsRefused) {
  Grant grant = grant_of("a", 1);
  for (const LedgerEvent& event :
       {LedgerEvent(total_of(1)), LedgerEvent(grant), LedgerEvent(return_of("a", 1))}) {
    const Json body = encode(event);
    ASSERT_TRUE(decode_event(body));
    EXPECT_EQ(encode(*decode_event(body)).canonical(), body.canonical());
    for (const Json::Member& member : *body.object()) {
      Json gone{Json::Object{}};
      Json changed{Json::Object{}};
      for (const Json::Member& other : *body.object()) {
        if (other.first != member.first) gone.set(other.first, other.second);
        changed.set(other.first, other.first == member.first ? Json(true) : other.second);
      }
      EXPECT_FALSE(decode_event(gone)) << member.first;
      EXPECT_FALSE(decode_event(changed)) << member.first;
    }
    Json more = body;
    more.set("note", "x");
    EXPECT_FALSE(decode_event(more));
  }
  EXPECT_FALSE(decode_event(Json("total")));
  EXPECT_FALSE(decode_event(Json::object({{"at", 1}, {"kind", "gift"}})));
}

}  // namespace
}  // namespace gbx::client
