// Answers without noise: verified under the policies that say so, and under no other.

#include <gtest/gtest.h>

#include <functional>

#include "client/policy/wording.h"
#include "client/query/answer_fixture.h"
#include "client/query/verify_answer.h"

namespace gbx::client {
namespace {

// The reason, or "PASS".
std::string verdict(const TestAnswer& answer) {
  const auto verified = VerifiedAnswer::verify(answer.file(), answer.policy_hash(), kTestNow);
  if (verified) return "PASS";
  const std::string reason(verified.error().reason.view());
  EXPECT_NE(find_wording(reason), nullptr) << reason;
  return reason;
}

std::string spoilt(const std::function<void(TestAnswer&)>& spoil) {
  TestAnswer answer;
  spoil(answer);
  return verdict(answer);
}

std::string exact_spoilt(const std::function<void(TestAnswer&)>& spoil) {
  TestAnswer answer;
  answer.make_exact();
  spoil(answer);
  return verdict(answer);
}

TEST(VerifyThresholdOnly, ExactNumbersAreOfAThresholdOnlyPolicyAndOfNoOther) {
  EXPECT_EQ(exact_spoilt([](TestAnswer&) {}), "PASS");
  EXPECT_EQ(exact_spoilt([](TestAnswer& answer) { answer.predicate.noise.people_min = 49; }),
            "statement_noise_too_weak");
  EXPECT_EQ(exact_spoilt([](TestAnswer& answer) {
              answer.table.columns[1].kind = packet::OutputKind::noised;
            }),
            "result_kind_wrong");
  EXPECT_EQ(exact_spoilt([](TestAnswer& answer) {
              answer.predicate.noise.price.loss = 2;
              for (auto& move : answer.predicate.budget) move.after.loss = 98;
            }),
            "statement_noise_too_weak");
  EXPECT_EQ(exact_spoilt([](TestAnswer& answer) {
              answer.request.epsilon = "0.1";
              answer.fill_predicate();
              const TestAnswer good = [] {
                TestAnswer out;
                out.make_exact();
                return out;
              }();
              answer.predicate.noise = good.predicate.noise;
              answer.predicate.budget = good.predicate.budget;
            }),
            "statement_price_wrong");
  // A room that leaves the noise out where the policy has some.
  TestAnswer answer;
  answer.make_exact();
  const TestAnswer noised;
  answer.policy = noised.policy;
  const packet::AnswerTable table = answer.table;
  const packet::AnswerPredicate predicate = answer.predicate;
  answer.sign_policy();
  answer.table = table;
  answer.predicate.noise = predicate.noise;
  EXPECT_EQ(verdict(answer), "statement_budget_wrong");
  for (auto& move : answer.predicate.budget) move = {move.table, {100, 0}, {99, 0}};
  EXPECT_EQ(verdict(answer), "statement_noise_too_weak");
  EXPECT_EQ(spoilt([](TestAnswer& other) {
              other.table.columns[1].kind = packet::OutputKind::exact;
              other.table.columns[1].half_width.reset();
              other.table.rows[0][1].interval.reset();
            }),
            "result_kind_wrong");
  EXPECT_EQ(spoilt([](TestAnswer& other) {
              other.predicate.noise.statistics[1].statistic.noise = privacy::NoiseKind::none;
              other.predicate.noise.statistics[1].statistic.share = 0;
            }),
            "statement_noise_too_weak");
}

TEST(VerifyThresholdOnly, WhoeverGuaranteesNothingSaysSo) {
  TestAnswer answer;
  answer.make_exact();
  const Json good = packet::encode(answer.predicate);
  EXPECT_TRUE(packet::decode_answer_predicate(good));
  for (const Json& said : {Json(), Json("none"), Json(true)}) {
    EXPECT_FALSE(packet::decode_answer_predicate(policy::with(good, "guarantee", said)));
  }
  const Json noised = packet::encode(TestAnswer().predicate);
  EXPECT_FALSE(packet::decode_answer_predicate(
      policy::with(noised, "guarantee", Json(packet::kNoGuarantee))));
}

}  // namespace
}  // namespace gbx::client
