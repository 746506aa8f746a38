#include "cli/answer_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/query/answer_fixture.h"

namespace gbx::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

client::VerifiedAnswer verified(const client::TestAnswer& answer) {
  return client::VerifiedAnswer::verify(answer.file(), answer.policy_hash(), client::kTestNow)
      .value();
}

// The same answer by a zcdp policy, with the noise and the price that a room would plan.
void make_zcdp(client::TestAnswer& answer) {
  policy::Privacy& privacy = answer.policy.privacy;
  privacy.accounting = privacy::Accounting::zcdp;
  privacy.gaussian = true;
  answer.sign_policy();
  packet::NoiseParameters& noise = answer.predicate.noise;
  const privacy::Plan plan =
      privacy::make_plan({.accounting = privacy.accounting,
                          .grouped = true,
                          .groups_per_person = noise.groups_per_person,
                          .people_min = noise.people_min,
                          .measures = {{.per_group = 1'000'000}},
                          .price = policy::price_of(privacy, privacy.epsilon_per_query)})
          .value();
  const auto widths = privacy::half_widths(plan).value();
  noise.accounting = plan.accounting;
  noise.price = plan.price();
  noise.hides_people = widths[0];
  for (std::size_t i = 0; i < widths.size(); i++) {
    noise.statistics[i] = {plan.statistics[i], widths[i]};
    answer.table.columns[i + 1].half_width = widths[i];
    auto& cell = answer.table.rows[0][i + 1];
    const std::int64_t value = *std::get_if<std::int64_t>(&cell.value);
    cell.interval = packet::Interval{value - widths[i], value + widths[i]};
  }
  const privacy::Price budget = policy::budget_of(privacy);
  for (packet::BudgetMove& move : answer.predicate.budget) {
    move.before = budget;
    move.after = minus(budget, noise.price);
  }
}

TEST(AnswerView, TheTableHasPlusMinusAndThousands) {
  client::TestAnswer answer;
  const std::string text = answer_table(answer.table);
  EXPECT_EQ(text,
            "campaign_id         people                      revenue\n"
            "-----------  -------------  ---------------------------\n"
            "autumn       120,345 ± 240  9,876,543.21 ± 2,396,585.82\n")
      << text;
}

TEST(AnswerView, AnIntervalWithUnequalSidesIsWritten) {
  client::TestAnswer answer;
  answer.table.rows[0][2].interval = packet::Interval{900'000'000, 987'654'400};
  EXPECT_THAT(answer_table(answer.table), HasSubstr("9,876,543.21 (9,000,000.00 .. 9,876,544.00)"));
}

TEST(AnswerView, RowsThatWereCutAreCounted) {
  client::TestAnswer answer;
  EXPECT_THAT(answer_table(answer.table), Not(HasSubstr("result_rows")));
  answer.policy.limits.result_rows = 1;
  answer.table.rows_cut = 1234;
  EXPECT_THAT(answer_table(answer.table),
              HasSubstr("\n... and 1,234 more groups, cut by result_rows\n"));
}

// SUM(people) OVER ().
packet::Output total_column() {
  packet::Output column;
  column.name = "total";
  column.type = {Type::integer, 0};
  column.kind = packet::OutputKind::window;
  column.window =
      Json::parse(
          R"({"argument":{"column":1,"high":"9007199254740991","low":"0","op":"column",)"
          R"("relation":0,"scale":0,"type":"integer"},"frame":"partition","function":"sum",)"
          R"("high":"9007199254740991","low":"0","order":[],"partition":[],"scale":0,"ties":0,)"
          R"("type":"integer"})")
          .value();
  return column;
}

// Over the row that is shown and one that LIMIT left out.
void add_window(client::TestAnswer& answer) {
  answer.table.columns.push_back(total_column());
  answer.table.others = answer.table.rows;
  answer.table.others[0][0].value = std::string("spring");
  for (auto* row : {answer.table.rows.data(), answer.table.others.data()}) {
    row->push_back({std::int64_t{240'690}, {}});
  }
}

TEST(AnswerView, AWindowHasNoPlusMinusAndSaysWhatElseItRead) {
  client::TestAnswer answer;
  EXPECT_THAT(answer_notes(verified(answer)), Not(HasSubstr("Windows")));
  add_window(answer);
  const std::string text = answer_table(answer.table);
  EXPECT_THAT(text, HasSubstr(" 240,690\n"));
  EXPECT_THAT(text, Not(HasSubstr("spring")));
  EXPECT_THAT(answer_notes(verified(answer)),
              HasSubstr("Windows, and what is computed of them, are of all released rows: without "
                        "±. 1 of these rows are not shown, but in the file.\n"));
}

TEST(AnswerView, AWindowOverRowsThatWereCutIsNotShown) {
  client::TestAnswer answer;
  add_window(answer);
  const packet::AnswerTable table = answer.table;
  answer.policy.limits.result_rows = 2;
  answer.sign_policy();
  answer.table = table;
  answer.table.rows_cut = 5;
  answer.table.rows[0][3] = {};
  answer.table.others[0][3] = {};
  EXPECT_THAT(answer_table(answer.table), HasSubstr("  NULL\n"));
  EXPECT_THAT(answer_notes(verified(answer)), HasSubstr("Windows are not shown: result_rows cut"));
}

TEST(AnswerView, ValuesCannotSpeakToTheTerminal) {
  client::TestAnswer answer;
  answer.table.rows[0][0].value = std::string("a\x1b[2J\nb");
  answer.table.rows[0][1] = {};
  const std::string text = answer_table(answer.table);
  EXPECT_THAT(text, HasSubstr("a [2J b"));
  answer.table.rows[0][0].value = std::string(
      "a\xC2\x9B"
      "2J\xE2\x80\xAE"
      "b");
  EXPECT_THAT(answer_table(answer.table), HasSubstr("a  2J   b"));
  EXPECT_THAT(text, HasSubstr("withheld"));
}

TEST(AnswerView, TheNotesSayWhatIsHiddenWithheldPaidAndProven) {
  const client::TestAnswer answer;
  const std::string text = answer_notes(verified(answer));
  EXPECT_THAT(text, HasSubstr("the noise hides about 240 people."));
  EXPECT_THAT(text, HasSubstr("2 of the groups in the policy's public lists are withheld"));
  EXPECT_THAT(text, HasSubstr("Each row stands for at least 50 people."));
  EXPECT_THAT(text, HasSubstr("Paid epsilon 0.1, delta 5.9604644776e-8:\n"));
  EXPECT_THAT(text, HasSubstr("exposures: epsilon 3 before, 2.9 left; 15 more such questions"));
  EXPECT_THAT(text, HasSubstr("PASS (INSECURE-SIM, which proves nothing about the machine): asked "
                              "by newsnow on 2026-01-01 under \"Attribution, autumn\" version 1"));
}

TEST(AnswerView, WithoutNoiseTheFirstLineSaysSo) {
  client::TestAnswer answer;
  answer.make_exact();
  const std::string notes = answer_notes(verified(answer));
  EXPECT_EQ(notes.substr(0, 23), "NOT A PRIVACY GUARANTEE");
  EXPECT_THAT(notes, HasSubstr("Each row stands for at least 50 people."));
  EXPECT_THAT(notes, HasSubstr("Paid one query:\n  exposures: queries 100 before, 99 left"));
  EXPECT_THAT(notes, Not(HasSubstr("±")));
  EXPECT_THAT(notes, Not(HasSubstr("safely")));
  EXPECT_THAT(answer_table(answer.table), HasSubstr("120,345"));
  EXPECT_THAT(answer_json(verified(answer)).canonical(),
              HasSubstr(R"("guarantee":"none: threshold only, not a privacy guarantee")"));
  answer.request.dry_run = true;
  answer.table.dry_run = true;
  answer.table.rows.clear();
  const packet::AnswerPredicate paid = answer.predicate;
  answer.fill_predicate();
  answer.predicate.noise = paid.noise;
  answer.predicate.budget = paid.budget;
  answer.predicate.snapshots.clear();
  const std::string price = price_text(verified(answer), {});
  EXPECT_THAT(price, HasSubstr("Price: one query; nothing was read or spent."));
  EXPECT_THAT(price, HasSubstr("people: exact"));
  EXPECT_THAT(price, HasSubstr("NOT A PRIVACY GUARANTEE"));
}

TEST(AnswerView, ANearQuestionIsFlagged) {
  client::TestAnswer answer;
  EXPECT_THAT(answer_notes(verified(answer)), Not(HasSubstr("NEAR")));
  answer.predicate.near = {Hash{0xab}, Hash{0xcd}};
  EXPECT_THAT(answer_notes(verified(answer)),
              HasSubstr("NEAR an earlier question: the difference of the answers may be about few "
                        "people (requests ab00000000000000 cd00000000000000)."));
  EXPECT_THAT(answer_json(verified(answer)).canonical(), HasSubstr(R"("near":["ab00)"));
}

TEST(AnswerView, KIsOnlyClaimedWhereItHolds) {
  client::TestAnswer answer;
  answer.policy.privacy.open_rows = privacy::OpenRows::show;
  answer.sign_policy();
  answer.predicate.noise.open = true;
  answer.predicate.noise.selection = privacy::Selection::none;
  answer.predicate.noise.price.delta = 0;
  for (auto& move : answer.predicate.budget) move.after.delta = move.before.delta;
  const std::string text = answer_notes(verified(answer));
  EXPECT_THAT(text, Not(HasSubstr("at least 50 people")));
  EXPECT_THAT(text, HasSubstr("only the noise hides people"));
}

TEST(AnswerView, ARepeatSaysThatNothingWasPaid) {
  client::TestAnswer answer;
  answer.predicate.repeat_of = Hash{0xab};
  for (auto& move : answer.predicate.budget) move.after = move.before;
  const std::string text = answer_notes(verified(answer));
  EXPECT_THAT(text, HasSubstr("Paid nothing: it repeats the answer to request ab00000000000000"));
  EXPECT_THAT(text, HasSubstr("exposures: epsilon 3 before, 3 left"));
  EXPECT_THAT(text, Not(HasSubstr("Paid epsilon")));
}

TEST(AnswerView, HowManyGroupsAreWithheldIsSaidOnlyWherePublic) {
  client::TestAnswer answer;
  answer.table.withheld.reset();
  EXPECT_THAT(answer_notes(verified(answer)), HasSubstr("how many there are is not said"));
  answer.table.withheld = 0;
  EXPECT_THAT(answer_notes(verified(answer)),
              HasSubstr("No group of the public lists is withheld"));
}

TEST(AnswerView, AnUngroupedAnswerIsWholeOrWithheld) {
  client::TestAnswer answer;
  answer.table.columns.erase(answer.table.columns.begin());
  answer.table.rows[0].erase(answer.table.rows[0].begin());
  EXPECT_THAT(answer_notes(verified(answer)), Not(HasSubstr("ithheld")));
  answer.table.rows.clear();
  EXPECT_THAT(answer_notes(verified(answer)), HasSubstr("Withheld: too few people"));
}

TEST(AnswerView, ADryRunShowsThePrice) {
  client::TestAnswer answer;
  answer.request.dry_run = true;
  answer.table.dry_run = true;
  answer.table.rows.clear();
  answer.fill_predicate();
  answer.predicate.snapshots.clear();
  const std::string text = price_text(verified(answer), {});
  EXPECT_THAT(text, HasSubstr("Price: epsilon 0.1"));
  EXPECT_THAT(text, HasSubstr(", in zcdp accounting about rho 0.0025; nothing"));
  EXPECT_THAT(text, HasSubstr("nothing was read or spent"));
  EXPECT_THAT(text, HasSubstr("people: ± 240 (95 %)"));
  EXPECT_THAT(text, HasSubstr("epsilon 3 left, would be 2.9"));
  answer.table.columns.push_back(total_column());
  EXPECT_THAT(price_text(verified(answer), {}),
              HasSubstr("total: of all released rows, without an interval"));
}

TEST(AnswerView, WhatDependsOnTheAnswerIsTypicalForSoManyPeople) {
  client::TestAnswer answer;
  answer.request.dry_run = true;
  answer.table.dry_run = true;
  answer.table.rows.clear();
  answer.table.columns[2].half_width.reset();
  answer.fill_predicate();
  answer.predicate.snapshots.clear();
  EXPECT_THAT(price_text(verified(answer), {}),
              HasSubstr("revenue: ± depends on the answer; --expect N"));
  EXPECT_THAT(price_text(verified(answer), {10'000, {std::nullopt, 240, 12'345}}),
              HasSubstr("revenue: ± 123.45 (95 %), typically, in a row of 10,000 people"));
  EXPECT_EQ(typical_json(answer.table, {10'000, {std::nullopt, 240, 12'345}}).canonical(),
            R"([{"column":"revenue","half_width":"123.45"}])");
}

TEST(AnswerView, WhatKMeansDependsOnTheSelection) {
  client::TestAnswer answer;
  answer.policy.privacy.open_rows = privacy::OpenRows::hide;
  answer.sign_policy();
  packet::NoiseParameters& noise = answer.predicate.noise;
  noise.open = true;
  noise.selection = privacy::Selection::margin;
  noise.price.delta = 0;
  for (packet::BudgetMove& move : answer.predicate.budget) move.after.delta = move.before.delta;
  EXPECT_THAT(answer_notes(verified(answer)),
              HasSubstr("at least 50 people, but for one in a million"));
}

TEST(AnswerView, ZcdpSaysWhatIsLeftAsEpsilon) {
  client::TestAnswer answer;
  make_zcdp(answer);
  const std::string text = answer_notes(verified(answer));
  EXPECT_THAT(text, HasSubstr("Paid rho 0.005, delta ")) << text;
  EXPECT_THAT(text, HasSubstr("alone: epsilon 0.")) << text;
  EXPECT_THAT(text, HasSubstr("(worth epsilon ")) << text;
}

TEST(AnswerView, ProgramsGetTheSame) {
  const Json json = answer_json(verified(client::TestAnswer()));
  EXPECT_EQ(*json.find("verdict")->string(), "PASS");
  EXPECT_EQ(*json.find("assurance")->string(), "INSECURE-SIM");
  EXPECT_EQ(json.find("result")->find("rows")->array()->size(), 1U);
  EXPECT_EQ(*json.find("hides_people")->integer(), 240);
  EXPECT_EQ(*json.find("asked_epsilon")->string(), "0.1");
}

TEST(BoundsHint, NamesEachColumnAndWhatToAsk) {
  EXPECT_EQ(bounds_hint({}), "");
  const std::string text = bounds_hint({{"revenue", {Type::decimal, 2}, 0, 1'000'000}});
  EXPECT_THAT(text, HasSubstr("the noise of revenue follows from the bounds 0.00 .. 10,000.00"));
  EXPECT_THAT(text, HasSubstr("ask APPROX_BOUNDS_LOW(x), APPROX_BOUNDS_HIGH(x) first"));
}

}  // namespace
}  // namespace gbx::cli
