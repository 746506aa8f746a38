// What naming a derived table costs beside writing its sub-select into the question: parse, bind,
// check and price, as a room does it, without workers.
//
//   derived_compare [--json FILE]

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bench/report.h"
#include "engine/duckdb/parse.h"
#include "trusted/firewall/check.h"
#include "trusted/firewall/derived.h"
#include "trusted/policy/policy_fixture.h"

namespace gbx {
namespace {

constexpr int kRounds = 20;
constexpr int kTimes = 25;  // of a round; its middle one counts

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

double microseconds_of(const std::function<void()>& work) {
  std::vector<double> out;
  for (int i = 0; i < kTimes; i++) out.push_back(1e6 * bench::processor_seconds_of(work));
  return bench::median(out);
}

bench::Line compare(const Case& one, const policy::VerifiedPolicy& policy) {
  const auto parser = engine::Database::open({.expression_depth = 100}).value();
  const auto tree = [&](const std::string& sql) { return engine::parse_sql(*parser, sql).value(); };
  std::vector<sql::Derived> derived;
  for (const Definition& definition : one.definitions) {
    auto made =
        firewall::admit_derived({"newsnow", definition.name, definition.sql, tree(definition.sql)},
                                policy.policy(), derived);
    derived.push_back(std::move(made).value().rows);
  }
  const std::string inlined = written_out(one);
  const auto ask = [&](const std::string& sql) {
    return firewall::admit(tree(sql), sql, policy, {.member = "newsnow", .derived = derived})
        .value();
  };
  GBX_CHECK(ask(inlined).canonical() == ask(one.question).canonical());
  bench::Line out{.what = "named and checked, " + std::string(one.what),
                  .note = "processor time; baseline: written out in WITH",
                  .ours = {},
                  .baseline = {},
                  .unit = "us"};
  for (int round = 0; round < kRounds; round++) {
    out.baseline.push_back(microseconds_of([&] { ask(inlined); }));
    out.ours.push_back(microseconds_of([&] { ask(one.question); }));
  }
  return out;
}

}  // namespace
}  // namespace gbx

int main(int argc, char** argv) {
  const bool json = argc == 3 && std::string_view(argv[1]) == "--json";
  const auto policy = gbx::agreed();
  std::vector<gbx::bench::Line> lines;
  for (const gbx::Case& one : gbx::cases()) lines.push_back(gbx::compare(one, policy));
  gbx::bench::report(lines, json ? argv[2] : "");
  return 0;
}
