#include "tests/sql/bombs.h"

#include <iterator>

namespace gbx::testing {

namespace {

const Bomb kTextBombs[] = {
    {"replaced_and_replaced", "text_may_grow",
     [] {
       return kCount + "WHERE " + nested(60, "replace(", "store", ", 'a', 'aaaaaaaa')") + " = 'x'";
     }},
    {"padded_and_padded", "text_may_grow",
     [] { return kCount + "WHERE " + nested(60, "lpad(", "store", ", 256, 'x')") + " = 'x'"; }},
    {"like_of_wildcards", "text_too_long",
     [] { return kCount + "WHERE store LIKE '" + repeat(4'000, "%a_") + "'"; }},
    {"like_of_4_kib", "accepted",
     [] { return kCount + "WHERE store LIKE '" + repeat(1'300, "%a_") + "'"; }},
    {"long_text", "text_too_long",
     [] { return kCount + "WHERE store = '" + repeat(60'000, "a") + "'"; }},
    {"depth_of_texts", "accepted",
     [] {
       return chain(60, "SELECT hashed_email, store AS x FROM purchases",
                    [](const auto& c) {
                      return "SELECT hashed_email, " + nested(85, "lower(", "x", ")") +
                             " AS x FROM " + c;
                    }) +
              " WHERE x = 'a'";
     }},
    {"concats_of_answers", "expression_too_large",
     [] {
       std::string text = "store";
       for (int i = 0; i < 3; i++) {
         const std::string part = "ltrim(" + text + ")";
         text = "(" + list(12, "||", [&](auto) { return part; }) + ")";
       }
       return "SELECT " + text + " AS s, COUNT(*) FROM purchases GROUP BY store";
     }},
    {"names_that_double_texts", "expression_too_large",
     [] {
       std::string sql = "WITH c0 AS (SELECT store AS s, COUNT(*) AS n FROM purchases GROUP BY 1)";
       for (int i = 1; i < 9; i++) {
         const std::string last = std::to_string(i - 1);
         sql += ", c" + std::to_string(i) + " AS (SELECT lower(s) || lower(s) AS s, n FROM c" +
                last + ")";
       }
       return sql + " SELECT s, n FROM c8";
     }},
    {"doubling_texts", "concat_too_many_texts",
     [] {
       return chain(60, "SELECT hashed_email, store AS x FROM purchases",
                    [](const auto& c) { return "SELECT hashed_email, x || x AS x FROM " + c; }) +
              " WHERE x = 'a'";
     }},
    {"doubling_texts_of_one", "concat_too_many_texts",
     [] {
       return chain(60, "SELECT hashed_email, CASE WHEN loyal THEN 'aaaa' END AS x FROM purchases",
                    [](const auto& c) { return "SELECT hashed_email, x || x AS x FROM " + c; }) +
              " WHERE x = 'a'";
     }},
    {"doubling_texts_of_groups", "concat_too_many_texts",
     [] {
       return chain(60,
                    "SELECT hashed_email, MIN(CASE WHEN loyal THEN 'aaaa' END) AS x FROM purchases "
                    "GROUP BY hashed_email",
                    [](const auto& c) {
                      return "SELECT hashed_email, MIN(x || x) AS x FROM " + c +
                             " GROUP BY hashed_email";
                    }) +
              " WHERE x = 'a'";
     }},
    {"long_texts_of_cases", "text_may_grow",
     [] {
       return kCount + "WHERE " +
              list(12, " || ",
                   [](auto) { return "CASE WHEN loyal THEN '" + repeat(4'000, "a") + "' END"; }) +
              " = 'x'";
     }},
    {"long_texts_joined", "text_may_grow",
     [] {
       return kCount + "WHERE store = '" + repeat(4'000, "a") + "' || '" + repeat(4'000, "b") + "'";
     }},
    {"likes_of_answers", "expression_too_large",
     [] {
       return kCount + "GROUP BY store HAVING " + list(15, " OR ", [](auto i) {
                return "store||store||store||store||store||store||store||store LIKE '%" +
                       repeat(2'000, "a_") + i + "'";
              });
     }},
    {"casts_of_conditions", "expression_too_large",
     [] { return kCount + "WHERE " + nested(40, "CAST(", "loyal", " AS VARCHAR) = 'true'"); }},
    {"casts_of_conditions_in_names", "accepted",
     [] {
       return chain(50, "SELECT hashed_email, loyal AS x FROM purchases",
                    [](const auto& c) {
                      return "SELECT hashed_email, CAST(x AS VARCHAR) = 'true' AS x FROM " + c;
                    }) +
              " WHERE x";
     }},
    {"patterns_of_choices", "expression_too_large",
     [] {
       return kCount + "WHERE " + list(60, " OR ", [](auto i) {
                return "regexp_matches(store || '" + i + "', '" + repeat(400, "a") + "(" +
                       list(60, "|", [](auto j) { return j; }) + ")')";
              });
     }},
    {"greatest_of_texts", "expression_too_large",
     [] { return kCount + "WHERE " + nested(30, "greatest(", "store", ", 'a')") + " = 'x'"; }},
    {"growing_over_groups", "text_may_grow",
     [] {
       return chain(14, "SELECT hashed_email, store AS x FROM purchases",
                    [](const auto& c) {
                      return "SELECT hashed_email, MIN(x || '" + repeat(4'000, "a") +
                             "') AS x FROM " + c + " GROUP BY hashed_email";
                    }) +
              " WHERE x = 'a'";
     }},
};

}  // namespace

std::vector<Bomb> text_bombs() { return {std::begin(kTextBombs), std::end(kTextBombs)}; }

}  // namespace gbx::testing
