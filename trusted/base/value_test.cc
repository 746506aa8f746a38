#include "trusted/base/value.h"

#include <gtest/gtest.h>

namespace gbx {
namespace {

TEST(Decimal, ParsesAndPrintsExactly) {
  EXPECT_EQ(parse_decimal("75.50", 2).value(), 7550);
  EXPECT_EQ(parse_decimal("-0.5", 2).value(), -50);
  EXPECT_EQ(parse_decimal("3", 2).value(), 300);
  EXPECT_EQ(parse_decimal("1.500", 2).value(), 150);
  EXPECT_EQ(format_decimal(-50, 2), "-0.50");
  EXPECT_EQ(format_decimal(7550, 2), "75.50");
  EXPECT_EQ(format_decimal(INT64_MIN, 2), "-92233720368547758.08");
  for (const char* bad : {"", "-", ".", "1.", ".5", "1.005", "1e3", " 1", "1 ", "0x1", "--1",
                          "99999999999999999999"}) {
    EXPECT_FALSE(parse_decimal(bad, 2)) << bad;
  }
}

TEST(Date, EveryDayRoundTrips) {
  const std::int64_t last = parse_date("9999-12-31").value();
  for (std::int64_t days = parse_date("0001-01-01").value(); days <= last; days += 1) {
    ASSERT_EQ(days_from_civil(civil_from_days(days)), days);
  }
  EXPECT_EQ(parse_date("1970-01-01").value(), 0);
  EXPECT_EQ(parse_date("2000-02-29").value(), 11016);
  EXPECT_EQ(format_date(-1), "1969-12-31");
  for (const char* bad : {"2001-02-29", "2001-13-01", "2001-00-01", "0000-01-01", "2001-1-1",
                          "20010101", "2001-01-0a"}) {
    EXPECT_FALSE(parse_date(bad)) << bad;
  }
}

TEST(Timestamp, ParsesAndPrints) {
  for (const char* text :
       {"2025-10-12 00:00:00", "1969-12-31 23:59:59.000001", "2025-10-12 23:59:59.250000"}) {
    EXPECT_EQ(format_timestamp(parse_timestamp(text).value()), text);
  }
  EXPECT_EQ(parse_timestamp("2025-10-12T01:02:03Z").value(),
            parse_timestamp("2025-10-12 01:02:03").value());
  for (const char* bad : {"2025-10-12 24:00:00", "2025-10-12 1:00:00", "2025-10-12 01:00:00.",
                          "2025-10-12 01:00:60"}) {
    EXPECT_FALSE(parse_timestamp(bad)) << bad;
  }
}

}  // namespace
}  // namespace gbx
