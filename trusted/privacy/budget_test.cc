#include "trusted/privacy/budget.h"

#include <gtest/gtest.h>

#include <type_traits>

#include "tests/stat/exact.h"
#include "trusted/base/json.h"

namespace gbx::privacy {
namespace {

class DeadStore final : public Store {
 public:
  Status append(ByteView) noexcept override {
    return Error{ErrorCode::unavailable, "store_failed"};
  }
};

Budget two_tables() {
  Budget budget = *Budget::make(
      Accounting::pure, {{"purchases", {3'000'000, 3000}}, {"exposures", {2'000'000, 2000}}});
  EXPECT_TRUE(budget.allot("purchases", {1'000'000, 1000}));
  EXPECT_TRUE(budget.allot("exposures", {2'000'000, 2000}));
  return budget;
}

Charge charge(std::uint64_t epsilon, std::uint64_t delta,
              std::vector<std::string> tables = {"purchases", "exposures"}) {
  return {std::move(tables), {epsilon, delta}, {}};
}

TEST(Budget, ChargesEveryTableInFull) {
  Budget budget = two_tables();
  stat::KeepingStore store;
  const auto reservation = budget.reserve(charge(400'000, 10), store);
  ASSERT_TRUE(reservation);
  EXPECT_EQ(reservation->price(), (Price{400'000, 10}));
  EXPECT_EQ(*budget.spent("purchases"), (Price{400'000, 10}));
  EXPECT_EQ(*budget.left("purchases"), (Price{600'000, 990}));
  EXPECT_EQ(*budget.left("exposures"), (Price{1'600'000, 1990}));
  ASSERT_EQ(reservation->balances().size(), 2u);
  EXPECT_EQ(reservation->balances()[0].table, "exposures");
  EXPECT_EQ(reservation->balances()[1].before, (Price{1'000'000, 1000}));
  EXPECT_EQ(reservation->balances()[1].after, (Price{600'000, 990}));
}

TEST(Budget, WritesOneCanonicalEntry) {
  Budget budget = two_tables();
  stat::KeepingStore store;
  Charge one = charge(100'000, *parse_delta("1e-17"), {"purchases"});
  one.query[0] = 0xab;
  ASSERT_TRUE(budget.reserve(one, store));
  ASSERT_EQ(store.entries.size(), 1u);
  EXPECT_EQ(
      as_text(store.entries[0]),
      R"({"delta":"1e-17","epsilon":"0.1","kind":"charge","query":"ab)" + std::string(62, '0') +
          R"(","tables":[{"delta_left":"8.58e-16","epsilon_left":"0.9","table":"purchases"}]})");
  EXPECT_TRUE(Json::parse_canonical(as_text(store.entries[0])));
}

TEST(Budget, SpendsToTheLastUnitAndNotOneMore) {
  Budget budget = two_tables();
  stat::KeepingStore store;
  ASSERT_TRUE(budget.reserve(charge(999'999, 999), store));
  EXPECT_EQ(budget.reserve(charge(2, 1), store).error(),
            (Error{ErrorCode::budget_exhausted, "loss_exhausted"}));
  EXPECT_EQ(budget.reserve(charge(1, 2), store).error(),
            (Error{ErrorCode::budget_exhausted, "delta_exhausted"}));
  ASSERT_TRUE(budget.reserve(charge(1, 1), store));
  EXPECT_EQ(*budget.left("purchases"), (Price{}));
  EXPECT_EQ(budget.reserve(charge(1, 1), store).error().code, ErrorCode::budget_exhausted);
}

TEST(Budget, ARefusalChangesNothing) {
  Budget budget = two_tables();
  stat::KeepingStore store;
  // exposures could pay, purchases cannot.
  EXPECT_FALSE(budget.reserve(charge(1'500'000, 1), store));
  EXPECT_EQ(*budget.spent("exposures"), (Price{}));
  EXPECT_EQ(*budget.spent("purchases"), (Price{}));
  EXPECT_TRUE(store.entries.empty());
}

TEST(Budget, AFailedWriteIsSpentAndGivesNothing) {
  Budget budget = two_tables();
  DeadStore store;
  EXPECT_EQ(budget.reserve(charge(400'000, 10), store).error(),
            (Error{ErrorCode::unavailable, "store_failed"}));
  EXPECT_EQ(*budget.spent("purchases"), (Price{400'000, 10}));
  EXPECT_EQ(*budget.spent("exposures"), (Price{400'000, 10}));
}

TEST(Budget, NothingAllottedBuysNothing) {
  Budget budget = *Budget::make(Accounting::pure, {{"t", {1'000'000, 1000}}});
  stat::KeepingStore store;
  EXPECT_EQ(budget.reserve(charge(1, 1, {"t"}), store).error().code, ErrorCode::budget_exhausted);
}

TEST(Budget, RefusesEachMalformedCharge) {
  Budget budget = two_tables();
  stat::KeepingStore store;
  EXPECT_EQ(budget.reserve(charge(0, 1), store).error().reason, Literal("charge_malformed"));
  EXPECT_EQ(budget.reserve(charge(1, 1, {}), store).error().reason, Literal("charge_malformed"));
  EXPECT_EQ(budget.reserve(charge(1, 1, {"exposures", "exposures"}), store).error().reason,
            Literal("charge_malformed"));
  EXPECT_EQ(budget.reserve(charge(1, 1, {"exposures", "else"}), store).error(),
            (Error{ErrorCode::not_found, "table_unknown"}));
  EXPECT_EQ(*budget.spent("exposures"), (Price{}));
}

TEST(Budget, AHugePriceDoesNotWrap) {
  Budget budget = two_tables();
  stat::KeepingStore store;
  ASSERT_TRUE(budget.reserve(charge(1, 1), store));
  EXPECT_EQ(budget.reserve(charge(~std::uint64_t{0}, 1), store).error().code,
            ErrorCode::budget_exhausted);
  EXPECT_EQ(budget.reserve(charge(1, ~std::uint64_t{0}), store).error().code,
            ErrorCode::budget_exhausted);
}

TEST(Budget, RefusesEachBadAllotment) {
  Budget budget = *Budget::make(Accounting::pure, {{"t", {1'000'000, 1000}}});
  EXPECT_EQ(budget.allot("u", {1, 1}).error().reason, Literal("table_unknown"));
  EXPECT_EQ(budget.allot("t", {0, 1}).error().reason, Literal("allotment_empty"));
  EXPECT_EQ(budget.allot("t", {1, 0}).error().reason, Literal("allotment_empty"));
  EXPECT_EQ(budget.allot("t", {1'000'001, 1}).error(),
            (Error{ErrorCode::policy_denied, "allotment_over_ceiling"}));
  EXPECT_EQ(budget.allot("t", {1, 1001}).error().reason, Literal("allotment_over_ceiling"));
  ASSERT_TRUE(budget.allot("t", {1'000'000, 1000}));
  EXPECT_EQ(budget.allot("t", {1, 1}).error().reason, Literal("already_allotted"));
  EXPECT_EQ(*budget.left("t"), (Price{1'000'000, 1000}));
}

TEST(Budget, RefusesEachBadCeiling) {
  const auto refused = [](std::vector<TableCeiling> ceilings) {
    const auto budget = Budget::make(Accounting::pure, std::move(ceilings));
    return !budget && budget.error().reason == Literal("budget_malformed");
  };
  EXPECT_TRUE(refused({}));
  EXPECT_TRUE(refused({{"", {1, 1}}}));
  EXPECT_TRUE(refused({{"two words", {1, 1}}}));
  EXPECT_TRUE(refused({{"\xff", {1, 1}}}));
  EXPECT_TRUE(refused({{std::string(257, 't'), {1, 1}}}));
  EXPECT_TRUE(refused({{"t", {0, 1}}}));
  EXPECT_TRUE(refused({{"t", {1, 0}}}));
  EXPECT_TRUE(refused({{"t", {kEpsilonMax + 1, 1}}}));
  EXPECT_TRUE(refused({{"t", {1, kDeltaUnit}}}));
  EXPECT_TRUE(refused({{"t", {1, 1}}, {"t", {1, 1}}}));
  EXPECT_TRUE(refused(std::vector<TableCeiling>(Budget::kTablesMax + 1, {"t", {1, 1}})));
  EXPECT_FALSE(refused({{"t", {1, 1}}}));
}

TEST(Budget, KeepsRhoInZcdp) {
  Budget budget = *Budget::make(Accounting::zcdp, {{"t", {kRhoMax, 3000}}});
  EXPECT_EQ(budget.accounting(), Accounting::zcdp);
  stat::KeepingStore store;
  EXPECT_EQ(budget.allot("t", {kRhoMax + 1, 1}).error().reason, Literal("allotment_over_ceiling"));
  ASSERT_TRUE(budget.allot("t", {kRhoUnit, *parse_delta("1e-15")}));
  ASSERT_TRUE(budget.reserve(charge(kRhoUnit / 4, *parse_delta("1e-16"), {"t"}), store));
  EXPECT_EQ(as_text(store.entries.at(0)),
            R"({"delta":"1e-16","kind":"charge","query":")" + std::string(64, '0') +
                R"(","rho":"0.25","tables":[{"delta_left":"9e-16","rho_left":"0.75",)" +
                R"("table":"t"}]})");
  // A release without selection costs no delta.
  ASSERT_TRUE(budget.reserve(charge(kRhoUnit / 4 * 3, 0, {"t"}), store));
  EXPECT_EQ(budget.left("t")->loss, 0u);
  EXPECT_EQ(budget.reserve(charge(1, 0, {"t"}), store).error().reason, Literal("loss_exhausted"));
}

TEST(Budget, RefusesCeilingsPastWhatItsAccountingHolds) {
  EXPECT_TRUE(Budget::make(Accounting::zcdp, {{"t", {kRhoMax, 1}}}));
  EXPECT_FALSE(Budget::make(Accounting::zcdp, {{"t", {kRhoMax + 1, 1}}}));
  EXPECT_FALSE(Budget::make(Accounting::pure, {{"t", {kRhoMax, 1}}}));
}

TEST(Budget, UnknownTablesHaveNoBalance) {
  const Budget budget = two_tables();
  EXPECT_FALSE(budget.left("else"));
  EXPECT_FALSE(budget.spent("else"));
}

static_assert(!std::is_copy_constructible_v<Reservation>);
static_assert(!std::is_default_constructible_v<Reservation>);
static_assert(!std::is_copy_constructible_v<Budget>);

}  // namespace
}  // namespace gbx::privacy
