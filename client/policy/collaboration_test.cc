#include "client/policy/collaboration.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "client/keys/identity.h"
#include "client/policy/amounts.h"
#include "trusted/policy/policy_fixture.h"

namespace gbx::client {
namespace {

class FixedEntropy final : public Entropy {
 public:
  Status fill(std::span<std::uint8_t> out) noexcept override {
    for (std::uint8_t& byte : out) byte = 0xab;
    return {};
  }
};

constexpr const char* kGood = R"(collaboration: {name: Autumn, expires: 2035-12-31}
members:
  - identity: shop.id
    abilities: [provide]
  - name: newsnow
    signing_key: NEWS_SIGNING
    sealing_key: NEWS_SEALING
    abilities: [query, provide, receive]
tables:
  purchases:
    owner: shopgood
    columns:
      hashed_email: {label: person, identifier: email}
      purchase_date: {type: date, label: plain, bounds: [2025-09-01, 2025-12-31]}
      total_spent: {type: decimal, scale: 2, label: sensitive, bounds: [0, 500]}
      shop: {type: text, label: plain, domain: [west, east]}
    rows_per_person: 50
    rule:
      aggregation:
        aggregateColumns:
          - {columnNames: [hashed_email], function: COUNT_DISTINCT}
          - {columnNames: [total_spent], function: SUM}
        joinColumns: [hashed_email]
        joinRequired: QUERY_RUNNER
        dimensionColumns: [shop]
        scalarFunctions: [UPPER, LOWER]
        outputConstraints:
          - {columnName: hashed_email, minimum: 60, type: COUNT_DISTINCT}
  exposures:
    owner: newsnow
    manifest: exposures.yaml
    rule: {aggregation: {joinColumns: [hashed_email], dimensionColumns: [campaign_id]}}
privacy:
  k: 50
  dp: {epsilon: "3", delta: "1e-6", epsilon_per_query: "0.1"}
  contribution: {groups: 4, rows: 20}
trust: {min_assurance: INSECURE-SIM, sim: {images: [IMAGE]}}
limits: {rows: 1_000_000}
)";

constexpr const char* kManifest = R"(table: exposures
source: {file: newsnow.csv}
columns:
  user_id: {label: pii}
  email: {as: hashed_email, label: person, identifier: email}
  campaign_id: {type: text, label: plain}
  exposure_date: {type: date, label: plain, bounds: [2025-09-01, 2025-12-31]}
)";

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

class Collaboration : public testing::Test {
 protected:
  Collaboration() {
    folder_ = std::filesystem::temp_directory_path() /
              ("gbx-collaboration-" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder_);
    const PublicIdentity shop = {"shopgood", policy::test_signing_key(1).public_key(),
                                 policy::test_sealing_key(1).public_key()};
    write("shop.id",
          packet::print_envelope(make_identity_packet(shop, policy::test_signing_key(1))));
    write("exposures.yaml", kManifest);
    good_ = replaced(kGood, "NEWS_SIGNING", to_hex(policy::test_signing_key(2).public_key()));
    good_ = replaced(good_, "NEWS_SEALING", to_hex(policy::test_sealing_key(2).public_key()));
    good_ = replaced(good_, "IMAGE", std::string(64, '7'));
  }
  ~Collaboration() override { std::filesystem::remove_all(folder_); }

  void write(const std::string& name, const std::string& text) {
    std::ofstream(folder_ / name, std::ios::binary) << text;
  }
  policy::Policy build(const std::string& text, const BuildOptions& options = {}) {
    FixedEntropy entropy;
    return parse_collaboration(text, folder_ / "c.yaml", options, entropy);
  }
  // "LINE:COLUMN why next" of the mistake that `from` replaced by `to` makes.
  std::string mistake(const std::string& from, const std::string& to) {
    try {
      build(replaced(good_, from, to));
      return "no mistake";
    } catch (const Mistake& mistake) {
      const std::string prefix = (folder_ / "c.yaml").string() + ":";
      EXPECT_TRUE(mistake.where().starts_with(prefix)) << mistake.where();
      EXPECT_FALSE(mistake.next().empty()) << mistake.why();
      return mistake.where().substr(prefix.size()) + " " + mistake.why() + " | " + mistake.next();
    }
  }

  std::filesystem::path folder_;
  std::string good_;
};

TEST_F(Collaboration, AMemberCanHaveARation) {
  const std::string with = "abilities: [query, provide, receive]\n    ration: ";
  const auto text = [&](const std::string& ration) {
    std::string out = good_;
    const std::string before = "abilities: [query, provide, receive]";
    return out.replace(out.find(before), before.size(), with + ration);
  };
  const policy::Policy policy =
      build(text("[{window: lifetime, epsilon: \"2\"}, {window: day, epsilon: \"0.5\"}]"));
  const std::vector<privacy::Ration> want = {
      {privacy::Window::day, privacy::Accounting::pure, 500'000},
      {privacy::Window::lifetime, privacy::Accounting::pure, 2'000'000}};
  EXPECT_EQ(policy.members[0].rations, want);
  for (const char* wrong : {"[]", "day", "[{window: year, epsilon: \"1\"}]", "[{window: day}]",
                            "[{window: day, epsilon: x}]", "[{window: day, rho: \"1\"}]"}) {
    EXPECT_THROW(build(text(wrong)), Mistake) << wrong;
  }
}

TEST_F(Collaboration, ATableCanHaveARowFilter) {
  const std::string with = "    rows_per_person: 50\n    row_filter: ";
  const std::string before = "    rows_per_person: 50\n";
  const policy::Policy policy =
      build(replaced(good_, before, with + "\"shop = 'west' AND total_spent > 1\"\n"));
  ASSERT_TRUE(policy.tables[1].row_filter);
  EXPECT_EQ(policy.tables[1].row_filter->text, "and");
  EXPECT_EQ(mistake(before, with + "\"shopp = 'west'\"\n"),
            "18:17 row_filter: no table in the query has this column | write a condition over the "
            "columns of purchases, as after WHERE; not over the person column");
  for (const char* wrong :
       {"\"hashed_email = 'x'\"", "total_spent", "[]", "\"SUM(total_spent) > 1\"",
        "\"shop IN (SELECT shop FROM purchases)\""}) {
    EXPECT_NE(mistake(before, with + wrong + "\n"), "no mistake") << wrong;
  }
}

TEST_F(Collaboration, ARuleCanHaveControls) {
  const std::string before = "        dimensionColumns: [shop]\n";
  const policy::Policy policy = build(
      replaced(good_, before,
               before + "        comparisonControls: {allowedLiteralComparisonColumns: [shop]}\n"
                        "        allowedJoinOperators: [OR, AND]\n"
                        "        allowedResultReceivers: [newsnow]\n"
                        "        additionalAnalyses: ALLOWED\n"
                        "        accessBudget: [{window: day, queries: 10}]\n"
                        "        derivedTables: {retentionHours: 24}\n"));
  const policy::Rule& rule = policy.tables[1].rule;
  EXPECT_EQ(rule.comparisons->literal_columns, std::vector<std::string>{"shop"});
  EXPECT_TRUE(rule.comparisons->column_columns.empty());
  EXPECT_TRUE(rule.join_operators->logical_and && rule.join_operators->logical_or);
  EXPECT_EQ(rule.result_receivers, std::vector<std::string>{"newsnow"});
  EXPECT_EQ(rule.additional_analyses, policy::AdditionalAnalyses::allowed);
  ASSERT_EQ(rule.access_budget.size(), 1U);
  EXPECT_EQ(rule.access_budget[0].loss, 10U);
  EXPECT_EQ(rule.derived_hours, 24U);
  for (const char* wrong :
       {"comparisonControls: {allowedLiteralComparisonColumns: [shopp]}",
        "comparisonControls: {allowed: [shop]}", "allowedJoinOperators: [XOR]",
        "allowedResultReceivers: [shopgood]", "allowedResultReceivers: [nobody]",
        "additionalAnalyses: SOME", "accessBudget: [{window: day, rho: \"1\"}]", "accessBudget: 10",
        "allowedAnalyses: [ANY_QUERY]", "derivedTables: 24", "derivedTables: {retentionHours: 0}",
        "derivedTables: {hours: 24}"}) {
    EXPECT_NE(mistake(before, before + "        " + wrong + "\n"), "no mistake") << wrong;
  }
}

TEST_F(Collaboration, ATableCanHaveACustomRule) {
  const std::string before =
      "rule: {aggregation: {joinColumns: [hashed_email], dimensionColumns: [campaign_id]}}";
  const auto rule = [&](const std::string& body) { return "rule: {custom: {" + body + "}}"; };
  const std::string any =
      "allowedAnalyses: [overlap, ANY_QUERY], allowedAnalysisProviders: [newsnow]";
  const policy::Policy policy = build(replaced(
      good_, before,
      rule(any + ", disallowedOutputColumns: [campaign_id], differentialPrivacy: {columns: [{name: "
                 "hashed_email}]}, aggregationThresholds: [{columnName: hashed_email, minimum: "
                 "90}], accessBudget: [{window: day, queries: 10}]")));
  const policy::Rule& read = policy.tables[0].rule;
  EXPECT_EQ(read.kind, policy::RuleKind::custom);
  EXPECT_EQ(read.analyses, (std::vector<std::string>{"ANY_QUERY", "overlap"}));
  EXPECT_TRUE(read.needs_noise);
  EXPECT_EQ(read.access_budget.size(), 1U);
  EXPECT_EQ(read.output_constraints.size(), 1U);
  EXPECT_THAT(mistake(before, rule("allowedAnalyses: [ANY_QUERY]")),
              testing::HasSubstr("allowedAnalysisProviders and ANY_QUERY"));
  for (const char* wrong :
       {"", "allowedAnalysisProviders: [newsnow]", "allowedAnalyses: [overlap], x: 1",
        "allowedAnalyses: [ANY_QUERY], allowedAnalysisProviders: [shopgood]",
        "allowedAnalyses: [overlap], disallowedOutputColumns: [x]",
        "allowedAnalyses: [overlap], differentialPrivacy: {columns: [{name: campaign_id}]}",
        "allowedAnalyses: [overlap], differentialPrivacy: {}"}) {
    EXPECT_NE(mistake(before, rule(wrong)), "no mistake") << wrong;
  }
  EXPECT_NE(mistake(before, "rule: {}"), "no mistake");
}

TEST_F(Collaboration, ATableCanHaveAListRule) {
  const std::string before =
      "rule: {aggregation: {joinColumns: [hashed_email], dimensionColumns: [campaign_id]}}";
  const auto rule = [&](const std::string& body) { return "rule: {list: {" + body + "}}"; };
  const std::string whole =
      "joinColumns: [hashed_email], listColumns: [campaign_id, hashed_email], minimumAudience: "
      "500, "
      "accessBudget: [{window: lifetime, queries: 4}]";
  const std::string able = replaced(good_, "abilities: [query, provide, receive]",
                                    "abilities: [query, list, provide, receive]");
  const policy::Policy policy =
      build(replaced(able, before, rule(whole + ", allowedJoinOperators: [AND]")));
  const policy::Rule& read = policy.tables[0].rule;
  EXPECT_EQ(read.kind, policy::RuleKind::list);
  EXPECT_EQ(read.list_columns, (std::vector<std::string>{"campaign_id", "hashed_email"}));
  EXPECT_EQ(read.output_constraints.at(0).minimum, 500);
  EXPECT_TRUE(read.join_operators->logical_and);
  EXPECT_TRUE(policy.members[0].abilities.list || policy.members[1].abilities.list);
  const auto without = [&](const std::string& part, const std::string& instead) {
    return mistake(before, rule(replaced(whole, part, instead)));
  };
  EXPECT_THAT(without("window: lifetime", "window: day"),
              testing::HasSubstr("how many lists a member may have"));
  EXPECT_THAT(without("campaign_id, hashed_email", "campaign_id"),
              testing::HasSubstr("lack the person column"));
  EXPECT_THAT(without("[campaign_id,", "[campain_id,"), testing::HasSubstr("did you mean"));
  EXPECT_NE(without("minimumAudience: 500, ", ""), "no mistake");
  EXPECT_NE(without("minimumAudience: 500", "minimumAudience: 1"), "no mistake");
  EXPECT_NE(without("joinColumns: [hashed_email], ", ""), "no mistake");
  EXPECT_NE(mistake(before, rule(whole + ", scalarFunctions: [UPPER]")), "no mistake");
  EXPECT_NE(mistake("abilities: [provide]", "abilities: [provide, list]"), "no mistake");
}

TEST_F(Collaboration, NoNoiseIsSaidInSoManyWords) {
  const std::size_t begin = good_.find("  dp:");
  const std::string dp = good_.substr(begin, good_.find('\n', begin) - begin);
  const std::string none = "  threshold_only: {guarantee: none, queries: 500}";
  const policy::Policy policy = build(replaced(good_, dp, none));
  EXPECT_TRUE(policy::threshold_only(policy.privacy));
  EXPECT_EQ(policy.privacy.queries, 500U);
  EXPECT_TRUE(policy::check(policy));
  const std::string both =
      "privacy is one of two things, and which is not said | write dp: "
      "{epsilon: \"3\", ...} for noise that protects each person, or "
      "threshold_only: {guarantee: none, queries: 1000} for exact numbers that "
      "only k withholds, which is not a privacy guarantee";
  EXPECT_EQ(mistake(dp + "\n", ""), "34:3 " + both);
  EXPECT_EQ(mistake(dp, dp + "\n" + none), "34:3 " + both);
  EXPECT_EQ(mistake(dp, "  threshold_only: {guarantee: k, queries: 500}"),
            "35:31 a limit on people alone guarantees no privacy | write guarantee: none, or dp: "
            "instead of threshold_only:");
  EXPECT_EQ(mistake(dp, "  threshold_only: {queries: 500}"),
            "35:19 threshold_only has no \"guarantee\" | add it");
  EXPECT_EQ(mistake(dp, "  threshold_only: {guarantee: none}"),
            "35:19 threshold_only has no \"queries\" | add it");
  EXPECT_EQ(mistake(dp, "  threshold_only: {guarantee: none, queries: 0}"),
            "35:46 queries is no whole number in its range | write a number from 1 to 1000000000");
}

TEST_F(Collaboration, NearQuestionsAreFlaggedUnlessItSaysOtherwise) {
  EXPECT_EQ(build(good_).privacy.differencing, policy::Differencing{});
  const auto given = [&](const std::string& text) {
    return build(replaced(good_, "  k: 50", "  differencing: " + text + "\n  k: 50"))
        .privacy.differencing;
  };
  EXPECT_EQ(given("{near: refuse, values: 3, percent: 7}"),
            (policy::Differencing{.refuse = true, .values = 3, .percent = 7}));
  EXPECT_EQ(given("{near: flag}"), policy::Differencing{});
  for (const char* wrong :
       {"refuse", "{near: no}", "{values: 0}", "{percent: 101}", "{share: 5}"}) {
    EXPECT_THROW(given(wrong), Mistake) << wrong;
  }
  const std::size_t begin = good_.find("  dp:");
  const std::string dp = good_.substr(begin, good_.find('\n', begin) - begin);
  const std::string none = "  threshold_only: {guarantee: none, queries: 500}";
  EXPECT_TRUE(build(replaced(good_, dp, none)).privacy.differencing.refuse);
  EXPECT_FALSE(build(replaced(good_, dp, none + "\n  differencing: {near: flag}"))
                   .privacy.differencing.refuse);
}

TEST_F(Collaboration, BecomesThePolicyThatItSays) {
  const policy::Policy policy = build(good_);
  EXPECT_TRUE(policy::check(policy));
  EXPECT_EQ(policy.id, "abababababababababababababababab");
  EXPECT_EQ(format_date(policy.expires / 86'400), "2035-12-31");
  ASSERT_EQ(policy.members.size(), 2U);
  EXPECT_EQ(policy.members[0].name, "newsnow");
  EXPECT_EQ(policy.members[1].signing_key, policy::test_signing_key(1).public_key());
  EXPECT_TRUE(policy.members[0].abilities.query);
  EXPECT_FALSE(policy.members[1].abilities.query);
  ASSERT_EQ(policy.tables.size(), 2U);
  const policy::Table& purchases = policy.tables[1];
  EXPECT_EQ(purchases.identifier, "email");
  EXPECT_EQ(purchases.columns[2].high, 50000);
  EXPECT_EQ(purchases.columns[3].domain, (std::vector<std::string>{"east", "west"}));
  EXPECT_EQ(purchases.rule.scalar_functions, (std::vector<std::string>{"LOWER", "UPPER"}));
  EXPECT_EQ(purchases.rule.output_constraints[0].minimum, 60);
  EXPECT_EQ(policy.privacy.epsilon_per_query, 100'000U);
  EXPECT_EQ(policy.privacy.delta_per_query, policy.privacy.delta / 30);
  EXPECT_EQ(policy.limits.rows, 1'000'000U);
  EXPECT_EQ(policy.limits.result_rows, 10'000U);
}

TEST_F(Collaboration, TakesColumnsFromTheOwnersManifest) {
  const policy::Policy policy = build(good_);
  const policy::Table& exposures = policy.tables[0];
  ASSERT_EQ(exposures.columns.size(), 3U);  // user_id stays at home
  EXPECT_EQ(exposures.person, "hashed_email");
  EXPECT_EQ(exposures.columns[2].name, "exposure_date");
  EXPECT_TRUE(exposures.columns[2].bounded);
}

TEST_F(Collaboration, TheSameFileAndIdGiveTheSameBytes) {
  BuildOptions options;
  options.id = std::string(32, '1');
  EXPECT_EQ(policy::encode(build(good_, options)).canonical(),
            policy::encode(build(good_, options)).canonical());
  EXPECT_EQ(build(good_, options).id, *options.id);
}

TEST_F(Collaboration, ANewVersionContinuesTheOneBefore) {
  const policy::Policy first = build(good_);
  BuildOptions options;
  options.previous = &first;
  options.previous_hash = Hash{5};
  const policy::Policy second = build(good_, options);
  EXPECT_EQ(second.id, first.id);
  EXPECT_EQ(second.version, 2U);
  EXPECT_EQ(second.previous, (Hash{5}));
}

TEST_F(Collaboration, NoiseCanBeAskedForInPeople) {
  const policy::Policy policy =
      build(replaced(good_, "epsilon_per_query: \"0.1\"", "users_noise: 30"));
  EXPECT_EQ(widths_of(policy.privacy, true, 0).persons, 30);
  EXPECT_EQ(mistake(", epsilon_per_query: \"0.1\"", ""),
            "35:7 a query needs one price | write epsilon_per_query: \"0.1\", or users_noise: 30 "
            "for noise that hides about 30 people");
}

TEST_F(Collaboration, MistakesSayWhereWhatAndWhatNext) {
  EXPECT_EQ(mistake("  k: 50", "  kk: 50"),
            "34:3 there is no \"kk\" in privacy | did you mean \"k\"?");
  EXPECT_EQ(mistake("k: 50", "k: 1"),
            "34:6 k is no whole number in its range | write a number from 2 to 100000");
  EXPECT_EQ(mistake("privacy:", "privacie:"),
            "33:1 there is no \"privacie\" in the file | did you mean \"privacy\"?");
  EXPECT_EQ(mistake("{name: Autumn, ", "{"), "1:16 collaboration has no \"name\" | add it");
  EXPECT_EQ(mistake("2035-12-31}", "tomorrow}"),
            "1:40 \"tomorrow\" is no date | write the last day on which the policy holds, as "
            "YYYY-MM-DD");
  EXPECT_EQ(mistake("owner: shopgood", "owner: shopgod"),
            "11:12 \"shopgod\" is no member | did you mean \"shopgood\"?");
  EXPECT_EQ(mistake("[provide]", "[provid]"),
            "4:17 \"provid\" is no ability | did you mean \"provide\"?");
  EXPECT_EQ(mistake("identity: shop.id", "identity: none.id").substr(0, 4), "3:15");
  EXPECT_EQ(mistake("INSECURE-SIM", "INSECURE"),
            "37:24 \"INSECURE\" is no assurance word | did you mean \"INSECURE-SIM\"?");
  EXPECT_EQ(mistake("\"3\"", "many"),
            "35:17 \"many\" is no epsilon | write a number such as \"3\" or \"0.1\": at most six "
            "digits after the point");
}

TEST_F(Collaboration, MistakesInRulesAreToldAtTheirEntry) {
  EXPECT_EQ(mistake("[shop]", "[shopp]"),
            "25:28 table purchases has no column \"shopp\" | did you mean \"shop\"?");
  EXPECT_EQ(mistake("[shop]", "[shop, total_spent]"),
            "25:34 \"total_spent\": a sensitive column is a dimension | sensitive columns can be "
            "measured, not grouped by; relabel it plain if that is true");
  EXPECT_EQ(mistake("[shop]", "[hashed_email]").substr(0, 5), "25:28");
  EXPECT_EQ(mistake("[UPPER, LOWER]", "[UPPER, LOVER]"),
            "26:34 \"LOVER\" is no scalar function of rooms | did you mean \"LOWER\"?");
  EXPECT_EQ(mistake("function: SUM", "function: MEDIAN").substr(0, 5), "22:52");
  EXPECT_EQ(
      mistake(", bounds: [0, 500]}", "}"),
      "22:28 \"total_spent\": a column in SUM or AVG has no bounds | give it bounds: noise is "
      "made for the most that one value can be");
  EXPECT_EQ(mistake("minimum: 60", "minimum: 1").substr(0, 5), "28:49");
  EXPECT_EQ(mistake("label: sensitive", "label: secret").substr(0, 5), "15:53");
  EXPECT_EQ(
      mistake("joinColumns: [hashed_email]\n        joinRequired", "joinRequired").substr(0, 5),
      "23:23");
}

TEST_F(Collaboration, NothingIsHereTwice) {
  EXPECT_EQ(mistake("  k: 50", "  k: 50\n  k: 60").substr(0, 4), "35:3");
  EXPECT_EQ(mistake("shop: {type: text", "purchase_date: {type: text").substr(0, 4), "16:7");
  EXPECT_EQ(mistake("name: newsnow", "name: shopgood").substr(0, 3), "5:5");
}

TEST_F(Collaboration, NotYamlIsToldWithItsPlace) {
  try {
    build("collaboration: {name: [\n");
    FAIL();
  } catch (const Mistake& mistake) {
    EXPECT_NE(mistake.where().find("c.yaml:"), std::string::npos);
  }
}

TEST_F(Collaboration, EveryLineMattersOrIsRefused) {
  // Without any one of its lines the file either is no policy or another one.
  const std::string whole = policy::encode(build(good_)).canonical();
  std::size_t begin = 0;
  while (begin < good_.size()) {
    const std::size_t end = good_.find('\n', begin) + 1;
    std::string text = good_;
    text.erase(begin, end - begin);
    begin = end;
    try {
      EXPECT_NE(policy::encode(build(text)).canonical(), whole) << text;
    } catch (const Mistake&) {
      SUCCEED();
    }
  }
}

}  // namespace
}  // namespace gbx::client
