#include "client/prepare/convert.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/prepare/prepare_fixture.h"

namespace gbx::prepare {
namespace {

using testing::ElementsAre;

// One person column and one column of the test's choice.
class OneColumn {
 public:
  explicit OneColumn(ColumnSpec spec) : spec_(std::move(spec)) {
    plan_.columns = {{&spec_, 1}};
    plan_.nulls = {""};
    plan_.region = "US";
    plan_.normaliser = make_normaliser(Identifier::email, "");
    plan_.token = [](std::string_view identifier) { return token_of(identifier); };
    column_ = {.name = "c",
               .type = spec_.type,
               .nullable = spec_.nullable,
               .bounded = spec_.bounded,
               .low = spec_.low,
               .high = spec_.high};
    layout_ =
        std::make_unique<RecordLayout>(std::vector<const snapshot::ManifestColumn*>{&column_});
    converter_ = std::make_unique<RowConverter>(plan_, *layout_);
  }
  // "" or the reason why the row did not enter.
  std::string take(std::string_view text, bool quoted = false, std::string_view who = "a@x.com") {
    Row row;
    row.line = ++line_;
    row.fields = {{who}, {text, quoted}};
    const std::size_t before = converter_->rejected().size();
    converter_->convert(row);
    if (converter_->rejected().size() == before) return "";
    return std::string(reject_name(converter_->rejected().back().reason));
  }
  void check() { check_pii(plan_, converter_->tallies(), "line"); }
  ConvertPlan& plan() { return plan_; }
  RowConverter& converter() { return *converter_; }

 private:
  ColumnSpec spec_;
  ConvertPlan plan_;
  snapshot::ManifestColumn column_;
  std::unique_ptr<RecordLayout> layout_;
  std::unique_ptr<RowConverter> converter_;
  std::uint64_t line_ = 1;
};

TEST(Convert, IntegersOutsideTheirTypeOrBounds) {
  OneColumn column({.source = "n",
                    .name = "n",
                    .type = {Type::integer, 0},
                    .bounded = true,
                    .low = 0,
                    .high = 9});
  EXPECT_EQ(column.take("5"), "");
  EXPECT_EQ(column.take("10"), "value_out_of_bounds");
  EXPECT_EQ(column.take("-1"), "value_out_of_bounds");
  EXPECT_EQ(column.take("5.5"), "value_malformed");
  EXPECT_EQ(column.take("five"), "value_malformed");
  EXPECT_EQ(column.take(""), "value_missing");
  EXPECT_EQ(column.take("", true), "value_missing");
  EXPECT_EQ(column.take("  "), "value_missing");
}

TEST(Convert, PersonsThatAreMissingOrMalformed) {
  OneColumn column({.source = "n", .name = "n", .type = {Type::integer, 0}});
  EXPECT_EQ(column.take("5", false, ""), "person_missing");
  EXPECT_EQ(column.take("5", false, "  "), "person_missing");
  EXPECT_EQ(column.take("5", false, "bob"), "person_malformed");
  EXPECT_EQ(column.converter().rejected()[0].column, kNoColumn);
}

TEST(Convert, TextsThatAreTooLong) {
  OneColumn column({.source = "t", .name = "t"});
  EXPECT_EQ(column.take(std::string(65535, 'x')), "");
  EXPECT_EQ(column.take(std::string(65536, 'x')), "value_too_long");
}

TEST(Convert, ADecimalThatTheTransformCannotTake) {
  OneColumn column({.source = "n",
                    .name = "n",
                    .type = {Type::integer, 0},
                    .transform = parse_transform("bin 10", {Type::integer, 0})});
  EXPECT_EQ(column.take("9223372036854775807"), "value_out_of_bounds");
}

// Opted out comes first: nothing else of the row is looked at, or counted.
TEST(Convert, WhoIsListedIsNotRejectedForOtherReasons) {
  OneColumn column({.source = "n", .name = "n", .type = {Type::integer, 0}});
  column.plan().list = ListKind::opt_out;
  column.plan().listed.insert(token_of("a@x.com"));
  EXPECT_EQ(column.take("wrong"), "");
  EXPECT_EQ(column.converter().unlisted(), 1U);
  EXPECT_EQ(column.converter().shard().rows(), 0U);
}

TEST(Convert, NumbersThatAreMostlyPhonesAreWatched) {
  OneColumn phones({.source = "n", .name = "n", .type = {Type::integer, 0}});
  for (int i = 0; i < 40; i++) phones.take(std::to_string(6172531000 + i));
  EXPECT_THROW(phones.check(), Failure);
  OneColumn cents({.source = "n", .name = "n", .type = {Type::integer, 0}});
  for (int i = 0; i < 40; i++) cents.take(std::to_string(1000 + i));
  EXPECT_NO_THROW(cents.check());
}

TEST(Convert, AFewNumbersThatPassByChanceAreNot) {
  OneColumn column({.source = "n", .name = "n", .type = {Type::integer, 0}});
  for (int i = 0; i < 200; i++) column.take(std::to_string(4000000000000000 + i));
  EXPECT_NO_THROW(column.check());  // one in ten passes Luhn
}

TEST(Convert, TalliesAddUp) {
  OneColumn column({.source = "t", .name = "t"});
  column.take("x@y.com");
  column.take("x@y.com");
  std::vector<PiiTally> all;
  add_tallies(all, column.converter().tallies());
  add_tallies(all, column.converter().tallies());
  EXPECT_EQ(all[0].hits[static_cast<std::size_t>(Pii::email)], 4U);
  EXPECT_THAT(all[0].lines[static_cast<std::size_t>(Pii::email)], ElementsAre(2, 2, 3));
}

}  // namespace
}  // namespace gbx::prepare
