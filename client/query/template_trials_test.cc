#include "client/query/template_trials.h"

#include <gtest/gtest.h>

#include "trusted/policy/policy_fixture.h"

namespace gbx::client {
namespace {

policy::Template template_of(std::string sql, policy::Parameter parameter) {
  policy::Template out{.name = "spenders", .sql = std::move(sql)};
  out.parameters.push_back(std::move(parameter));
  return out;
}

policy::Parameter amounts() {
  policy::Parameter out{.name = "least", .type = {Type::decimal, 2}};
  out.range = {0, 50'000};
  return out;
}

TemplateReport report_of(policy::Template entry, const std::vector<std::string>& approved_by) {
  policy::Policy policy = policy::example_policy();
  for (const std::string& member : approved_by) {
    entry.approved_by.push_back({member, policy::template_digest(entry)});
  }
  policy.templates = {std::move(entry)};
  auto reports = try_templates(policy, "newsnow");
  GBX_CHECK(reports && reports->size() == 1);
  return std::move(reports->front());
}

constexpr const char* kGood =
    "SELECT SUM(total_spent) AS s FROM exposures JOIN purchases USING (hashed_email) "
    "WHERE total_spent >= $least";

TEST(TemplateTrials, OneThatOwnersApprovedPassesAtBothEnds) {
  const TemplateReport report = report_of(template_of(kGood, amounts()), {"newsnow", "shopgood"});
  EXPECT_TRUE(report.accepted());
  ASSERT_EQ(report.trials.size(), 2u);
  EXPECT_EQ(report.trials[0].call.arguments[0].value, "0.00");
  EXPECT_EQ(report.trials[1].call.arguments[0].value, "500.00");
  EXPECT_NE(report.trials[1].verdict.canonical.find("500"), std::string::npos);
}

TEST(TemplateTrials, OwnersWhoHaveNotApprovedAreNamed) {
  const TemplateReport report = report_of(template_of(kGood, amounts()), {"newsnow"});
  EXPECT_FALSE(report.accepted());
  EXPECT_EQ(report.missing, std::vector<std::string>{"shopgood"});
  EXPECT_TRUE(report.trials[0].verdict.accepted);
  EXPECT_EQ(report_of(template_of(kGood, amounts()), {}).missing,
            (std::vector<std::string>{"newsnow", "shopgood"}));
}

TEST(TemplateTrials, EachAllowedValueIsTried) {
  policy::Parameter part{.name = "part", .type = {Type::text, 0}};
  part.allowed = {std::string("month"), std::string("nonsense"), std::string("year")};
  part.fallback = std::string("year");
  const TemplateReport report = report_of(
      template_of("SELECT SUM(total_spent) AS s FROM exposures JOIN purchases USING (hashed_email) "
                  "WHERE EXTRACT(year FROM date_trunc($part, purchase_date)) = 2025",
                  part),
      {"newsnow", "shopgood"});
  ASSERT_EQ(report.trials.size(), 3u);
  EXPECT_EQ(report.trials[0].call.arguments[0].value, "year");
  EXPECT_EQ(report.trials[2].verdict.reason, "date_part_unsupported");
  EXPECT_FALSE(report.accepted());
}

TEST(TemplateTrials, SqlThatNoRoomAnswersIsToldWithItsPlace) {
  const TemplateReport report = report_of(
      template_of("SELECT MAX(total_spent) FROM purchases WHERE total_spent > $least", amounts()),
      {"shopgood"});
  EXPECT_FALSE(report.accepted());
  EXPECT_EQ(report.trials[0].verdict.reason, "min_max_not_released");
  EXPECT_EQ(report.trials[0].verdict.where.begin, 7u);
}

}  // namespace
}  // namespace gbx::client
