#include "client/prepare/transform.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "client/prepare/failure.h"

namespace gbx::prepare {
namespace {

constexpr ValueType kText{Type::text, 0};
constexpr ValueType kInteger{Type::integer, 0};
constexpr ValueType kMoney{Type::decimal, 2};
constexpr ValueType kDate{Type::date, 0};
constexpr ValueType kTime{Type::timestamp, 0};

std::string number(const std::string& transform, const std::string& value, ValueType type) {
  const auto out =
      apply_number(parse_transform(transform, type), *parse_cell(value, type), type.type);
  return out ? format_value(*out, type) : "none";
}

TEST(Transform, BinGoesDown) {
  EXPECT_EQ(number("bin 10", "37", kInteger), "30");
  EXPECT_EQ(number("bin 10", "-3", kInteger), "-10");
  EXPECT_EQ(number("bin 10", "-10", kInteger), "-10");
  EXPECT_EQ(number("bin 2.50", "7.49", kMoney), "5.00");
}

TEST(Transform, RoundGoesToTheNearestAndHalvesAway) {
  EXPECT_EQ(number("round 10", "34", kInteger), "30");
  EXPECT_EQ(number("round 10", "35", kInteger), "40");
  EXPECT_EQ(number("round 10", "-35", kInteger), "-40");
  EXPECT_EQ(number("round 3", "4", kInteger), "3");
  EXPECT_EQ(number("round 3", "5", kInteger), "6");
  EXPECT_EQ(number("round 1", "5", kInteger), "5");
}

TEST(Transform, WhatDoesNotFitIsNotGuessed) {
  EXPECT_EQ(apply_number(parse_transform("bin 10", kInteger),
                         std::numeric_limits<std::int64_t>::min(), Type::integer),
            std::nullopt);
  EXPECT_EQ(apply_number(parse_transform("round 10", kInteger),
                         std::numeric_limits<std::int64_t>::max(), Type::integer),
            std::nullopt);
}

TEST(Transform, TruncateDates) {
  EXPECT_EQ(number("truncate year", "2025-11-21", kDate), "2025-01-01");
  EXPECT_EQ(number("truncate quarter", "2025-11-21", kDate), "2025-10-01");
  EXPECT_EQ(number("truncate month", "2025-11-21", kDate), "2025-11-01");
  EXPECT_EQ(number("truncate week", "2025-11-21", kDate), "2025-11-17");  // a Monday
  EXPECT_EQ(number("truncate week", "2025-11-17", kDate), "2025-11-17");
  EXPECT_EQ(number("truncate week", "1969-12-31", kDate), "1969-12-29");
  EXPECT_EQ(number("truncate month", "2025-11-21 13:14:15", kTime), "2025-11-01 00:00:00");
  EXPECT_EQ(number("truncate year", "1969-12-31 23:59:59", kTime), "1969-01-01 00:00:00");
}

TEST(Transform, CapMovesToTheNearestEnd) {
  EXPECT_EQ(number("cap [0, 500]", "501.00", kMoney), "500.00");
  EXPECT_EQ(number("cap [0, 500]", "-1", kMoney), "0.00");
  EXPECT_EQ(number("cap [0, 500]", "3", kMoney), "3.00");
}

TEST(Transform, PrefixCountsCharacters) {
  const Transform prefix = parse_transform("prefix 3", kText);
  EXPECT_EQ(apply_text(prefix, "02139"), "021");
  EXPECT_EQ(apply_text(prefix, "02"), "02");
  EXPECT_EQ(apply_text(prefix, "\xC3\xA4\xC3\xB6\xC3\xBC\xC3\x9F"), "\xC3\xA4\xC3\xB6\xC3\xBC");
}

TEST(Transform, MapTakesWordsItKnows) {
  Transform map{.kind = TransformKind::map, .words = {{"a", "A"}}};
  EXPECT_EQ(apply_text(map, "a"), "A");
  EXPECT_EQ(apply_text(map, "b"), std::nullopt);
  map.other = "rest";
  EXPECT_EQ(apply_text(map, "b"), "rest");
}

struct Wrong {
  const char* name;
  const char* text;
  ValueType type;
};
class WrongTransform : public testing::TestWithParam<Wrong> {};

TEST_P(WrongTransform, IsRefused) {
  EXPECT_THROW(parse_transform(GetParam().text, GetParam().type), Failure);
}

INSTANTIATE_TEST_SUITE_P(
    All, WrongTransform,
    testing::Values(
        Wrong{"unknown", "hash", kText}, Wrong{"empty", "", kText},
        Wrong{"drop_more", "drop it", kText}, Wrong{"prefix_of_number", "prefix 3", kInteger},
        Wrong{"prefix_zero", "prefix 0", kText}, Wrong{"prefix_words", "prefix few", kText},
        Wrong{"bin_of_text", "bin 3", kText}, Wrong{"bin_zero", "bin 0", kInteger},
        Wrong{"bin_negative", "bin -5", kInteger}, Wrong{"bin_scale", "bin 0.005", kMoney},
        Wrong{"truncate_of_text", "truncate year", kText},
        Wrong{"truncate_unit", "truncate day", kDate}, Wrong{"cap_of_text", "cap [1, 2]", kText},
        Wrong{"cap_one", "cap [1]", kInteger}, Wrong{"cap_reversed", "cap [2, 1]", kInteger},
        Wrong{"cap_open", "cap 1, 2", kInteger}),
    [](const testing::TestParamInfo<Wrong>& wrong) { return wrong.param.name; });

TEST(Transform, DescribesItself) {
  EXPECT_EQ(describe(parse_transform("cap [0, 9.5]", kMoney), kMoney), "cap [0.00, 9.50]");
  EXPECT_EQ(describe(parse_transform("truncate week", kDate), kDate), "truncate week");
  EXPECT_EQ(describe(parse_transform("prefix 3", kText), kText), "prefix 3");
}

// The short way to read numbers says the same as the trusted one.
TEST(ParseCell, AgreesWithParseValue) {
  for (const char* text : {"0",
                           "-0",
                           "7",
                           "-7",
                           "12.5",
                           "12.50",
                           "12.500",
                           "12.505",
                           ".5",
                           "5.",
                           "-",
                           "",
                           "+5",
                           "1e3",
                           "1,000",
                           "007",
                           "99999999999999999",
                           "1..2",
                           "1.2.3",
                           "9223372036854775807",
                           "9223372036854775808",
                           "--1",
                           "-.5",
                           "0x10"}) {
    for (const ValueType type : {kInteger, kMoney, ValueType{Type::decimal, 12}}) {
      const Result<std::int64_t> expected = parse_value(text, type);
      const std::optional<std::int64_t> got = parse_cell(text, type);
      ASSERT_EQ(got.has_value(), expected.has_value()) << text << " " << int{type.scale};
      if (got) {
        EXPECT_EQ(*got, *expected) << text;
      }
    }
  }
}

TEST(ParseCell, IgnoresBlanksAround) {
  EXPECT_EQ(parse_cell(" 5\t", kInteger), 5);
  EXPECT_EQ(parse_cell(" 2025-01-31 ", kDate), parse_date("2025-01-31").value());
  EXPECT_EQ(parse_cell("5 5", kInteger), std::nullopt);
  EXPECT_EQ(parse_cell("True", {Type::boolean, 0}), 1);
  EXPECT_EQ(parse_cell("yes", {Type::boolean, 0}), std::nullopt);
}

}  // namespace
}  // namespace gbx::prepare
