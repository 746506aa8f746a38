#include "client/policy/row_filter_text.h"

#include <gtest/gtest.h>

#include "trusted/policy/policy_fixture.h"
#include "trusted/sql/row_filter.h"

namespace gbx::client {
namespace {

std::string reason(std::string_view text) {
  const auto filter = parse_row_filter(text);
  return filter ? "accepted" : std::string(filter.error().reason.view());
}

TEST(RowFilterText, IsSignedAsItsMeaningAndShownAsSql) {
  policy::Table table = policy::exposures_table();
  EXPECT_EQ(row_filter_text(table), "");
  const auto filter = parse_row_filter(
      "device IN ('phone', 'desktop') -- of people\n AND exposure_date >= DATE '2024-01-01'");
  ASSERT_TRUE(filter);
  table.row_filter = filter->node;
  EXPECT_EQ(row_filter_text(table),
            "((t0.device IN ('phone', 'desktop')) AND (t0.exposure_date >= DATE '2024-01-01'))");
}

TEST(RowFilterText, OnlyAConditionIsOne) {
  EXPECT_EQ(reason("a = 1"), "accepted");
  EXPECT_EQ(reason("a = 1) GROUP BY (b"), "policy_row_filter_malformed");
  EXPECT_EQ(reason("a = 1) LIMIT (1"), "policy_row_filter_malformed");
  EXPECT_EQ(reason("a IN (SELECT b FROM t)"), "policy_row_filter_malformed");
  EXPECT_EQ(reason("t.a = 1"), "policy_row_filter_malformed");
  EXPECT_EQ(reason("a = $x"), "policy_row_filter_malformed");
  EXPECT_NE(reason(""), "accepted");
  EXPECT_NE(reason("a = "), "accepted");
  EXPECT_NE(reason("a = 1); SELECT (2"), "accepted");
}

}  // namespace
}  // namespace gbx::client
