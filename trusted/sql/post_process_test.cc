#include "trusted/sql/post_process.h"

#include <gtest/gtest.h>

#include "trusted/sql/build.h"

namespace gbx::sql {
namespace {

constexpr ValueType kInteger{Type::integer, 0};
using Rows = std::vector<std::vector<Cell>>;
using Order = std::vector<std::size_t>;

Expression output(std::uint32_t index, ValueType type = kInteger) {
  Expression out;
  out.op = Op::output;
  out.type = type;
  out.column = index;
  out.low = -kOutputMax;
  out.high = kOutputMax;
  return out;
}

Rows rows() {
  return {{std::string("b"), std::int64_t{5}},
          {Cell(), std::int64_t{7}},
          {std::string("a"), std::int64_t{5}},
          {std::string("c"), std::int64_t{-1}}};
}

TEST(post_process, nothing_asked_changes_nothing) {
  EXPECT_EQ(post_process({}, rows()).shown, (Order{0, 1, 2, 3}));
  EXPECT_TRUE(post_process({}, {}).shown.empty());
}

TEST(post_process, having_keeps_what_is_true) {
  PostProcessing post;
  post.has_having = true;
  post.having = *make_comparison(Op::greater, output(1), make_literal(0, kInteger, {}), {});
  EXPECT_EQ(post_process(post, rows()).shown, (Order{0, 1, 2}));
  post.having = *make_comparison(Op::not_equal, output(0, {Type::text, 0}), make_text("b", {}), {});
  EXPECT_EQ(post_process(post, rows()).shown, (Order{2, 3}));  // NULL <> 'b' is not true
}

TEST(post_process, order_is_stable_and_puts_nulls_last) {
  PostProcessing post;
  post.order = {{output(1), true, false}};
  EXPECT_EQ(post_process(post, rows()).shown, (Order{1, 0, 2, 3}));
  post.order = {{output(0, {Type::text, 0}), false, false}};
  EXPECT_EQ(post_process(post, rows()).shown, (Order{2, 0, 3, 1}));
  post.order = {{output(0, {Type::text, 0}), true, false}};
  EXPECT_EQ(post_process(post, rows()).shown, (Order{3, 0, 2, 1}));
  post.order = {{output(0, {Type::text, 0}), true, true}};
  EXPECT_EQ(post_process(post, rows()).shown, (Order{1, 3, 0, 2}));
  post.order = {{output(1), false, false}, {output(0, {Type::text, 0}), false, false}};
  EXPECT_EQ(post_process(post, rows()).shown, (Order{3, 2, 0, 1}));
}

TEST(post_process, limit_and_offset) {
  PostProcessing post;
  post.limit = 2;
  EXPECT_EQ(post_process(post, rows()).shown, (Order{0, 1}));
  post.offset = 3;
  EXPECT_EQ(post_process(post, rows()).shown, (Order{3}));
  post.offset = 4;
  EXPECT_TRUE(post_process(post, rows()).shown.empty());
  post.offset = 0;
  post.limit = 0;
  EXPECT_TRUE(post_process(post, rows()).shown.empty());
}

TEST(post_process, released_numbers_are_saturated_so_that_nothing_overflows) {
  PostProcessing post;
  post.groups = 1;
  post.has_having = true;
  const Expression product =
      *make_arithmetic(Op::multiply, output(1), make_literal(1000, kInteger, {}), {});
  post.having = *make_comparison(Op::greater, product, make_literal(0, kInteger, {}), {});
  const Rows wild = {{std::string("x"), std::numeric_limits<std::int64_t>::max()},
                     {std::string("y"), std::numeric_limits<std::int64_t>::min()}};
  EXPECT_EQ(post_process(post, wild).shown, (Order{0}));
}

}  // namespace
}  // namespace gbx::sql
