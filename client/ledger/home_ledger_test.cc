#include "client/ledger/home_ledger.h"

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <fstream>

#include "client/ledger/home_testing.h"

namespace gbx::client {
namespace {

constexpr std::size_t kFileMax = 1 << 20;

class HomeLedgerTest : public testing::Test {
 protected:
  HomeLedger ledger() { return HomeLedger::open(home_).value(); }
  // Why the home's ledgers do not open; "" when they do.
  std::string open_reason() {
    const auto ledger = HomeLedger::open(home_);
    return ledger ? "" : std::string(ledger.error().reason.view());
  }
  std::string set(std::uint64_t epsilon, const std::string& population = "everyone") {
    return reason_of(
        ledger().set_total(population, total_of(epsilon, 4000), HomeLedger::Raise::no));
  }
  std::string allot(const AllotmentOrder& order) {
    const auto grant = ledger().allot(order);
    return grant ? "" : std::string(grant.error().reason.view());
  }
  std::string take_back(const packet::Statement& closing, const std::string& signer) {
    const auto count = ledger().take_back(signed_closing(closing, signer), 1'795'000'300);
    return count ? "" : std::string(count.error().reason.view());
  }
  void write(const std::filesystem::path& path, const std::string& text) {
    std::ofstream(path, std::ios::binary) << text;
  }

  HomeFixture fixture_;
  Home home_ = fixture_.open();
};

TEST_F(HomeLedgerTest, WithoutATotalNothingIsGiven) {
  EXPECT_EQ(allot(order_of("a", 1)), "population_unset");
  EXPECT_EQ(ledger().shortage(order_of("a", 1)).is_set, false);
  EXPECT_EQ(ledger().shortage(order_of("a", 1)).population, "everyone");
  EXPECT_FALSE(std::filesystem::exists(fixture_.ledger()));
}

TEST_F(HomeLedgerTest, ATotalIsOnDiskAndRememberedWhenItIsSet) {
  ASSERT_EQ(set(4'000'000), "");
  const auto head = ledger().find("everyone")->head();
  EXPECT_EQ(fixture_.open().ledger_heads().at("everyone"), head);
  EXPECT_EQ(std::filesystem::status(fixture_.ledger()).permissions(), std::filesystem::perms(0600));
}

TEST_F(HomeLedgerTest, ATotalRisesOnlyWhenThatIsSaid) {
  ASSERT_EQ(set(4'000'000), "");
  EXPECT_EQ(set(4'000'001), "total_would_rise");
  EXPECT_EQ(set(4'000'000), "");
  EXPECT_EQ(ledger().find("everyone")->totals().size(), 1U);
  EXPECT_EQ(set(3'000'000), "");
  EXPECT_TRUE(ledger().set_total("everyone", total_of(5'000'000, 4000), HomeLedger::Raise::yes));
  EXPECT_EQ(ledger().find("everyone")->totals().size(), 3U);
  TotalSet zcdp = total_of(1);
  zcdp.accounting = privacy::Accounting::zcdp;
  EXPECT_EQ(reason_of(ledger().set_total("everyone", zcdp, HomeLedger::Raise::yes)),
            "accounting_differs");
  EXPECT_EQ(reason_of(ledger().set_total("../x", total_of(1), HomeLedger::Raise::no)),
            "name_malformed");
}

TEST_F(HomeLedgerTest, ARoomGetsWhatThePolicyHasLeftForTheTable) {
  ASSERT_EQ(set(4'000'000), "");
  EXPECT_EQ(ledger().allot(order_of("a", std::nullopt))->given, (privacy::Price{2'000'000, 2000}));
  EXPECT_EQ(allot(order_of("b", std::nullopt)), "allotment_over_budget");
  EXPECT_EQ(allot(order_of("b", 1)), "allotment_over_budget");
  ASSERT_EQ(take_back(closing_of("a", "0.5"), "a"), "");
  EXPECT_EQ(ledger().allot(order_of("b", std::nullopt))->given, (privacy::Price{1'500'000, 1500}));
}

TEST_F(HomeLedgerTest, TheSameSnapshotToTheSameRoomIsChargedOnce) {
  ASSERT_EQ(set(4'000'000), "");
  ASSERT_EQ(allot(order_of("a", 1'000'000)), "");
  AllotmentOrder again = order_of("a", std::nullopt);
  again.grant.binding = {2};  // a later meeting
  again.grant.head = {4, Hash{2}};
  EXPECT_EQ(ledger().allot(again)->given.loss, 1'000'000U);
  EXPECT_EQ(ledger().find("everyone")->in_rooms().loss, 1'000'000U);
}

TEST_F(HomeLedgerTest, AnotherCollaborationFindsWhatTheFirstHasLeft) {
  ASSERT_EQ(set(2'000'000), "");
  ASSERT_EQ(allot(order_of("a", std::nullopt)), "");
  AllotmentOrder other = order_of("b", std::nullopt);
  other.grant.collaboration = "another";
  other.grant.snapshot = spec::example_hash("registered anew");
  EXPECT_EQ(allot(other), "population_exhausted");
  const Shortage shortage = ledger().shortage(other);
  EXPECT_EQ(shortage.wanted.loss, 2'000'000U);
  EXPECT_EQ(shortage.free.loss, 0U);
  ASSERT_EQ(take_back(closing_of("a", "0.5"), "a"), "");
  EXPECT_EQ(allot(other), "population_exhausted");
  other.loss = 1'500'000;
  EXPECT_EQ(allot(other), "");
  EXPECT_EQ(ledger().find("everyone")->free().loss, 0U);
}

TEST_F(HomeLedgerTest, ATableStaysWithItsPeople) {
  ASSERT_EQ(set(2'000'000), "");
  ASSERT_EQ(allot(order_of("a", 1'000'000)), "");
  ASSERT_EQ(set(2'000'000, "patients"), "");
  EXPECT_EQ(allot(order_of("b", 1, "patients")), "population_differs");
  EXPECT_EQ(allot(order_of("b", 1)), "");
  EXPECT_EQ(ledger().find("patients")->in_rooms().loss, 0U);
  AllotmentOrder refunds = order_of("b", 1);
  refunds.grant.table = "refunds";
  EXPECT_EQ(allot(refunds), "population_unnamed");
  refunds.population = "Patients";
  EXPECT_EQ(allot(refunds), "name_malformed");
  refunds.population = "nobody";
  EXPECT_EQ(allot(refunds), "population_unset");
  refunds.population = "patients";
  EXPECT_EQ(allot(refunds), "");
}

TEST_F(HomeLedgerTest, ALogThatWentBackIsSeenOverAllPopulations) {
  ASSERT_EQ(set(2'000'000), "");
  ASSERT_EQ(set(2'000'000, "patients"), "");
  ASSERT_EQ(allot(order_of("a", 1, "patients")), "");
  AllotmentOrder refunds = order_of("a", 1, "everyone");
  refunds.grant.table = "refunds";
  refunds.grant.head = {2, Hash{1}};
  EXPECT_EQ(allot(refunds), "log_rolled_back");
  refunds.grant.head = {4, Hash{7}};
  EXPECT_EQ(allot(refunds), "");
}

TEST_F(HomeLedgerTest, ARoomThatTakesTheNameOfAnotherGetsNothing) {
  ASSERT_EQ(set(2'000'000), "");
  ASSERT_EQ(set(2'000'000, "patients"), "");
  ASSERT_EQ(allot(order_of("a", 1, "patients")), "");
  AllotmentOrder refunds = order_of("a", 1, "everyone");
  refunds.grant.table = "refunds";
  refunds.grant.room_key = spec::example_signing_key("b").public_key();
  EXPECT_EQ(allot(refunds), "log_origin_wrong");
}

TEST_F(HomeLedgerTest, OnlyTheRoomsOwnClosingGivesBackAndOnce) {
  ASSERT_EQ(set(4'000'000), "");
  ASSERT_EQ(allot(order_of("a", 1'000'000)), "");
  EXPECT_EQ(take_back(closing_of("b", "0.1"), "b"), "room_unknown");
  EXPECT_EQ(take_back(closing_of("a", "0.1"), "b"), "signature_missing");
  EXPECT_EQ(take_back(closing_of("a", "1.1"), "a"), "closing_over_allotment");
  EXPECT_EQ(take_back(closing_of("a", "0.1", 1001), "a"), "closing_over_allotment");
  packet::Statement other = closing_of("a", "0.1");
  other.subject_name = origin_of("b");
  EXPECT_EQ(take_back(other, "a"), "room_unknown");
  EXPECT_EQ(ledger().find("everyone")->free().loss, 3'000'000U);
  EXPECT_EQ(take_back(closing_of("a", "0.1"), "a"), "");
  EXPECT_EQ(ledger().find("everyone")->free().loss, 3'900'000U);
  EXPECT_EQ(take_back(closing_of("a", "0.1"), "a"), "already_taken_back");
  EXPECT_EQ(take_back(closing_of("a", "0"), "a"), "already_taken_back");
  EXPECT_EQ(ledger().find("everyone")->free().loss, 3'900'000U);
}

TEST_F(HomeLedgerTest, AClosingUnderAnotherPolicyOrAccountingGivesNothingBack) {
  ASSERT_EQ(set(4'000'000), "");
  AllotmentOrder order = order_of("a", 1'000'000);
  order.grant.policy = spec::example_hash("another policy");
  ASSERT_EQ(allot(order), "");
  EXPECT_EQ(take_back(closing_of("a", "0.1"), "a"), "closing_malformed");
  EXPECT_EQ(ledger().find("everyone")->free().loss, 3'000'000U);
}

TEST_F(HomeLedgerTest, ARoomWithTablesOfTwoPopulationsGivesBackToBoth) {
  ASSERT_EQ(set(4'000'000), "");
  ASSERT_EQ(set(4'000'000, "patients"), "");
  ASSERT_EQ(allot(order_of("a", 1'000'000, "everyone")), "");
  AllotmentOrder refunds = order_of("a", 1'000'000, "patients");
  refunds.grant.table = "refunds";
  ASSERT_EQ(allot(refunds), "");
  ASSERT_EQ(take_back(closing_of("a", "0.1"), "a"), "");  // says nothing of refunds
  EXPECT_EQ(ledger().find("everyone")->spent().loss, 100'000U);
  EXPECT_EQ(ledger().find("patients")->in_rooms().loss, 1'000'000U);
}

// --- files that are not what they were
// ------------------------------------------------------------

TEST_F(HomeLedgerTest, AnOlderLedgerIsRefused) {
  ASSERT_EQ(set(4'000'000), "");
  const std::string before = read_file(fixture_.ledger(), kFileMax).value();
  ASSERT_EQ(allot(order_of("a", 1'000'000)), "");
  const std::string after = read_file(fixture_.ledger(), kFileMax).value();
  write(fixture_.ledger(), before);
  EXPECT_EQ(open_reason(), "ledger_rolled_back");
  write(fixture_.ledger(), after);
  EXPECT_EQ(open_reason(), "");
}

TEST_F(HomeLedgerTest, ALedgerThatWentAnotherWayIsRefused) {
  ASSERT_EQ(set(4'000'000), "");
  const std::string before = read_file(fixture_.ledger(), kFileMax).value();
  const std::string keys = read_file(fixture_.keys(), kFileMax).value();
  ASSERT_EQ(allot(order_of("a", 1'000'000)), "");
  const std::string one_way = read_file(fixture_.ledger(), kFileMax).value();
  write(fixture_.ledger(), before);
  write(fixture_.keys(), keys);
  home_ = fixture_.open();
  ASSERT_EQ(allot(order_of("b", 1)), "");  // the nonce makes even the same grant another entry
  write(fixture_.ledger(), one_way);
  EXPECT_EQ(open_reason(), "ledger_rolled_back");
}

TEST_F(HomeLedgerTest, AMissingLedgerIsRefused) {
  ASSERT_EQ(set(4'000'000), "");
  ASSERT_TRUE(remove_file(fixture_.ledger()));
  EXPECT_EQ(open_reason(), "ledger_missing");
  std::filesystem::remove_all(fixture_.folder / "ledger");
  EXPECT_EQ(open_reason(), "ledger_missing");
}

TEST_F(HomeLedgerTest, ADamagedOrForeignLedgerIsRefused) {
  ASSERT_EQ(set(4'000'000), "");
  const std::string good = read_file(fixture_.ledger(), kFileMax).value();
  write(fixture_.ledger(), good.substr(0, good.size() / 2));
  EXPECT_EQ(open_reason(), "ledger_damaged");
  write(fixture_.ledger(), "");
  EXPECT_EQ(open_reason(), "ledger_damaged");
  write(fixture_.ledger(), good);
  write(fixture_.ledger("somebody"), good);
  EXPECT_EQ(open_reason(), "ledger_damaged");
  ASSERT_TRUE(remove_file(fixture_.ledger("somebody")));
  write(fixture_.ledger("Not A Name"), good);
  EXPECT_EQ(open_reason(), "ledger_damaged");
}

TEST_F(HomeLedgerTest, ALedgerAheadOfTheKeyFileCounts) {
  ASSERT_EQ(set(4'000'000), "");
  const std::string keys = read_file(fixture_.keys(), kFileMax).value();
  ASSERT_EQ(allot(order_of("a", 1'000'000)), "");
  write(fixture_.keys(), keys);
  home_ = fixture_.open();
  EXPECT_EQ(ledger().find("everyone")->in_rooms().loss, 1'000'000U);
}

// What docs/threat-model.md says of it: there is nothing left at home that knows better.
TEST_F(HomeLedgerTest, AWholeHomeOfYesterdayIsNotNoticed) {
  ASSERT_EQ(set(4'000'000), "");
  const std::string keys = read_file(fixture_.keys(), kFileMax).value();
  const std::string before = read_file(fixture_.ledger(), kFileMax).value();
  ASSERT_EQ(allot(order_of("a", 1'000'000)), "");
  write(fixture_.keys(), keys);
  write(fixture_.ledger(), before);
  home_ = fixture_.open();
  EXPECT_EQ(ledger().find("everyone")->in_rooms().loss, 0U);
}

TEST_F(HomeLedgerTest, TheRecordOfAnOlderVersionIsNotIgnored) {
  write(fixture_.folder / "allotments.json", R"({"allotments":[],"format":1})");
  EXPECT_EQ(open_reason(), "allotments_older");
}

TEST_F(HomeLedgerTest, WithoutADiskNothingIsGranted) {
  ASSERT_EQ(set(4'000'000), "");
  HomeLedger open = ledger();
  std::filesystem::rename(fixture_.folder / "ledger", fixture_.folder / "gone");
  EXPECT_EQ(open.allot(order_of("a", 1)).error().reason.view(), "file_unwritable");
  EXPECT_EQ(open.find("everyone")->in_rooms().loss, 0U);
}

// Two processes at once, each with 20 rooms of 0.1 out of 3: 30 get it.
TEST_F(HomeLedgerTest, TwoProcessesDoNotOverspend) {
  ASSERT_EQ(
      reason_of(ledger().set_total("everyone", total_of(3'000'000, 4000), HomeLedger::Raise::no)),
      "");
  const auto child = [&](const std::string& name) {
    const pid_t pid = fork();
    if (pid != 0) return pid;
    Home home = fixture_.open();
    int granted = 0;
    for (int i = 0; i < 20; i++) {
      AllotmentOrder order = order_of(name + std::to_string(i), 100'000);
      order.grant.collaboration = name + std::to_string(i);
      granted += HomeLedger::open(home).value().allot(order) ? 1 : 0;
    }
    _exit(granted);
  };
  const pid_t one = child("one");
  const pid_t two = child("two");
  int status_one = 0;
  int status_two = 0;
  ASSERT_EQ(waitpid(one, &status_one, 0), one);
  ASSERT_EQ(waitpid(two, &status_two, 0), two);
  EXPECT_EQ(WEXITSTATUS(status_one) + WEXITSTATUS(status_two), 30);
  EXPECT_EQ(ledger().find("everyone")->in_rooms().loss, 3'000'000U);
  EXPECT_EQ(ledger().find("everyone")->allotments().size(), 30U);
}

TEST(ShareOf, DeltaGoesAlongInProportion) {
  EXPECT_EQ(share_of({2'000'000, 2000}, 500'000), (privacy::Price{500'000, 500}));
  EXPECT_EQ(share_of({2'000'000, 2000}, 1), (privacy::Price{1, 1}));
  EXPECT_EQ(share_of({0, 2000}, 5), (privacy::Price{5, 1}));
}

}  // namespace
}  // namespace gbx::client
