#include "trusted/sql/task_codec.h"

#include <gtest/gtest.h>

#include <limits>

namespace gbx::sql {
namespace {

Expression column() {
  Expression e;
  e.op = Op::column;
  e.type = {Type::decimal, 2};
  e.relation = 1;
  e.column = 3;
  e.low = std::numeric_limits<std::int64_t>::min();
  e.high = std::numeric_limits<std::int64_t>::max();
  return e;
}

Task task() {
  Expression less;
  less.op = Op::less;
  less.type = {Type::boolean, 0};
  Expression literal;
  literal.op = Op::literal;
  literal.type = {Type::decimal, 2};
  literal.value = -(std::int64_t{1} << 60);
  literal.text = "n\"\xC3\xB6";
  less.children = {column(), literal};
  Task out;
  out.tables = {"a", "b"};
  out.has_filter = true;
  out.filter = less;
  out.groups = {column()};
  out.measures = {{.kind = MeasureKind::centred,
                   .argument = column(),
                   .row_low = -7,
                   .row_high = std::int64_t{1} << 62,
                   .low = -3,
                   .high = 9}};
  out.groups_per_person = 4;
  out.groups_max = 77;
  out.sampling = {.a = 5, .b = 2147483646, .d = 6};
  return out;
}

TEST(TaskCodec, ComesBackAsTheSameText) {
  const std::string text = encode_task(task());
  const auto decoded = decode_task(text);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(encode_task(*decoded), text);
  EXPECT_EQ(decoded->filter.children[1].value, -(std::int64_t{1} << 60));
  EXPECT_EQ(decoded->filter.children[1].text, "n\"\xC3\xB6");
  EXPECT_EQ(decoded->measures[0].row_high, std::int64_t{1} << 62);
  EXPECT_EQ(decoded->groups[0].low, std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(decoded->sampling.b, 2147483646U);
}

TEST(TaskCodec, ATaskWithoutFilterHasNone) {
  Task plain;
  plain.tables = {"a"};
  const auto decoded = decode_task(encode_task(plain));
  ASSERT_TRUE(decoded);
  EXPECT_FALSE(decoded->has_filter);
}

class MalformedTask : public testing::TestWithParam<std::pair<const char*, const char*>> {};

TEST_P(MalformedTask, IsRefused) {
  std::string text = encode_task(task());
  const auto [from, to] = GetParam();
  const std::size_t at = text.find(from);
  ASSERT_NE(at, std::string::npos) << from;
  text.replace(at, std::string(from).size(), to);
  const auto decoded = decode_task(text);
  ASSERT_FALSE(decoded);
  EXPECT_EQ(decoded.error(), (Error{ErrorCode::invalid_argument, "task_malformed"}));
}

INSTANTIATE_TEST_SUITE_P(
    Fields, MalformedTask,
    testing::Values(std::pair("\"less\"", "\"run\""), std::pair("\"less\"", "\"output\""),
                    std::pair("\"decimal\"", "\"double\""),
                    std::pair("\"scale\":2", "\"scale\":13"),
                    std::pair("\"relation\":1", "\"relation\":-1"),
                    std::pair("\"centred\"", "\"average\""), std::pair("\"a\":5", "\"a\":0"),
                    std::pair("\"groups_per_person\":4", "\"groups_per_person\":0"),
                    std::pair("\"tables\":[\"a\"", "\"tables\":[1"),
                    std::pair("\"row_low\":\"-7\"", "\"row_low\":\"x\""),
                    std::pair("\"row_low\":\"-7\"", "\"row_low\":-7"),
                    std::pair("\"a\":5", "\"a\":5,\"aa\":5"), std::pair("{", "")));

TEST(TaskCodec, ADeepExpressionIsRefused) {
  Task deep;
  deep.tables = {"a"};
  Expression e = column();
  for (std::size_t i = 0; i <= kTaskDepthMax; i++) {
    Expression parent;
    parent.op = Op::negate;
    parent.children = {std::move(e)};
    e = std::move(parent);
  }
  deep.groups = {std::move(e)};
  EXPECT_FALSE(decode_task(encode_task(deep)));
}

}  // namespace
}  // namespace gbx::sql
