// Window columns, as whoever has an answer checks them.

#include <gtest/gtest.h>

#include "client/query/answer_fixture.h"
#include "client/query/verify_answer.h"
#include "trusted/sql/build.h"
#include "trusted/sql/expression_codec.h"
#include "trusted/sql/query.h"
#include "trusted/sql/step_codec.h"

namespace gbx::client {
namespace {

constexpr ValueType kInteger{Type::integer, 0};
constexpr std::size_t kTotal = 3;  // behind key, people and revenue
constexpr std::size_t kShare = 4;

sql::Expression read(std::uint32_t column, sql::Op op) {
  sql::Expression out;
  out.op = op;
  out.column = column;
  out.type = kInteger;
  out.high = sql::kOutputMax;
  return out;
}

// SUM(people) OVER ().
sql::Window total() {
  sql::Window out;
  out.value.function = sql::RowFunction::sum;
  out.value.type = kInteger;
  out.value.high = INT64_MAX;
  out.value.argument = read(1, sql::Op::column);
  return out;
}

// people - total
sql::Expression difference() {
  sql::Expression out = *sql::make_arithmetic(sql::Op::subtract, read(1, sql::Op::output),
                                              read(kTotal, sql::Op::output), {});
  for (sql::Expression& child : out.children) child.op = sql::Op::column;
  return out;
}

// Two rows, one of which is not shown.
struct Answer : TestAnswer {
  Answer() {
    packet::Output window;
    window.name = "total";
    window.type = kInteger;
    window.kind = packet::OutputKind::window;
    window.window = sql::encode_released_window(total());
    packet::Output computed;
    computed.name = "fewer";
    computed.type = kInteger;
    computed.kind = packet::OutputKind::computed;
    computed.formula = sql::encode_expression(difference());
    computed.inputs = {{1, {}}};
    table.columns.push_back(window);
    table.columns.push_back(computed);
    std::vector<packet::OutputCell> other = table.rows[0];
    other[0].value = std::string("spring");
    table.others.push_back(std::move(other));
    for (auto* row : {table.rows.data(), table.others.data()}) {
      row->push_back({std::int64_t{240'690}, {}});
      row->push_back({std::int64_t{-120'345}, {}});
    }
  }

  void set_window(const sql::Window& window) {
    table.columns[kTotal].window = sql::encode_released_window(window);
  }

  [[nodiscard]] std::string verdict() const {
    const auto out = VerifiedAnswer::verify(file(), policy_hash(), predicate.time);
    return out ? "" : std::string(out.error().reason.view());
  }
};

TEST(verify_windows, of_all_rows_passes) { EXPECT_EQ(Answer().verdict(), ""); }

TEST(verify_windows, another_value_does_not) {
  Answer answer;
  answer.table.rows[0][kTotal].value = std::int64_t{240'691};
  answer.table.rows[0][kShare].value = std::int64_t{-120'346};
  EXPECT_EQ(answer.verdict(), "result_window_wrong");
  Answer hidden;
  hidden.table.others[0][kTotal].value = Cell();
  hidden.table.others[0][kShare].value = Cell();
  EXPECT_EQ(hidden.verdict(), "result_window_wrong");
}

TEST(verify_windows, a_row_less_does_not) {
  Answer answer;
  answer.table.others.clear();
  EXPECT_EQ(answer.verdict(), "result_window_wrong");
}

TEST(verify_windows, rows_beside_those_shown_are_checked_like_them) {
  Answer answer;
  answer.table.others[0][1].interval->low++;
  EXPECT_EQ(answer.verdict(), "result_interval_wrong");
  Answer computed;
  computed.table.others[0][kShare].value = std::int64_t{0};
  EXPECT_EQ(computed.verdict(), "result_computed_wrong");
}

TEST(verify_windows, what_is_computed_of_one_has_no_interval) {
  Answer answer;
  answer.table.rows[0][kShare].interval = packet::Interval{-120'345, -120'345};
  EXPECT_EQ(answer.verdict(), "result_interval_wrong");
  Answer statistics;
  statistics.table.columns[kShare].inputs = {{1, {0}}};
  EXPECT_EQ(statistics.verdict(), "result_formula_wrong");
}

// Under a policy that lets so many rows through.
Answer limited(std::uint32_t rows) {
  Answer out;
  const packet::AnswerTable table = out.table;
  out.policy.limits.result_rows = rows;
  out.sign_policy();
  out.table = table;
  return out;
}

TEST(verify_windows, over_rows_that_were_cut_are_nowhere) {
  Answer answer = limited(2);
  EXPECT_EQ(answer.verdict(), "");
  answer.table.rows_cut = 3;
  EXPECT_EQ(answer.verdict(), "result_window_wrong");
  for (auto* row : {answer.table.rows.data(), answer.table.others.data()}) {
    (*row)[kTotal].value = Cell();
    (*row)[kShare].value = Cell();
  }
  EXPECT_EQ(answer.verdict(), "");
  answer.table.rows_cut = 0;
  EXPECT_EQ(answer.verdict(), "result_window_wrong");
}

TEST(verify_windows, others_count_against_the_policys_rows) {
  EXPECT_EQ(limited(1).verdict(), "result_rows_wrong");
}

struct WrongWindow {
  const char* name;
  void (*spoil)(Answer&);
};
class verify_windows_window : public testing::TestWithParam<WrongWindow> {};

TEST_P(verify_windows_window, is_refused) {
  Answer answer;
  GetParam().spoil(answer);
  EXPECT_EQ(answer.verdict(), "result_window_wrong");
}

INSTANTIATE_TEST_SUITE_P(wrong, verify_windows_window,
                         testing::Values(WrongWindow{"nothing",
                                                     [](Answer& a) {
                                                       a.table.columns[kTotal].window =
                                                           Json::object({});
                                                     }},
                                         WrongWindow{"a_column_that_is_not_there",
                                                     [](Answer& a) {
                                                       sql::Window window = total();
                                                       window.value.argument.column = 9;
                                                       a.set_window(window);
                                                     }},
                                         WrongWindow{"itself",
                                                     [](Answer& a) {
                                                       sql::Window window = total();
                                                       window.value.argument.column = kTotal;
                                                       a.set_window(window);
                                                     }},
                                         WrongWindow{"what_is_computed_of_it",
                                                     [](Answer& a) {
                                                       sql::Window window = total();
                                                       window.value.argument.column = kShare;
                                                       a.set_window(window);
                                                     }},
                                         WrongWindow{"a_column_of_another_type",
                                                     [](Answer& a) {
                                                       sql::Window window = total();
                                                       window.value.argument.column = 2;
                                                       a.set_window(window);
                                                     }},
                                         WrongWindow{"another_function",
                                                     [](Answer& a) {
                                                       sql::Window window = total();
                                                       window.value.function =
                                                           sql::RowFunction::maximum;
                                                       a.set_window(window);
                                                     }},
                                         WrongWindow{"another_partition",
                                                     [](Answer& a) {
                                                       sql::Window window = total();
                                                       window.partition = {
                                                           read(0, sql::Op::column)};
                                                       window.partition[0].type = {Type::text, 0};
                                                       window.partition[0].high = 0;
                                                       a.set_window(window);
                                                     }}),
                         [](const auto& wrong) { return std::string(wrong.param.name); });

}  // namespace
}  // namespace gbx::client
