#include "trusted/sql/released_value.h"

#include <gtest/gtest.h>

#include <limits>

#include "trusted/sql/build.h"
#include "trusted/sql/query.h"

namespace gbx::sql {
namespace {

constexpr ValueType kInteger{Type::integer, 0};
constexpr ValueType kMoney{Type::decimal, 2};
constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();

// A count, a sum of money that may be negative, another count, a key.
Expression output(std::uint32_t index) {
  Expression out;
  out.op = Op::output;
  out.column = index;
  out.type = index == 1 ? kMoney : index == 3 ? ValueType{Type::text, 0} : kInteger;
  out.low = index == 1 ? -kOutputMax : 0;
  out.high = kOutputMax;
  return out;
}
Expression whole(std::int64_t value) { return make_literal(value, kInteger, {}); }
Expression over(Expression a, Expression b) {
  return *make_division(std::move(a), std::move(b), {});
}
Expression minus(Expression a, Expression b) {
  return *make_arithmetic(Op::subtract, std::move(a), std::move(b), {});
}

using Row = std::vector<Cell>;
Row row(std::int64_t count, std::int64_t money, std::int64_t other = 1) {
  return {count, money, other, std::string("tv")};
}
Cell value(const Expression& e, const Row& cells) { return released_value(e, known(cells)); }

std::vector<Known> boxes(std::array<std::int64_t, 2> count, std::array<std::int64_t, 2> money,
                         std::array<std::int64_t, 2> other = {1, 1}) {
  return {{count[0], count[1]},
          {money[0], money[1]},
          {other[0], other[1]},
          {std::string("tv"), std::string("tv")}};
}
Ends ends(const Expression& e, const std::vector<Known>& outputs) {
  return *ends_of(possible(e, outputs), e.type);
}

TEST(released_value, dates_outside_of_the_calendar_are_no_texts) {
  const ValueType date{Type::date, 0};
  const Expression first = make_literal(*parse_date("0001-01-01"), date, {});
  const Expression last = make_literal(*parse_date("9999-12-31"), date, {});
  Expression count = output(0);  // at least 0 but for noise
  count.high = 0;
  const auto text = [](Expression moment) { return *make_shown(std::move(moment), {}); };
  const Expression later = text(*make_arithmetic(Op::add, first, count, {}));
  EXPECT_EQ(value(later, row(0, 0)), Cell(std::string("0001-01-01")));
  EXPECT_EQ(value(later, row(-1, 0)), Cell());
  EXPECT_EQ(value(text(*make_arithmetic(Op::add, last, count, {})), row(1, 0)), Cell());
}

TEST(released_value, quotients_are_exact_and_rounded_once) {
  const Expression mean = over(output(1), output(0));
  EXPECT_EQ(mean.type, (ValueType{Type::decimal, 6}));
  EXPECT_EQ(value(mean, row(3, 100)), Cell(std::int64_t{333'333}));
  EXPECT_EQ(value(mean, row(3, -200)), Cell(std::int64_t{-666'667}));
  const Expression lift =
      minus(over(over(output(0), whole(3)), over(output(2), whole(3))), whole(1));
  EXPECT_EQ(value(lift, row(150, 0, 100)), Cell(std::int64_t{500'000}));
  const Expression thrice = *make_arithmetic(Op::multiply, over(whole(1), output(0)), whole(3), {});
  EXPECT_EQ(value(thrice, row(3, 0)), Cell(std::int64_t{1'000'000}));  // not 0.999999
}

TEST(released_value, nothing_is_divided_by_nothing_or_by_noise) {
  const Expression mean = over(output(1), output(0));
  EXPECT_EQ(value(mean, row(0, 100)), Cell());
  EXPECT_EQ(value(mean, row(-5, 100)), Cell());  // a count
  const Expression other = over(output(0), output(1));
  EXPECT_EQ(value(other, row(8, -200)), Cell(std::int64_t{-4'000'000}));  // may be negative
  EXPECT_EQ(value(other, row(8, 0)), Cell());
  EXPECT_EQ(value(mean, Row{Cell(), std::int64_t{1}, std::int64_t{1}, Cell()}), Cell());
}

TEST(released_value, rounding_is_where_it_is_written) {
  const Expression percent =
      over(*make_arithmetic(Op::multiply, whole(100), output(0), {}), output(2));
  const Expression shown = *make_rounded(percent, 2, Rounding::half_away, {});
  EXPECT_EQ(shown.type, kMoney);
  EXPECT_EQ(value(shown, row(2, 0, 3)), Cell(std::int64_t{6667}));
  EXPECT_EQ(value(*make_rounded(percent, 0, Rounding::down, {}), row(2, 0, 3)),
            Cell(std::int64_t{66}));
  EXPECT_EQ(value(*make_rounded(percent, 0, Rounding::up, {}), row(2, 0, 3)),
            Cell(std::int64_t{67}));
  const Division whole_part{kInteger, Rounding::to_zero};
  EXPECT_EQ(value(*make_quotient(output(0), output(2), whole_part, {}), row(-7, 0, 2)),
            Cell(std::int64_t{-3}));
  EXPECT_EQ(value(*make_remainder(output(0), output(2), whole_part, {}), row(-7, 0, 2)),
            Cell(std::int64_t{-1}));
}

TEST(released_value, large_numbers_are_exact_inside_and_cut_outside) {
  const Expression square = *make_arithmetic(Op::multiply, output(0), output(2), {});
  EXPECT_EQ(value(square, row(kOutputMax, 0, kOutputMax)), Cell(kMost));
  EXPECT_EQ(value(over(square, output(2)), row(kOutputMax - 1, 0, 7)),
            Cell(kMost));  // six digits more
  EXPECT_EQ(value(*make_rounded(over(square, output(2)), 0, Rounding::down, {}),
                  row(kOutputMax - 1, 0, 7)),
            Cell(kOutputMax - 1));
}

TEST(released_value, choices_and_conditions) {
  std::vector<Expression> parts;
  parts.push_back(*make_comparison(Op::greater, output(0), whole(10), {}));
  parts.push_back(make_text("many", {}));
  parts.push_back(make_text("few", {}));
  const Expression size = *make_case(std::move(parts), {});
  EXPECT_EQ(value(size, row(11, 0)), Cell(std::string("many")));
  EXPECT_EQ(value(size, row(10, 0)), Cell(std::string("few")));
  EXPECT_EQ(value(*make_coalesce({over(output(1), output(0)), whole(7)}, {}), row(0, 1)),
            Cell(std::int64_t{7'000'000}));
  EXPECT_EQ(value(*make_text_function(Op::upper, output(3), 0, {}), row(0, 1)),
            Cell(std::string("TV")));
}

TEST(released_value, truth_of_three_values) {
  const Expression unknown = make_null({Type::boolean, 0}, {});
  const Expression yes = *make_comparison(Op::equal, output(0), whole(1), {});
  const auto both = [&](Op op, const Expression& a, const Expression& b) {
    return value(*make_logical(op, {a, b}, {}), row(1, 0));
  };
  const Expression no = *make_not(yes, {});
  EXPECT_EQ(both(Op::logical_and, unknown, yes), Cell());
  EXPECT_EQ(both(Op::logical_and, unknown, no), Cell(std::int64_t{0}));
  EXPECT_EQ(both(Op::logical_and, yes, yes), Cell(std::int64_t{1}));
  EXPECT_EQ(both(Op::logical_or, unknown, yes), Cell(std::int64_t{1}));
  EXPECT_EQ(both(Op::logical_or, unknown, no), Cell());
  EXPECT_EQ(both(Op::logical_or, no, no), Cell(std::int64_t{0}));
  EXPECT_EQ(value(make_is_null(over(whole(1), output(0)), {}), row(0, 0)), Cell(std::int64_t{1}));
}

TEST(released_value, the_interval_of_a_quotient_holds_its_corners) {
  const Ends of_positive = ends(over(output(1), output(0)), boxes({50, 100}, {1000, 2000}));
  EXPECT_EQ(of_positive.low, 100'000);   // 10.00 / 100
  EXPECT_EQ(of_positive.high, 400'000);  // 20.00 / 50
  const Ends of_mixed = ends(over(output(1), output(0)), boxes({50, 100}, {-1000, 2000}));
  EXPECT_EQ(of_mixed.low, -200'000);
  EXPECT_EQ(of_mixed.high, 400'000);
  const Ends outwards = ends(over(output(1), output(0)), boxes({3, 3}, {100, 100}));
  EXPECT_EQ(outwards.low, 333'333);
  EXPECT_EQ(outwards.high, 333'334);
}

// Where the denominator may be anything from below nothing, it is 1 at least where there is a
// value.
TEST(released_value, a_denominator_near_nothing) {
  const Ends few = ends(over(output(1), output(0)), boxes({-5, 10}, {1000, 2000}));
  EXPECT_EQ(few.low, 1'000'000);
  EXPECT_EQ(few.high, 20'000'000);
  const Possible computed =
      possible(over(whole(1), over(output(0), whole(2))), boxes({-5, 10}, {0, 0}));
  EXPECT_TRUE(computed.null);
  EXPECT_EQ(ends_of(computed, kInteger)->high, kMost);
  EXPECT_EQ(ends_of(computed, kInteger)->low, 0);
  const Ends any = ends(over(output(0), output(1)), boxes({5, 10}, {-1, 1}));
  EXPECT_EQ(any.low, -kMost);
  EXPECT_EQ(any.high, kMost);
  EXPECT_FALSE(ends_of(possible(over(output(1), output(0)), boxes({-5, -1}, {1, 1})), kMoney));
}

TEST(released_value, an_end_of_int64_is_beyond_all_numbers) {
  const auto outputs = boxes({5, kMost}, {1000, 1000});
  EXPECT_EQ(ends(output(0), outputs).high, kMost);
  EXPECT_EQ(ends(over(output(1), output(0)), outputs).low, 0);
  EXPECT_EQ(ends(minus(whole(1), output(0)), outputs).low, -kMost);
}

TEST(released_value, what_is_undecided_can_be_either) {
  std::vector<Expression> parts;
  parts.push_back(*make_comparison(Op::greater, output(0), whole(10), {}));
  parts.push_back(output(2));
  parts.push_back(whole(3));
  const Expression chosen = *make_case(std::move(parts), {});
  EXPECT_EQ(ends(chosen, boxes({11, 12}, {0, 0}, {7, 8})).low, 7);
  EXPECT_EQ(ends(chosen, boxes({9, 12}, {0, 0}, {7, 8})).low, 3);
  EXPECT_EQ(ends(chosen, boxes({9, 10}, {0, 0}, {7, 8})).high, 3);
}

// Whatever the outputs are inside of their boxes, the value lies in the interval.
TEST(released_value, intervals_hold_every_value) {
  std::vector<Expression> formulas;
  formulas.push_back(over(output(1), output(0)));
  formulas.push_back(minus(over(output(0), output(2)), whole(1)));
  formulas.push_back(over(minus(output(0), output(2)), output(2)));
  formulas.push_back(over(over(output(0), output(2)), over(output(1), whole(7))));
  formulas.push_back(*make_absolute(minus(output(0), output(1)), {}));
  formulas.push_back(*make_negate(over(output(0), output(1)), {}));
  formulas.push_back(*make_rounded(over(output(0), output(2)), 1, Rounding::up, {}));
  formulas.push_back(*make_remainder(output(0), output(2), {kInteger, Rounding::to_zero}, {}));
  formulas.push_back(*make_clamp({output(1), whole(-3), whole(3)}, {}));
  for (const Expression& formula : formulas) {
    const auto outputs = boxes({-3, 5}, {-400, 300}, {-1, 4});
    const Ends interval = ends(formula, outputs);
    for (std::int64_t a = -3; a <= 5; a++) {
      for (std::int64_t b = -400; b <= 300; b += 50) {
        for (std::int64_t c = -1; c <= 4; c++) {
          const Cell cell = value(formula, row(a, b, c));
          const auto* found = std::get_if<std::int64_t>(&cell);
          if (found == nullptr) continue;
          ASSERT_LE(interval.low, *found);
          ASSERT_GE(interval.high, *found);
        }
      }
    }
  }
}

TEST(released_value, formulas_that_grow_without_end_do_not_fit) {
  Expression sum = over(output(0), output(2));
  EXPECT_TRUE(formula_fits(sum));
  for (int i = 0; i < 20; i++) {
    sum = *make_arithmetic(Op::add, std::move(sum), over(output(0), output(2)), {});
  }
  EXPECT_TRUE(formula_fits(sum));
  for (int i = 0; i < 40; i++) {
    sum = *make_arithmetic(Op::add, std::move(sum), over(output(0), output(2)), {});
  }
  EXPECT_FALSE(formula_fits(sum));
  Expression deep = output(3);
  for (std::size_t i = 0; i <= kFormulaDepthMax; i++) {
    deep = *make_text_function(Op::upper, std::move(deep), 0, {});
  }
  EXPECT_FALSE(formula_fits(deep));
}

}  // namespace
}  // namespace gbx::sql
