#include "trusted/room/releases.h"

#include <gtest/gtest.h>

#include "tests/stat/exact.h"

namespace gbx::room {
namespace {

// One group whose key takes `bytes`.
privacy::Released released(std::size_t bytes) {
  const privacy::Plan plan = *privacy::make_plan({.grouped = true,
                                                  .groups_per_person = 1,
                                                  .people_min = 2,
                                                  .price = {privacy::kEpsilonMax, 1 << 20}});
  stat::SeededEntropy entropy(1);
  return std::move(*privacy::Releaser::release(Engine::make({{{std::string(bytes, 'x')}, {5000}}}),
                                               plan, stat::reservation_for(plan), entropy));
}

Hash key(std::size_t i) {
  Hash out{};
  out[0] = static_cast<std::uint8_t>(i);
  out[1] = static_cast<std::uint8_t>(i >> 8);
  return out;
}

TEST(Releases, FindsWhatWasAddedUnderItsKeyOnly) {
  Releases releases;
  EXPECT_EQ(releases.find(key(1)), nullptr);
  releases.add(key(1), key(100), "newsnow", released(3));
  ASSERT_NE(releases.find(key(1)), nullptr);
  EXPECT_EQ(releases.find(key(1))->request, key(100));
  EXPECT_EQ(releases.find(key(1))->released.groups().size(), 1U);
  EXPECT_EQ(releases.find(key(2)), nullptr);
  releases.clear();
  EXPECT_EQ(releases.find(key(1)), nullptr);
}

TEST(Releases, RemembersWhoHasAsked) {
  Releases releases;
  releases.add(key(1), {}, "newsnow", released(3));
  releases.give(key(1), "agency");
  releases.give(key(2), "nobody");
  EXPECT_EQ(releases.find(key(1))->members, (std::set<std::string>{"agency", "newsnow"}));
}

TEST(Releases, TheOldestGoWhenThereAreTooMany) {
  Releases releases;
  for (std::size_t i = 0; i <= Releases::kReleasesMax; i++)
    releases.add(key(i), {}, "newsnow", released(1));
  EXPECT_EQ(releases.size(), Releases::kReleasesMax);
  EXPECT_EQ(releases.find(key(0)), nullptr);
  EXPECT_NE(releases.find(key(1)), nullptr);
}

TEST(Releases, TheOldestGoWhenTheyAreTooLarge) {
  Releases releases;
  releases.add(key(0), {}, "newsnow", released(Releases::kBytesMax / 2));
  releases.add(key(1), {}, "newsnow", released(Releases::kBytesMax / 2));
  EXPECT_EQ(releases.find(key(0)), nullptr);
  EXPECT_NE(releases.find(key(1)), nullptr);
}

TEST(Releases, OneThatIsTooLargeIsNotKeptAndPushesNothingOut) {
  Releases releases;
  releases.add(key(0), {}, "newsnow", released(1));
  releases.add(key(1), {}, "newsnow", released(Releases::kBytesMax));
  EXPECT_NE(releases.find(key(0)), nullptr);
  EXPECT_EQ(releases.find(key(1)), nullptr);
}

}  // namespace
}  // namespace gbx::room
