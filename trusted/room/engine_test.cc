#include "trusted/room/engine.h"

#include <gtest/gtest.h>

namespace gbx::room {
namespace {

// SELECT text, number; one measure with partials in [-5, 10].
sql::Task task() {
  sql::Task task;
  task.tables = {"purchases"};
  sql::Expression text;
  text.op = sql::Op::column;
  text.type = {Type::text, 0};
  sql::Expression number = text;
  number.type = {Type::integer, 0};
  number.low = 1;
  number.high = 7;
  task.groups = {text, number};
  sql::Measure measure;
  measure.low = -5;
  measure.high = 10;
  task.measures = {measure};
  task.groups_max = 3;
  return task;
}

sql::GroupRow row(std::string text, std::int64_t number) {
  return {{std::move(text), number}, 4, {40}};
}

bool fits(const std::vector<sql::GroupRow>& rows) { return check_groups(task(), rows).has_value(); }

TEST(CheckGroups, WhatTheTaskAllowsPasses) {
  sql::GroupRow nulls = row("b", 2);
  nulls.key = {std::monostate{}, std::monostate{}};
  nulls.sums = {-20};
  EXPECT_TRUE(fits({row("a", 1), row("a", 7), nulls}));
  EXPECT_TRUE(fits({}));
}

TEST(CheckGroups, ARefusalIsOneConstant) {
  const auto refused = check_groups(task(), {row("a", 1), row("a", 1)});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error(), (Error{ErrorCode::unavailable, "engine_failed"}));
}

TEST(CheckGroups, AKeyTwiceIsRefused) { EXPECT_FALSE(fits({row("a", 1), row("a", 1)})); }

TEST(CheckGroups, TooManyGroupsAreRefused) {
  EXPECT_FALSE(fits({row("a", 1), row("a", 2), row("a", 3), row("a", 4)}));
}

TEST(CheckGroups, AKeyOfAnotherShapeIsRefused) {
  sql::GroupRow short_key = row("a", 1);
  short_key.key.pop_back();
  EXPECT_FALSE(fits({short_key}));
  sql::GroupRow long_key = row("a", 1);
  long_key.key.emplace_back(std::int64_t{1});
  EXPECT_FALSE(fits({long_key}));
}

TEST(CheckGroups, AKeyOfAnotherTypeIsRefused) {
  sql::GroupRow swapped = row("a", 1);
  std::swap(swapped.key[0], swapped.key[1]);
  EXPECT_FALSE(fits({swapped}));
}

TEST(CheckGroups, AKeyOutsideItsIntervalIsRefused) {
  EXPECT_FALSE(fits({row("a", 0)}));
  EXPECT_FALSE(fits({row("a", 8)}));
}

TEST(CheckGroups, AGroupOfNobodyIsRefused) {
  sql::GroupRow nobody = row("a", 1);
  nobody.persons = 0;
  nobody.sums = {0};
  EXPECT_FALSE(fits({nobody}));
  nobody.persons = -1;
  EXPECT_FALSE(fits({nobody}));
}

TEST(CheckGroups, MorePersonsThanThereCanBeAreRefused) {
  sql::GroupRow crowd = row("a", 1);
  crowd.persons = std::int64_t{1} << 62;
  EXPECT_FALSE(fits({crowd}));
}

TEST(CheckGroups, ASumBeyondTheClampIsRefused) {
  sql::GroupRow high = row("a", 1);
  high.sums = {41};
  EXPECT_FALSE(fits({high}));
  sql::GroupRow low = row("a", 1);
  low.sums = {-21};
  EXPECT_FALSE(fits({low}));
}

TEST(CheckGroups, AMissingSumIsRefused) {
  sql::GroupRow missing = row("a", 1);
  missing.sums.clear();
  EXPECT_FALSE(fits({missing}));
}

TEST(CheckGroups, AnUngroupedAnswerIsExactlyOneRowAndMayBeOfNobody) {
  sql::Task ungrouped = task();
  ungrouped.groups.clear();
  EXPECT_TRUE(check_groups(ungrouped, {{{}, 0, {0}}}));
  EXPECT_FALSE(check_groups(ungrouped, {}));
  EXPECT_FALSE(check_groups(ungrouped, {{{}, 0, {0}}, {{}, 0, {0}}}));
}

}  // namespace
}  // namespace gbx::room
