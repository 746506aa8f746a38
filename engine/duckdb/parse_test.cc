#include "engine/duckdb/parse.h"

#include <gtest/gtest.h>

namespace gbx::engine {
namespace {

TEST(ParseSql, GivesTheTreeOfASelect) {
  auto database = Database::open({.expression_depth = 100});
  ASSERT_TRUE(database);
  const auto tree = parse_sql(**database, "SELECT a FROM t WHERE b = 'it''s'");
  ASSERT_TRUE(tree);
  EXPECT_NE(tree->find("\"error\":false"), std::string::npos) << *tree;
  EXPECT_NE(tree->find("SELECT_NODE"), std::string::npos);
}

TEST(ParseSql, SaysInTheTreeThatATextIsNoSelect) {
  auto database = Database::open({.expression_depth = 100});
  ASSERT_TRUE(database);
  for (const char* sql : {"SELEC 1", "DROP TABLE t", "", "COPY t TO 'x'", "SELECT 'a"}) {
    const auto tree = parse_sql(**database, sql);
    ASSERT_TRUE(tree) << sql;
    const bool error = tree->find("\"error\":true") != std::string::npos;
    const bool empty = tree->find("\"statements\":[]") != std::string::npos;
    EXPECT_TRUE(error || empty) << *tree;
  }
}

TEST(ParseSql, TakesAnyBytes) {
  auto database = Database::open({.expression_depth = 100});
  ASSERT_TRUE(database);
  for (const std::string& sql : {std::string("SELECT \xff"), std::string("SELECT 1\0, 2", 11),
                                 std::string(60000, '('), "SELECT " + std::string(60000, '-')}) {
    static_cast<void>(parse_sql(**database, sql));
  }
  EXPECT_TRUE(parse_sql(**database, "SELECT 1"));
}

}  // namespace
}  // namespace gbx::engine
