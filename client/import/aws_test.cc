#include <gtest/gtest.h>

#include "client/import/import.h"
#include "client/policy/collaboration.h"

namespace gbx::client {
namespace {

const std::string kTable =
    R"({"configuredTable": {"id": "t-1", "name": "purchases",
        "allowedColumns": ["email", "amount", "store"]}})";

std::string rule(const std::string& kind, const std::string& body) {
  return R"({"analysisRule": {"configuredTableId": "t-1", "policy": {"v1": {")" + kind + "\": {" +
         body + R"(}}}, "type": "X"}})";
}

const std::string kColumns =
    R"("aggregateColumns": [{"columnNames": ["amount"], "function": "SUM"}],
       "joinColumns": ["email"], "dimensionColumns": ["store"], "scalarFunctions": [])";

std::string constrained(const std::string& column, const std::string& minimum = "30",
                        const std::string& type = "COUNT_DISTINCT") {
  return kColumns + R"(, "outputConstraints": [{"columnName": ")" + column + R"(", "minimum": )" +
         minimum + R"(, "type": ")" + type + "\"}]";
}

Imported import(const std::vector<std::string>& texts) {
  std::vector<ImportFile> files;
  for (const std::string& text : texts) files.push_back({"file", text});
  return import_policy(ImportSource::aws, files);
}

std::string why_not(const std::vector<std::string>& texts) {
  try {
    import(texts);
  } catch (const Mistake& mistake) {
    return mistake.why();
  }
  return "it was imported";
}

bool has(const Imported& imported, const std::string& line) {
  return imported.yaml.find(line) != std::string::npos;
}

bool notes(const Imported& imported, Fate fate, const std::string& text) {
  for (const ImportNote& note : imported.notes) {
    if (note.fate == fate && note.text.find(text) != std::string::npos) return true;
  }
  return false;
}

TEST(ImportAws, FilesComeInAnyOrder) {
  const Imported imported = import({rule("aggregation", constrained("email")), kTable});
  EXPECT_TRUE(has(imported, "minimum: 30, type: COUNT_DISTINCT"));
  EXPECT_TRUE(has(imported, "k: 30"));
  EXPECT_TRUE(has(imported, "amount: {type: FILL_IN_purchases_amount_type"));
}

TEST(ImportAws, AConstraintThatIsNotAboutPeopleEndsTheImport) {
  EXPECT_NE(why_not({kTable, rule("aggregation", constrained("store"))}).find("not about people"),
            std::string::npos);
}

TEST(ImportAws, OfSeveralJoinColumnsThePersonIsTheConstrainedOne) {
  std::string body = constrained("email");
  body.replace(body.find(R"(["email"])"), 9, R"(["card", "email"])");
  const Imported imported = import({kTable, rule("aggregation", body)});
  EXPECT_TRUE(has(imported, "joinColumns: [email]"));
  EXPECT_TRUE(notes(imported, Fate::tightened, "rooms join on the person only"));
}

TEST(ImportAws, WithoutConstraintOfSeveralJoinColumnsNoneIsThePerson) {
  std::string body = kColumns;
  body.replace(body.find(R"(["email"])"), 9, R"(["card", "email"])");
  const Imported imported = import({kTable, rule("aggregation", body)});
  EXPECT_TRUE(has(imported, "joinColumns: []"));
  EXPECT_TRUE(has(imported, "FILL_IN_purchases_person?: {label: person"));
}

TEST(ImportAws, AListRuleIsAListRuleWithALeastSizeAndARation) {
  const Imported imported =
      import({kTable, rule("list", R"("joinColumns": ["email"], "listColumns": ["email", "store"],
                               "allowedJoinOperators": ["AND"])")});
  EXPECT_TRUE(has(imported, "      list:\n        joinColumns: [email]\n"));
  EXPECT_TRUE(has(imported, "listColumns: [email, store]"));
  EXPECT_TRUE(has(imported, "allowedJoinOperators: [AND]"));
  EXPECT_TRUE(has(imported, "minimumAudience: FILL_IN_"));
  EXPECT_TRUE(has(imported, "accessBudget: [{window: lifetime, queries: FILL_IN_"));
  EXPECT_TRUE(notes(imported, Fate::carried, "lists of persons"));
  EXPECT_TRUE(notes(imported, Fate::blank, "the ability list"));
}

TEST(ImportAws, AListRuleWithoutThePersonCountsTheOverlap) {
  const Imported imported =
      import({kTable, rule("list", R"("joinColumns": ["email"], "listColumns": ["store"])")});
  EXPECT_TRUE(has(imported, "{columnNames: [email], function: COUNT_DISTINCT}"));
  EXPECT_TRUE(has(imported, "joinRequired: QUERY_RUNNER"));
  EXPECT_TRUE(has(imported, "dimensionColumns: []"));
  EXPECT_TRUE(notes(imported, Fate::tightened, "the rule does not list the person"));
}

const std::string kMembers =
    R"({"memberSummaries": [{"accountId": "1", "status": "ACTIVE", "displayName": "Shop Good",
       "abilities": []}, {"accountId": "2", "status": "ACTIVE", "displayName": "News",
       "abilities": ["CAN_QUERY", "CAN_RECEIVE_RESULTS"]}]})";
const std::string kAssociation =
    R"({"configuredTableAssociation": {"id": "a", "arn": "arn:a", "configuredTableId": "t-1"}})";

TEST(ImportAws, ACustomRuleIsACustomRule) {
  const std::string body =
      R"("allowedAnalyses": ["ANY_QUERY", "arn:t", "arn:u"], "allowedAnalysisProviders": ["2", "1"],
         "disallowedOutputColumns": ["store"], "additionalAnalyses": "REQUIRED",
         "comparisonControls": {"allowedLiteralComparisonColumns": ["store"]},
         "allowedResultReceivers": ["2"],
         "differentialPrivacy": {"columns": [{"name": "email"}]})";
  const std::string lift = R"({"analysisTemplate": {"arn": "arn:t", "name": "Lift"}})";
  const Imported imported = import({kTable, kMembers, lift, rule("custom", body)});
  EXPECT_TRUE(has(imported,
                  "      custom:\n"
                  "        allowedAnalyses: [ANY_QUERY, FILL_IN_purchases_template_3, lift]\n"
                  "        allowedAnalysisProviders: [news]\n"
                  "        disallowedOutputColumns: [store]\n"
                  "        differentialPrivacy: {columns: [{name: email}]}\n"
                  "        additionalAnalyses: REQUIRED\n"
                  "        comparisonControls:\n"
                  "          allowedLiteralComparisonColumns: [store]\n"
                  "          allowedColumnComparisonColumns: []\n"
                  "        allowedResultReceivers: [news]\n"))
      << imported.yaml;
  EXPECT_TRUE(has(imported, "store: {type: FILL_IN_purchases_store_type, label: plain"));
  EXPECT_TRUE(notes(imported, Fate::left_out, "the account 1, which may not query"));
  EXPECT_TRUE(notes(imported, Fate::left_out, "the template's SQL"));
}

TEST(ImportAws, WhatACustomRuleAllowsNobodyIsABlank) {
  const Imported imported = import({kTable, rule("custom", R"("allowedAnalyses": ["ANY_QUERY"])")});
  EXPECT_TRUE(has(imported, "allowedAnalyses: [FILL_IN_purchases_template_1]"));
  EXPECT_FALSE(has(imported, "allowedAnalysisProviders"));
}

std::string threshold(const std::string& columns, const std::string& expressions) {
  return R"("allowedAnalyses": [], "aggregationThresholds": [{"identityColumns": [)" + columns +
         R"(], "minimumIdentityCount": 40, "type": "COUNT_DISTINCT",
         "allowedAggregateExpressionType": ")" +
         expressions + R"(", "outputColumnThresholds": [{"outputColumnName": "store",
         "minimumIdentityCount": 90}]}])";
}

TEST(ImportAws, OfThresholdsTheLargestHolds) {
  const Imported imported =
      import({kTable, rule("custom", threshold("\"email\"", "ANY_EXPRESSION"))});
  EXPECT_TRUE(has(imported, "aggregationThresholds:\n          - {columnName: email, minimum: 90"));
  EXPECT_TRUE(notes(imported, Fate::tightened, "the largest"));
  EXPECT_NE(why_not({kTable, rule("custom", threshold("\"email\"", "COLUMNS_ONLY"))})
                .find("expressions in aggregates"),
            std::string::npos);
  EXPECT_NE(why_not({kTable, rule("custom", threshold("\"a\", \"b\"", "ANY_EXPRESSION"))})
                .find("people of one column"),
            std::string::npos);
}

TEST(ImportAws, JoinOperatorsThatAreNotSaidAreNone) {
  EXPECT_TRUE(has(import({kTable, rule("aggregation", kColumns)}), "allowedJoinOperators: []\n"));
  EXPECT_TRUE(has(import({kTable, rule("aggregation",
                                       kColumns + R"(, "allowedJoinOperators": ["OR", "AND"])")}),
                  "allowedJoinOperators: [AND, OR]\n"));
}

TEST(ImportAws, ReceiversOfAnAssociationAreThoseOfItsTable) {
  const std::string receivers =
      R"({"analysisRule": {"configuredTableAssociationId": "a", "type": "AGGREGATION",
         "policy": {"v1": {"aggregation": {"allowedResultReceivers": ["2"]}}}}})";
  const Imported named =
      import({receivers, kTable, kAssociation, kMembers, rule("aggregation", kColumns)});
  EXPECT_TRUE(has(named, "allowedResultReceivers: [news]\n"));
  EXPECT_TRUE(has(named, "aggregateColumns:\n          - {columnNames: [amount]"));
  const Imported blank = import({receivers, kTable, kAssociation, rule("aggregation", kColumns)});
  EXPECT_TRUE(has(blank, "allowedResultReceivers: [FILL_IN_account_2]\n"));
}

std::string access(const std::string& parameters) {
  return R"({"privacyBudgetTemplate": {"privacyBudgetType": "ACCESS_BUDGET", "parameters":
         {"accessBudget": {"resourceArn": "arn:a", "budgetParameters": [)" +
         parameters + "]}}}}";
}

TEST(ImportAws, AccessBudgetsAreOfEachMember) {
  const std::string budget = access(
      R"({"type": "CALENDAR_DAY", "budget": 10, "autoRefresh": "ENABLED"},
         {"type": "CALENDAR_WEEK", "budget": 70}, {"type": "LIFETIME", "budget": 100})");
  const Imported imported =
      import({budget, kTable, kAssociation, kMembers, rule("aggregation", kColumns)});
  EXPECT_TRUE(has(imported,
                  "accessBudget: [{window: day, queries: 10}, {window: lifetime, queries: 70}]\n"));
  std::string two = kMembers;
  two.replace(two.find(R"("abilities": [])"), 15, R"("abilities": ["CAN_QUERY"])");
  const Imported halved =
      import({budget, kTable, kAssociation, two, rule("aggregation", kColumns)});
  EXPECT_TRUE(has(halved, "{window: day, queries: 5}, {window: lifetime, queries: 35}"));
  EXPECT_FALSE(notes(halved, Fate::left_out, "how many members may ask"));
  const Imported unknown = import({budget, kTable, kAssociation, rule("aggregation", kColumns)});
  EXPECT_TRUE(notes(unknown, Fate::left_out, "how many members may ask is in no file"));
  const std::string none = access(R"({"type": "LIFETIME", "budget": 1})");
  EXPECT_NE(
      why_not({none, kTable, kAssociation, two, rule("aggregation", kColumns)}).find("no question"),
      std::string::npos);
}

TEST(ImportAws, OfSeveralBudgetsTheLeastHolds) {
  const auto budget = [](const std::string& epsilon, const std::string& noise) {
    return R"({"privacyBudgetTemplate": {"parameters": {"differentialPrivacy": {"epsilon": )" +
           epsilon + R"(, "usersNoisePerQuery": )" + noise + "}}}}";
  };
  for (const bool turned : {false, true}) {
    std::vector<std::string> files = {budget("3", "20"), budget("10", "100")};
    if (turned) std::swap(files[0], files[1]);
    files.insert(files.end(), {kTable, rule("aggregation", kColumns)});
    EXPECT_TRUE(has(import(files), "epsilon: \"3\""));
    EXPECT_TRUE(has(import(files), "users_noise: 100"));
  }
}

TEST(ImportAws, BudgetsAndMembersAreCarried) {
  const std::string budget =
      R"({"privacyBudgetTemplate": {"id": "b", "privacyBudgetType": "DIFFERENTIAL_PRIVACY",
         "autoRefresh": "CALENDAR_MONTH",
         "parameters": {"differentialPrivacy": {"epsilon": 3, "usersNoisePerQuery": 30}}}})";
  const std::string association =
      R"({"analysisRule": {"configuredTableAssociationId": "a", "type": "AGGREGATION",
         "policy": {"v1": {"aggregation": {"allowedResultReceivers": ["1"]}}}}})";
  const Imported imported = import({kTable, rule("aggregation", kColumns), kMembers, budget});
  EXPECT_TRUE(has(imported, "  - identity: shop_good.id\n    abilities: [provide]\n"));
  EXPECT_TRUE(has(imported, "  - identity: news.id\n    abilities: [provide, query, receive]\n"));
  EXPECT_TRUE(has(imported, "users_noise: 30"));
  EXPECT_TRUE(has(imported, "epsilon: \"3\""));
  EXPECT_TRUE(notes(imported, Fate::tightened, "not refilled"));
  const Imported limited =
      import({kTable, rule("aggregation", kColumns), kMembers, budget, association});
  EXPECT_TRUE(has(limited, "  - identity: news.id\n    abilities: [provide, query]\n"));
  EXPECT_NE(why_not({kTable, rule("aggregation", kColumns), association}).find("who may receive"),
            std::string::npos);
}

struct Case {
  const char* what;
  std::vector<std::string> texts;
  const char* why;
};

void expect_stopped(const Case& wrong) {
  EXPECT_NE(why_not(wrong.texts).find(wrong.why), std::string::npos)
      << wrong.what << ": " << why_not(wrong.texts);
}

TEST(ImportAws, WhatItDoesNotKnowEndsTheImport) {
  const Case cases[] = {
      {"no JSON", {"{"}, "no JSON"},
      {"a list", {"[]"}, "no JSON"},
      {"another document", {R"({"membership": {}})"}, "does not know"},
      {"a new member of a rule",
       {kTable, rule("aggregation", kColumns + R"(, "rowFilter": "x")")},
       "does not know"},
      {"a new kind of rule", {kTable, rule("idMapping", "")}, "does not know"},
      {"a new version",
       {kTable, R"({"analysisRule": {"configuredTableId": "t-1", "policy": {"v2": {}}}})"},
       "version"},
      {"two kinds",
       {kTable,
        R"({"analysisRule": {"configuredTableId": "t-1", "policy":
         {"v1": {"list": {}, "custom": {}}}}})"},
       "version"},
      {"a table that is not there", {rule("aggregation", kColumns)}, "in no other file"},
      {"two rules of a table",
       {kTable, rule("aggregation", kColumns), rule("aggregation", kColumns)},
       "another file"},
      {"a name that is none",
       {kTable, rule("aggregation", R"("aggregateColumns": [], "dimensionColumns": ["a\nb"])")},
       "cannot stand"},
  };
  for (const Case& wrong : cases) expect_stopped(wrong);
}

TEST(ImportAws, WhatARuleMayNotSayEndsTheImport) {
  const Case cases[] = {
      {"another requirement",
       {kTable, rule("aggregation", kColumns + R"(, "joinRequired": "ANYBODY")")},
       "joinRequired"},
      {"other additional analyses",
       {kTable, rule("aggregation", kColumns + R"(, "additionalAnalyses": "SOME")")},
       "additional"},
      {"another join operator",
       {kTable, rule("aggregation", kColumns + R"(, "allowedJoinOperators": ["XOR"])")},
       "join operator"},
      {"an account that is none",
       {kTable, rule("custom", R"("allowedAnalyses": ["ANY_QUERY"],
                               "allowedAnalysisProviders": ["a]"])")},
       "twelve digits"},
      {"receivers that are nobody",
       {kTable, kMembers, rule("custom", R"("allowedAnalyses": [], "allowedResultReceivers": [])")},
       "nobody may receive"},
      {"an access budget of no table",
       {kTable, rule("aggregation", kColumns), access(R"({"type": "LIFETIME", "budget": 5})")},
       "no other file"},
      {"another window",
       {kTable, kAssociation, rule("aggregation", kColumns),
        access(R"({"type": "HOUR", "budget": 5})")},
       "window"},
      {"a minimum of 1",
       {kTable, rule("aggregation", constrained("email", "1", "COUNT_DISTINCT"))},
       "none that rooms know"},
      {"another constraint",
       {kTable, rule("aggregation", constrained("email", "5", "COUNT"))},
       "none that rooms know"},
      {"no measures",
       {kTable, rule("aggregation", R"("joinColumns": ["email"])")},
       "no aggregateColumns"},
      {"two persons",
       {kTable,
        rule("custom", R"("differentialPrivacy": {"columns": [{"name": "a"}, {"name": "b"}]})")},
       "no one column"},
      {"another budget",
       {R"({"privacyBudgetTemplate": {"parameters": {"rows": {}}}})"},
       "does not know"},
  };
  for (const Case& wrong : cases) expect_stopped(wrong);
}

}  // namespace
}  // namespace gbx::client
