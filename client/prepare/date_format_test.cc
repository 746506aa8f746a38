#include "client/prepare/date_format.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/prepare/failure.h"

namespace gbx::prepare {
namespace {

using testing::HasSubstr;

std::string date(const char* format, const char* text) {
  const auto value = DateFormat::parse(format, Type::date).read(text);
  return value ? format_date(*value) : "";
}

std::string timestamp(const char* format, const char* text) {
  const auto value = DateFormat::parse(format, Type::timestamp).read(text);
  return value ? format_value(*value, {Type::timestamp, 0}) : "";
}

TEST(DateFormat, ReadsWhatItSays) {
  EXPECT_EQ(date("%d/%m/%Y", "03/04/2025"), "2025-04-03");
  EXPECT_EQ(date("%m/%d/%Y", "03/04/2025"), "2025-03-04");
  EXPECT_EQ(date("%m/%d/%Y", " 3/4/2025\t"), "2025-03-04");
  EXPECT_EQ(date("%Y%m%d", "20251121"), "2025-11-21");
  EXPECT_EQ(date("%d %b %Y", "1 sEP 2025"), "2025-09-01");
  EXPECT_EQ(date("%b %d, %Y", "Dec 31, 2025"), "2025-12-31");
  EXPECT_EQ(date("%d/%m/%Y", "29/02/2024"), "2024-02-29");
  EXPECT_EQ(timestamp("%d.%m.%Y %H:%M:%S", "01.02.2025 9:08:07"),
            format_value(*parse_value("2025-02-01 09:08:07", {Type::timestamp, 0}),
                         {Type::timestamp, 0}));
  EXPECT_EQ(timestamp("%Y-%m-%dT%H:%M", "1969-12-31T23:59"),
            format_value(*parse_value("1969-12-31 23:59:00", {Type::timestamp, 0}),
                         {Type::timestamp, 0}));
  EXPECT_EQ(timestamp("%d/%m/%Y", "01/02/2025"),
            format_value(*parse_value("2025-02-01 00:00:00", {Type::timestamp, 0}),
                         {Type::timestamp, 0}));
}

struct Wrong {
  const char* format;
  const char* text;
};
class NotThatFormat : public testing::TestWithParam<Wrong> {};
TEST_P(NotThatFormat, IsNoDate) { EXPECT_EQ(timestamp(GetParam().format, GetParam().text), ""); }
INSTANTIATE_TEST_SUITE_P(
    All, NotThatFormat,
    testing::Values(Wrong{"%d/%m/%Y", ""}, Wrong{"%d/%m/%Y", "01/02/25"},
                    Wrong{"%d/%m/%Y", "01/02/20255"},
                    Wrong{"%d/%m/%Y",
                          "01/02/2025 "
                          "10:00"},
                    Wrong{"%d/%m/%Y", "001/02/2025"}, Wrong{"%d/%m/%Y", "01-02-2025"},
                    Wrong{"%d/%m/%Y", "29/02/2025"}, Wrong{"%d/%m/%Y", "31/04/2025"},
                    Wrong{"%d/%m/%Y", "01/13/2025"}, Wrong{"%d/%m/%Y", "00/01/2025"},
                    Wrong{"%d/%m/%Y", "01/00/2025"}, Wrong{"%d/%m/%Y", "32/01/2025"},
                    Wrong{"%d/%m/%Y", "+1/01/2025"}, Wrong{"%d/%m/%Y", "1 /01/2025"},
                    Wrong{"%Y%m%d", "2025112"}, Wrong{"%Y%m%d", "202511211"},
                    Wrong{"%d %b %Y", "1 Okt 2025"}, Wrong{"%d %b %Y", "1 September 2025"},
                    Wrong{"%d %b %Y", "1 Se"}, Wrong{"%d/%m/%Y %H:%M:%S", "01/02/2025 24:00:00"},
                    Wrong{"%d/%m/%Y %H:%M:%S", "01/02/2025 23:60:00"},
                    Wrong{"%d/%m/%Y %H:%M:%S", "01/02/2025 23:59:60"},
                    Wrong{"%d/%m/%Y %H:%M:%S", "01/02/2025 23:5:00"}));

struct Refused {
  const char* format;
  Type type;
  const char* says;
};
class FormatRefused : public testing::TestWithParam<Refused> {};
TEST_P(FormatRefused, SaysWhy) {
  try {
    static_cast<void>(DateFormat::parse(GetParam().format, GetParam().type));
    FAIL() << GetParam().format;
  } catch (const Failure& failure) {
    EXPECT_THAT(failure.what(), HasSubstr(GetParam().says));
    EXPECT_THAT(failure.what(), HasSubstr("for example"));
  }
}
INSTANTIATE_TEST_SUITE_P(All, FormatRefused,
                         testing::Values(Refused{"", Type::date, "must name the year"},
                                         Refused{"%d/%m/%y", Type::date, "knows %Y"},
                                         Refused{"%d/%m/%Y%", Type::date, "knows %Y"},
                                         Refused{"%d/%m", Type::date, "must name the year"},
                                         Refused{"%m/%Y", Type::date, "must name the year"},
                                         Refused{"%d/%Y", Type::date, "must name the year"},
                                         Refused{"%d/%m/%b/%Y", Type::date, "must name the year"},
                                         Refused{"%d/%d/%m/%Y", Type::date, "names %d twice"},
                                         Refused{"DD/MM/YYYY", Type::date, "parts begin with %"},
                                         Refused{"%d/%m/2%Y", Type::date, "parts begin with %"},
                                         Refused{"%d\n%m%Y", Type::date, "parts begin with %"},
                                         Refused{"%d/%m/%Y %H", Type::date, "type: timestamp"},
                                         Refused{"%d/%m/%Y %M", Type::timestamp, "without %H"},
                                         Refused{"%d/%m/%Y %H:%S", Type::timestamp, "without %M"},
                                         Refused{"%d/%m/%Y                                 ",
                                                 Type::date, "over 40 characters"}));

TEST(DateFormat, TheCommonOnesAreReadable) {
  EXPECT_GE(common_date_formats().size(), 20U);
  for (const DateFormat& format : common_date_formats()) EXPECT_FALSE(format.read("2025"));
}

}  // namespace
}  // namespace gbx::prepare
