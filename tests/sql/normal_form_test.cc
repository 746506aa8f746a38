// Which spellings are one question, and which are not: DuckDB's parser, our binder, the normal
// form.

#include "trusted/sql/normal_form.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/sql/syntax_tree.h"
#include "trusted/sql/bind.h"
#include "trusted/sql/fixture.h"
#include "trusted/sql/parse.h"
#include "trusted/sql/print.h"

namespace gbx::sql {
namespace {

Query bound(const std::string& sql) {
  testing::DuckdbParser parser;
  const auto select = parse(parser.tree(sql), sql);
  GBX_CHECK(select);
  const auto query = bind(*select, test_catalog());
  GBX_CHECK(query);
  return *query;
}

Query formed(const std::string& sql) { return normal_form(bound(sql), test_catalog()); }

std::string question(const std::string& sql) {
  const Question question = question_of(formed(sql), test_catalog());
  std::string out = question.outline;
  for (const std::string& condition : question.conditions) out += "\n" + condition;
  return out;
}

std::string where(const std::string& condition) {
  return question("SELECT COUNT(*) FROM purchases WHERE " + condition);
}

TEST(NormalForm, ConditionsThatMeanTheSame) {
  const std::string want = where("items > 3 AND store = 'a' AND total_spent < 5");
  for (const char* same :
       {"store = 'a' AND total_spent < 5 AND items > 3",
        "(3 < items AND 'a' = store) AND 5 > total_spent",
        "items > 3 AND (store = 'a' AND total_spent < 5.00)",
        "items > 3 AND items > 3 AND store = 'a' AND total_spent < 5.0",
        "TRUE AND 1 = 1 AND 'x' <> 'y' AND items > 3 AND store = 'a' AND total_spent < 5"}) {
    EXPECT_EQ(where(same), want) << same;
  }
  EXPECT_EQ(where("items = 1 OR store = 'a'"), where("store = 'a' OR 1 = items OR items = 1"));
  EXPECT_EQ(where("store IN ('b', 'a')"), where("store IN ('a', 'b', 'a')"));
  EXPECT_EQ(where("1 = 1"), question("SELECT COUNT(*) FROM purchases"));
  EXPECT_EQ(where("purchase_date > DATE '2025-01-01' AND items = 1"),
            where("items = 1 AND DATE '2025-01-01' < purchase_date"));
}

TEST(NormalForm, ConditionsThatDoNot) {
  const std::vector<std::string> all = {where("items > 3"),
                                        where("items >= 3"),
                                        where("items < 3"),
                                        where("items > 4"),
                                        where("items > 3 AND store = 'a'"),
                                        where("items > 3 OR store = 'a'"),
                                        where("store = 'a'"),
                                        where("store <> 'a'"),
                                        where("NOT (items > 3)"),
                                        where("items > 3 AND NULL"),
                                        where("1 = 2"),
                                        where("store IN ('a', 'b')"),
                                        where("items - 3 > 3"),
                                        where("3 - items > 3"),
                                        where("total_spent > 3"),
                                        where("items > 3 AND 1 = 2"),
                                        where("items IS NULL"),
                                        where("store = 'items'"),
                                        where("(items > 3 OR store = 'a') AND loyal"),
                                        where("items > 3 OR (store = 'a' AND loyal)")};
  for (std::size_t i = 0; i < all.size(); i++) {
    EXPECT_EQ(std::count(all.begin(), all.end(), all[i]), 1) << all[i];
  }
}

TEST(NormalForm, NamesOrderAndWhatIsShownAreNotPartOfTheQuestion) {
  const std::string want = question(
      "SELECT campaign_id, COUNT(*) AS n, SUM(items) AS s FROM exposures JOIN purchases USING "
      "(hashed_email) GROUP BY campaign_id");
  EXPECT_EQ(
      question("SELECT SUM(p.items) AS b, COUNT(*) AS c, e.campaign_id AS a FROM purchases p, "
               "exposures e WHERE p.hashed_email = e.hashed_email GROUP BY e.campaign_id "
               "HAVING SUM(items) > 5 ORDER BY b DESC LIMIT 3"),
      want);
}

TEST(NormalForm, OtherGroupsAggregatesAndTablesAreOtherQuestions) {
  const std::vector<std::string> all = {
      question("SELECT COUNT(*) FROM purchases"),
      question("SELECT COUNT(items) FROM purchases"),
      question("SELECT SUM(items) FROM purchases"),
      question("SELECT COUNT(*) FROM exposures"),
      question("SELECT store, COUNT(*) FROM purchases GROUP BY store"),
      question("SELECT loyal, COUNT(*) FROM purchases GROUP BY loyal"),
      question("SELECT store, loyal, COUNT(*) FROM purchases GROUP BY store, loyal"),
      question("SELECT store, loyal, COUNT(*) FROM purchases GROUP BY loyal, store"),
      question("SELECT COUNT(*) FROM purchases JOIN exposures USING (hashed_email)"),
      question("SELECT COUNT(*) FILTER (WHERE loyal) FROM purchases")};
  for (const std::string& one : all) EXPECT_EQ(std::count(all.begin(), all.end(), one), 1) << one;
}

// What is shown stays as it was written: columns, their order, HAVING and ORDER BY.
TEST(NormalForm, OutputsFollowTheirAggregates) {
  const std::string sql =
      "SELECT SUM(items) AS b, store, COUNT(*) AS a FROM purchases GROUP BY store "
      "HAVING SUM(items) > 5 ORDER BY COUNT(*) DESC";
  const Query query = formed(sql);
  ASSERT_EQ(query.items.size(), 3U);
  EXPECT_EQ(query.items[0].name, "b");
  EXPECT_EQ(query.items[0].output, 2U);
  EXPECT_EQ(query.items[1].output, 0U);
  EXPECT_EQ(query.items[2].output, 1U);
  EXPECT_EQ(
      print(query, test_catalog()),
      "SELECT SUM(t0.items) AS \"b\", t0.store AS \"store\", COUNT(*) AS \"a\" FROM purchases AS "
      "t0 GROUP BY t0.store HAVING (SUM(t0.items) > 5) ORDER BY COUNT(*) DESC NULLS LAST");
}

TEST(NormalForm, IsItsOwnNormalForm) {
  for (const char* sql :
       {"SELECT COUNT(*) FROM purchases p JOIN exposures e ON p.hashed_email = e.hashed_email "
        "WHERE 3 < items AND (loyal OR store IN ('b', 'a')) AND exposure_date < purchase_date",
        "SELECT SUM(items), COUNT(*) FROM purchases WHERE TRUE"}) {
    const Query once = formed(sql);
    EXPECT_EQ(print(normal_form(once, test_catalog()), test_catalog()),
              print(once, test_catalog()));
  }
}

}  // namespace
}  // namespace gbx::sql
