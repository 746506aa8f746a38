// The reader of statements, and the importers of BigQuery and Snowflake that stand on it.

#include "client/import/ddl.h"

#include <gtest/gtest.h>

namespace gbx::client {
namespace {

std::string why_not(ImportSource source, const std::string& sql) {
  try {
    import_policy(source, {{"file.sql", sql}});
  } catch (const Mistake& mistake) {
    return mistake.where() + " " + mistake.why();
  }
  return "it was imported";
}

bool says(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(Ddl, StatementsEndWithSemicolonsOutsideOfQuotesAndComments) {
  const ImportFile file{"f", "a 'b;''c' \"d;\"; -- e;\n/* f; */ g.h; // i;\n;;"};
  std::vector<DdlStatement> found = split_ddl(file, false);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_TRUE(found[0].take("A"));
  EXPECT_EQ(found[0].text(), "b;'c");
  EXPECT_EQ(found[0].peek().kind, DdlKind::quoted);
  EXPECT_EQ(found[1].place(), "f:2");
  EXPECT_EQ(found[1].name(), "h");
  EXPECT_TRUE(found[1].done());
}

TEST(Ddl, TriplesAndBackquotesAreBigQuerys) {
  std::vector<DdlStatement> found = split_ddl({"f", "'''a;'b''' \"c\\\"\" `d-e.f` # g"}, true);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].text(), "a;'b");
  EXPECT_EQ(found[0].text(), "c\"");
  EXPECT_EQ(found[0].name(), "f");
  EXPECT_TRUE(found[0].done());
}

TEST(Ddl, WhatHasNoEndIsRefused) {
  for (const char* text : {"'a", "\"a", "/* a", "'''a''", "`a"}) {
    EXPECT_THROW(split_ddl({"f", text}, true), Mistake) << text;
  }
  EXPECT_THROW(split_ddl({"f", "'\\n'"}, true), Mistake);
  std::string many;
  for (int i = 0; i < 100'001; i++) many += "a ";
  EXPECT_THROW(split_ddl({"f", many}, false), Mistake);
  std::vector<DdlStatement> open = split_ddl({"f", "(((a"}, false);
  EXPECT_THROW(open[0].skip_parentheses(), Mistake);
}

TEST(ImportBigQuery, OnlyViewsWithAPolicyThatIsUnderstood) {
  const auto view = [](const std::string& policy) {
    return "CREATE VIEW d.v OPTIONS (privacy_policy = '''" + policy + "''') AS SELECT a, b FROM t";
  };
  const auto why = [&](const std::string& sql) { return why_not(ImportSource::bigquery, sql); };
  const auto threshold = [&](const std::string& body) {
    return why(view(R"({"aggregation_threshold_policy": {)" + body + "}}"));
  };
  const auto privacy = [&](const std::string& body) {
    return why(view(R"({"differential_privacy_policy": {)" + body + "}}"));
  };
  const auto joins = [&](const std::string& body) {
    return why(view(R"({"join_restriction_policy": {)" + body + "}}"));
  };
  EXPECT_EQ(threshold(R"("threshold": 50, "privacy_unit_columns": "a")"), "it was imported");
  EXPECT_TRUE(says(why("DROP VIEW v"), "file.sql:1 this is neither"));
  EXPECT_TRUE(says(why("CREATE TABLE t (a INT64)"), "neither"));
  EXPECT_TRUE(says(why("CREATE VIEW v AS SELECT a FROM t"), "no table with a rule"));
  EXPECT_TRUE(says(why(view("{")), "no JSON"));
  EXPECT_TRUE(says(why(view(R"({"row_policy": {}})")), "does not know"));
  EXPECT_TRUE(says(threshold(R"("threshold": 0, "privacy_unit_column": "a")"), "threshold"));
  EXPECT_TRUE(says(threshold(R"("threshold": 5)"), "privacy unit"));
  EXPECT_TRUE(
      says(threshold(R"("threshold": 5, "privacy_unit_column": ["a", "b"])"), "privacy unit"));
  EXPECT_TRUE(
      says(privacy(R"("privacy_unit_column": "a", "epsilon_budget": -1)"), "epsilon_budget"));
  EXPECT_TRUE(says(joins(R"("join_condition": "JOIN_ALL", "join_allowed_columns": ["a", "b"])"),
                   "more columns"));
  EXPECT_TRUE(says(joins(R"("join_condition": "JOIN_SOME", "join_allowed_columns": ["a"])"),
                   "join_condition"));
  EXPECT_TRUE(says(why("ALTER VIEW v SET OPTIONS (privacy_policy = '{}') x"), "more stands here"));
}

TEST(ImportBigQuery, JoinsAreAsTheRestrictionSays) {
  const auto yaml = [](const std::string& condition, const std::string& columns) {
    const std::string policy =
        R"({"aggregation_threshold_policy": {"threshold": 50, "privacy_unit_column": "a"},
      "join_restriction_policy": {"join_condition": ")" +
        condition + R"(", "join_allowed_columns": [)" + columns + "]}}";
    return import_policy(
               ImportSource::bigquery,
               {{"f", "ALTER VIEW v SET OPTIONS (labels = [('x', 'y')], privacy_policy = '''" +
                          policy + "''')"}})
        .yaml;
  };
  EXPECT_TRUE(says(yaml("JOIN_ANY", R"("a", "b")"), "joinColumns: [a]\n        joinRequired"));
  EXPECT_TRUE(says(yaml("JOIN_ALL", R"("a")"), "joinColumns: [a]\n        joinRequired"));
  EXPECT_TRUE(says(yaml("JOIN_NOT_REQUIRED", R"("a")"),
                   "custom:\n        allowedAnalyses: [ANY_QUERY]\n"
                   "        allowedAnalysisProviders: [FILL_IN_asker]\n"
                   "        aggregationThresholds:\n          - {columnName: a, minimum: 50"));
  EXPECT_TRUE(says(yaml("JOIN_NOT_REQUIRED", R"("b")"), "joinColumns: []"));
  EXPECT_TRUE(says(yaml("JOIN_BLOCKED", ""), "joinColumns: []"));
}

const std::string kPolicies =
    "CREATE AGGREGATION POLICY p AS () RETURNS AGGREGATION_CONSTRAINT -> "
    "AGGREGATION_CONSTRAINT(MIN_ROW_COUNT => 7, MIN_ENTITY_COUNT => 5) COMMENT = 'x';"
    "CREATE JOIN POLICY j AS () RETURNS JOIN_CONSTRAINT -> JOIN_CONSTRAINT(JOIN_REQUIRED => "
    "FALSE);";

TEST(ImportSnowflake, OnlyStatementsThatAreUnderstood) {
  const auto why = [&](const std::string& sql) {
    return why_not(ImportSource::snowflake, kPolicies + sql);
  };
  EXPECT_EQ(why("ALTER TABLE t SET AGGREGATION POLICY p ENTITY KEY (a) FORCE"), "it was imported");
  EXPECT_TRUE(says(why("ALTER TABLE t SET MASKING POLICY m"), "not understood"));
  EXPECT_TRUE(says(why("ALTER TABLE t MODIFY COLUMN a SET MASKING POLICY m"), "expected"));
  EXPECT_TRUE(says(why("ALTER TABLE t ADD ROW ACCESS POLICY r ON (a)"), "created nowhere"));
  EXPECT_TRUE(says(why("ALTER TABLE t UNSET AGGREGATION POLICY"), "expected"));
  EXPECT_TRUE(says(why("ALTER TABLE t SET AGGREGATION POLICY other"), "created nowhere"));
  EXPECT_TRUE(says(why("CREATE TABLE t (a INT)"), "no policy of it"));
  EXPECT_TRUE(says(why("CREATE TABLE t (a INT MASKING POLICY m) AGGREGATION POLICY p"),
                   "property of a column"));
  EXPECT_TRUE(says(why("CREATE AGGREGATION POLICY q AS () RETURNS AGGREGATION_CONSTRAINT -> f()"),
                   "not understood"));
  EXPECT_TRUE(says(why("CREATE AGGREGATION POLICY q AS () RETURNS AGGREGATION_CONSTRAINT -> CASE "
                       "WHEN (SELECT 1) = 1 THEN AGGREGATION_CONSTRAINT(MIN_GROUP_SIZE => 3) END"),
                   "not understood"));
  EXPECT_TRUE(says(why("CREATE AGGREGATION POLICY q AS () RETURNS AGGREGATION_CONSTRAINT -> CASE "
                       "WHEN TRUE THEN 1 END"),
                   "no constraint"));
  EXPECT_TRUE(says(why("CREATE AGGREGATION POLICY q AS () RETURNS AGGREGATION_CONSTRAINT -> "
                       "AGGREGATION_CONSTRAINT(MIN_GROUP_SIZE => x)"),
                   "number"));
}

TEST(ImportSnowflake, TheStrictestHolds) {
  const auto yaml = [](const std::string& sql) {
    return import_policy(ImportSource::snowflake, {{"f", kPolicies + sql}}).yaml;
  };
  const std::string of = "ALTER TABLE t SET AGGREGATION POLICY p ENTITY KEY (a);";
  EXPECT_TRUE(says(yaml(of), "minimum: 7"));
  EXPECT_TRUE(
      says(yaml(of + "ALTER TABLE t SET JOIN POLICY j ALLOWED JOIN KEYS (b)"), "joinColumns: []"));
  EXPECT_TRUE(says(yaml(of + "ALTER TABLE t SET JOIN POLICY j"), "      custom:\n"));
  const std::string composite = yaml("ALTER TABLE t SET AGGREGATION POLICY p ENTITY KEY (a, b)");
  EXPECT_TRUE(says(composite, "FILL_IN_t_person?"));
  EXPECT_TRUE(says(composite, "columnName: FILL_IN_t_person?, minimum: 7"));
}

const std::string kRows =
    "CREATE OR REPLACE ROW ACCESS POLICY r AS (region VARCHAR(20), spent NUMBER(10, 2)) RETURNS "
    "BOOLEAN -> ";
const std::string kOn =
    "; ALTER TABLE t SET AGGREGATION POLICY p ENTITY KEY (a);"
    "ALTER TABLE t ADD ROW ACCESS POLICY r ON (area, amount);";

TEST(ImportSnowflake, ARowAccessPolicyIsARowFilter) {
  const auto yaml = [](const std::string& condition) {
    return import_policy(ImportSource::snowflake, {{"f", kPolicies + kRows + condition + kOn}})
        .yaml;
  };
  EXPECT_TRUE(says(yaml("region = 'EU'"), "    row_filter: \"(area = 'EU')\"\n    rule:\n"));
  EXPECT_TRUE(says(yaml("Region IN ('a', 'it''s \"b\"') and spent>=-12.50 OR NOT region IS null"),
                   "row_filter: \"(area IN ('a', 'it''s \\\"b\\\"') AND amount >= - 12.50 OR NOT "
                   "area IS NULL)\""));
  EXPECT_TRUE(says(yaml("region <> 'x' AND spent BETWEEN 1 AND 2 COMMENT = 'why'"),
                   "(area <> 'x' AND amount BETWEEN 1 AND 2)"));
}

TEST(ImportSnowflake, ARowAccessPolicyThatIsNotAboutTheRowEndsTheImport) {
  const auto why = [](const std::string& sql) {
    return why_not(ImportSource::snowflake, kPolicies + sql);
  };
  for (const char* condition :
       {"CURRENT_ROLE() = 'A'", "EXISTS (SELECT 1 FROM m)", "CASE WHEN TRUE THEN TRUE END",
        "region = area", "IS_ROLE_IN_SESSION('x')", "region || 'a' = 'b'", "region = 'a' -> 1"}) {
    std::string sql = kRows;
    EXPECT_TRUE(says(why(sql.append(condition).append(kOn)), "depends on more")) << condition;
  }
  EXPECT_TRUE(says(why(kRows + kOn), "no condition"));
  EXPECT_TRUE(says(why(kRows + "region = 'a\nb'" + kOn), "control characters"));
  EXPECT_TRUE(says(why(kRows + "region = 'a'; ALTER TABLE t ADD ROW ACCESS POLICY r ON (a)"),
                   "as many columns"));
  EXPECT_TRUE(says(why(kRows + "region = 'a'; ALTER TABLE t SET AGGREGATION POLICY p ENTITY KEY "
                               "(a); ALTER TABLE t ADD ROW ACCESS POLICY r ON (a, b)"),
                   "reads the person column"));
}

}  // namespace
}  // namespace gbx::client
