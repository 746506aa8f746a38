#include "client/query/verify_computed.h"

#include <gtest/gtest.h>

#include "client/query/answer_fixture.h"
#include "client/query/verify_answer.h"
#include "trusted/sql/build.h"
#include "trusted/sql/expression_codec.h"
#include "trusted/sql/query.h"
#include "trusted/sql/released_value.h"

namespace gbx::client {
namespace {

constexpr ValueType kMoney{Type::decimal, 2};
constexpr std::size_t kRatio = 3;  // the computed column, behind key, people and revenue

sql::Expression read(std::uint32_t column, ValueType type) {
  sql::Expression out;
  out.op = sql::Op::output;  // so that the builder takes it for released
  out.column = column;
  out.type = type;
  out.high = sql::kOutputMax;
  return out;
}
void over_columns(sql::Expression& e) {
  if (e.op == sql::Op::output) e.op = sql::Op::column;
  for (sql::Expression& child : e.children) over_columns(child);
}

// Revenue for each of the people.
sql::Expression formula() {
  sql::Expression out = *sql::make_division(read(2, kMoney), read(1, {Type::integer, 0}), {});
  over_columns(out);
  return out;
}

struct Answer : TestAnswer {
  Answer() {
    packet::Output column;
    column.name = "each";
    column.type = {Type::decimal, 6};
    column.kind = packet::OutputKind::computed;
    column.formula = sql::encode_expression(formula());
    column.inputs = {{1, {0}}, {2, {1}}};
    table.columns.push_back(column);
    fill_cell();
  }

  // What a room computes.
  void fill_cell() {
    std::vector<packet::OutputCell>& row = table.rows[0];
    row.resize(kRatio);
    std::vector<sql::Known> values;
    for (const packet::OutputCell& cell : row) values.push_back({cell.value, cell.value});
    std::vector<sql::Known> ranges = values;
    for (const std::size_t i : {1U, 2U}) {
      const std::int64_t width =
          privacy::half_width(4, statistic(i == 1 ? 1 : 1'000'000), privacy::kAlpha / 2).value();
      ranges[i] = sql::around(std::get<std::int64_t>(row[i].value), width, 0);
    }
    const sql::Computed computed = sql::compute(formula(), values, ranges);
    row.push_back(
        {computed.value, packet::Interval{computed.interval->low, computed.interval->high}});
  }

  packet::Output& column() { return table.columns[kRatio]; }
  packet::OutputCell& cell() { return table.rows[0][kRatio]; }

  [[nodiscard]] std::string verdict() const {
    const auto out = VerifiedAnswer::verify(file(), policy_hash(), predicate.time);
    return out ? "" : std::string(out.error().reason.view());
  }
};

TEST(verify_computed, what_its_formula_makes_of_the_columns_passes) {
  Answer answer;
  EXPECT_EQ(answer.verdict(), "");
  // 9,876,543.21 / 120,345
  EXPECT_EQ(answer.cell().value, Cell(std::int64_t{82'068'580}));
  EXPECT_LT(answer.cell().interval->low, 82'068'580);
  EXPECT_GT(answer.cell().interval->high, 82'068'580);
}

TEST(verify_computed, another_value_does_not) {
  Answer answer;
  answer.cell().value = std::int64_t{82'068'581};
  EXPECT_EQ(answer.verdict(), "result_computed_wrong");
  answer.cell() = {};
  EXPECT_EQ(answer.verdict(), "result_computed_wrong");
}

TEST(verify_computed, another_interval_does_not) {
  Answer answer;
  answer.cell().interval->high++;
  EXPECT_EQ(answer.verdict(), "result_interval_wrong");
  answer.cell().interval.reset();
  EXPECT_EQ(answer.verdict(), "result_interval_wrong");
}

TEST(verify_computed, a_row_that_is_withheld_has_none) {
  Answer answer;
  for (const std::size_t i : {1U, 2U}) answer.table.rows[0][i] = {};
  EXPECT_EQ(answer.verdict(), "result_computed_wrong");
  answer.cell() = {};
  EXPECT_EQ(answer.verdict(), "");
}

struct WrongFormula {
  const char* name;
  void (*spoil)(Answer&);
};
class verify_computed_formula : public testing::TestWithParam<WrongFormula> {};

TEST_P(verify_computed_formula, is_refused) {
  Answer answer;
  GetParam().spoil(answer);
  EXPECT_EQ(answer.verdict(), "result_formula_wrong");
}

void set_formula(Answer& answer, const sql::Expression& formula) {
  answer.column().formula = sql::encode_expression(formula);
}

INSTANTIATE_TEST_SUITE_P(
    wrong, verify_computed_formula,
    testing::Values(
        WrongFormula{"no_formula", [](Answer& a) { a.column().formula = Json::object({}); }},
        WrongFormula{"another_type", [](Answer& a) { a.column().type.scale = 5; }},
        WrongFormula{"a_column_that_is_not_there",
                     [](Answer& a) {
                       sql::Expression e = formula();
                       e.children[0].column = 9;
                       set_formula(a, e);
                     }},
        WrongFormula{"a_column_of_another_type",
                     [](Answer& a) {
                       sql::Expression e = formula();
                       e.children[0].column = 1;
                       set_formula(a, e);
                     }},
        WrongFormula{"itself",
                     [](Answer& a) {
                       sql::Expression e = formula();
                       e.children[0].column = kRatio;
                       e.children[0].type = a.column().type;
                       set_formula(a, e);
                     }},
        WrongFormula{"a_column_that_is_and_is_not_below_nothing",
                     [](Answer& a) {
                       sql::Expression e = formula();
                       e.children[1] = e.children[0];
                       e.children[1].low = -5;
                       set_formula(a, e);
                       a.column().inputs = {{2, {1}}};
                     }},
        WrongFormula{"an_input_less", [](Answer& a) { a.column().inputs.pop_back(); }},
        WrongFormula{
            "an_input_more",
            [](Answer& a) { a.column().inputs.insert(a.column().inputs.begin(), {0, {0}}); }},
        WrongFormula{"no_statistic", [](Answer& a) { a.column().inputs[0].statistics.clear(); }},
        WrongFormula{"a_statistic_that_is_not_there",
                     [](Answer& a) { a.column().inputs[0].statistics = {7}; }},
        WrongFormula{"the_statistic_of_another",
                     [](Answer& a) { a.column().inputs[0].statistics = {1}; }},
        WrongFormula{"two_statistics_of_one",
                     [](Answer& a) { a.column().inputs[0].statistics = {0, 1}; }}),
    [](const auto& wrong) { return std::string(wrong.param.name); });

TEST(verify_computed, without_noise_there_is_no_interval) {
  Answer answer;
  answer.table.columns.resize(kRatio);
  answer.make_exact();
  packet::Output column;
  column.name = "each";
  column.type = {Type::decimal, 6};
  column.kind = packet::OutputKind::computed;
  column.formula = sql::encode_expression(formula());
  column.inputs = {{1, {}}, {2, {}}};
  answer.table.columns.push_back(column);
  answer.table.rows[0].push_back({std::int64_t{82'068'580}, {}});
  EXPECT_EQ(answer.verdict(), "");
  answer.cell().interval = packet::Interval{1, 100'000'000};
  EXPECT_EQ(answer.verdict(), "result_interval_wrong");
  answer.cell().interval.reset();
  answer.column().inputs[0].statistics = {0};
  EXPECT_EQ(answer.verdict(), "result_formula_wrong");
}

}  // namespace
}  // namespace gbx::client
