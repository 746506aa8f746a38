#include "cli/target.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "trusted/policy/policy_fixture.h"

namespace gbx::cli {
namespace {

using testing::HasSubstr;

std::string failure_of(const std::string& target, std::int64_t expected) {
  try {
    target_people(target, expected);
  } catch (const Failure& failure) {
    return failure.text();
  }
  return "";
}

client::Forecast forecast(std::string_view sql) {
  auto policy = policy::VerifiedPolicy::verify(policy::signed_policy(policy::example_policy()));
  return client::Forecast::make(sql, std::move(policy).value(), "newsnow").value();
}

std::string failure_of(const client::Forecast& forecast, std::int64_t people) {
  try {
    target_epsilon(forecast, people);
  } catch (const Failure& failure) {
    return failure.text();
  }
  return "";
}

TEST(Target, IsANumberOfPeopleOrAPartOfThem) {
  EXPECT_EQ(target_people("200", 0), 200);
  EXPECT_EQ(target_people("5%", 10'000), 500);
  EXPECT_EQ(target_people("0.5%", 10'000), 50);
  EXPECT_EQ(target_people("5%", 30), 1);
  EXPECT_EQ(target_people("100%", INT64_MAX), INT64_MAX);
}

TEST(Target, WrongOnesAreExplained) {
  for (const char* wrong : {"", "x", "1.5", "200 people", "99999999999999999999", "0x10"}) {
    EXPECT_THAT(failure_of(wrong, 100), HasSubstr("no number of people")) << wrong;
  }
  for (const char* wrong : {"%", "-5%", "5%%", "101%", "0%"}) {
    EXPECT_THAT(failure_of(wrong, 100), HasSubstr("no percentage")) << wrong;
  }
  EXPECT_THAT(failure_of("0", 100), HasSubstr("less than one person"));
  EXPECT_THAT(failure_of("-3", 100), HasSubstr("less than one person"));
  EXPECT_THAT(failure_of("1%", 99), HasSubstr("less than one person"));
  EXPECT_THAT(failure_of("5%", 0), HasSubstr("add --expect N"));
}

TEST(Target, ThePriceOfIt) {
  const client::Forecast people = forecast("SELECT COUNT(DISTINCT hashed_email) FROM purchases");
  EXPECT_EQ(target_epsilon(people, 100), "0.029808");
  EXPECT_THAT(failure_of(people, 1), HasSubstr("cannot be met"));
  EXPECT_THAT(failure_of(people, 1), HasSubstr("a count is within 30"));
  EXPECT_THAT(failure_of(people, 1), HasSubstr("allow 30 or more"));
  EXPECT_THAT(failure_of(forecast("SELECT SUM(total_spent) FROM purchases"), 100),
              HasSubstr("speaks of counts"));
}

TEST(Target, APercentageIsAShare) {
  EXPECT_EQ(target_share("5%"), 0.05);
  EXPECT_EQ(target_share("0.5%"), 0.005);
  for (const char* none : {"", "5", "%", "x%", "-5%"}) EXPECT_EQ(target_share(none), std::nullopt);
}

constexpr std::string_view kMoney =
    "SELECT COUNT(DISTINCT hashed_email) AS n, SUM(total_spent) AS revenue FROM purchases";

std::string failure_of(double share, const client::Expected& expected,
                       std::string_view sql = kMoney) {
  try {
    target_epsilon(forecast(sql), share, expected);
  } catch (const Failure& failure) {
    return failure.text();
  }
  return "";
}

TEST(Target, OfASumIsAShareOfWhatIsExpected) {
  const client::Forecast money = forecast(kMoney);
  const auto epsilon = [&](std::map<std::string, std::int64_t> values) {
    return privacy::parse_epsilon(
               target_epsilon(money, 0.05, {.people = 10'000'000, .values = std::move(values)}))
        .value();
  };
  EXPECT_GT(epsilon({{"revenue", 1'000}}), epsilon({}));
  EXPECT_EQ(epsilon({{"revenue", 12'500}}), epsilon({}));
  EXPECT_THAT(failure_of(0.0001, {.people = 1000}), HasSubstr("revenue is within"));
  EXPECT_THAT(failure_of(0.05, {.people = 1000, .values = {{"revenue", 0}}}),
              HasSubstr("nothing is expected in revenue"));
  EXPECT_THAT(failure_of(0.05, {.people = 1000},
                         "SELECT campaign_id FROM exposures JOIN purchases "
                         "USING (hashed_email) GROUP BY campaign_id"),
              HasSubstr("the query has none"));
}

TEST(Target, ExpectedValuesAreOfSumsAndAverages) {
  const client::Forecast money = forecast(kMoney);
  const auto failure = [&](const std::string& text) -> std::string {
    try {
      expected_values(money, {text});
    } catch (const Failure& caught) {
      return caught.text();
    }
    return "";
  };
  EXPECT_EQ(expected_values(money, {"revenue=35.5"}).at("revenue"), 3550);
  EXPECT_TRUE(expected_values(money, {}).empty());
  for (const char* wrong : {"revenue", "n=5", "=5", "profit=5", ""}) {
    EXPECT_THAT(failure(wrong), HasSubstr("no sum or average of that name")) << wrong;
  }
  for (const char* wrong : {"revenue=", "revenue=x", "revenue=1.234"}) {
    EXPECT_THAT(failure(wrong), HasSubstr("no value of that column")) << wrong;
  }
}

}  // namespace
}  // namespace gbx::cli
