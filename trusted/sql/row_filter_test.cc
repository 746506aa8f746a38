#include "trusted/sql/row_filter.h"

#include <gtest/gtest.h>

namespace gbx::sql {
namespace {

const CatalogTable kShops{
    .name = "shops",
    .owner = "shopgood",
    .person = "who",
    .columns = {{"store", {Type::text, 0}, Label::plain, false, false, 0, 0, {}},
                {"items", {Type::integer, 0}, Label::plain, true, true, 0, 9, {}}},
    .rows_per_person = 10};

Json json(const char* text) { return Json::parse(text).value(); }

std::string reason(const char* text) {
  const auto decoded = decode_row_filter(json(text));
  return decoded ? "accepted" : std::string(decoded.error().reason.view());
}

constexpr const char* kFilter =
    R"({"call": "and", "of": [{"call": "=", "of": [{"column": "store"}, {"text": "west"}]},)"
    R"({"call": "<", "of": [{"column": "items"}, {"number": "7"}]}]})";

TEST(RowFilter, ReadsBack) {
  for (const char* text : {kFilter, R"({"boolean": true})", R"({"null": true})",
                           R"({"number": "-1.50"})", R"({"interval": 3, "unit": "days"})",
                           R"({"cast": "decimal", "of": [{"column": "items"}], "scale": 2})",
                           R"({"case": [{"boolean": true}, {"text": "a"}, {"null": true}]})"}) {
    const auto node = decode_row_filter(json(text));
    ASSERT_TRUE(node) << text;
    EXPECT_EQ(encode_row_filter(*node).canonical(), json(text).canonical());
  }
}

TEST(RowFilter, WhatHasNoFormIsRefused) {
  for (const char* text :
       {"{}", "3", R"({"column": 3})", "{\"text\": \"a\xE2\x80\xAE\"}",
        R"({"column": "a", "text": "b"})", R"({"number": "07"})",
        R"({"number": "1.0000000000000"})", R"({"null": false})", R"({"call": "="})",
        R"({"call": "=", "of": [3]})", R"({"cast": "money", "of": [{"null": true}], "scale": 0})",
        R"({"cast": "integer", "of": [], "scale": 0})", R"({"case": [{"null": true}]})",
        R"({"exists": []})"}) {
    EXPECT_EQ(reason(text), "policy_row_filter_malformed") << text;
  }
}

TEST(RowFilter, ItIsNoLargerThanItsLimits) {
  Node deep;
  for (std::size_t i = 0; i <= kRowFilterDepthMax; i++) {
    Node outer;
    outer.kind = NodeKind::call;
    outer.text = "not";
    outer.children = {deep};
    deep = outer;
  }
  EXPECT_FALSE(check_row_filter(deep));
  EXPECT_TRUE(check_row_filter(deep.children[0]));
  Node wide;
  wide.kind = NodeKind::call;
  wide.children.resize(kRowFilterNodesMax);
  EXPECT_FALSE(check_row_filter(wide));
  wide.children.pop_back();
  EXPECT_TRUE(check_row_filter(wide));
}

TEST(RowFilter, SubSelectsWindowsAndDistinctHaveNoForm) {
  Node node;
  node.kind = NodeKind::call;
  EXPECT_TRUE(check_row_filter(node));
  node.distinct = true;
  EXPECT_FALSE(check_row_filter(node));
  node.distinct = false;
  node.over.emplace_back();
  EXPECT_FALSE(check_row_filter(node));
  for (const NodeKind kind :
       {NodeKind::exists, NodeKind::in_select, NodeKind::parameter, NodeKind::star}) {
    Node other;
    other.kind = kind;
    EXPECT_FALSE(check_row_filter(other));
  }
}

TEST(RowFilter, BindsAsAWhereDoes) {
  const auto bound = bind_row_filter(decode_row_filter(json(kFilter)).value(), kShops);
  ASSERT_TRUE(bound);
  EXPECT_EQ(bound->op, Op::logical_and);
  EXPECT_EQ(bound->type.type, Type::boolean);
  EXPECT_EQ(bound->children[1].children[0].column, 1U);
  const auto refused = [](const char* text) {
    const auto other = bind_row_filter(decode_row_filter(json(text)).value(), kShops);
    return other ? std::string("accepted") : std::string(other.error().reason.view());
  };
  EXPECT_EQ(refused(R"({"column": "nothing"})"), "column_unknown");
  EXPECT_EQ(refused(R"({"column": "items"})"), "condition_not_boolean");
  EXPECT_EQ(refused(R"({"call": "=", "of": [{"column": "who"}, {"text": "jane"}]})"),
            "single_person_predicate");
  EXPECT_EQ(refused(R"({"call": "is null", "of": [{"column": "who"}]})"),
            "person_column_in_expression");
  EXPECT_EQ(refused(R"({"call": ">", "of": [{"call": "sum", "of": [{"column": "items"}]},)"
                    R"({"number": "3"}]})"),
            "aggregate_in_where");
}

// A step for each filtered input is one more than an engine takes.
TEST(RowFilter, TooManyStepsAreRefused) {
  Query query;
  query.relations.push_back({0, "shops", "shopgood", {}});
  for (std::size_t i = 0; i < kStepsMax; i++) {
    Step step;
    step.kind = StepKind::group;
    step.inputs.emplace_back();
    query.steps.push_back(step);
  }
  const auto filter = bind_row_filter(decode_row_filter(json(kFilter)).value(), kShops).value();
  const auto refused = with_row_filters(query, {filter});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason.view(), "too_many_steps");
  EXPECT_TRUE(with_row_filters(query, {std::nullopt}));
}

}  // namespace
}  // namespace gbx::sql
