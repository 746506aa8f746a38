#include "client/query/static_check.h"

#include <gtest/gtest.h>

#include "client/policy/rehearsal.h"
#include "trusted/policy/policy_fixture.h"

namespace gbx::client {
namespace {

std::vector<std::string> texts(std::string_view file) {
  std::vector<std::string> out;
  for (const Statement& statement : split_statements(file)) out.push_back(statement.text);
  return out;
}

TEST(SplitStatements, SemicolonsBetweenTokensPart) {
  using Texts = std::vector<std::string>;
  EXPECT_EQ(texts("SELECT 1; SELECT 2"), (Texts{"SELECT 1", "SELECT 2"}));
  EXPECT_EQ(texts(" ;; SELECT 1 ;\n; "), Texts{"SELECT 1"});
  EXPECT_EQ(texts("SELECT ';', \";\" -- ; no\n; SELECT 2 /* ; */ + 1"),
            (Texts{"SELECT ';', \";\"", "SELECT 2 /* ; */ + 1"}));
  EXPECT_EQ(texts("SELECT $$;$$;SELECT 'it''s;'"), (Texts{"SELECT $$;$$", "SELECT 'it''s;'"}));
  EXPECT_EQ(texts("-- nothing\n"), Texts{});
  EXPECT_EQ(texts("SELECT 'open; SELECT 2"), Texts{"SELECT 'open; SELECT 2"});
}

TEST(SplitStatements, PlacesAreThoseOfTheFile) {
  const std::string file = "-- first\nSELECT 1;\n  SELECT 22 ;";
  const std::vector<Statement> statements = split_statements(file);
  ASSERT_EQ(statements.size(), 2U);
  for (const Statement& statement : statements) {
    const Span where = statement.where;
    EXPECT_EQ(file.substr(where.begin, where.end - where.begin), statement.text);
  }
}

class StaticCheckTest : public testing::Test {
 protected:
  Verdict check(std::string_view sql, const std::string& member = "newsnow") {
    return checker_->check(sql, member);
  }
  Result<StaticCheck> checker_ = StaticCheck::make(rehearse(policy::example_policy()));
};

TEST_F(StaticCheckTest, WhatIsAllowedHasItsPriceAndStability) {
  const Verdict verdict = check(
      "SELECT campaign_id, COUNT(DISTINCT hashed_email) AS people, SUM(total_spent) AS revenue "
      "FROM exposures JOIN purchases USING (hashed_email) GROUP BY campaign_id");
  ASSERT_TRUE(verdict.accepted) << verdict.reason;
  EXPECT_EQ(verdict.path, "merge");
  EXPECT_EQ(verdict.tables, (std::vector<std::string>{"exposures", "purchases"}));
  EXPECT_EQ(verdict.persons,
            (std::vector<std::string>{"exposures.hashed_email", "purchases.hashed_email"}));
  EXPECT_EQ(verdict.people_min, 50);
  EXPECT_EQ(verdict.groups_per_person, 4U);
  EXPECT_EQ(verdict.rows_per_group, 20U);
  EXPECT_EQ(verdict.price.loss, 100'000U);
  ASSERT_EQ(verdict.columns.size(), 3U);
  EXPECT_FALSE(verdict.columns[0].noised);
  EXPECT_EQ(verdict.columns[1].half_width, 240);
  EXPECT_GT(verdict.columns[2].half_width, 0);
  EXPECT_EQ(verdict.columns[2].scale, 2);
}

TEST_F(StaticCheckTest, WhatIsNotHasItsReasonAndPlace) {
  const Verdict verdict = check("SELECT * FROM purchases");
  EXPECT_FALSE(verdict.accepted);
  EXPECT_EQ(verdict.code, ErrorCode::policy_denied);
  EXPECT_EQ(verdict.reason, "star_not_released");
  EXPECT_EQ(verdict.where.begin, 7U);
  EXPECT_EQ(check("SELEC").reason, "syntax_error");
  EXPECT_EQ(check("").reason, "query_empty");
  EXPECT_EQ(check("SELECT '\xff'").reason, "text_malformed");
  EXPECT_EQ(check(std::string(70'000, ' ')).reason, "query_too_long");
}

TEST_F(StaticCheckTest, WhoAsksMatters) {
  constexpr std::string_view kQuery = "SELECT COUNT(DISTINCT hashed_email) FROM purchases";
  EXPECT_TRUE(check(kQuery, "newsnow").accepted);
  EXPECT_FALSE(check(kQuery, "shopgood").accepted);
  EXPECT_FALSE(check(kQuery, "nobody").accepted);
}

TEST_F(StaticCheckTest, WhatOnlyHavingAndOrderReadIsPaidForAndSaid) {
  const Verdict verdict = check(
      "SELECT SUM(total_spent) AS s FROM purchases JOIN exposures USING (hashed_email) "
      "GROUP BY campaign_id HAVING COUNT(*) > 3 AND COUNT(DISTINCT hashed_email) > 60 "
      "ORDER BY AVG(total_spent)");
  ASSERT_TRUE(verdict.accepted) << verdict.reason;
  ASSERT_EQ(verdict.unseen.size(), 3U);
  std::uint64_t unseen = 0;
  for (const Verdict::Column& column : verdict.unseen) {
    unseen += column.loss;
    // Persons are noised for every question.
    const bool persons = column.name.find("DISTINCT") != std::string::npos;
    EXPECT_TRUE(!persons || column.loss == 0) << column.name;
  }
  EXPECT_GT(unseen, 0U);
  EXPECT_LT(unseen, verdict.price.loss);
  EXPECT_TRUE(check("SELECT COUNT(*) AS n FROM purchases HAVING COUNT(*) > 1").unseen.empty());
}

}  // namespace
}  // namespace gbx::client
