#include "client/query/forecast.h"

#include <gtest/gtest.h>

#include <cmath>

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
  const auto few = found->typical_widths(0, {.people = 100'000});
  const auto many = found->typical_widths(0, {.people = 10'000'000});
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
  const auto few = found->typical_widths(0, {.people = 1'000'000});
  const auto many = found->typical_widths(0, {.people = 100'000'000});
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
  const auto few = found->typical_widths(0, {.people = 1'000'000});
  const auto many = found->typical_widths(0, {.people = 10'000'000});
  ASSERT_TRUE(few && many);
  EXPECT_NEAR(static_cast<double>(*(*few)[1]), 10 * static_cast<double>(*(*many)[1]), 10);
  EXPECT_EQ((*few)[1], (*few)[2]);
  EXPECT_GT(*(*many)[1], 0);
}

constexpr std::string_view kMoney =
    "SELECT COUNT(DISTINCT hashed_email) AS people, SUM(total_spent) AS revenue, AVG(total_spent) "
    "AS "
    "mean FROM purchases";

TEST(Forecast, TheEpsilonForAShareIsTheLeast) {
  policy::Policy pure = policy::example_policy();
  pure.privacy.epsilon_per_query = 1'000'000;
  for (const policy::Policy& policy : {pure, zcdp_policy()}) {
    const auto found = forecast(kMoney, policy);
    ASSERT_TRUE(found);
    const Expected expected = {.people = 100'000};
    for (const double share : {0.05, 0.2}) {
      const auto epsilon = found->epsilon_for_share(share, expected);
      ASSERT_TRUE(epsilon) << share;
      EXPECT_LE((*found->relative_error(*epsilon, expected))->share, share);
      EXPECT_GT((*found->relative_error(*epsilon - 1, expected))->share, share);
    }
    EXPECT_EQ(found->epsilon_for_share(1e-6, expected), std::nullopt);
  }
}

// 0.00 .. 500.00: without more said a value is 125.00. The noise of a sum does not depend on it.
TEST(Forecast, AShareIsOfWhatIsExpected) {
  const auto found =
      forecast("SELECT SUM(total_spent) AS revenue FROM purchases", policy::example_policy());
  ASSERT_TRUE(found);
  const auto share = [&](std::int64_t people, std::map<std::string, std::int64_t> values) {
    return (*found->relative_error(0, {.people = people, .values = std::move(values)}))->share;
  };
  const double quarter = share(1000, {});
  EXPECT_DOUBLE_EQ(share(1000, {{"revenue", 12'500}}), quarter);
  EXPECT_DOUBLE_EQ(share(1000, {{"revenue", 1'250}}), 10 * quarter);
  EXPECT_DOUBLE_EQ(share(10'000, {}), quarter / 10);
  EXPECT_EQ(share(1000, {{"revenue", 0}}), HUGE_VAL);
}

TEST(Forecast, ColumnsWithValuesHaveATypeOfThem) {
  const auto found = forecast(kMoney, policy::example_policy());
  ASSERT_TRUE(found);
  EXPECT_EQ(found->value_type_of("revenue"), (ValueType{Type::decimal, 2}));
  EXPECT_EQ(found->value_type_of("mean"), (ValueType{Type::decimal, 2}));
  EXPECT_EQ(found->value_type_of("people"), std::nullopt);
  EXPECT_EQ(found->value_type_of("else"), std::nullopt);
}

TEST(Forecast, WhatIsExpectedOfAnAverageMovesItsWidth) {
  const auto found =
      forecast("SELECT AVG(total_spent) AS mean FROM purchases", policy::example_policy());
  ASSERT_TRUE(found);
  const auto width = [&](std::int64_t value) {
    return *found->typical_widths(0, {.people = 100'000, .values = {{"mean", value}}})->front();
  };
  EXPECT_EQ(width(12'500), *found->typical_widths(0, {.people = 100'000})->front());
  EXPECT_LT(width(25'000), width(12'500));  // in the middle a wrong count matters not
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
