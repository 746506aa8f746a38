// What naming a derived table costs beside writing its sub-select into the question: parse, bind,
// check and price, as a room does it, without workers. Medians, in microseconds.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

#include "engine/duckdb/parse.h"
#include "trusted/firewall/check.h"
#include "trusted/firewall/derived.h"
#include "trusted/policy/policy_fixture.h"

namespace gbx {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kRounds = 501;

struct Definition {
  std::string name;
  std::string sql;
};

struct Case {
  const char* what;
  std::vector<Definition> definitions;
  std::string question;  // over them
};

std::vector<Case> cases() {
  const std::string spent =
      "SELECT hashed_email, SUM(total_spent) AS spent, COUNT(*) AS visits FROM purchases WHERE "
      "purchase_date >= DATE '2023-10-01' AND total_spent > 1 GROUP BY "
      "hashed_email";
  std::string wide = "SELECT hashed_email, campaign_id";
  for (int i = 0; i < 20; i++) {
    const std::string n = std::to_string(i);
    wide += ", CASE WHEN campaign_id <> 'x" + n + "' AND device = 'd" + n +
            "' THEN 1 ELSE 0 END AS c" + n;
  }
  wide += " FROM exposures";
  const std::string question =
      "SELECT campaign_id, COUNT(DISTINCT e.hashed_email) AS people, SUM(spent) AS revenue FROM "
      "exposures e JOIN buyers USING (hashed_email) WHERE visits > 1 GROUP BY campaign_id";
  std::vector<Case> out = {
      {"one, named once", {{"buyers", spent}}, question},
      {"three, one on the other",
       {{"bought", spent},
        {"many", "SELECT hashed_email, spent, visits FROM bought WHERE visits > 2"},
        {"buyers", "SELECT hashed_email, spent, visits FROM many WHERE spent < 90000"}},
       question},
      {"one of 20 expressions",
       {{"wide", wide}},
       "SELECT campaign_id, COUNT(DISTINCT hashed_email) AS people FROM wide WHERE c1 + c19 > 0 "
       "GROUP BY campaign_id"}};
  return out;
}

std::string written_out(const Case& one) {
  std::string out = "WITH ";
  for (const Definition& definition : one.definitions) {
    out += (out.size() > 5 ? ", " : "") + definition.name + " AS (" + definition.sql + ")";
  }
  return out + " " + one.question;
}

policy::VerifiedPolicy agreed() {
  policy::Policy policy = policy::example_policy();
  for (policy::Table& table : policy.tables) {
    table.rule.derived_hours = 24;
    table.rule.scalar_functions = {"CASE"};
    table.rule.join_required = false;
    if (table.name == "purchases") table.rule.dimension_columns = {"purchase_date"};
  }
  return policy::VerifiedPolicy::verify(policy::signed_policy(policy)).value();
}

template <typename Work>
double median_us(Work work) {
  std::vector<double> out;
  for (int i = 0; i < kRounds; i++) {
    const auto begin = Clock::now();
    work();
    out.push_back(std::chrono::duration<double, std::micro>(Clock::now() - begin).count());
  }
  std::nth_element(out.begin(), out.begin() + kRounds / 2, out.end());
  return out[kRounds / 2];
}

void compare(const Case& one, const policy::VerifiedPolicy& policy) {
  const auto parser = engine::Database::open({.expression_depth = 100}).value();
  const auto tree = [&](const std::string& sql) { return engine::parse_sql(*parser, sql).value(); };
  std::vector<sql::Derived> derived;
  double defining = 0;
  for (const Definition& definition : one.definitions) {
    const auto define = [&] {
      return firewall::admit_derived(
                 {"newsnow", definition.name, definition.sql, tree(definition.sql)},
                 policy.policy(), derived)
          .value();
    };
    defining += median_us(define);
    derived.push_back(define().rows);
  }
  const std::string inlined = written_out(one);
  const auto ask = [&](const std::string& sql) {
    return firewall::admit(tree(sql), sql, policy, {.member = "newsnow", .derived = derived})
        .value();
  };
  GBX_CHECK(ask(inlined).canonical() == ask(one.question).canonical());
  const double out = median_us([&] { ask(inlined); });
  const double named = median_us([&] { ask(one.question); });
  std::printf(
      "%-26s  written out %7.0f us (%4zu bytes)  named %7.0f us (%4zu bytes)  ratio %.2f"
      "  defining once %7.0f us\n",
      one.what, out, inlined.size(), named, one.question.size(), named / out, defining);
}

}  // namespace
}  // namespace gbx

int main() {
  const auto policy = gbx::agreed();
  for (const gbx::Case& one : gbx::cases()) gbx::compare(one, policy);
}
