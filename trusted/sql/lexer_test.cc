#include "trusted/sql/lexer.h"

#include <gtest/gtest.h>

namespace gbx::sql {
namespace {

TEST(lexer, ends_of_tokens) {
  EXPECT_EQ(token_end("total_spent > 5", 0), 11u);
  EXPECT_EQ(token_end("a>=5", 1), 3u);
  EXPECT_EQ(token_end("12.50+1", 0), 5u);
  EXPECT_EQ(token_end("-5 ", 0), 2u);
  EXPECT_EQ(token_end("1e-3,", 0), 4u);
  EXPECT_EQ(token_end("'it''s' x", 0), 7u);
  EXPECT_EQ(token_end("\"a\"\"b\".c", 0), 6u);
  EXPECT_EQ(token_end("E'a\\'b' x", 0), 7u);
  EXPECT_EQ(token_end("$$a'b$$ x", 0), 7u);
  EXPECT_EQ(token_end("$t$a$$b$t$ x", 0), 10u);
  EXPECT_EQ(token_end("$1 x", 0), 2u);
  EXPECT_EQ(token_end("(a", 0), 1u);
  EXPECT_EQ(token_end("\xC3\xBC\x62 x", 0), 3u);
}

TEST(lexer, stays_within_the_text) {
  for (const char* text : {"", "'open", "\"open", "$$open", "$t$open$t", "/* open", "-- open",
                           "f(a", "-", "$", "E'\\"}) {
    const std::string_view sql = text;
    for (std::uint32_t at = 0; at <= sql.size() + 2; at++) {
      EXPECT_LE(token_end(sql, at), sql.size());
      if (at > sql.size()) continue;
      EXPECT_LE(skip_space(sql, at), sql.size());
      EXPECT_LE(call_end(sql, at), sql.size());
      EXPECT_LE(path_end(sql, at, 3), sql.size());
      EXPECT_LE(word_end(sql, at, "END"), sql.size());
    }
  }
}

TEST(lexer, space_and_comments) {
  EXPECT_EQ(skip_space("  -- x\n /* y */ z", 0), 16u);
  EXPECT_EQ(skip_space("x", 0), 0u);
  EXPECT_EQ(skip_space("-- x", 0), 4u);
}

TEST(lexer, paths_calls_and_words) {
  EXPECT_EQ(path_end("a . b.c d", 0, 3), 7u);
  EXPECT_EQ(path_end("a.b.c d", 0, 2), 3u);
  EXPECT_EQ(path_end("a b", 0, 2), 1u);
  EXPECT_EQ(call_end("sum (a * (b + ')')) x", 0), 19u);
  EXPECT_EQ(call_end("sum x", 0), 3u);
  EXPECT_EQ(call_end("sum(x", 0), 3u);
  EXPECT_EQ(word_end("5 end, x", 1, "END"), 5u);
  EXPECT_EQ(word_end("5 ending", 1, "END"), 1u);
}

}  // namespace
}  // namespace gbx::sql
