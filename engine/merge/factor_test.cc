#include "engine/merge/factor.h"

#include <gtest/gtest.h>

#include "engine/merge/compile.h"
#include "trusted/sql/evaluate.h"

namespace gbx::engine {
namespace {

using sql::Expression;
using sql::Op;

Expression flag(std::uint32_t place) {
  Expression e;
  e.op = Op::column;
  e.type = {Type::boolean, 0};
  e.column = place;
  e.high = 1;
  return e;
}

Expression connect(Op op, std::vector<Expression> children) {
  Expression e = flag(0);
  e.op = op;
  e.children = std::move(children);
  return e;
}
Expression both(std::vector<Expression> children) {
  return connect(Op::logical_and, std::move(children));
}
Expression either(std::vector<Expression> children) {
  return connect(Op::logical_or, std::move(children));
}

// On every row of four truth values.
void expect_the_same(const Expression& e) {
  const Expression made = factored(e);
  for (int code = 0; code < 81; code++) {
    std::vector<std::vector<Cell>> row(1);
    for (int i = 0, rest = code; i < 4; i++, rest /= 3) {
      row[0].push_back(rest % 3 == 2 ? Cell() : Cell(std::int64_t{rest % 3}));
    }
    EXPECT_EQ(sql::evaluate(made, row), sql::evaluate(e, row)) << code;
  }
}

TEST(Factor, KeepsTrueFalseAndNull) {
  const Expression a = flag(0);
  const Expression b = flag(1);
  const Expression c = flag(2);
  const Expression x = flag(3);
  expect_the_same(a);
  expect_the_same(either({a, b}));
  expect_the_same(either({both({a, x}), both({b, x})}));
  expect_the_same(either({both({a, x}), both({x, b}), both({both({c, x}), a})}));
  expect_the_same(either({both({a, x, c}), both({b, c, x})}));
  expect_the_same(either({both({a, x}), x}));
  expect_the_same(either({x, both({b, x}), x}));
  expect_the_same(either({both({x, x, a}), both({x, b})}));
  expect_the_same(both({c, either({both({a, x}), both({b, x})})}));
  expect_the_same(connect(Op::logical_not, {either({both({a, x}), both({b, x})})}));
}

TEST(Factor, DemandsOnceWhatEveryBranchDemands) {
  const Expression made =
      factored(either({both({flag(0), flag(3)}), both({flag(1), flag(3), flag(2)})}));
  const auto conjuncts = conjuncts_of(made);
  ASSERT_EQ(conjuncts.size(), 2U);
  EXPECT_EQ(conjuncts[0]->column, 3U);
  EXPECT_EQ(conjuncts[1]->op, Op::logical_or);
  EXPECT_EQ(conjuncts_of(factored(either({flag(1), both({flag(0), flag(1)})}))).size(), 1U);
}

}  // namespace
}  // namespace gbx::engine
