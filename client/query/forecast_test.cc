#include "client/query/forecast.h"

#include <gtest/gtest.h>

#include "trusted/policy/policy_fixture.h"

namespace gbx::client {
namespace {

constexpr std::string_view kCounts =
    "SELECT campaign_id, COUNT(DISTINCT hashed_email) AS people, SUM(total_spent) AS revenue "
    "FROM exposures JOIN purchases USING (hashed_email) GROUP BY campaign_id";

Result<Forecast> forecast(std::string_view sql, const policy::Policy& policy) {
  auto verified = policy::VerifiedPolicy::verify(policy::signed_policy(policy));
  return Forecast::make(sql, std::move(verified).value(), "newsnow");
}

policy::Policy zcdp_policy() {
  policy::Policy policy = policy::example_policy();
  policy.privacy.accounting = privacy::Accounting::zcdp;
  policy.privacy.gaussian = true;
  policy.privacy.epsilon = 30'000'000;
  policy.privacy.epsilon_per_query = 1'000'000;
  return policy;
}

TEST(Forecast, TheEpsilonForAWidthIsTheLeast) {
  policy::Policy pure = policy::example_policy();
  pure.privacy.epsilon_per_query = 1'000'000;
  for (const policy::Policy& policy : {pure, zcdp_policy()}) {
    const auto found = forecast(kCounts, policy);
    ASSERT_TRUE(found);
    for (const std::int64_t width : {25, 100, 2000}) {
      const auto epsilon = found->epsilon_for(width);
      ASSERT_TRUE(epsilon) << width;
      EXPECT_LE(**found->count_width(*epsilon), width);
      EXPECT_GT(**found->count_width(*epsilon - 1), width);
    }
  }
}

TEST(Forecast, ThePolicysPriceIsTheLimit) {
  const auto found = forecast(kCounts, policy::example_policy());
  ASSERT_TRUE(found);
  const std::int64_t least = **found->count_width(0);
  EXPECT_EQ(least, 240);
  ASSERT_TRUE(found->epsilon_for(least));
  EXPECT_LE(*found->epsilon_for(least), 100'000U);
  EXPECT_EQ(found->epsilon_for(least - 1), std::nullopt);
}

TEST(Forecast, WithoutACountThereIsNothingToAimAt) {
  const auto found =
      forecast("SELECT SUM(total_spent) AS revenue FROM purchases", policy::example_policy());
  ASSERT_TRUE(found);
  EXPECT_EQ(*found->count_width(0), std::nullopt);
  EXPECT_EQ(found->epsilon_for(1'000'000), std::nullopt);
}

TEST(Forecast, AnAverageNarrowsWithPeople) {
  const auto found = forecast(
      "SELECT campaign_id, AVG(total_spent) AS mean, SUM(total_spent) AS revenue FROM exposures "
      "JOIN purchases USING (hashed_email) GROUP BY campaign_id",
      policy::example_policy());
  ASSERT_TRUE(found);
  const auto few = found->typical_widths(0, 100'000);
  const auto many = found->typical_widths(0, 10'000'000);
  ASSERT_TRUE(few && many);
  ASSERT_EQ(few->size(), 3U);
  EXPECT_EQ((*few)[0], std::nullopt);
  EXPECT_GT(*(*many)[1], 0);
  EXPECT_NEAR(static_cast<double>(*(*few)[1]) / static_cast<double>(*(*many)[1]), 100, 20);
  EXPECT_EQ((*few)[2], (*many)[2]);  // a sum's is the same in each row
}

TEST(Forecast, ADeviationHasAWidth) {
  policy::Policy policy = policy::example_policy();
  policy.tables[1].rule.aggregate_columns.push_back(
      {{"total_spent"}, policy::AggregateFunction::variance});
  const auto found = forecast("SELECT STDDEV(total_spent) AS spread FROM purchases", policy);
  ASSERT_TRUE(found);
  const auto few = found->typical_widths(0, 1'000'000);
  const auto many = found->typical_widths(0, 100'000'000);
  ASSERT_TRUE(few && many);
  EXPECT_GT(*few->front(), *many->front());
  EXPECT_GT(*many->front(), 0);
}

TEST(Forecast, AQuantileHasAWidth) {
  policy::Policy policy = policy::example_policy();
  policy.privacy.epsilon_per_query = 1'000'000;
  policy.tables[1].rule.aggregate_columns.push_back(
      {{"total_spent"}, policy::AggregateFunction::quantile});
  const auto found = forecast(
      "SELECT COUNT(DISTINCT hashed_email) AS n, MEDIAN(total_spent) AS middle, "
      "QUANTILE_CONT(total_spent, 0.9) AS most FROM purchases",
      policy);
  ASSERT_TRUE(found) << found.error().reason.view();
  const auto few = found->typical_widths(0, 1'000'000);
  const auto many = found->typical_widths(0, 10'000'000);
  ASSERT_TRUE(few && many);
  EXPECT_NEAR(static_cast<double>(*(*few)[1]), 10 * static_cast<double>(*(*many)[1]), 10);
  EXPECT_EQ((*few)[1], (*few)[2]);
  EXPECT_GT(*(*many)[1], 0);
}

TEST(Forecast, BoundsFarApartAreFound) {
  policy::Policy policy = policy::example_policy();
  for (policy::Column& column : policy.tables[1].columns) {
    if (column.name == "total_spent") column.high = 100'000;
  }
  const auto wide = [&](const std::string& columns) {
    std::vector<std::string> out;
    const auto found = forecast("SELECT " + columns + " FROM purchases", policy);
    EXPECT_TRUE(found);
    const auto columns_found = found->wide_columns();
    EXPECT_TRUE(columns_found);
    for (const WideColumn& column : *columns_found) {
      out.push_back(column.name + " " + format_value(column.low, column.type) + " " +
                    format_value(column.high, column.type));
    }
    return out;
  };
  using Names = std::vector<std::string>;
  EXPECT_EQ(wide("SUM(total_spent) AS s, AVG(total_spent) AS a, COUNT(*) AS n"),
            (Names{"s 0.00 1000.00", "a 0.00 1000.00"}));
  policy.tables[1].rule.scalar_functions = {"CLAMP"};
  EXPECT_EQ(wide("SUM(CLAMP(total_spent, 0.01, 5000)) AS s"), Names());
  EXPECT_EQ(wide("APPROX_BOUNDS_HIGH(total_spent) AS b"), Names());
}

TEST(Forecast, WhatARoomRefusesIsRefused) {
  const auto denied = forecast("SELECT * FROM purchases", policy::example_policy());
  ASSERT_FALSE(denied);
  EXPECT_EQ(denied.error().code, ErrorCode::policy_denied);
  const auto found = forecast(kCounts, policy::example_policy());
  EXPECT_EQ(found->count_width(100'001).error().code, ErrorCode::policy_denied);
}

}  // namespace
}  // namespace gbx::client
