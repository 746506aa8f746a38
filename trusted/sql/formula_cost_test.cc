#include <gtest/gtest.h>

#include "trusted/sql/build.h"
#include "trusted/sql/released_value.h"

namespace gbx::sql {
namespace {

Expression output(ValueType type = {Type::integer, 0}) {
  Expression out;
  out.op = Op::output;
  out.type = type;
  out.low = -1000;
  out.high = 1000;
  return out;
}

Expression products(int factors) {
  Expression out = output();
  for (int i = 1; i < factors; i++) {
    Expression next;
    next.op = Op::multiply;
    next.type = out.type;
    next.children = {std::move(out), output()};
    out = std::move(next);
  }
  return out;
}

TEST(formula_cost, is_the_square_of_how_long_numbers_are) {
  EXPECT_EQ(formula_cost(output()), 4);                      // one word, and one more
  EXPECT_GT(formula_cost(output({Type::decimal, 12})), 4);   // and a divisor
  EXPECT_EQ(formula_cost(products(2)), 4 + 4 + 9);           // two words
  EXPECT_EQ(formula_cost(products(3)), 4 + 4 + 9 + 4 + 16);  // three
  const Expression both = *make_comparison(Op::less, products(2), output(), {});
  EXPECT_EQ(formula_cost(both), 17 + 4 + 9);
}

TEST(formula_cost, of_what_does_not_fit_is_the_most) {
  EXPECT_TRUE(formula_fits(products(64)));
  EXPECT_LT(formula_cost(products(64)), kFormulasCostMax);
  EXPECT_FALSE(formula_fits(products(66)));
  EXPECT_GE(formula_cost(products(66)), kFormulasCostMax);
}

Expression text() {
  Expression out = output({Type::text, 0});
  out.low = 0;
  return out;
}

TEST(formula_cost, of_texts_counts_how_many_are_in_one) {
  std::vector<Expression> parts(16, text());
  Expression joined = *make_concat(parts, {});
  EXPECT_TRUE(formula_fits(joined));
  Expression lower = *make_text_function(Op::lower, joined, 0, {});
  EXPECT_TRUE(formula_fits(*make_concat({lower, make_text("x", {})}, {})));
  EXPECT_FALSE(formula_fits(*make_concat({lower, text()}, {})));
  EXPECT_FALSE(formula_fits(*make_concat({lower, *make_shown(output(), {})}, {})));
}

TEST(formula_cost, of_a_like_is_the_length_of_its_pattern_for_each_text) {
  const auto like = [](Expression of) {
    return formula_cost(*make_like(of, make_text(std::string(1000, 'a'), {}), {})) -
           formula_cost(of);
  };
  EXPECT_EQ(like(text()), 1000 + 4);
  EXPECT_EQ(like(*make_concat({text(), text(), text()}, {})), 3000 + 4);
}

}  // namespace
}  // namespace gbx::sql
