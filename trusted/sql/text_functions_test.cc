#include "trusted/sql/text_functions.h"

#include <gtest/gtest.h>

#include "trusted/sql/build.h"
#include "trusted/sql/evaluate.h"
#include "trusted/sql/regular.h"
#include "trusted/sql/well_formed.h"

namespace gbx::sql {
namespace {

constexpr ValueType kInteger{Type::integer, 0};
constexpr ValueType kText{Type::text, 0};
constexpr ValueType kDate{Type::date, 0};

Expression number(std::int64_t value) { return make_literal(value, kInteger, {}); }
Expression text(std::string value) { return make_text(std::move(value), {}); }

TEST(TextFunctions, Like) {
  EXPECT_TRUE(like_matches("", ""));
  EXPECT_TRUE(like_matches("", "%"));
  EXPECT_FALSE(like_matches("", "_"));
  EXPECT_TRUE(like_matches("summer_sale", "summer%"));
  EXPECT_TRUE(like_matches("summer_sale", "%s_le"));
  EXPECT_FALSE(like_matches("summer_sale", "summer"));
  EXPECT_TRUE(like_matches("aXbXc", "a%X%c"));
  EXPECT_FALSE(like_matches("aXbXc", "a%Y%c"));
  EXPECT_TRUE(like_matches("\xC3\xA4z", "_z"));
  EXPECT_FALSE(like_matches("\xC3\xA4z", "__z"));
  EXPECT_TRUE(like_matches("a\\%", "a\\%"));
}

TEST(TextFunctions, LikeTakesNoMoreThanTheProduct) {
  const std::string text(20000, 'a');
  std::string pattern;
  for (int i = 0; i < 200; i++) pattern += "%a";
  EXPECT_FALSE(like_matches(text, pattern + "b"));
}

TEST(TextFunctions, CountUtf8) {
  const Expression upper = *make_text_function(Op::upper, text(""), 0, {});
  EXPECT_EQ(text_function(upper, "a\xC3\xA4z"), "A\xC3\xA4Z");
  EXPECT_EQ(lowered("AZ["), "az[");
  EXPECT_EQ(text_prefix("\xC3\xA4\xC3\xA4z", 2), "\xC3\xA4\xC3\xA4");
  EXPECT_EQ(text_prefix("abc", 0), "");
  EXPECT_EQ(text_prefix("abc", 9), "abc");
}

Expression column(ValueType type, std::int64_t low, std::int64_t high) {
  Expression out;
  out.op = Op::column;
  out.type = type;
  out.low = low;
  out.high = high;
  return out;
}

std::string made(Op op, std::vector<Expression> parts, std::int64_t sides = 0) {
  const Result<Expression> e = make_text_call(op, std::move(parts), sides, {});
  if (!e) return std::string(e.error().reason.view());
  EXPECT_TRUE(is_well_formed(*e, std::size_t{0}));
  const Cell cell = evaluate(*e, {});
  const auto* value = std::get_if<std::string>(&cell);
  return value == nullptr ? std::to_string(std::get<std::int64_t>(cell)) : *value;
}

TEST(TextFunctions, Escapes) {
  EXPECT_TRUE(like_matches("50%", "50\\%", true));
  EXPECT_FALSE(like_matches("500", "50\\%", true));
  EXPECT_TRUE(like_matches("a_b", "%\\_%", true));
  EXPECT_FALSE(like_matches("ab", "%\\_%", true));
  EXPECT_TRUE(like_matches("a\\", "a\\\\", true));
}

TEST(TextFunctions, Parts) {
  EXPECT_EQ(made(Op::replace, {text("banana"), text("an"), text("x")}), "bxxa");
  EXPECT_EQ(made(Op::replace, {text("banana"), text("a"), text("")}), "bnn");
  EXPECT_EQ(made(Op::replace, {text("aaa"), text("a"), text("aa")}), "aaaaaa");
  EXPECT_EQ(made(Op::split_part, {text("a-b--c"), text("-"), number(2)}), "b");
  EXPECT_EQ(made(Op::split_part, {text("a-b--c"), text("-"), number(3)}), "");
  EXPECT_EQ(made(Op::split_part, {text("a-b"), text("-"), number(3)}), "");
  EXPECT_EQ(made(Op::pad_left, {text("7"), number(3), text("0")}), "007");
  EXPECT_EQ(made(Op::pad_left, {text("1234"), number(3), text("0")}), "123");
  EXPECT_EQ(made(Op::pad_right, {text("\u00e4"), number(4), text("xy")}), "\u00e4xyx");
  EXPECT_EQ(made(Op::reverse, {text("a\u00e4b")}), "b\u00e4a");
  EXPECT_EQ(made(Op::capitals, {text("hello wORLD-2nd \u00e9t\u00e9")}),
            "Hello World-2nd \u00e9t\u00e9");
  EXPECT_EQ(made(Op::trim, {text("xyaxy"), text("yx")}, 3), "a");
  EXPECT_EQ(made(Op::trim, {text("\u00e9a\u00e9"), text("\u00e9")}, 2), "\u00e9a");
  EXPECT_EQ(made(Op::position, {text("\u00e4bc"), text("c")}), "3");
  EXPECT_EQ(made(Op::position, {text("abc"), text("x")}), "0");
}

TEST(TextFunctions, RefuseArgumentsThatAreNoLiteralsOrEmpty) {
  const Expression any = column(kText, 0, 0);
  EXPECT_EQ(made(Op::replace, {any, any, text("x")}), "text_argument_malformed");
  EXPECT_EQ(made(Op::replace, {any, text(""), text("x")}), "text_argument_malformed");
  EXPECT_EQ(made(Op::replace, {any, text("x"), any}), "text_argument_malformed");
  EXPECT_EQ(made(Op::split_part, {any, text("-"), number(0)}), "text_argument_malformed");
  EXPECT_EQ(made(Op::split_part, {any, text("-"), number(1001)}), "text_argument_malformed");
  EXPECT_EQ(made(Op::pad_left, {any, number(257), text("-")}), "text_argument_malformed");
  EXPECT_EQ(made(Op::pad_left, {any, number(-1), text("-")}), "text_argument_malformed");
  EXPECT_EQ(made(Op::position, {any, text("")}), "text_argument_malformed");
  EXPECT_EQ(made(Op::trim, {number(1), text("x")}, 1), "types_differ");
}

// Each makes texts longer by at most what its interval says, and together they end.
TEST(TextFunctions, GrowWithinLimits) {
  Expression longer = column(kText, 0, 0);
  int times = 0;
  for (;; times++) {
    const auto next = make_text_call(Op::replace, {longer, text("a"), text("aa")}, 0, {});
    if (!next) {
      EXPECT_EQ(next.error().reason.view(), "text_may_grow");
      break;
    }
    longer = *next;
    ASSERT_LT(times, 9);
  }
  EXPECT_EQ(times, 4);
  std::vector<std::vector<Cell>> row = {{Cell(std::string(5000, 'a'))}};
  EXPECT_LE(std::get<std::string>(evaluate(longer, row)).size(), 1024U);
  const auto wide = make_concat({column(kText, 0, 0), text(std::string(4097, 'x'))}, {});
  EXPECT_EQ(wide.error().reason.view(), "text_may_grow");
}

TEST(TextFunctions, SeveralColumnsHaveFewTexts) {
  const auto together = [](std::int64_t a, std::int64_t b) {
    return make_concat({column(kText, 0, a), text("-"), column(kText, 0, b)}, {});
  };
  EXPECT_EQ(together(100, 1000)->high, 100'000);
  EXPECT_EQ(together(0, 5).error().reason.view(), "concat_too_many_texts");
  EXPECT_EQ(together(2, kTextsMax).error().reason.view(), "concat_too_many_texts");
  EXPECT_TRUE(make_concat({column(kText, 0, 0), text("-")}, {}));
  const std::vector<std::vector<Cell>> row = {{Cell()}};
  EXPECT_EQ(evaluate(*make_concat({column(kText, 0, 0), text("-")}, {}), row), Cell());
}

TEST(TextFunctions, NumbersAreWrittenAsTheyAreShown) {
  const auto shown = [](Expression e) {
    return std::get<std::string>(evaluate(*make_shown(std::move(e), {}), {}));
  };
  EXPECT_EQ(shown(number(-7)), "-7");
  EXPECT_EQ(shown(make_literal(-5, {Type::decimal, 2}, {})), "-0.05");
  EXPECT_EQ(shown(make_literal(0, kDate, {})), "1970-01-01");
  EXPECT_EQ(shown(make_literal(1, {Type::boolean, 0}, {})), "true");
  EXPECT_EQ(make_shown(column(kInteger, 0, kTextsMax), {}).error().reason.view(), "texts_too_many");
  EXPECT_TRUE(make_shown(column(kInteger, 1, kTextsMax), {}));
}

TEST(TextFunctions, Formats) {
  const auto written = [](TimeUnit unit, std::int64_t value, const char* format) {
    const auto e = make_formatted(number(value), unit, format, {});
    EXPECT_TRUE(is_well_formed(*e, std::size_t{0}));
    return std::get<std::string>(evaluate(*e, {}));
  };
  EXPECT_EQ(written(TimeUnit::day, 0, "%Y-%m-%d %a %A %w %j %y %%"),
            "1970-01-01 Thu Thursday 4 001 70 %");
  EXPECT_EQ(written(TimeUnit::month, -1, "%Y %b %B"), "1969 Dec December");
  EXPECT_EQ(written(TimeUnit::month, 0, "%m"), "01");
  EXPECT_EQ(written(TimeUnit::year, -1969, "%Y"), "0001");
  EXPECT_EQ(written(TimeUnit::second, -1, "%d %H:%M:%S %I %p"), "31 23:59:59 11 PM");
  EXPECT_EQ(written(TimeUnit::hour, 0, "%I%p"), "12AM");
  EXPECT_EQ(format_unit("%Y-%m"), TimeUnit::month);
  EXPECT_EQ(format_unit("%H:%M"), TimeUnit::minute);
  for (const char* none : {"", "x", "%", "%q", "%%", "%Y%"})
    EXPECT_FALSE(format_unit(none)) << none;
  EXPECT_FALSE(format_unit(std::string(63, 'x') + "%Y"));
}

TEST(TextFunctions, TasksThatLieAreNone) {
  Expression e = *make_formatted(number(0), TimeUnit::month, "%Y-%m", {});
  EXPECT_TRUE(is_well_formed(e, std::size_t{0}));
  e.text = "%Y-%m-%d";  // finer than its unit
  EXPECT_FALSE(is_well_formed(e, std::size_t{0}));
  e.text = "%Y-%m";
  e.children[0].high = units_in_calendar(TimeUnit::month).high + 1;
  EXPECT_FALSE(is_well_formed(e, std::size_t{0}));
  e.children[0] = column(kInteger, 0, kTextsMax);
  EXPECT_FALSE(is_well_formed(e, std::size_t{1}));
  Expression pad = *make_text_call(Op::pad_left, {text("a"), number(3), text("0")}, 0, {});
  pad.children[1].value = 1001;
  EXPECT_FALSE(is_well_formed(pad, std::size_t{0}));
  pad.children[1].value = 3;
  pad.children[2].text = "";
  EXPECT_FALSE(is_well_formed(pad, std::size_t{0}));
}

using Patterns = std::vector<std::string>;

TEST(Regular, WhatLikeCanSay) {
  EXPECT_EQ(like_patterns("^A", false), Patterns{"A%"});
  EXPECT_EQ(like_patterns("a.*b$", false), Patterns{"%a%b"});
  EXPECT_EQ(like_patterns("a.+", true), Patterns{"a_%"});
  EXPECT_EQ(like_patterns("^(a|b.)c$", false), (Patterns{"ac", "b_c"}));
  EXPECT_EQ(like_patterns("x|^y", false), (Patterns{"%x%", "y%"}));
  EXPECT_EQ(like_patterns("50%\\.1_", false), Patterns{"%50\\%.1\\_%"});
  EXPECT_EQ(like_patterns("", false), Patterns{"%%"});
  EXPECT_EQ(like_patterns("a\\$", false), Patterns{"%a$%"});
}

TEST(Regular, WhatItCannot) {
  for (const char* none : {"[a-z]", "a*", "a+", "a?", "a{2}", "\\d", "(a|(b))", "(a)*", "(a)(b)",
                           "(", ")", "a^b", "a$b", "\\", "(?i)a", "*", "a|(b"}) {
    EXPECT_FALSE(like_patterns(none, false)) << none;
  }
  EXPECT_FALSE(like_patterns("^a", true));
  EXPECT_FALSE(like_patterns("a$", true));
  std::string many = "a";
  for (int i = 0; i < 64; i++) many += "|a";
  EXPECT_FALSE(like_patterns(many, false));
}

}  // namespace
}  // namespace gbx::sql
