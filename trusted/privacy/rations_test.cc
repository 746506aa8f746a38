#include "trusted/privacy/rations.h"

#include <gtest/gtest.h>

namespace gbx::privacy {
namespace {

constexpr std::int64_t kNow = 1'790'000'000;
constexpr std::int64_t kDay = 86'400;

Rations rations(std::vector<Ration> of_agency) { return Rations({{"agency", of_agency}}); }

Ration ration(Window window, std::uint64_t loss) { return {window, Accounting::pure, loss}; }

TEST(Rations, ChargesOfAWindowNeverAddUpToMore) {
  Rations all = rations({ration(Window::day, 10)});
  EXPECT_TRUE(all.check("agency", 10, kNow));
  EXPECT_EQ(all.check("agency", 11, kNow).error(),
            (Error{ErrorCode::budget_exhausted, "ration_exhausted"}));
  all.charge("agency", 6, kNow);
  EXPECT_TRUE(all.check("agency", 4, kNow));
  EXPECT_FALSE(all.check("agency", 5, kNow));
}

TEST(Rations, WindowsSlide) {
  for (const auto& [window, days] :
       {std::pair{Window::day, 1}, std::pair{Window::week, 7}, std::pair{Window::month, 30}}) {
    Rations all = rations({ration(window, 10)});
    all.charge("agency", 10, kNow);
    EXPECT_FALSE(all.check("agency", 1, kNow + days * kDay - 1)) << window_name(window);
    EXPECT_TRUE(all.check("agency", 10, kNow + days * kDay)) << window_name(window);
  }
}

TEST(Rations, ALifetimeDoesNotEnd) {
  Rations all = rations({ration(Window::lifetime, 10)});
  all.charge("agency", 10, kNow);
  EXPECT_FALSE(all.check("agency", 1, kNow + 100'000 * kDay));
}

TEST(Rations, AClockThatGoesBackFreesNothing) {
  Rations all = rations({ration(Window::day, 10)});
  all.charge("agency", 10, kNow);
  EXPECT_FALSE(all.check("agency", 1, kNow - 5 * kDay));
  EXPECT_TRUE(all.check("agency", 1, kNow + kDay));
  all.charge("agency", 10, kNow - 5 * kDay);  // counts as of the latest time
  EXPECT_FALSE(all.check("agency", 1, kNow + 2 * kDay - 1));
  EXPECT_TRUE(all.check("agency", 1, kNow + 2 * kDay));
}

TEST(Rations, TheTightestDecides) {
  Rations all = rations({ration(Window::day, 10), ration(Window::lifetime, 15)});
  all.charge("agency", 10, kNow);
  EXPECT_FALSE(all.check("agency", 6, kNow + kDay));
  EXPECT_TRUE(all.check("agency", 5, kNow + kDay));
  EXPECT_EQ(all.left("agency").canonical(), R"([{"epsilon_left":"0.00001","window":"day"},)"
                                            R"({"epsilon_left":"0.000005","window":"lifetime"}])");
}

TEST(Rations, OthersAreNotRationed) {
  Rations all = rations({ration(Window::day, 10)});
  all.charge("newsnow", 1000, kNow);
  EXPECT_TRUE(all.check("newsnow", 1000, kNow));
  EXPECT_TRUE(all.check("agency", 10, kNow));
  EXPECT_FALSE(all.has("newsnow"));
}

TEST(Rations, SumsDoNotWrap) {
  Rations all = rations({ration(Window::lifetime, 10)});
  all.charge("agency", UINT64_MAX, kNow);
  all.charge("agency", UINT64_MAX, kNow);
  EXPECT_FALSE(all.check("agency", 1, kNow));
}

TEST(Rations, WindowsReadBack) {
  for (const Window window : {Window::day, Window::week, Window::month, Window::lifetime}) {
    EXPECT_EQ(window_from(window_name(window)), window);
  }
  EXPECT_FALSE(window_from("year"));
}

}  // namespace
}  // namespace gbx::privacy
