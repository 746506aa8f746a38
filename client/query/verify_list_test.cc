#include "client/query/verify_list.h"

#include <gtest/gtest.h>

#include <functional>

#include "client/policy/wording.h"
#include "client/query/answer_fixture.h"
#include "client/query/verify_answer.h"

namespace gbx::client {
namespace {

constexpr std::int64_t kLeast = 3;

policy::Rule listing(std::vector<std::string> columns) {
  policy::Rule rule;
  rule.kind = policy::RuleKind::list;
  rule.join_columns = {"hashed_email"};
  rule.list_columns = std::move(columns);
  rule.output_constraints = {{"hashed_email", kLeast}};
  rule.access_budget = {{privacy::Window::lifetime, privacy::Accounting::queries, 4}};
  return rule;
}

packet::OutputCell token(char digit) { return {std::string(32, digit), {}}; }

// A list of three persons, one of whom has two rows.
TestAnswer list_answer() {
  TestAnswer out;
  out.policy.privacy.people_min = 2;
  out.policy.members[1].abilities.list = true;
  out.policy.tables[0].rule = listing({"hashed_email", "campaign_id"});
  out.policy.tables[1].rule = listing({"hashed_email"});
  out.sign_policy();
  out.table = {};
  out.table.columns = {{"campaign_id", {Type::text, 0}, packet::OutputKind::listed, {}},
                       {"hashed_email", {Type::text, 0}, packet::OutputKind::person, {}}};
  out.table.rows = {{{std::string("autumn"), {}}, token('1')},
                    {{std::string("winter"), {}}, token('1')},
                    {{{}, {}}, token('2')},
                    {{std::string("autumn"), {}}, token('a')}};
  out.table.withheld = 0;
  packet::NoiseParameters& noise = out.predicate.noise;
  noise.open = true;
  noise.people_min = kLeast;
  noise.groups_per_person = 1;
  const privacy::Statistic persons{1, 1, privacy::NoiseKind::laplace, 100'000};
  noise.statistics = {{persons, privacy::half_width(1, persons).value()}};
  noise.hides_people = noise.statistics[0].half_width;
  out.predicate.list = packet::ListTerms{Hash{5}};
  return out;
}

// The same table and noise under a policy that was changed.
void sign_again(TestAnswer& answer) {
  const packet::AnswerTable table = answer.table;
  const packet::NoiseParameters noise = answer.predicate.noise;
  answer.sign_policy();
  answer.table = table;
  answer.predicate.noise = noise;
}

// The reason, or "PASS".
std::string verdict(const std::function<void(TestAnswer&)>& spoil) {
  TestAnswer answer = list_answer();
  spoil(answer);
  const auto verified = VerifiedAnswer::verify(answer.file(), answer.policy_hash(), kTestNow);
  if (verified) return "PASS";
  const std::string reason(verified.error().reason.view());
  EXPECT_NE(find_wording(reason), nullptr) << reason;
  return reason;
}

TEST(VerifyList, GoodListsPass) {
  EXPECT_EQ(verdict([](TestAnswer&) {}), "PASS");
  EXPECT_EQ(verdict([](TestAnswer& answer) {
              answer.table.rows.clear();
              answer.table.withheld = 1;
            }),
            "PASS");
}

TEST(VerifyList, WhatIsOneSaysSoAndNothingElseDoes) {
  EXPECT_EQ(verdict([](TestAnswer& answer) { answer.predicate.list.reset(); }),
            "statement_list_wrong");
  EXPECT_EQ(verdict([](TestAnswer& answer) {
              answer.table.columns[1].kind = packet::OutputKind::listed;
            }),
            "statement_list_wrong");
  EXPECT_EQ(
      verdict([](TestAnswer& answer) { answer.table.columns[0].kind = packet::OutputKind::group; }),
      "statement_list_wrong");
  EXPECT_EQ(verdict([](TestAnswer& answer) { answer.predicate.list->salt.reset(); }),
            "statement_list_wrong");
  // The tables of a list, and of nothing else, have list rules.
  const policy::Policy numbers = policy::example_policy();
  const TestAnswer plain;
  for (const std::size_t table : {std::size_t{0}, std::size_t{1}}) {
    EXPECT_EQ(verdict([&](TestAnswer& answer) {
                answer.policy.tables[table].rule = numbers.tables[table].rule;
                sign_again(answer);
              }),
              "statement_list_wrong");
  }
  EXPECT_EQ(verdict([&](TestAnswer& answer) {
              answer.table = plain.table;
              answer.predicate.noise = plain.predicate.noise;
              answer.predicate.list.reset();
            }),
            "statement_list_wrong");
  EXPECT_EQ(verdict([&](TestAnswer& answer) {
              answer.policy = numbers;
              answer.sign_policy();
              answer.predicate.list = packet::ListTerms{Hash{5}};
            }),
            "statement_list_wrong");
}

TEST(VerifyList, IsOfWhoMayAskForOne) {
  EXPECT_EQ(verdict([](TestAnswer& answer) {
              answer.policy.members[1].abilities.list = false;
              sign_again(answer);
            }),
            "request_member_may_not_list");
}

TEST(VerifyList, IsSelectedByTheNumberOfItsPersons) {
  const auto noise = [](const std::function<void(packet::NoiseParameters&)>& spoil) {
    return verdict([&](TestAnswer& answer) { spoil(answer.predicate.noise); });
  };
  EXPECT_EQ(noise([](auto& said) { said.selection = privacy::Selection::none; }),
            "statement_list_wrong");
  EXPECT_EQ(noise([](auto& said) { said.selection = privacy::Selection::margin; }),
            "statement_list_wrong");
  EXPECT_EQ(noise([](auto& said) { said.statistics.push_back(said.statistics[0]); }),
            "statement_list_wrong");
  EXPECT_EQ(noise([](auto& said) { said.open = false; }), "statement_list_wrong");
  EXPECT_EQ(noise([](auto& said) { said.groups_per_person = 4; }), "statement_list_wrong");
  EXPECT_EQ(noise([](auto& said) { said.people_min = kLeast - 1; }), "statement_noise_too_weak");
}

TEST(VerifyList, HasRowsOfEnoughPersonsAscending) {
  const auto rows = [](const std::function<void(packet::AnswerTable&)>& spoil) {
    return verdict([&](TestAnswer& answer) { spoil(answer.table); });
  };
  EXPECT_EQ(rows([](auto& table) { table.rows.pop_back(); }), "result_list_wrong");  // two persons
  EXPECT_EQ(rows([](auto& table) { std::swap(table.rows[0], table.rows[3]); }),
            "result_list_wrong");
  for (const std::string& wrong : {std::string("1"), std::string(32, 'A'), std::string(31, '1'),
                                   std::string("jane@example.com")}) {
    EXPECT_EQ(rows([&](auto& table) { table.rows[0][1].value = wrong; }), "result_list_wrong");
  }
  EXPECT_EQ(rows([](auto& table) { table.rows[0][1].value = Cell(); }), "result_list_wrong");
  EXPECT_EQ(rows([](auto& table) { table.withheld.reset(); }), "result_list_wrong");
  EXPECT_EQ(rows([](auto& table) { table.withheld = 1; }), "result_list_wrong");
  EXPECT_EQ(rows([](auto& table) { table.withheld = 2; }), "result_list_wrong");
  EXPECT_EQ(rows([](auto& table) { table.rows.clear(); }), "result_list_wrong");
}

TEST(VerifyList, NearAnotherIsNone) {
  EXPECT_EQ(verdict([](TestAnswer& answer) { answer.predicate.near = {Hash{8}}; }),
            "statement_near_wrong");
}

TEST(VerifyList, OfADryRunHasNoRowsAndNoSalt) {
  const auto dry = [](TestAnswer& answer) {
    answer.request.dry_run = true;
    const packet::NoiseParameters noise = answer.predicate.noise;
    answer.fill_predicate();
    answer.predicate.noise = noise;
    answer.predicate.snapshots.clear();
    answer.predicate.list.emplace();
    answer.table.dry_run = true;
    answer.table.rows.clear();
    answer.table.withheld.reset();
  };
  EXPECT_EQ(verdict(dry), "PASS");
  EXPECT_EQ(verdict([&](TestAnswer& answer) {
              dry(answer);
              answer.predicate.list->salt = Hash{1};
            }),
            "statement_list_wrong");
}

}  // namespace
}  // namespace gbx::client
