#include "cli/budget_view.h"

#include <gtest/gtest.h>

#include "client/ledger/ledger_testing.h"

namespace gbx::cli {
namespace {

using client::Population;
using privacy::Accounting;

class BudgetView : public testing::Test {
 protected:
  void add(const client::LedgerEvent& event) { ASSERT_TRUE(people_.add(event, entropy_)); }
  spec::ExampleEntropy entropy_;
  Population people_{"everyone", client::owner_key()};
};

TEST_F(BudgetView, TheBarIsSpentThenInRoomsThenLeft) {
  add(client::total_of(4'000'000));
  EXPECT_EQ(budget_bar(people_), std::string(40, '.'));
  add(client::grant_of("a", 1'000'000));
  EXPECT_EQ(budget_bar(people_), std::string(10, '=') + std::string(30, '.'));
  add(client::return_of("a", 500'000));
  EXPECT_EQ(budget_bar(people_), std::string(5, '#') + std::string(35, '.'));
  add(client::grant_of("b", 1));  // what there is is seen
  EXPECT_EQ(budget_bar(people_), std::string(5, '#') + "=" + std::string(34, '.'));
  add(client::total_of(100'000));  // less than what is gone
  EXPECT_EQ(budget_bar(people_).find('.'), std::string::npos);
  EXPECT_EQ(budget_bar(people_).size(), 40U);
}

TEST_F(BudgetView, SaysWhatIsLostInRoomsAndLeft) {
  add(client::total_of(4'000'000));
  add(client::grant_of("a", 1'000'000));
  add(client::return_of("a", 500'000));
  add(client::grant_of("b", 2'000'000));
  const std::string text = budget_text(people_);
  EXPECT_NE(text.find("everyone: epsilon 4, delta "), std::string::npos) << text;
  EXPECT_NE(text.find("# spent     epsilon 0.5, delta "), std::string::npos) << text;
  EXPECT_NE(text.find("= allotted  epsilon 2, delta "), std::string::npos) << text;
  EXPECT_NE(text.find(". free      epsilon 1.5, delta "), std::string::npos) << text;
  EXPECT_NE(text.find("not given back"), std::string::npos) << text;
  const Json json = budget_json(people_);
  EXPECT_EQ(*json.find("free")->find("epsilon")->string(), "1.5");
  EXPECT_EQ(*json.find("spent")->find("epsilon")->string(), "0.5");
  EXPECT_EQ(*json.find("allotted")->find("epsilon")->string(), "2");
  EXPECT_EQ(*json.find("total")->find("epsilon")->string(), "4");
  EXPECT_EQ(json.find("allotments")->array()->size(), 2U);
  EXPECT_EQ(*json.find("head")->string(), to_hex(people_.head().hash));
}

// A promise of (3, 1e-6) in zcdp reads as epsilon 3 at delta 1e-6 again.
TEST_F(BudgetView, ARhoIsShownAsTheEpsilonThatItIsWorth) {
  const privacy::Price total =
      privacy::limit_for(Accounting::zcdp, 3'000'000, privacy::parse_delta("1e-6").value());
  EXPECT_EQ(amount_text(Accounting::zcdp, total, total),
            "rho 0.176, delta 5e-7 (epsilon 3 at delta 1e-6)");
  EXPECT_EQ(amount_text(Accounting::zcdp, {}, total), "rho 0, delta 0 (epsilon 0 at delta 5e-7)");
  EXPECT_EQ(amount_text(Accounting::pure, {500'000, 0}, {}), "epsilon 0.5, delta 0");
}

TEST(AmountText, AnUnroundDeltaHasThreeDigits) {
  const std::uint64_t two = privacy::parse_delta("2e-6").value();
  const std::uint64_t one = privacy::parse_delta("1e-6").value();
  const auto text = [](std::uint64_t delta) {
    return amount_text(Accounting::pure, {1, delta}, {});
  };
  EXPECT_EQ(text(two), "epsilon 0.000001, delta 2e-6");
  EXPECT_EQ(text(two - one), "epsilon 0.000001, delta 1e-6");
  EXPECT_EQ(text(two - one - privacy::parse_delta("2.5e-7").value()),
            "epsilon 0.000001, delta 7.5e-7");
  EXPECT_EQ(text(std::uint64_t{12'345'678'901'234'567}), "epsilon 0.000001, delta 1.07e-2");
}

}  // namespace
}  // namespace gbx::cli
