// Statements made to be slow or to exhaust something: each is answered, by a refusal or by a plan,
// in bounded time, and rendering what was accepted stays small.

#include <gtest/gtest.h>

#include <chrono>

#include "engine/duckdb/render.h"
#include "tests/sql/bombs.h"
#include "tests/sql/rooms.h"
#include "tests/sql/syntax_tree.h"
#include "trusted/firewall/check.h"
#include "trusted/sql/parse.h"

namespace gbx::testing {
namespace {

// Generous, for sanitizers on a busy machine; what these take is milliseconds.
constexpr auto kTimeMax = std::chrono::seconds(10);
constexpr std::size_t kRenderedMax = std::size_t{16} << 20;

std::size_t rendered(const sql::Task& task) {
  std::size_t out = 0;
  for (std::size_t i = 0; i < task.steps.size(); i++) {
    for (const std::string& text : engine::render_step(task, i)) out += text.size();
  }
  return out +
         (task.groups.empty() ? engine::render_ungrouped(task) : engine::render_partials(task))
             .size();
}

class Bombs : public ::testing::TestWithParam<Bomb> {};

TEST_P(Bombs, IsAnsweredInTime) {
  const auto policy = room_called("moving");
  ASSERT_TRUE(policy);
  DuckdbParser parser;
  const std::string sql = GetParam().sql();
  const auto begin = std::chrono::steady_clock::now();
  std::string answer;
  if (const Status fits = sql::check_text(sql); !fits) {
    answer = fits.error().reason.view();
  } else if (const auto query = firewall::admit(parser.tree(sql), sql, *policy, {"shopgood", 0})) {
    answer = "accepted";
    EXPECT_LT(rendered(query->task()), kRenderedMax);
    EXPECT_LT(query->canonical().size(), kRenderedMax);
  } else {
    answer = query.error().reason.view();
  }
  const auto took = std::chrono::steady_clock::now() - begin;
  EXPECT_LT(took, kTimeMax);
  EXPECT_EQ(answer, GetParam().answer);
  std::printf("%s: %zu bytes, %s, %.1f ms\n", GetParam().name, sql.size(), answer.c_str(),
              std::chrono::duration<double, std::milli>(took).count());
}

const Bomb kBombs[] = {
    {"too_long", "query_too_long", [] { return kCount + repeat(sql::kSqlBytesMax, " "); }},
    {"as_long_as_may_be", "accepted",
     [] { return kCount + repeat(sql::kSqlBytesMax - kCount.size(), " "); }},
    {"a_comment_of_60_kib", "accepted", [] { return kCount + "/*" + repeat(60'000, "x") + "*/"; }},
    {"parentheses", "syntax_error",
     [] { return kCount + "WHERE " + nested(30'000, "(", "TRUE", ")"); }},
    {"open_parentheses", "syntax_error", [] { return kCount + "WHERE " + repeat(60'000, "("); }},
    {"nots", "syntax_error", [] { return kCount + "WHERE " + repeat(12'000, "NOT ") + "loyal"; }},
    {"minuses", "syntax_error",
     [] { return kCount + "WHERE " + repeat(20'000, "- ") + "items > 0"; }},
    {"sum_of_itself", "syntax_error",
     [] { return kCount + "WHERE " + list(7'000, " + ", [](auto) { return "items"; }) + " > 0"; }},
    {"ands", "expression_too_large",
     [] {
       return kCount + "WHERE " + list(3'000, " AND ", [](auto i) { return "items <> " + i; });
     }},
    {"ors_and_ands", "expression_too_large",
     [] {
       return kCount + "WHERE " +
              list(1'500, " AND ", [](auto i) { return "(loyal OR items = " + i + ")"; });
     }},
    {"case_in_case", "syntax_error",
     [] {
       return kCount + "WHERE " + nested(1'500, "CASE WHEN loyal THEN ", "1", " ELSE 0 END") +
              " = 1";
     }},
    {"case_of_many", "accepted",
     [] {
       return kCount + "WHERE CASE " +
              list(1'500, " ", [](auto i) { return "WHEN items = " + i + " THEN " + i; }) +
              " END > 3";
     }},
    {"coalesce_in_coalesce", "syntax_error",
     [] { return kCount + "WHERE " + nested(4'000, "coalesce(", "items", ", 1)") + " = 1"; }},
    {"in_of_10000", "expression_too_large",
     [] {
       return kCount + "WHERE items IN (" + list(10'000, ",", [](auto i) { return i; }) + ")";
     }},
    {"in_of_9000", "accepted",
     [] { return kCount + "WHERE items IN (" + list(9'000, ",", [](auto i) { return i; }) + ")"; }},
    {"written_rows_that_double", "written_rows_unsupported",
     [] {
       return chain(20, "VALUES (1), (2)",
                    [](auto c) { return "SELECT * FROM " + c + " UNION ALL SELECT * FROM " + c; });
     }},
    {"written_rows_9000", "written_rows_unsupported",
     [] {
       return kCount + "JOIN (VALUES " + list(9'000, ",", [](auto i) { return "(" + i + ")"; }) +
              ") AS v(k) ON items = k";
     }},
    {"written_rows_joined_often", "expression_too_large",
     [] {
       return "WITH v(k) AS (VALUES " + list(4'000, ",", [](auto i) { return "(" + i + ")"; }) +
              ") SELECT COUNT(*) FROM " + list(7, ", ", [](auto i) {
                return "(SELECT p.hashed_email FROM purchases p LEFT JOIN v ON items = v.k "
                       "LEFT JOIN v AS w ON items = w.k) AS t" +
                       i;
              });
     }},
    {"written_rows_shown_often", "expression_too_large",
     [] {
       return "WITH v(k, g) AS (VALUES " +
              list(500, ",", [](auto i) { return "(" + i + ", " + i + ")"; }) + ") SELECT " +
              list(40, ", ", [](auto i) { return "SUM(g + " + i + ") AS a" + i; }) +
              " FROM purchases JOIN v ON items = k";
     }},
    {"many_ins", "accepted",
     [] {
       return kCount + "WHERE " + list(90, " AND ", [](auto) {
                return "items IN (" + list(90, ",", [](auto j) { return j; }) + ")";
              });
     }},
    {"columns", "too_many_items",
     [] {
       return "SELECT " + list(10'000, ",", [](auto) { return "items"; }) + " FROM purchases";
     }},
    {"aggregates", "too_many_items",
     [] {
       return "SELECT " + list(1'500, ",", [](auto i) { return "SUM(items+" + i + ") AS a" + i; }) +
              " FROM purchases";
     }},
    {"columns_of_a_subselect", "too_many_items",
     [] {
       return "SELECT COUNT(*) FROM (SELECT hashed_email, " +
              list(5'000, ",", [](auto i) { return "items c" + i; }) + " FROM purchases)";
     }},
    {"columns_that_are_used", "syntax_tree_unknown",
     [] {
       return "SELECT SUM(" + list(300, "+", [](auto i) { return "c" + i; }) +
              ") FROM (SELECT DISTINCT hashed_email, " +
              list(300, ",", [](auto i) { return "items+" + i + " AS c" + i; }) +
              " FROM purchases)";
     }},
    {"group_by_many", "too_many_groups",
     [] { return kCount + "GROUP BY " + list(3'000, ",", [](auto i) { return "score+" + i; }); }},
    {"cube_of_8", "grouping_sets_unsupported",
     [] {
       return kCount + "GROUP BY CUBE (" + list(8, ",", [](auto i) { return "items+" + i; }) + ")";
     }},
    {"cube_of_4", "column_not_dimension",
     [] {
       return kCount + "GROUP BY CUBE (" + list(4, ",", [](auto i) { return "items+" + i; }) + ")";
     }},
    {"cube_of_60", "syntax_error",
     [] { return kCount + "GROUP BY CUBE (" + list(60, ",", [](auto) { return "store"; }) + ")"; }},
    {"cubes_of_cubes", "syntax_error",
     [] {
       return kCount + "GROUP BY " + list(20, ",", [](auto) { return "CUBE (store, loyal)"; });
     }},
    {"sets_of_3000", "grouping_sets_unsupported",
     [] {
       return kCount + "GROUP BY GROUPING SETS (" +
              list(3'000, ",", [](auto) { return "(store)"; }) + ")";
     }},
    {"rollups_of_sets", "grouping_sets_unsupported",
     [] {
       return kCount + "GROUP BY " +
              nested(500, "GROUPING SETS (", "(store)", ", ROLLUP (store, loyal))");
     }},
    {"subselects_in_subselects", "syntax_error",
     [] {
       return "SELECT COUNT(*) FROM " +
              nested(1'000, "(SELECT hashed_email FROM ", "purchases", ")");
     }},
    {"subselects_15_deep", "accepted",
     [] {
       return "SELECT COUNT(*) FROM " + nested(14, "(SELECT hashed_email FROM ", "purchases", ")");
     }},
    {"chain_of_1000_names", "too_many_subqueries",
     [] {
       return chain(1'000, "SELECT hashed_email FROM purchases",
                    [](const auto& c) { return "SELECT hashed_email FROM " + c; });
     }},
    {"chain_of_60_names", "accepted",
     [] {
       return chain(60, "SELECT hashed_email FROM purchases",
                    [](const auto& c) { return "SELECT hashed_email FROM " + c; });
     }},
    {"doubling_sums", "value_may_overflow",
     [] {
       return chain(60, "SELECT hashed_email, items AS x FROM purchases", [](const auto& c) {
         return "SELECT hashed_email, x - x AS x FROM " + c + " WHERE x <= x";
       });
     }},
    {"doubling_cases", "accepted",
     [] {
       return chain(60, "SELECT hashed_email, items AS x FROM purchases", [](const auto& c) {
         return "SELECT hashed_email, CASE WHEN x > 3 THEN x ELSE greatest(x, 1) END AS x FROM " +
                c;
       });
     }},
    {"doubling_joins", "join_too_wide",
     [] {
       return chain(15, "SELECT hashed_email FROM purchases", [](const auto& c) {
         return "SELECT a.hashed_email FROM " + c + " a JOIN " + c + " b USING (hashed_email)";
       });
     }},
    {"doubling_outer_joins", "join_too_wide",
     [] {
       return chain(15, "SELECT hashed_email FROM purchases", [](const auto& c) {
         return "SELECT a.hashed_email FROM " + c + " a LEFT JOIN " + c + " b USING (hashed_email)";
       });
     }},
    {"doubling_semi_joins", "too_many_subqueries",
     [] {
       return chain(60, "SELECT hashed_email FROM purchases", [](const auto& c) {
         return "SELECT hashed_email FROM " + c +
                " WHERE hashed_email IN (SELECT hashed_email FROM " + c + ")";
       });
     }},
    {"doubling_unions", "too_many_subqueries",
     [] {
       return chain(30, "SELECT hashed_email FROM purchases", [](const auto& c) {
         return "SELECT hashed_email FROM " + c + " UNION ALL SELECT hashed_email FROM " + c;
       });
     }},
    {"doubling_groups", "accepted",
     [] {
       return chain(60, "SELECT hashed_email, COUNT(*) AS n FROM purchases GROUP BY hashed_email",
                    [](const auto& c) {
                      return "SELECT hashed_email, SUM(n) AS n FROM " + c +
                             " GROUP BY hashed_email";
                    });
     }},
    {"doubling_windows", "value_may_overflow",
     [] {
       return chain(60, "SELECT hashed_email, items AS n FROM purchases", [](const auto& c) {
         return "SELECT hashed_email, SUM(n) OVER (PARTITION BY hashed_email) AS n FROM " + c;
       });
     }},
    {"wide_union", "too_many_subqueries",
     [] {
       return "SELECT COUNT(*) FROM (" +
              list(1'200, " UNION ALL ",
                   [](auto) { return "SELECT hashed_email FROM purchases"; }) +
              ")";
     }},
    {"union_of_16", "accepted",
     [] {
       return "SELECT COUNT(*) FROM (" +
              list(16, " UNION ALL ", [](auto) { return "SELECT hashed_email FROM purchases"; }) +
              ")";
     }},
    {"many_joins", "syntax_tree_unknown",
     [] {
       return "SELECT COUNT(*) FROM purchases p" + list(900, "", [](auto i) {
                return " JOIN purchases p" + i + " USING (hashed_email)";
              });
     }},
    {"comma_joins", "syntax_error",
     [] {
       return "SELECT COUNT(*) FROM " + list(3'000, ", ", [](auto i) { return "purchases p" + i; });
     }},
    {"natural_joins", "join_too_wide",
     [] {
       return "SELECT COUNT(*) FROM purchases p" +
              list(7, "", [](auto i) { return " NATURAL JOIN purchases p" + i; });
     }},
    {"stars_of_stars", "too_many_items",
     [] {
       return "SELECT COUNT(*) FROM (SELECT " + list(500, ", ", [](auto) { return "*"; }) +
              " FROM purchases)";
     }},
    {"exists_in_exists", "syntax_tree_unknown",
     [] {
       return nested(300, "SELECT COUNT(*) FROM purchases p WHERE EXISTS (",
                     "SELECT 1 FROM purchases", ")");
     }},
    {"many_exists", "too_many_subqueries",
     [] {
       return "SELECT COUNT(*) FROM purchases p WHERE " + list(400, " AND ", [](auto) {
                return "EXISTS (SELECT 1 FROM purchases q WHERE q.hashed_email = p.hashed_email)";
              });
     }},
    {"names_of_names", "expression_too_deep",
     [] { return answers(15, "SELECT " + nested(85, "-(", "n", ")") + " AS n"); }},
    {"names_that_double", "expression_too_large", [] { return answers(60, "SELECT n + n AS n"); }},
    {"names_in_conditions", "expression_too_deep",
     [] {
       return answers(2, "SELECT " + nested(45, "-(", "n", ")") + " AS n") + " WHERE " +
              nested(85, "-(", "n", ")") + " > 1";
     }},
    {"names_in_orders", "expression_too_deep",
     [] {
       return answers(2, "SELECT " + nested(45, "-(", "n", ")") + " AS m") + " ORDER BY " +
              nested(85, "-(", "m", ")");
     }},
    {"depth_over_steps", "accepted",
     [] {
       return chain(60, "SELECT hashed_email, items AS x FROM purchases",
                    [](const auto& c) {
                      return "SELECT hashed_email, " + nested(85, "-(", "x", ")") + " AS x FROM " +
                             c;
                    }) +
              " WHERE x > 1";
     }},
    {"depth_over_three_steps", "accepted",
     [] {
       return chain(3, "SELECT hashed_email, items AS x FROM purchases",
                    [](const auto& c) {
                      return "SELECT hashed_email, " + nested(95, "-(", "x", ")") + " AS x FROM " +
                             c;
                    }) +
              " WHERE " + nested(95, "-(", "x", ")") + " > 1";
     }},
    {"exists_of_groups", "too_many_tables",
     [] {
       std::string sql = "SELECT 1 FROM purchases p15";
       for (int i = 14; i >= 0; i--) {
         const std::string t = "p" + std::to_string(i);
         const std::string inner = "p" + std::to_string(i + 1);
         sql = (i == 0 ? std::string("SELECT COUNT(*)") : std::string("SELECT 1")) +
               " FROM purchases " + t + " WHERE EXISTS (" + sql + (i == 14 ? " WHERE " : " AND ") +
               inner + ".hashed_email = " + t + ".hashed_email GROUP BY " + inner +
               ".hashed_email HAVING COUNT(*) > 1)";
       }
       return sql;
     }},
    {"exists_of_groups_in_from", "too_many_tables",
     [] {
       std::string sql = "purchases";
       for (int i = 0; i < 7; i++) {
         const std::string t = "q" + std::to_string(i);
         const std::string q = "r" + std::to_string(i);
         sql = "(SELECT " + t + ".hashed_email FROM purchases " + t +
               " WHERE EXISTS (SELECT 1 FROM " + sql + " AS " + q + " WHERE " + q +
               ".hashed_email = " + t + ".hashed_email GROUP BY " + q +
               ".hashed_email HAVING COUNT(*) > 1))";
       }
       return "SELECT COUNT(*) FROM " + sql + " z";
     }},
    {"unions_of_unions", "join_too_wide",
     [] {
       return chain(20, "SELECT hashed_email, items AS x FROM purchases", [](const auto& c) {
         return "SELECT hashed_email, x FROM " + c + " UNION SELECT hashed_email, x+1 FROM " + c;
       });
     }},
    {"aliases_of_large", "expression_too_large",
     [] {
       return "SELECT COUNT(*) FROM (SELECT hashed_email, CASE " +
              list(900, " ", [](auto i) { return "WHEN items = " + i + " THEN " + i; }) +
              " END AS y, CASE WHEN " + list(2000, " OR ", [](auto) { return "y > 1"; }) +
              " THEN 1 ELSE 2 END AS z FROM purchases) WHERE z = 1";
     }},
    {"aliases_of_larger", "expression_too_large",
     [] {
       return "SELECT COUNT(*) FROM (SELECT hashed_email, items IN (" +
              list(4000, ",", [](auto i) { return i; }) + ") AS y FROM purchases QUALIFY " +
              list(4000, " OR ", [](auto) { return "y"; }) + ")";
     }},
    {"clamps_in_clamps", "expression_too_large",
     [] { return "SELECT SUM(" + nested(60, "CLAMP(", "items", ", 1, 9)") + ") FROM purchases"; }},
    {"clamps_of_names", "expression_too_large",
     [] {
       return chain(20, "SELECT hashed_email, items AS x FROM purchases",
                    [](const auto& c) {
                      return "SELECT hashed_email, " + nested(4, "CLAMP(", "x", ", 1, 9)") +
                             " AS x FROM " + c;
                    }) +
              " WHERE x > 1";
     }},
    {"quotients_in_quotients", "expression_too_deep",
     [] {
       return "SELECT SUM(CLAMP(" + nested(4, "FLOOR(items / (", "items", "))") +
              ", 1, 9)) FROM purchases";
     }},
    {"quotients_of_names", "expression_too_large",
     [] {
       return chain(15, "SELECT hashed_email, items AS x FROM purchases",
                    [](const auto& c) {
                      return "SELECT hashed_email, CLAMP(FLOOR(x / 3), 1, 9) AS x FROM " + c;
                    }) +
              " WHERE x > 1";
     }},
    {"greatest_of_greatest", "expression_too_large",
     [] { return kCount + "WHERE " + nested(40, "greatest(", "items", ", 3)") + " > 1"; }},
    {"nullifs", "expression_too_large",
     [] { return kCount + "WHERE " + nested(40, "nullif(", "items", ", 3)") + " > 1"; }},
    {"rounds_of_rounds", "accepted",
     [] { return kCount + "WHERE " + nested(40, "round(", "total_spent", ", 1)") + " > 1"; }},
    {"names_of_months", "expression_too_large",
     [] {
       return kCount + "WHERE " +
              list(900, " OR ", [](auto) { return "monthname(purchase_date) = 'May'"; });
     }},
    {"distinct_from", "expression_too_large",
     [] { return kCount + "WHERE " + nested(40, "((", "loyal", ") IS DISTINCT FROM gift)"); }},
    {"many_filters", "accepted",
     [] {
       return "SELECT " +
              list(31, ", ",
                   [](auto i) {
                     return "COUNT(*) FILTER (WHERE items > " + i + " AND items < 9) AS a" + i;
                   }) +
              " FROM purchases";
     }},
    {"long_names", "name_too_long",
     [] { return "SELECT COUNT(*) AS " + repeat(60'000, "a") + " FROM purchases"; }},
    {"long_number", "syntax_tree_unknown",
     [] { return kCount + "WHERE items > " + repeat(60'000, "9"); }},
    {"long_fraction", "float_unsupported",
     [] { return kCount + "WHERE items > 0." + repeat(60'000, "9"); }},
    {"having_of_ands", "accepted",
     [] {
       return kCount + "GROUP BY store HAVING " +
              list(2'500, " AND ", [](auto i) { return "COUNT(*) > " + i; });
     }},
    {"roundings_of_answers", "expression_too_large",
     [] {
       return kCount + "GROUP BY store HAVING " +
              list(900, " OR ", [](auto i) { return "ROUND(SUM(items) / COUNT(*), 2) = " + i; });
     }},
    {"products_of_answers", "expression_too_large",
     [] {
       return kCount + "GROUP BY store ORDER BY " + list(16, ", ", [](auto i) {
                return list(30, " * ", [](auto) { return "SUM(items)"; }) + " + " + i;
              });
     }},
    {"order_by_many", "too_many_sort_keys",
     [] {
       return kCount + "GROUP BY store ORDER BY " + list(5'000, ", ", [](auto) { return "store"; });
     }},
    {"large_limit", "number_too_large", [] { return kCount + "LIMIT 99999999999999999999"; }},
    {"many_statements", "several_statements",
     [] { return repeat(2'000, "SELECT COUNT(*) FROM purchases; "); }},
};

std::string name_of(const ::testing::TestParamInfo<Bomb>& bomb) { return bomb.param.name; }

INSTANTIATE_TEST_SUITE_P(sql, Bombs, ::testing::ValuesIn(kBombs), name_of);
INSTANTIATE_TEST_SUITE_P(text, Bombs, ::testing::ValuesIn(text_bombs()), name_of);

}  // namespace
}  // namespace gbx::testing
