#include "client/policy/explain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/policy/amounts.h"
#include "client/policy/explain_rule.h"
#include "client/policy/row_filter_text.h"
#include "trusted/policy/policy_fixture.h"

namespace gbx::client {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Explain, SaysItInSentences) {
  const std::string text = explain_policy(policy::example_policy());
  EXPECT_THAT(text, HasSubstr("newsnow and shopgood may bring data."));
  EXPECT_THAT(text, HasSubstr("agency and newsnow may ask questions."));
  EXPECT_THAT(text, HasSubstr("exposures, of newsnow: questions may count people, grouped by "
                              "campaign_id and device."));
  EXPECT_THAT(text, HasSubstr("It answers only when joined with a table of the member who asks."));
  EXPECT_THAT(text, HasSubstr("total_spent: sensitive; measured, never shown or grouped by."));
  EXPECT_THAT(text, HasSubstr("at least 50 people"));
  EXPECT_THAT(text, HasSubstr("at most 4 groups of an answer, and with at most 20 rows in each"));
  EXPECT_THAT(text, HasSubstr("a sum of total_spent by at most 10,000.00 in one group"));
  EXPECT_THAT(text, HasSubstr("A count of people is within 120 of the truth"));
  EXPECT_THAT(text, HasSubstr("Asked together, the strictest of their rules holds: at least 50 "
                              "people in each row, and no scalar function"));
  EXPECT_THAT(text, HasSubstr("epsilon 3 and delta"));
  EXPECT_THAT(text, HasSubstr("16 questions to each table"));  // delta runs out before epsilon
  EXPECT_THAT(text, HasSubstr("INSECURE-SIM proves nothing"));
  EXPECT_THAT(text, HasSubstr("Until 2033-05-18"));
}

TEST(Explain, SaysWhatRulesControl) {
  policy::Policy policy = policy::example_policy();
  policy::Rule& rule = policy.tables[0].rule;
  policy.tables[0].row_filter = parse_row_filter("device = 'phone'")->node;
  rule.comparisons =
      policy::ComparisonControls{.literal_columns = {"device"}, .column_columns = {}};
  rule.join_operators = policy::JoinOperators{};
  rule.result_receivers = {"agency"};
  rule.access_budget = {{privacy::Window::day, privacy::Accounting::queries, 10}};
  rule.additional_analyses = policy::AdditionalAnalyses::required;
  rule.derived_hours = 1000;
  std::string text = explain_policy(policy);
  EXPECT_THAT(text, HasSubstr("Only rows where (t0.device = 'phone') exist for a question."));
  EXPECT_THAT(text, HasSubstr("says: device; with other columns: nothing."));
  EXPECT_THAT(text, HasSubstr("An ON may have no condition beside the person's equality."));
  EXPECT_THAT(text, HasSubstr("Answers about it go to agency only."));
  EXPECT_THAT(text, HasSubstr("It answers no question"));
  EXPECT_THAT(text, HasSubstr("derived tables over it, each for at most 1,000 hours; newsnow may"));
  EXPECT_THAT(text, HasSubstr("questions about it may spend queries 10 in any day"));
  rule = {};
  rule.kind = policy::RuleKind::custom;
  rule.analyses = {"ANY_QUERY", "overlap"};
  rule.analysis_providers = {"agency"};
  rule.disallowed_outputs = {"campaign_id"};
  rule.needs_noise = true;
  text = explain_policy(policy);
  EXPECT_THAT(text, HasSubstr("exposures, of newsnow: a custom rule;"));
  EXPECT_THAT(text, HasSubstr("Templates: overlap."));
  EXPECT_THAT(text, HasSubstr("agency may ask in their own words."));
  EXPECT_THAT(text, HasSubstr("campaign_id: conditions may read it"));
  EXPECT_THAT(text, HasSubstr("of functions only ABS, EXTRACT"));
}

TEST(Explain, SaysWhichValuesARowNeeds) {
  policy::Policy policy = policy::example_policy();
  policy::make_threshold_only(policy.privacy, 10);
  policy.tables[0].rule.output_constraints.push_back({"device", 9000});
  EXPECT_THAT(explain_table(policy, policy.tables[0]),
              testing::HasSubstr("at least 9,000 different values of device"));
  EXPECT_THAT(explain_table(policy, policy.tables[0]), testing::HasSubstr("at least 50 people"));
}

TEST(Explain, SaysWhatListsAreAndThatTheyAreNoGuarantee) {
  policy::Policy policy = policy::example_policy();
  policy.members[1].abilities.list = true;
  policy::Rule& rule = policy.tables[0].rule;
  rule = {};
  rule.kind = policy::RuleKind::list;
  rule.join_columns = {"hashed_email"};
  rule.list_columns = {"campaign_id", "hashed_email"};
  rule.output_constraints = {{"hashed_email", 1000}};
  rule.access_budget = {{privacy::Window::lifetime, privacy::Accounting::queries, 4}};
  const std::string text = explain_policy(policy);
  EXPECT_THAT(text, HasSubstr("newsnow may ask for lists of persons whom they have themselves"));
  EXPECT_THAT(text, HasSubstr("exposures, of newsnow: lists of persons, and no other question."));
  EXPECT_THAT(text, HasSubstr("with their campaign_id."));
  EXPECT_THAT(text, HasSubstr("A list is not a privacy guarantee"));
  EXPECT_THAT(text, HasSubstr("questions about it may spend queries 4 in all"));
  EXPECT_THAT(text, HasSubstr("A list of fewer than 1,000 persons"));
}

TEST(Explain, SaysHowCostsAddUpAndWhichNoise) {
  policy::Policy policy = policy::example_policy();
  const std::string pure = explain_policy(policy);
  EXPECT_THAT(pure, HasSubstr("The noise is Laplace, drawn anew"));
  EXPECT_THAT(pure, HasSubstr("added up as they are (pure accounting)"));
  policy.privacy.accounting = privacy::Accounting::zcdp;
  policy.privacy.gaussian = true;
  const std::string zcdp = explain_policy(policy);
  EXPECT_THAT(zcdp, HasSubstr("Laplace or Gaussian, whichever is narrower"));
  EXPECT_THAT(zcdp,
              HasSubstr("a question costs rho 0.005, and the whole is kept below rho 0.175, "));
  policy.privacy.laplace = false;
  EXPECT_THAT(explain_policy(policy), HasSubstr("The noise is Gaussian, drawn anew"));
  EXPECT_THAT(show_policy(read_policy_envelope(policy::signed_policy(policy), "p")),
              HasSubstr("accounting zcdp; noise: gaussian; selection: threshold; open rows: "
                        "select"));
}

TEST(Explain, SaysWhatHappensToSmallPublicRows) {
  policy::Policy policy = policy::example_policy();
  std::string text = explain_policy(policy);
  EXPECT_THAT(text, HasSubstr("Groups by device of exposures, and the one row"));
  EXPECT_THAT(text, HasSubstr("It shows numbers only when at least k people"));
  EXPECT_THAT(text, Not(HasSubstr("coin")));
  policy.privacy.geometric = true;
  policy.privacy.open_rows = privacy::OpenRows::hide;
  text = explain_policy(policy);
  EXPECT_THAT(text, HasSubstr("or a coin where people are not counted"));
  EXPECT_THAT(text, HasSubstr("below k and a margin"));
  EXPECT_THAT(text, HasSubstr("at least 50 people, a public row almost certainly."));
  policy.privacy.open_rows = privacy::OpenRows::show;
  text = explain_policy(policy);
  EXPECT_THAT(text, HasSubstr("k does not hold there"));
  EXPECT_THAT(text, HasSubstr("at least 50 people, but public rows for any number."));
}

TEST(Explain, OuterJoinsAreSaidWhereTheyAreAllowed) {
  policy::Policy policy = policy::example_policy();
  EXPECT_THAT(explain_policy(policy), Not(HasSubstr("Outer and anti joins")));
  policy.privacy.outer_joins = true;
  EXPECT_THAT(explain_policy(policy),
              HasSubstr("Outer and anti joins are answered, with noise for"));
}

TEST(Explain, WithoutNoiseItSaysSoFirst) {
  policy::Policy policy = policy::example_policy();
  policy::make_threshold_only(policy.privacy, 1000);
  policy.members[0].rations = {{privacy::Window::day, privacy::Accounting::queries, 5}};
  const std::string text = explain_policy(policy);
  EXPECT_EQ(text.substr(0, 23), "NOT A PRIVACY GUARANTEE");
  EXPECT_THAT(text, HasSubstr("at most 4 groups of an answer, and with at most 20 rows in each"));
  EXPECT_THAT(text, HasSubstr("Each table answers 1,000 questions in all"));
  EXPECT_THAT(text, HasSubstr("may spend queries 5 in any day"));
  EXPECT_THAT(text, Not(HasSubstr("psilon")));
  EXPECT_THAT(show_policy(read_policy_envelope(policy::signed_policy(policy), "p")),
              HasSubstr("k 50; 1,000 queries to each table\n  threshold-only, no noise: not a "
                        "privacy guarantee\n"));
}

TEST(Explain, SaysWhatBecomesOfNearQuestions) {
  policy::Policy policy = policy::example_policy();
  EXPECT_THAT(explain_policy(policy), HasSubstr("is answered, and flagged in answer and log."));
  policy.privacy.differencing = {.refuse = true, .values = 3, .percent = 7};
  EXPECT_THAT(explain_policy(policy), HasSubstr("(at most 3 values, less than 7 % of a declared "
                                                "width, a moved bound) is refused."));
  EXPECT_THAT(show_policy(read_policy_envelope(policy::signed_policy(policy), "p")),
              HasSubstr("near questions: refuse; narrow: 3 values, 7 %"));
}

TEST(Explain, ARationIsSaid) {
  policy::Policy policy = policy::example_policy();
  policy.members[0].rations = {{privacy::Window::day, privacy::Accounting::pure, 500'000}};
  EXPECT_THAT(explain_policy(policy),
              HasSubstr("By its ration, agency may spend epsilon 0.5 in any day"));
  const PolicyFile file = read_policy_envelope(policy::signed_policy(policy), "policy.json");
  EXPECT_THAT(show_policy(file), HasSubstr("    may spend epsilon 0.5 in any day\n"));
}

TEST(Explain, ShowsEveryNameOfThePacket) {
  const PolicyFile file =
      read_policy_envelope(policy::signed_policy(policy::example_policy()), "policy.json");
  const std::string text = show_policy(file);
  for (const policy::Member& member : file.policy.members)
    EXPECT_THAT(text, HasSubstr(member.name));
  for (const policy::Table& table : file.policy.tables) {
    EXPECT_THAT(text, HasSubstr(table.name + ", of " + table.owner));
    for (const policy::Column& column : table.columns) EXPECT_THAT(text, HasSubstr(column.name));
  }
  for (const Hash& image : file.policy.trust.sim->images)
    EXPECT_THAT(text, HasSubstr(to_hex(image)));
  EXPECT_THAT(text, HasSubstr(to_hex(file.hash)));
}

TEST(Amounts, TheEpsilonThatHidesPeopleIsTheLeast) {
  for (const std::int64_t people : {1, 30, 119, 5000}) {
    policy::Privacy privacy = policy::example_policy().privacy;
    const auto epsilon = epsilon_to_hide(people, privacy);
    ASSERT_TRUE(epsilon);
    privacy.epsilon_per_query = *epsilon;
    EXPECT_LE(widths_of(privacy, true, 0).persons, people);
    privacy.epsilon_per_query = *epsilon - 1;
    EXPECT_GT(widths_of(privacy, true, 0).persons, people);
  }
}

TEST(Amounts, TheBudgetEndsWithWhatRunsOutFirst) {
  policy::Privacy privacy = policy::example_policy().privacy;
  EXPECT_EQ(queries_in_budget(privacy), 16U);
  privacy.delta_per_query = 1;
  EXPECT_EQ(queries_in_budget(privacy), 30U);
  privacy.delta_per_query = policy::example_policy().privacy.delta_per_query;
  EXPECT_EQ(queries_in_budget(privacy, false), 30U);
}

}  // namespace
}  // namespace gbx::client
