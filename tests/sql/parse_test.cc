// The wide grammar: what DuckDB's trees of sub-selects, WITH, joins, windows and unions become.

#include "trusted/sql/parse.h"
#include "trusted/sql/step.h"

#include <gtest/gtest.h>

#include "tests/sql/syntax_tree.h"

namespace gbx::sql {
namespace {

Result<Select> parsed(const std::string& sql) {
  static testing::DuckdbParser parser;
  return parse(parser.tree(sql), sql);
}

Select select(const std::string& sql) {
  Result<Select> out = parsed(sql);
  EXPECT_TRUE(out) << sql;
  return out ? std::move(*out) : Select{};
}

std::string refusal(const std::string& sql) {
  const Result<Select> out = parsed(sql);
  return out ? "accepted" : std::string(out.error().reason.view());
}

TEST(Parse, SubSelectsStandInFrom) {
  const Select out = select("SELECT COUNT(*) FROM t JOIN (SELECT p, a FROM u) AS s(q, b) ON p = q");
  ASSERT_EQ(out.tables.size(), 2U);
  EXPECT_TRUE(out.tables[0].select.empty());
  ASSERT_EQ(out.tables[1].select.size(), 1U);
  EXPECT_EQ(out.tables[1].alias, "s");
  EXPECT_EQ(out.tables[1].columns, (std::vector<std::string>{"q", "b"}));
  EXPECT_EQ(out.tables[1].select[0].items.size(), 2U);
  EXPECT_EQ(out.tables[1].select[0].tables[0].name, "u");
}

TEST(Parse, WithNamesSelects) {
  const Select out =
      select("WITH a(x) AS (SELECT p FROM t), b AS (SELECT x FROM a) SELECT COUNT(*) FROM b");
  ASSERT_EQ(out.with.size(), 2U);
  EXPECT_EQ(out.with[0].name, "a");
  EXPECT_EQ(out.with[0].columns, std::vector<std::string>{"x"});
  EXPECT_EQ(out.with[1].select[0].tables[0].name, "a");
}

TEST(Parse, JoinsSayTheirKind) {
  const auto word = [](const std::string& join) {
    const Select out = select("SELECT 1 FROM t " + join + " u USING (p)");
    return out.joins.size() == 1 ? out.joins[0].word : JoinWord::inner;
  };
  EXPECT_EQ(word("LEFT JOIN"), JoinWord::left);
  EXPECT_EQ(word("RIGHT OUTER JOIN"), JoinWord::right);
  EXPECT_EQ(word("FULL JOIN"), JoinWord::full);
  EXPECT_EQ(word("SEMI JOIN"), JoinWord::semi);
  EXPECT_EQ(word("ANTI JOIN"), JoinWord::anti);
  EXPECT_TRUE(select("SELECT 1 FROM t NATURAL LEFT JOIN u").joins[0].natural);
  EXPECT_EQ(refusal("SELECT 1 FROM t POSITIONAL JOIN u"), "join_kind_unsupported");
  EXPECT_EQ(refusal("SELECT 1 FROM t ASOF JOIN u ON t.a >= u.a"), "join_kind_unsupported");
}

TEST(Parse, ConditionsHoldSubSelects) {
  const Select exists = select("SELECT 1 FROM t WHERE NOT EXISTS (SELECT * FROM u WHERE p = t.p)");
  ASSERT_EQ(exists.filter->text, "not");
  EXPECT_EQ(exists.filter->children[0].kind, NodeKind::exists);
  EXPECT_EQ(exists.filter->children[0].select[0].items[0].node.kind, NodeKind::star);
  const Select in = select("SELECT 1 FROM t WHERE a IN (SELECT b FROM u)");
  EXPECT_EQ(in.filter->kind, NodeKind::in_select);
  EXPECT_EQ(in.filter->children[0].path, std::vector<std::string>{"a"});
  EXPECT_EQ(refusal("SELECT 1 FROM t WHERE a > (SELECT MAX(b) FROM u)"), "subquery_as_value");
  EXPECT_EQ(refusal("SELECT 1 FROM t WHERE a > ANY (SELECT b FROM u)"), "subquery_unsupported");
}

TEST(Parse, WindowsKeepTheirOrderAndFrame) {
  const Node lag =
      select("SELECT LAG(a, 2, 0) OVER (PARTITION BY p ORDER BY d DESC) FROM t").items[0].node;
  EXPECT_EQ(lag.text, "lag");
  EXPECT_EQ(lag.children.size(), 3U);
  ASSERT_EQ(lag.over.size(), 1U);
  EXPECT_EQ(lag.over[0].partition.size(), 1U);
  EXPECT_TRUE(lag.over[0].order[0].descending);
  const auto over = [](const std::string& frame) {
    return select("SELECT SUM(a) OVER (PARTITION BY p ORDER BY d " + frame + ") FROM t")
        .items[0]
        .node.over.at(0);
  };
  EXPECT_FALSE(over("").rows);
  EXPECT_TRUE(over("ROWS UNBOUNDED PRECEDING").rows);
  EXPECT_TRUE(over("ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING").to_end);
  const std::string window = "SELECT SUM(a) OVER (PARTITION BY p ORDER BY d ";
  EXPECT_EQ(over("ROWS 2 PRECEDING").first, -2);
  EXPECT_EQ(over("ROWS 2 PRECEDING").last, 0);
  EXPECT_EQ(over("ROWS BETWEEN 3 PRECEDING AND 1 PRECEDING").last, -1);
  EXPECT_EQ(over("ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING").last,
            std::int64_t{kPersonRowsMax});
  for (const char* frame : {"ROWS a PRECEDING", "ROWS BETWEEN 1 PRECEDING AND 2 PRECEDING",
                            "ROWS 1000001 PRECEDING", "RANGE BETWEEN 2 PRECEDING AND CURRENT ROW",
                            "ROWS 1.5 PRECEDING", "GROUPS BETWEEN 1 PRECEDING AND CURRENT ROW"}) {
    EXPECT_EQ(refusal(window + frame + ") FROM t"), "window_frame_unsupported") << frame;
  }
  EXPECT_EQ(refusal(window + "ROWS UNBOUNDED PRECEDING EXCLUDE TIES) FROM t"),
            "window_frame_unsupported");
  EXPECT_EQ(refusal("SELECT LAG(a IGNORE NULLS) OVER (ORDER BY d) FROM t"), "window_unsupported");
  const Node filtered =
      select("SELECT COUNT(*) FILTER (WHERE a > 1) OVER (PARTITION BY p) FROM t").items[0].node;
  EXPECT_EQ(filtered.filter.size(), 1U);
  EXPECT_TRUE(select("SELECT a FROM t QUALIFY ROW_NUMBER() OVER (ORDER BY a) = 1").qualify);
}

TEST(Parse, UnionsAreFlat) {
  const Select all = select("SELECT p FROM t UNION ALL SELECT p FROM u UNION ALL SELECT p FROM v");
  EXPECT_EQ(all.united.size(), 3U);
  EXPECT_FALSE(all.distinct);
  const Select mixed = select("SELECT p FROM t UNION ALL SELECT p FROM u UNION SELECT p FROM v");
  ASSERT_EQ(mixed.united.size(), 2U);
  EXPECT_TRUE(mixed.distinct);
  EXPECT_EQ(mixed.united[0].united.size(), 2U);
  EXPECT_EQ(refusal("SELECT p, q FROM t EXCEPT SELECT p, q FROM u"), "set_operation_unsupported");
  EXPECT_EQ(refusal("SELECT p FROM t INTERSECT ALL SELECT p FROM u"), "set_operation_unsupported");
  const Select people = select("SELECT p FROM t EXCEPT SELECT p FROM u");
  EXPECT_TRUE(people.set_operation && people.distinct);
  EXPECT_EQ(people.tables[0].columns, std::vector<std::string>{"p"});
  ASSERT_TRUE(people.filter.has_value());
  EXPECT_EQ(people.filter->text, "not");
}

TEST(Parse, GroupingSetsAreIndices) {
  const Select out = select("SELECT a, b, COUNT(*) FROM t GROUP BY ROLLUP (a, b)");
  EXPECT_EQ(out.groups.size(), 2U);
  const std::vector<std::vector<std::size_t>> sets = {{}, {0}, {0, 1}};
  EXPECT_EQ(out.grouping_sets, sets);
  EXPECT_TRUE(select("SELECT a, b, COUNT(*) FROM t GROUP BY a, b").grouping_sets.empty());
}

TEST(Parse, ParametersHaveNames) {
  const Select out = select("SELECT COUNT(*) FROM t WHERE a > $least");
  EXPECT_EQ(out.filter->children[1].kind, NodeKind::parameter);
  EXPECT_EQ(out.filter->children[1].text, "least");
  EXPECT_EQ(refusal("SELECT COUNT(*) FROM t WHERE a > ?"), "parameter_unsupported");
}

TEST(Parse, StarsMayNotBeEdited) {
  EXPECT_EQ(select("SELECT t.* FROM t").items[0].node.path, std::vector<std::string>{"t"});
  EXPECT_EQ(refusal("SELECT * EXCLUDE (a) FROM t"), "star_not_released");
  EXPECT_EQ(refusal("SELECT * REPLACE (1 AS a) FROM t"), "star_not_released");
  EXPECT_EQ(refusal("SELECT COLUMNS('a.*') FROM t"), "star_not_released");
}

TEST(Parse, SubSelectsAreCounted) {
  std::string deep = "SELECT p FROM t";
  for (int i = 0; i < 20; i++) deep = "SELECT p FROM (" + deep + ") s";
  EXPECT_EQ(refusal(deep), "too_many_subqueries");
  std::string many = "SELECT p FROM t";
  for (int i = 0; i < 70; i++) {
    many += " WHERE EXISTS (SELECT 1 FROM u)";
    if (i == 0) continue;
    many.replace(many.rfind(" WHERE"), 6, " AND");
  }
  EXPECT_EQ(refusal(many), "too_many_subqueries");
}

}  // namespace
}  // namespace gbx::sql
