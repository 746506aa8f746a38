#include "trusted/sql/task_codec.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "trusted/base/json.h"
#include "trusted/sql/build.h"
#include "trusted/sql/well_formed.h"

namespace gbx::sql {
namespace {

constexpr ValueType kInteger{Type::integer, 0};
constexpr ValueType kText{Type::text, 0};

Expression column(ValueType type, std::int64_t low, std::int64_t high) {
  Expression out;
  out.op = Op::column;
  out.type = type;
  out.relation = 1;
  out.column = 3;
  out.low = low;
  out.high = high;
  return out;
}

Task example() {
  Task task;
  task.tables = {"exposures", "snowy.customers"};
  task.has_filter = true;
  std::vector<Expression> parts;
  parts.push_back(*make_like(column(kText, 0, 0), make_text("a'%\xC3\xA4", {}), {}));
  parts.push_back(*make_in({column(kInteger, 0, 9), make_literal(5, kInteger, {})}, {}));
  parts.push_back(make_is_null(make_null(kUntyped, {}), {}));
  task.filter = *make_logical(Op::logical_or, std::move(parts), {});
  task.groups = {*make_text_function(Op::prefix, column(kText, 0, 0), 3, {})};
  Measure rows;
  rows.high = 5;
  Measure sum;
  sum.kind = MeasureKind::sum;
  sum.argument = *make_arithmetic(Op::multiply, column({Type::decimal, 2}, -100, 900),
                                  column(kInteger, 0, 9), {});
  sum.row_low = -900;
  sum.row_high = 8100;
  sum.low = -4500;
  sum.high = std::numeric_limits<std::int64_t>::max();
  Measure distinct;
  distinct.kind = MeasureKind::distinct;
  distinct.argument = column(kText, 0, 0);
  distinct.high = 6;
  Measure histogram;
  histogram.kind = MeasureKind::histogram;
  histogram.argument = column(kInteger, 0, 9);
  histogram.row_high = 9;
  histogram.high = 7;
  histogram.bins = 256;
  Measure magnitudes = histogram;
  magnitudes.kind = MeasureKind::magnitudes;
  magnitudes.bins = magnitudes_in(0, 9);
  task.measures = {rows, sum, distinct, histogram, magnitudes};
  Measure bounded;
  bounded.kind = MeasureKind::bounded;
  bounded.high = 1;
  bounded.watched = {1, 4};
  task.measures.push_back(bounded);
  task.groups_per_person = 4;
  task.sampling = {1, 2147483646, 77};
  return task;
}

TEST(task_codec, what_goes_in_comes_out) {
  const std::string bytes = encode_task(example());
  const auto task = decode_task(bytes);
  ASSERT_TRUE(task);
  EXPECT_EQ(encode_task(*task), bytes);
  EXPECT_EQ(task->tables[1], "snowy.customers");
  EXPECT_EQ(task->measures[1].high, std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(task->filter.children[0].text, "a'%\xC3\xA4");
  EXPECT_EQ(task->sampling.b, 2147483646u);
}

TEST(task_codec, one_spelling_is_documented) {
  Task task;
  task.tables = {"t"};
  EXPECT_EQ(encode_task(task),
            R"({"format":2,"groups":[],"groups_max":1000000,"groups_per_person":1,"measures":[],)"
            R"("sampling":{"a":1,"b":1,"d":1},"steps":[],"tables":["t"]})");
}

class BadTask : public testing::TestWithParam<std::pair<const char*, const char*>> {};

TEST_P(BadTask, IsRefused) {
  std::string bytes = encode_task(example());
  const std::string from = GetParam().first;
  const std::size_t at = bytes.find(from);
  ASSERT_NE(at, std::string::npos) << from;
  bytes.replace(at, from.size(), GetParam().second);
  const auto task = decode_task(bytes);
  ASSERT_FALSE(task);
  EXPECT_EQ(task.error().reason.view(), "task_malformed");
}

INSTANTIATE_TEST_SUITE_P(
    task_codec, BadTask,
    testing::Values(
        std::pair{"\"format\":2", "\"format\":1"}, std::pair{"\"format\":2", "\"format\":3"},
        std::pair{"\"format\":2,", ""}, std::pair{"\"format\":2", "\"extra\":1,\"format\":2"},
        std::pair{"\"steps\":[],", ""},
        std::pair{"\"tables\":[\"exposures\",\"snowy.customers\"]", "\"tables\":[]"},
        std::pair{"\"tables\":[\"exposures\",\"snowy.customers\"]", "\"tables\":[\"exposures\"]"},
        std::pair{"\"groups_per_person\":4", "\"groups_per_person\":0"},
        std::pair{"\"groups_max\":1000000", "\"groups_max\":0"}, std::pair{"\"a\":1", "\"a\":0"},
        std::pair{"\"b\":2147483646", "\"b\":2147483647"}, std::pair{"\"like\"", "\"unlike\""},
        std::pair{"\"op\":\"multiply\"", "\"op\":\"prefix\""},
        std::pair{"\"op\":\"multiply\"", "\"op\":\"negate\""},
        std::pair{"\"op\":\"logical_or\"", "\"op\":\"in_list\""},
        std::pair{"\"op\":\"in_list\"", "\"op\":\"output\""},
        std::pair{"\"kind\":\"sum\"", "\"kind\":\"rows\""},
        std::pair{"\"kind\":\"sum\"", "\"kind\":\"product\""},
        std::pair{"\"row_low\":\"-900\"", "\"row_low\":\"8101\""},
        std::pair{"\"row_low\":\"-900\"", "\"row_low\":-900"},
        std::pair{"\"row_low\":\"-900\"", "\"row_low\":\"-0900\""},
        std::pair{"\"row_high\":\"8100\"", "\"row_high\":\"9223372036854775807\""},
        std::pair{"\"high\":\"9223372036854775807\"", "\"high\":\"9223372036854775808\""},
        std::pair{R"("bins":256)", R"("bins":255)"}, std::pair{R"("bins":256)", R"("bins":16.0)"},
        std::pair{R"("bins":256)", R"("bins":0)"}, std::pair{R"("bins":256)", R"("bins":1048576)"},
        std::pair{R"(,"bins":256)", ""},
        std::pair{R"("high":"7","kind":"histogram")", R"("high":"1000001","kind":"histogram")"},
        std::pair{R"("kind":"histogram","low":"0")", R"("kind":"histogram","low":"-1")"},
        std::pair{R"("kind":"histogram","low":"0")", R"("kind":"distinct","low":"0")"},
        std::pair{R"("kind":"histogram","low":"0","row_high":"9")",
                  R"("kind":"histogram","low":"0","row_high":"9223372036854775807")"},
        std::pair{R"("high":"6","kind":"distinct")", R"("high":"1000001","kind":"distinct")"},
        std::pair{R"("kind":"distinct","low":"0")", R"("kind":"distinct","low":"-1")"},
        std::pair{R"("kind":"distinct","low":"0")", R"("kind":"sum","low":"0")"},
        std::pair{R"("watched":[1,4])", R"("watched":[4,1])"},
        std::pair{R"("watched":[1,4])", R"("watched":[1,1])"},
        std::pair{R"("watched":[1,4])", R"("watched":[1,5])"},
        std::pair{R"("watched":[1,4])", R"("watched":[1,6])"},
        std::pair{R"("watched":[1,4])", R"("watched":[-1])"},
        std::pair{R"("watched":[1,4])", R"("watched":["1"])"},
        std::pair{R"("watched":[1,4])", R"("watched":[1,4294967300])"},
        std::pair{R"("high":"1","kind":"bounded")", R"("high":"2","kind":"bounded")"},
        std::pair{R"("kind":"bounded","low":"0")", R"("kind":"bounded","low":"-1")"},
        std::pair{"\"relation\":1", "\"relation\":2"}, std::pair{"\"scale\":2", "\"scale\":13"},
        std::pair{"\"type\":\"decimal\"", "\"type\":\"double\""},
        std::pair{"\"value\":\"3\"", "\"value\":\"-3\""}, std::pair{"{", " {"}));

TEST(task_codec, refuses_a_tower) {
  std::string inner;
  for (int i = 0; i < 400; i++) inner += R"({"children":[)";
  inner += R"({"high":"1","low":"0","op":"null","scale":0,"type":"boolean"})";
  for (int i = 0; i < 400; i++) {
    inner += R"(],"high":"1","low":"0","op":"logical_not","scale":0,"type":"boolean"})";
  }
  EXPECT_FALSE(decode_task(R"({"filter":)" + inner + R"(,"format":2,"groups":[]})"));
}

TEST(well_formed, everything_the_builders_make_is) {
  EXPECT_TRUE(is_well_formed(example().filter, 2));
  EXPECT_TRUE(is_well_formed(example().groups[0], 2));
  EXPECT_TRUE(is_well_formed(example().measures[1].argument, 2));
  std::vector<Expression> parts = {make_literal(1, {Type::boolean, 0}, {}),
                                   make_literal(5, kInteger, {}), make_null(kUntyped, {})};
  EXPECT_TRUE(is_well_formed(*make_case(parts, {}), 0));
}

TEST(well_formed, children_of_another_type_are_not) {
  Expression both =
      *make_comparison(Op::less, make_literal(1, kInteger, {}), make_literal(2, kInteger, {}), {});
  EXPECT_TRUE(is_well_formed(both, 0));
  both.children[1] = make_text("2", {});
  EXPECT_FALSE(is_well_formed(both, 0));
  Expression lower = *make_text_function(Op::lower, make_text("A", {}), 0, {});
  lower.children[0] = make_literal(1, kInteger, {});
  EXPECT_FALSE(is_well_formed(lower, 0));
}

TEST(TaskCodec, AListIsSaidInOneWayAndHasNoSteps) {
  Task task = example();
  task.lists = true;
  const std::string text = encode_task(task);
  const auto decoded = decode_task(text);
  ASSERT_TRUE(decoded);
  EXPECT_TRUE(decoded->lists);
  EXPECT_EQ(encode_task(*decoded), text);
  EXPECT_EQ(key_width(*decoded), decoded->groups.size() + kPersonWords);
  std::string wrong = text;
  wrong.replace(wrong.find("\"lists\":true"), 12, "\"lists\":false");
  EXPECT_FALSE(decode_task(wrong));
  const std::size_t steps = text.find("\"steps\":[]");
  ASSERT_NE(steps, std::string::npos);
  EXPECT_FALSE(decode_task(encode_task(example())).value().lists);
}

TEST(PersonWords, ComeBackAndAscendAsTokensDo) {
  Token low{};
  Token high{};
  low[15] = 0xff;
  high[12] = 0x01;
  Token top{};
  top.fill(0xff);
  std::vector<std::array<std::int64_t, kPersonWords>> words;
  for (const Token& token : {Token{}, low, high, top}) {
    words.push_back(words_of(token));
    const std::vector<Cell> key(words.back().begin(), words.back().end());
    EXPECT_EQ(person_of(key), token);
  }
  EXPECT_TRUE(std::is_sorted(words.begin(), words.end()));
  EXPECT_EQ(words.back(), (std::array<std::int64_t, 4>{kPersonWordMax, kPersonWordMax,
                                                       kPersonWordMax, kPersonWordMax}));
  EXPECT_FALSE(person_of(std::vector<Cell>{std::int64_t{1}, std::int64_t{1}, std::int64_t{1}}));
  for (const Cell& wrong :
       {Cell(), Cell(std::int64_t{-1}), Cell(kPersonWordMax + 1), Cell(std::string("1"))}) {
    std::vector<Cell> key(kPersonWords, Cell(std::int64_t{1}));
    key[2] = wrong;
    EXPECT_FALSE(person_of(key));
  }
}

Expression negated(std::size_t times) {
  Expression out = column(kInteger, 0, 9);
  for (std::size_t i = 0; i < times; i++) out = *make_negate(std::move(out), {});
  return out;
}

Task with_groups(const Expression& group, std::size_t times) {
  Task task = example();
  task.groups.assign(times, group);
  return task;
}

// What is admitted and paid for must be what a worker takes.
TEST(task_codec, says_what_is_too_large_for_it) {
  const Task deep = with_groups(negated(kTaskDepthMax - 1), 1);
  EXPECT_TRUE(check_size(deep));
  EXPECT_TRUE(decode_task(encode_task(deep)));
  const Task deeper = with_groups(negated(kTaskDepthMax), 1);
  EXPECT_EQ(check_size(deeper).error().reason.view(), "expression_too_deep");

  Expression wide = *make_in({column(kInteger, 0, 9), make_literal(5, kInteger, {})}, {});
  wide.children.resize(1800, wide.children.back());
  EXPECT_TRUE(check_size(with_groups(wide, 55)));
  EXPECT_TRUE(decode_task(encode_task(with_groups(wide, 55))));
  EXPECT_EQ(check_size(with_groups(wide, 56)).error().reason.view(), "expression_too_large");

  Expression texts = *make_in({column(kText, 0, 0), make_text(std::string(4096, 'a'), {})}, {});
  texts.children.resize(1000, texts.children.back());
  EXPECT_TRUE(check_size(with_groups(texts, 3)));
  EXPECT_EQ(check_size(with_groups(texts, 5)).error().reason.view(), "expression_too_large");
}

TEST(task_codec, counts_steps_too) {
  Task task = example();
  task.has_filter = false;
  task.steps.emplace_back();
  task.steps[0].columns = {negated(kTaskDepthMax + 1)};
  EXPECT_EQ(check_size(task).error().reason.view(), "expression_too_deep");
}

}  // namespace
}  // namespace gbx::sql
