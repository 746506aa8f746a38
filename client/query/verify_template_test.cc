// Answers of templates: verify_answer.h.

#include <gtest/gtest.h>

#include <functional>

#include "client/policy/wording.h"
#include "client/query/answer_fixture.h"
#include "client/query/verify_answer.h"

namespace gbx::client {
namespace {

// The reason, or "PASS".
std::string verdict(const TestAnswer& made, const Hash& policy_hash) {
  const auto answer = VerifiedAnswer::verify(made.file(), policy_hash, kTestNow);
  if (answer) return "PASS";
  const std::string reason(answer.error().reason.view());
  EXPECT_NE(find_wording(reason), nullptr) << reason;
  return reason;
}

// newsnow has asked a template that the policy has.
TestAnswer of_template() {
  TestAnswer out;
  policy::Template entry{.name = "spenders", .sql = "SELECT SUM(x) FROM t WHERE x > $least"};
  entry.parameters.push_back({.name = "least", .type = {Type::integer, 0}, .range = {{1, 9}}});
  out.policy.templates = {entry};
  out.sign_policy();
  out.request.sql.clear();
  out.request.call =
      packet::TemplateCall{"spenders", 1, policy::template_digest(entry), {{"least", "5"}}};
  out.fill_predicate();
  out.predicate.call = out.request.call;
  out.predicate.query_digest = crypto::sha256(as_bytes(entry.sql));
  return out;
}

std::string verdict_of_template(const std::function<void(TestAnswer&)>& spoil) {
  TestAnswer answer = of_template();
  const Hash hash = answer.policy_hash();
  spoil(answer);
  return verdict(answer, hash);
}

TEST(VerifyTemplate, OneOfATemplatePasses) {
  const TestAnswer answer = of_template();
  const auto verified = VerifiedAnswer::verify(answer.file(), answer.policy_hash(), kTestNow);
  ASSERT_TRUE(verified) << verified.error().reason.view();
  EXPECT_EQ(verified->sql(), answer.policy.templates[0].sql);
  EXPECT_EQ(verified->predicate().call, answer.request.call);
}

TEST(VerifyTemplate, StandsOnNoDerivedTable) {
  EXPECT_EQ(verdict_of_template([](TestAnswer& a) {
              a.predicate.derived = {{{}, "agency", "t", "SELECT 1", a.predicate.time + 1}};
            }),
            "statement_derived_wrong");
}

TEST(VerifyTemplate, TheTemplateIsThePolicysAndTheRequests) {
  EXPECT_EQ(verdict_of_template([](TestAnswer& a) { a.predicate.call.reset(); }),
            "statement_template_wrong");
  EXPECT_EQ(verdict_of_template([](TestAnswer& a) { a.predicate.call->arguments[0].value = "6"; }),
            "statement_template_wrong");
  EXPECT_EQ(verdict_of_template([](TestAnswer& a) { a.predicate.call->digest[0] ^= 1; }),
            "statement_template_wrong");
  TestAnswer plain;
  plain.predicate.call = packet::TemplateCall{"x", 1, {}, {}};
  EXPECT_EQ(verdict(plain, plain.policy_hash()), "statement_template_wrong");
  EXPECT_EQ(verdict_of_template([](TestAnswer& a) { a.predicate.query_digest[0] ^= 1; }),
            "query_digest_wrong");
  const auto asked = [](const char* value) {
    return verdict_of_template([&](TestAnswer& a) {
      a.request.call->arguments[0].value = value;
      const Hash digest = a.predicate.query_digest;
      a.fill_predicate();
      a.predicate.call = a.request.call;
      a.predicate.query_digest = digest;
    });
  };
  EXPECT_EQ(asked("6"), "PASS");
  EXPECT_EQ(asked("10"), "parameter_out_of_range");
  EXPECT_EQ(asked("05"), "parameter_malformed");
}

}  // namespace
}  // namespace gbx::client
