// The seam to DuckDB's parser: what its tree looks like in this version, what happens when it looks
// otherwise, and that no text or tree takes unbounded time.
//
// The goldens are the corpus of the tree fuzzer (tests/fuzz/ast): the first line is the text, the
// rest DuckDB's tree. GLOVEBOX_BLESS=1 writes them anew, which is right only when DuckDB changes.

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>

#include "tests/sql/syntax_tree.h"
#include "trusted/base/json.h"
#include "trusted/sql/bind.h"
#include "trusted/sql/fixture.h"
#include "trusted/sql/parse.h"

namespace gbx::sql {
namespace {

namespace fs = std::filesystem;

struct Golden {
  const char* name;
  const char* sql;
};
constexpr std::array kGoldens = {
    Golden{"attribution",
           "SELECT campaign_id, COUNT(DISTINCT hashed_email) AS users, SUM(total_spent) FROM "
           "exposures "
           "JOIN purchases USING (hashed_email) WHERE exposure_date < purchase_date GROUP BY "
           "campaign_id"},
    Golden{"aliases",
           "SELECT COUNT(*) FROM newsnow.exposures e JOIN shopgood.purchases p ON e.hashed_email = "
           "p.hashed_email WHERE p.purchase_date > '2025-01-01'"},
    Golden{
        "conditions",
        "SELECT COUNT(*) FROM purchases WHERE (items BETWEEN 2 AND 5 OR store IN ('a', 'b')) AND "
        "NOT store LIKE 'x%' AND store NOT LIKE 'y_' AND items IS NOT NULL AND store IS NULL AND "
        "items NOT IN (1) AND TRUE"},
    Golden{"arithmetic",
           "SELECT SUM(-items * 2 + 1.50), AVG(abs(total_spent - items)) FROM purchases WHERE "
           "purchase_date + INTERVAL 7 DAY > DATE '2025-01-01'"},
    Golden{
        "functions",
        "SELECT EXTRACT(year FROM purchase_date), date_trunc('month', purchased_at), left(store, "
        "2), upper(store), COUNT(*) FROM purchases GROUP BY 1, 2, 3, 4"},
    Golden{
        "choices",
        "SELECT CASE WHEN loyal THEN 'a' ELSE NULL END, CASE items WHEN 1 THEN 2 END, "
        "COALESCE(store, 'x'), items::DECIMAL(10,2), COUNT(items) FROM purchases GROUP BY 1, 2, 3, "
        "4"},
    Golden{"post",
           "SELECT store, COUNT(*) AS n FROM purchases GROUP BY store HAVING n > 5 ORDER BY n DESC "
           "NULLS FIRST, store LIMIT 3 OFFSET 1"},
    Golden{"comma",
           "SELECT COUNT(*) FROM exposures, purchases WHERE exposures.hashed_email = "
           "purchases.hashed_email"},
    Golden{
        "refused",
        "SELECT DISTINCT *, SUM(items) OVER (), (SELECT 1) FROM purchases LEFT JOIN exposures ON "
        "TRUE"},
    Golden{"error", "SELECT FROM WHERE"},
};

fs::path golden_path(const Golden& golden) {
  return fs::path(GBX_SOURCE_DIR) / "tests/fuzz/ast" / golden.name;
}

TEST(tree, duckdb_prints_the_trees_that_we_know) {
  testing::DuckdbParser parser;
  for (const Golden& golden : kGoldens) {
    const std::string now = std::string(golden.sql) + "\n" + parser.tree(golden.sql);
    if (std::getenv("GLOVEBOX_BLESS") != nullptr) {
      std::ofstream(golden_path(golden), std::ios::binary) << now;
      continue;
    }
    std::ifstream in(golden_path(golden), std::ios::binary);
    std::stringstream text;
    text << in.rdbuf();
    EXPECT_EQ(text.str(), now) << golden.name;
  }
}

// Every object of a good tree with one member more, and with one member less, is refused.
void spoil(const Json& json, const std::function<void(const Json&)>& use) {
  if (const Json::Object* members = json.object()) {
    for (std::size_t i = 0; i < members->size(); i++) {
      Json::Object without = *members;
      without.erase(without.begin() + static_cast<std::ptrdiff_t>(i));
      use(Json(without));
      spoil((*members)[i].second, [&](const Json& inner) {
        Json::Object with = *members;
        with[i].second = inner;
        use(Json(with));
      });
    }
    Json::Object with = *members;
    with.emplace_back("surprise", Json(1));
    use(Json(with));
  }
  if (const Json::Array* items = json.array()) {
    for (std::size_t i = 0; i < items->size(); i++) {
      spoil((*items)[i], [&](const Json& inner) {
        Json::Array with = *items;
        with[i] = inner;
        use(Json(with));
      });
    }
  }
}

TEST(tree, a_member_more_or_less_anywhere_is_refused) {
  testing::DuckdbParser parser;
  const std::string sql =
      "SELECT store, SUM(CASE WHEN items > 1.5 THEN 1 END) FROM purchases p WHERE store IN ('a') "
      "GROUP BY store ORDER BY 1 LIMIT 3";
  const Json tree = *Json::parse(parser.tree(sql));
  ASSERT_TRUE(parse(tree.canonical(), sql));
  std::size_t accepted = 0;
  std::size_t refused = 0;
  spoil(tree, [&](const Json& spoilt) {
    const bool taken = parse(spoilt.canonical(), sql).has_value();
    (taken ? accepted : refused)++;
    EXPECT_FALSE(taken) << spoilt.canonical();
  });
  EXPECT_GT(refused, 150u);
  EXPECT_EQ(accepted, 0u);
}

Literal reason(const std::string& tree, const std::string& sql) {
  const auto select = parse(tree, sql);
  EXPECT_FALSE(select);
  return select ? Literal("accepted") : select.error().reason;
}

TEST(tree, what_is_no_tree_is_refused) {
  for (const char* tree : {"", "{}", "[]", "null", "{\"error\":1}", "{\"error\":false}",
                           "{\"error\":false,\"statements\":{}}",
                           "{\"error\":false,\"statements\":[1]}", "{\"error\":false", "\xFF"}) {
    EXPECT_EQ(reason(tree, "SELECT 1").view(), "syntax_tree_unknown") << tree;
  }
  EXPECT_EQ(reason(R"({"error":true,"position":"999999"})", "x").view(), "syntax_error");
  EXPECT_EQ(reason(R"({"error":true,"position":"-1"})", "x").view(), "syntax_error");
}

TEST(tree, unknown_kinds_are_refused_by_name) {
  testing::DuckdbParser parser;
  const std::string sql = "SELECT COUNT(*) FROM purchases WHERE items = 5";
  const auto with = [&](std::string_view from, std::string_view to) {
    std::string tree = parser.tree(sql);
    const std::size_t at = tree.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return tree.replace(at, from.size(), to);
  };
  EXPECT_EQ(reason(with("\"COMPARISON\"", "\"MAGIC\""), sql).view(), "expression_unknown");
  EXPECT_EQ(reason(with("\"COMPARE_EQUAL\"", "\"COMPARE_MAGIC\""), sql).view(),
            "operator_unsupported");
  EXPECT_EQ(reason(with("\"BASE_TABLE\"", "\"MAGIC\""), sql).view(), "from_unsupported");
  EXPECT_EQ(reason(with("\"INTEGER\"", "\"UUID\""), sql).view(), "literal_unsupported");
  EXPECT_EQ(reason(with("\"SELECT_NODE\"", "\"MAGIC\""), sql).view(), "syntax_tree_unknown");
}

TEST(tree, a_place_outside_of_the_text_is_no_place) {
  testing::DuckdbParser parser;
  const std::string sql = "SELECT COUNT(*) FROM visits WHERE items = 5 AND TRUE";
  const auto select = parse(parser.tree(sql), "SELECT 1");
  ASSERT_TRUE(select);
  const auto query = bind(*select, test_catalog());
  ASSERT_FALSE(query);
  EXPECT_EQ(query.error().where, (Span{0, 0}));
}

TEST(tree, limits_of_the_text) {
  EXPECT_EQ(check_text("").error().reason.view(), "query_empty");
  EXPECT_EQ(check_text(std::string(kSqlBytesMax + 1, 'x')).error().reason.view(), "query_too_long");
  EXPECT_TRUE(check_text(std::string(kSqlBytesMax, 'x')));
  EXPECT_EQ(check_text(std::string_view("a\0b", 3)).error().reason.view(), "text_malformed");
  testing::DuckdbParser parser;
  const auto why = [&](const std::string& sql) { return reason(parser.tree(sql), sql); };
  EXPECT_EQ(why("SELECT COUNT(*) FROM t WHERE s = '" + std::string(4097, 'x') + "'").view(),
            "text_too_long");
  EXPECT_EQ(why("SELECT COUNT(*) FROM " + std::string(256, 'x')).view(), "name_too_long");
  EXPECT_EQ(why("SELECT COUNT(*) FROM t WHERE " + std::string(256, 'x') + " = 1").view(),
            "name_too_long");
  EXPECT_EQ(why("SELECT COUNT(*) FROM a, b, c, d, e, f, g, h, i").view(), "too_many_tables");
}

TEST(tree, two_tables_of_one_name_are_told_apart_by_owner) {
  testing::DuckdbParser parser;
  Catalog catalog = test_catalog();
  catalog.tables[1].name = "exposures";
  const std::string sql = "SELECT COUNT(*) FROM exposures";
  const auto query = bind(*parse(parser.tree(sql), sql), catalog);
  ASSERT_FALSE(query);
  EXPECT_EQ(query.error().reason.view(), "table_ambiguous");
  const std::string clear = "SELECT COUNT(*) FROM shopgood.exposures";
  EXPECT_TRUE(bind(*parse(parser.tree(clear), clear), catalog));
}

std::string repeated(const std::string& text, int times) {
  std::string out;
  for (int i = 0; i < times; i++) out += text;
  return out;
}

// Texts that make parsers slow or deep. 64 KiB each at most.
std::vector<std::string> bombs() {
  const std::string head = "SELECT COUNT(*) FROM purchases WHERE ";
  return {
      head + repeated("(", 20000) + "TRUE" + repeated(")", 20000),
      head + repeated("NOT ", 16000) + "TRUE",
      head + "items = 1" + repeated(" AND items = 1", 4500),
      head + "items = 1" + repeated(" OR items = 1", 4500),
      head + "items IN (1" + repeated(",1", 30000) + ")",
      head + "items = 1" + repeated("+1", 30000),
      head + repeated("CASE WHEN TRUE THEN ", 90) + "TRUE" + repeated(" END", 90),
      head + repeated("CASE loyal WHEN ", 40) + "TRUE" + repeated(" THEN loyal END", 40),
      head + repeated("(", 40) + "loyal" + repeated(" BETWEEN FALSE AND TRUE)", 40),
      head + repeated("NULLIF(", 40) + "items" + repeated(", 1)", 40) + " = 1",
      head + repeated("COALESCE(", 95) + "items" + repeated(", 1)", 95) + " = 1",
      head + "items = " + repeated("-", 200) + "1",
      "SELECT " + repeated("COUNT(*),", 7000) + "COUNT(*) FROM purchases",
      "SELECT COUNT(*) FROM purchases" + repeated(", purchases", 5000),
      "SELECT store FROM purchases GROUP BY store HAVING " + repeated("upper(", 90) + "store" +
          repeated(")", 90) + " = 'X'" + repeated(" AND store = 'X'", 4000),
      "SELECT COUNT(*) FROM purchases GROUP BY store" + repeated(", store", 9000),
  };
}

TEST(tree, no_bomb_takes_long) {
  testing::DuckdbParser parser;
  for (const std::string& sql : bombs()) {
    ASSERT_LE(sql.size(), kSqlBytesMax);
    const std::string tree = parser.tree(sql);  // its time is the worker's, which has a limit
    const auto start = std::chrono::steady_clock::now();
    const auto select = parse(tree, sql);
    if (select) {
      const auto query = bind(*select, test_catalog());
      EXPECT_LE(query ? 0u : query.error().where.end, sql.size());
    }
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    EXPECT_LT(seconds.count(), 5) << sql.substr(0, 80) << " tree of " << tree.size() << " bytes";
  }
}

TEST(tree, a_deep_tree_that_no_parser_made_is_refused) {
  const std::string sql = "x";
  const std::string open = R"({"class":"OPERATOR","type":"OPERATOR_NOT","alias":"",)"
                           R"("query_location":0,"children":[)";
  const std::string leaf = R"({"class":"COLUMN_REF","type":"COLUMN_REF","alias":"",)"
                           R"("query_location":0,"column_names":["x"]})";
  const std::string node = repeated(open, 150) + leaf + repeated("]}", 150);
  testing::DuckdbParser parser;
  std::string tree = parser.tree("SELECT COUNT(*) FROM t WHERE a");
  const std::string from = R"("where_clause":{)";
  const std::size_t at = tree.find(from);
  const std::size_t end = tree.find("},\"group_expressions\"", at);
  ASSERT_NE(end, std::string::npos);
  tree.replace(at + from.size() - 1, end + 2 - (at + from.size()), node);
  EXPECT_EQ(reason(tree, sql).view(), "expression_too_deep");
}

TEST(tree, a_wide_tree_is_refused) {
  testing::DuckdbParser parser;
  const std::string sql =
      "SELECT COUNT(*) FROM purchases WHERE items IN (1" + repeated(",1", 12000) + ")";
  EXPECT_EQ(reason(parser.tree(sql), sql).view(), "expression_too_large");
}

}  // namespace
}  // namespace gbx::sql
