// Which spellings are one question, and which are not: DuckDB's parser, our binder, the normal
// form.

#include "trusted/sql/normal_form.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

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

// ROUND(x, 5) of six digits and x / 10 are the same units; as text and as average they differ.
TEST(Rounding, IsNotPrintedAsDivisionIs) {
  Catalog catalog;
  CatalogColumn column;
  column.name = "x";
  column.type = {Type::decimal, 6};
  column.low = 0;
  column.high = 100'000;
  column.bounded = true;
  catalog.tables.push_back({"t", "owner", "p", {column}, 1});
  const auto printed = [&](const std::string& sql) {
    testing::DuckdbParser parser;
    const auto query = bind(*parse(parser.tree(sql), sql), catalog);
    GBX_CHECK(query);
    return print(*query, catalog);
  };
  const auto like = [&](const std::string& from, const std::string& number) {
    return printed("SELECT COUNT(*) FROM " + from + " WHERE CAST(" + number +
                   " AS VARCHAR) LIKE '1.2%'");
  };
  EXPECT_NE(like("t", "ROUND(x, 5)"), like("t", "x / 10"));
  const auto group = [](const std::string& number) {
    return "(SELECT p, MAX(" + number + ") AS y FROM t GROUP BY p)";
  };
  EXPECT_NE(like(group("ROUND(x, 5)"), "y"), like(group("x / 10"), "y"));
  EXPECT_NE(like("t", "ROUND(x)"), like("t", "x / 1000000"));
  const auto sum = [&](const std::string& number) {
    return printed("SELECT SUM(y) FROM (SELECT p, AVG(" + number + ") AS y FROM t GROUP BY p)");
  };
  EXPECT_NE(sum("ROUND(x, 5)"), sum("x / 10"));
}

// All short expressions of some words: what is printed alike is the same, to the type. Else who
// asks one question could be given the answer of another. (Of NULL alone the type is not printed.)
class Words {
 public:
  explicit Words(Catalog catalog) : catalog_(std::move(catalog)) {}

  void hold(const std::string& condition) {
    const std::string sql = "SELECT COUNT(*) FROM t WHERE " + condition;
    const auto select = parse(parser_.tree(sql), sql);
    if (!select) return;
    const auto query = bind(*select, catalog_);
    if (!query || !query->has_filter) return;
    bound_++;
    const auto [known, fresh] = printed_.try_emplace(print(*query, catalog_), *query, condition);
    if (fresh) return;
    again_++;
    EXPECT_TRUE(same(known->second.first.filter, query->filter)) << known->second.second << "\n"
                                                                 << condition;
  }
  [[nodiscard]] std::size_t bound() const { return bound_; }
  [[nodiscard]] std::size_t again() const { return again_; }

 private:
  testing::DuckdbParser parser_;
  Catalog catalog_;
  std::map<std::string, std::pair<Query, std::string>> printed_;
  std::size_t bound_ = 0;
  std::size_t again_ = 0;
};

const std::vector<std::string> kLeaves = {"i", "x",  "z",   "d",   "m",    "s",   "b",   "1",
                                          "2", "10", "1.0", "100", "1000", "'1'", "'a'", "TRUE"};
const std::vector<std::string> kWords = {"round(#)",
                                         "round(#, 1)",
                                         "round(#, 5)",
                                         "trunc(#)",
                                         "trunc(#, 1)",
                                         "floor(#)",
                                         "ceil(#)",
                                         "CAST(# AS INTEGER)",
                                         "CAST(# AS DECIMAL(18, 1))",
                                         "CAST(# AS DECIMAL(18, 6))",
                                         "CAST(# AS TIMESTAMP)",
                                         "CAST(# AS DATE)",
                                         "CAST(# AS VARCHAR)",
                                         "CAST(# AS BOOLEAN)",
                                         "- #",
                                         "abs(#)",
                                         "sign(#)",
                                         "year(#)",
                                         "month(#)",
                                         "day(#)",
                                         "isodow(#)",
                                         "dow(#)",
                                         "doy(#)",
                                         "week(#)",
                                         "quarter(#)",
                                         "last_day(#)",
                                         "date_trunc('day', #)",
                                         "date_trunc('hour', #)",
                                         "date_trunc('week', #)",
                                         "date_trunc('year', #)",
                                         "epoch(#)",
                                         "hour(#)",
                                         "minute(#)",
                                         "strftime(#, '%Y')",
                                         "strftime(#, '%m')",
                                         "dayname(#)",
                                         "monthname(#)",
                                         "length(#)",
                                         "lower(#)",
                                         "upper(#)",
                                         "trim(#)",
                                         "ltrim(#)",
                                         "rtrim(#)",
                                         "trim(#, 'a')",
                                         "left(#, 1)",
                                         "right(#, 1)",
                                         "substring(#, 2)",
                                         "reverse(#)",
                                         "initcap(#)",
                                         "square(#)",
                                         "power(#, 3)",
                                         "clamp(#, 0, 1)",
                                         "width_bucket(#, 0, 10, 5)",
                                         "NOT #",
                                         "# IS NULL",
                                         "# IS TRUE"};
const std::vector<std::string> kPairs = {"# + @",
                                         "# - @",
                                         "# * @",
                                         "# / @",
                                         "# // @",
                                         "# % @",
                                         "# || @",
                                         "coalesce(#, @)",
                                         "nullif(#, @)",
                                         "greatest(#, @)",
                                         "least(#, @)",
                                         "CASE WHEN b THEN # ELSE @ END",
                                         "CASE # WHEN @ THEN 1 END",
                                         "date_diff('day', #, @)",
                                         "date_diff('month', #, @)",
                                         "date_sub('week', #, @)",
                                         "replace(#, 'a', @)",
                                         "strpos(#, @)",
                                         "# AND @",
                                         "# OR @",
                                         "# = @",
                                         "# < @",
                                         "# IN (@, 1)",
                                         "# LIKE @"};

Catalog one_of_each() {
  Catalog catalog;
  catalog.tables.push_back({"t", "owner", "p", {}, 1});
  const auto column = [&](std::string name, ValueType type, std::int64_t low, std::int64_t high) {
    CatalogColumn made;
    made.name = std::move(name);
    made.type = type;
    made.low = low;
    made.high = high;
    made.bounded = type.type != Type::text;
    catalog.tables[0].columns.push_back(made);
  };
  column("i", {Type::integer, 0}, 0, 1000);
  column("x", {Type::decimal, 2}, 0, 100'000);
  column("z", {Type::decimal, 6}, 0, 100'000);
  column("d", {Type::date, 0}, 19'000, 20'000);
  column("m", {Type::timestamp, 0}, 1'640'000'000'000'000, 1'700'000'000'000'000);
  column("s", {Type::text, 0}, 0, 0);
  column("b", {Type::boolean, 0}, 0, 1);
  return catalog;
}

// `form` with `a` for # and `b` for @.
std::string put(std::string form, const std::string& a, const std::string& b) {
  for (const auto& [mark, text] : {std::pair('#', &a), std::pair('@', &b)}) {
    const std::size_t at = form.find(mark);
    if (at != std::string::npos) form.replace(at, 1, "(" + *text + ")");
  }
  return form;
}

TEST(Spelling, OfDifferentExpressionsDiffers) {
  Words all(one_of_each());
  const auto hold = [&](const std::string& e) {
    all.hold("CAST(" + e + " AS VARCHAR) LIKE '1%'");
    all.hold("(" + e + ") > 1");
  };
  for (const std::string& a : kLeaves) {
    for (const std::string& word : kWords) hold(put(word, a, ""));
    for (const std::string& b : kLeaves) {
      for (const std::string& pair : kPairs) hold(put(pair, a, b));
    }
  }
  EXPECT_GT(all.bound(), 2'000U);
  EXPECT_GT(all.again(), 200U);
}

// A table may be called as steps are printed: then steps are called otherwise.
TEST(Steps, AreNotPrintedAsTablesAre) {
  Catalog catalog;
  for (const std::string name : {"s0", "SS12", "sale"}) {
    CatalogColumn column;
    column.name = "x";
    column.type = {Type::integer, 0};
    catalog.tables.push_back({name, "owner", "p", {column}, 1});
  }
  const auto printed = [&](const std::string& sql) {
    testing::DuckdbParser parser;
    const auto select = parse(parser.tree(sql), sql);
    GBX_CHECK(select);
    const auto query = bind(*select, catalog);
    GBX_CHECK(query);
    return print(*query, catalog);
  };
  const std::string text = printed("SELECT COUNT(*) FROM (SELECT DISTINCT p, x FROM s0) a");
  EXPECT_EQ(text.find("WITH sss0 AS ("), 0U) << text;
  EXPECT_NE(text.find("FROM s0 AS t0"), std::string::npos) << text;
  EXPECT_NE(text.find("FROM sss0 AS t0"), std::string::npos) << text;
  catalog.tables.resize(1);
  catalog.tables[0].name = "sale";
  EXPECT_EQ(printed("SELECT COUNT(*) FROM (SELECT DISTINCT p, x FROM sale) a").find("WITH s0 AS ("),
            0U);
}

// What no engine takes is refused before it is paid for.
TEST(Steps, OfMoreTablesThanAnEngineTakes) {
  Catalog catalog;
  for (int i = 0; i < 17; i++) {
    catalog.tables.push_back({"t" + std::to_string(i), "owner", "p", {}, 1});
  }
  const auto reason = [&](int tables) -> std::string {
    std::string sql = "SELECT COUNT(*) FROM (SELECT p FROM t0";
    for (int i = 1; i < tables; i++) {
      sql +=
          i == 8 ? ") a JOIN (SELECT p FROM t8" : " UNION ALL SELECT p FROM t" + std::to_string(i);
    }
    sql += ") b ON a.p = b.p";
    testing::DuckdbParser parser;
    const auto select = parse(parser.tree(sql), sql);
    GBX_CHECK(select);
    const auto query = bind(*select, catalog);
    return query ? "" : std::string(query.error().reason.view());
  };
  EXPECT_EQ(reason(16), "");
  EXPECT_EQ(reason(17), "too_many_tables");
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

TEST(NormalForm, SubSelectsThatMeanTheSame) {
  const std::string counted = question(
      "SELECT n, COUNT(*) FROM (SELECT hashed_email, COUNT(*) AS n FROM purchases WHERE "
      "items > 3 AND loyal GROUP BY hashed_email) GROUP BY n");
  for (const char* same :
       {"WITH c AS (SELECT hashed_email AS who, COUNT(*) AS m FROM purchases p WHERE loyal AND "
        "3 < p.items GROUP BY 1) SELECT m, COUNT(*) FROM c AS d GROUP BY d.m",
        "WITH unused AS (SELECT * FROM exposures), p AS (SELECT * FROM purchases WHERE loyal) "
        "SELECT n, COUNT(*) FROM (SELECT hashed_email, SUM(total_spent) AS s, COUNT(*) AS n FROM p "
        "WHERE items > 3 GROUP BY hashed_email) GROUP BY n"}) {
    EXPECT_EQ(question(same), counted) << same;
  }
  const std::string flat =
      question("SELECT SUM(items) FROM purchases JOIN exposures USING (hashed_email) WHERE loyal");
  for (const char* same :
       {"SELECT SUM(n) FROM (SELECT hashed_email, items AS n FROM purchases WHERE loyal) p JOIN "
        "exposures e ON p.hashed_email = e.hashed_email",
        "WITH e AS (SELECT * FROM exposures), p AS (SELECT * FROM purchases) SELECT SUM(items) "
        "FROM "
        "(SELECT e.hashed_email, items, loyal FROM e NATURAL JOIN p) WHERE loyal"}) {
    EXPECT_EQ(question(same), flat) << same;
  }
  EXPECT_EQ(question("SELECT COUNT(*) FROM purchases p WHERE EXISTS (SELECT 1 FROM exposures e "
                     "WHERE e.hashed_email = p.hashed_email)"),
            question("SELECT COUNT(*) FROM purchases SEMI JOIN exposures USING (hashed_email)"));
  EXPECT_EQ(question("SELECT COUNT(*) FROM purchases a, purchases b WHERE a.items < b.items AND "
                     "a.hashed_email = b.hashed_email"),
            question("SELECT COUNT(*) FROM purchases a JOIN purchases b ON a.hashed_email = "
                     "b.hashed_email AND b.items > a.items"));
}

TEST(NormalForm, SubSelectsThatDoNot) {
  const auto windowed = [](const std::string& window) {
    return question("SELECT COUNT(*) FROM (SELECT hashed_email, " + window +
                    " AS n FROM purchases) WHERE n > 1");
  };
  const auto counted = [](const std::string& join) {
    return question("SELECT COUNT(*) FROM purchases a " + join +
                    " exposures b USING (hashed_email)");
  };
  const auto united = [](const std::string& word, const std::string& column) {
    return question("SELECT COUNT(*) FROM (SELECT hashed_email, store FROM purchases " + word +
                    " SELECT hashed_email, " + column + " FROM purchases) WHERE store = 'a'");
  };
  const std::string over = " OVER (PARTITION BY hashed_email";
  const std::vector<std::string> all = {
      windowed("ROW_NUMBER()" + over + " ORDER BY items)"),
      windowed("ROW_NUMBER()" + over + " ORDER BY items DESC)"),
      windowed("ROW_NUMBER()" + over + " ORDER BY items NULLS FIRST)"),
      windowed("ROW_NUMBER()" + over + ", store ORDER BY items)"),
      windowed("RANK()" + over + " ORDER BY items)"),
      windowed("DENSE_RANK()" + over + " ORDER BY items)"),
      windowed("LAG(items)" + over + " ORDER BY items)"),
      windowed("LAG(items, 2)" + over + " ORDER BY items)"),
      windowed("LEAD(items)" + over + " ORDER BY items)"),
      windowed("SUM(items)" + over + " ORDER BY items)"),
      windowed("SUM(items)" + over + " ORDER BY items ROWS UNBOUNDED PRECEDING)"),
      windowed("SUM(items)" + over + ")"),
      windowed("MIN(items)" + over + ")"),
      windowed("COUNT(items)" + over + ")"),
      windowed("COUNT(*)" + over + ")"),
      counted("JOIN"),
      counted("LEFT JOIN"),
      counted("RIGHT JOIN"),
      counted("FULL JOIN"),
      counted("SEMI JOIN"),
      counted("ANTI JOIN"),
      united("UNION ALL", "store"),
      united("UNION", "store"),
      united("UNION ALL", "NULL"),
      question("SELECT COUNT(*) FROM (SELECT DISTINCT hashed_email, store FROM purchases)"),
      question("SELECT COUNT(*) FROM (SELECT hashed_email, store FROM purchases)"),
      question("SELECT store, COUNT(*) FROM purchases GROUP BY ROLLUP (store)"),
      question("SELECT store, COUNT(*) FROM purchases GROUP BY GROUPING SETS ((store), (store))"),
      question("SELECT COUNT(*) FROM purchases a JOIN purchases b USING (hashed_email)"),
      question("SELECT COUNT(*) FROM purchases a JOIN purchases b USING (hashed_email, store)"),
      question("SELECT COUNT(*) FROM purchases p WHERE EXISTS (SELECT 1 FROM purchases q WHERE "
               "q.hashed_email = p.hashed_email AND q.items > 3)"),
      question(
          "SELECT COUNT(*) FROM purchases p WHERE items > 3 AND EXISTS (SELECT 1 FROM purchases "
          "q WHERE q.hashed_email = p.hashed_email)")};
  for (const std::string& one : all) EXPECT_EQ(std::count(all.begin(), all.end(), one), 1) << one;
}

// NULLs of different types stand in different steps.
TEST(NormalForm, NullsKeepTheirTypes) {
  const Query query = formed(
      "SELECT COUNT(*) FROM (SELECT hashed_email, store, items FROM purchases UNION ALL SELECT "
      "hashed_email, NULL, 1 FROM exposures UNION ALL SELECT hashed_email, 'a', NULL FROM "
      "exposures)"
      " WHERE store = 'a' AND items = 1");
  for (const Step& step : query.steps) {
    if (step.kind != StepKind::append) continue;
    for (const Input& input : step.inputs) {
      const auto columns = columns_of(query.steps[input.source - query.relations.size()]);
      ASSERT_EQ(columns.size(), 2U);
      EXPECT_EQ(columns[0].type.type, Type::text);
      EXPECT_EQ(columns[1].type.type, Type::integer);
    }
  }
  const auto typed = [](const std::string& null) {
    return question(
        "SELECT COUNT(*) FROM (SELECT hashed_email, NULL AS a, NULL AS b FROM purchases "
        "UNION ALL SELECT hashed_email, " +
        null + " FROM purchases) WHERE a IS NULL");
  };
  EXPECT_EQ(typed("items, store"), typed("items, loyal"));
  EXPECT_NE(typed("items, store"), typed("store, items"));
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
