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

TEST(Rations, QueriesCountWhateverTheyCost) {
  Rations all = rations({{Window::day, Accounting::queries, 2}, ration(Window::lifetime, 100)});
  all.charge("agency", 7, kNow);
  EXPECT_TRUE(all.check("agency", 93, kNow));
  EXPECT_FALSE(all.check("agency", 94, kNow));
  all.charge("agency", 7, kNow);
  EXPECT_FALSE(all.check("agency", 1, kNow));
  EXPECT_EQ(
      all.left("agency").canonical(),
      R"([{"queries_left":"0","window":"day"},{"epsilon_left":"0.000086","window":"lifetime"}])");
  EXPECT_TRUE(all.check("agency", 86, kNow + kDay));
  Rations one = rations({{Window::lifetime, Accounting::queries, 1}});
  one.charge("agency", 7, kNow);
  EXPECT_FALSE(one.check("agency", 1, kNow + 1000 * kDay));
}

TEST(Rations, EachMemberHasAccessToEachTableForItself) {
  const std::vector<Ration> two = {{Window::lifetime, Accounting::queries, 2}};
  Rations all({{access_name("agency", "a"), two}, {access_name("newsnow", "a"), two}});
  const std::vector<std::string> both = {"a", "b"};
  const std::vector<std::string> other = {"b"};
  EXPECT_TRUE(all.has(Asker{"agency", both}));
  EXPECT_FALSE(all.has(Asker{"agency", other}));
  EXPECT_FALSE(all.has(Asker{"bank", both}));
  all.charge(Asker{"agency", both}, 5, kNow);
  all.charge(Asker{"agency", other}, 5, kNow);
  EXPECT_TRUE(all.check(Asker{"agency", both}, 5, kNow));
  Json entry;
  all.note(Asker{"agency", both}, entry);
  EXPECT_EQ(entry.canonical(),
            R"({"access":[{"left":[{"queries_left":"1","window":"lifetime"}],"table":"a"}],)"
            R"("member":"agency"})");
  all.charge(Asker{"agency", both}, 5, kNow);
  EXPECT_EQ(all.check(Asker{"agency", both}, 5, kNow).error(),
            (Error{ErrorCode::budget_exhausted, "access_exhausted"}));
  EXPECT_TRUE(all.check(Asker{"agency", other}, 5, kNow));
  EXPECT_TRUE(all.check(Asker{"newsnow", both}, 5, kNow));
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
