#include "trusted/sql/parameters.h"

#include <gtest/gtest.h>

// What becomes of values in whole statements is tests/sql/accept/templates.test.

namespace gbx::sql {
namespace {

Node parameter(std::string name) {
  Node out;
  out.kind = NodeKind::parameter;
  out.text = std::move(name);
  out.where = {3, 5};
  return out;
}

Node bound(const NamedValue& value) {
  Select select;
  select.filter = parameter(value.name);
  GBX_CHECK(set_parameters(select, std::span(&value, 1)));
  return *select.filter;
}

TEST(Parameters, AValueIsALiteralOfItsTypeWhereTheNameStood) {
  const Node node = bound({"x", {Type::integer, 0}, std::int64_t{-7}});
  EXPECT_EQ(node.kind, NodeKind::cast);
  EXPECT_EQ(node.where, (Span{3, 5}));
  EXPECT_EQ(node.type, (ValueType{Type::integer, 0}));
  ASSERT_EQ(node.children.size(), 1u);
  EXPECT_EQ(node.children[0].kind, NodeKind::number);
  EXPECT_EQ(node.children[0].value, -7);
}

TEST(Parameters, DecimalsAreSpelledLikeWrittenOnes) {
  const Node node = bound({"x", {Type::decimal, 3}, std::int64_t{1500}});
  EXPECT_EQ(node.children[0].value, 15);
  EXPECT_EQ(node.children[0].scale, 1);
  EXPECT_EQ(node.type, (ValueType{Type::decimal, 1}));
  const Node whole = bound({"x", {Type::decimal, 2}, std::int64_t{0}});
  EXPECT_EQ(whole.type, (ValueType{Type::integer, 0}));
}

TEST(Parameters, DatesBooleansAndTexts) {
  EXPECT_EQ(bound({"x", {Type::date, 0}, std::int64_t{0}}).children[0].text, "1970-01-01");
  EXPECT_EQ(bound({"x", {Type::timestamp, 0}, std::int64_t{0}}).type.type, Type::timestamp);
  EXPECT_EQ(bound({"x", {Type::boolean, 0}, std::int64_t{1}}).children[0].kind, NodeKind::boolean);
  const Node text = bound({"x", {Type::text, 0}, std::string("' OR $x --")});
  EXPECT_EQ(text.children[0].kind, NodeKind::text);
  EXPECT_EQ(text.children[0].text, "' OR $x --");
}

TEST(Parameters, EveryPlaceIsReached) {
  using Put = void (*)(Select&, Node);
  const Put places[] = {
      [](Select& s, Node n) { s.items.push_back({std::move(n), ""}); },
      [](Select& s, Node n) { s.joins.emplace_back().condition = std::move(n); },
      [](Select& s, Node n) { s.filter = std::move(n); },
      [](Select& s, Node n) { s.groups.push_back(std::move(n)); },
      [](Select& s, Node n) { s.having = std::move(n); },
      [](Select& s, Node n) { s.qualify = std::move(n); },
      [](Select& s, Node n) { s.order.push_back({std::move(n), false, false}); },
      [](Select& s, Node n) { s.with.emplace_back().select.emplace_back().filter = std::move(n); },
      [](Select& s, Node n) { s.united.emplace_back().filter = std::move(n); },
      [](Select& s, Node n) {
        s.tables.emplace_back().select.emplace_back().filter = std::move(n);
      },
      [](Select& s, Node n) {
        s.filter = Node();
        s.filter->children.push_back(std::move(n));
      },
      [](Select& s, Node n) {
        s.filter = Node();
        s.filter->filter.push_back(std::move(n));
      },
      [](Select& s, Node n) {
        s.filter = Node();
        s.filter->over.emplace_back().partition.push_back(std::move(n));
      },
      [](Select& s, Node n) {
        s.filter = Node();
        s.filter->over.emplace_back().order.push_back({std::move(n), false, false});
      },
      [](Select& s, Node n) {
        s.filter = Node();
        s.filter->select.emplace_back().filter = std::move(n);
      },
  };
  const NamedValue value{"x", {Type::integer, 0}, std::int64_t{1}};
  for (std::size_t i = 0; i < std::size(places); i++) {
    Select select;
    places[i](select, parameter("x"));
    EXPECT_TRUE(set_parameters(select, std::span(&value, 1))) << i;
    Select undeclared;
    places[i](undeclared, parameter("y"));
    const Status status = set_parameters(undeclared, std::span(&value, 1));
    ASSERT_FALSE(status) << i;
    EXPECT_EQ(status.error().reason.view(), "parameter_undeclared") << i;
    EXPECT_EQ(status.error().where, (Span{3, 5})) << i;
  }
}

TEST(Parameters, AValueWithoutAPlaceIsRefused) {
  Select select;
  const NamedValue value{"x", {Type::integer, 0}, std::int64_t{1}};
  EXPECT_EQ(set_parameters(select, std::span(&value, 1)).error().reason.view(), "parameter_unused");
  EXPECT_TRUE(set_parameters(select, {}));
}

}  // namespace
}  // namespace gbx::sql
