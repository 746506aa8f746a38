#include <gtest/gtest.h>

#include "client/import/import.h"
#include "client/policy/collaboration.h"
#include "trusted/policy/policy_fixture.h"

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

TEST(ImportAws, AListRuleCountsTheOverlap) {
  const Imported imported =
      import({kTable, rule("list", R"("joinColumns": ["email"], "listColumns": ["store"])")});
  EXPECT_TRUE(has(imported, "{columnNames: [email], function: COUNT_DISTINCT}"));
  EXPECT_TRUE(has(imported, "joinRequired: QUERY_RUNNER"));
  EXPECT_TRUE(has(imported, "dimensionColumns: []"));
  EXPECT_TRUE(notes(imported, Fate::tightened, "rows are not released"));
}

TEST(ImportAws, ACustomRuleCountsThePersonOfItsPrivacy) {
  const Imported imported = import(
      {kTable, rule("custom", R"("allowedAnalyses": ["ANY_QUERY"], "allowedAnalysisProviders": [],
                         "disallowedOutputColumns": ["store"],
                         "differentialPrivacy": {"columns": [{"name": "email"}]})")});
  EXPECT_TRUE(has(imported, "{columnNames: [email], function: COUNT_DISTINCT}"));
  EXPECT_TRUE(has(imported, "# store: {type: ..., label: sensitive"));
  EXPECT_TRUE(notes(imported, Fate::left_out, "ANY_QUERY"));
}

TEST(ImportAws, BudgetsAndMembersAreCarried) {
  const std::string members =
      R"({"memberSummaries": [{"accountId": "1", "status": "ACTIVE", "displayName": "Shop Good",
         "abilities": []}, {"accountId": "2", "status": "ACTIVE", "displayName": "News",
         "abilities": ["CAN_QUERY", "CAN_RECEIVE_RESULTS"]}]})";
  const std::string budget =
      R"({"privacyBudgetTemplate": {"id": "b", "privacyBudgetType": "DIFFERENTIAL_PRIVACY",
         "autoRefresh": "CALENDAR_MONTH",
         "parameters": {"differentialPrivacy": {"epsilon": 3, "usersNoisePerQuery": 30}}}})";
  const std::string association =
      R"({"analysisRule": {"configuredTableAssociationId": "a", "type": "AGGREGATION",
         "policy": {"v1": {"aggregation": {"allowedResultReceivers": ["1"]}}}}})";
  const Imported imported = import({kTable, rule("aggregation", kColumns), members, budget});
  EXPECT_TRUE(has(imported, "  - identity: shop_good.id\n    abilities: [provide]\n"));
  EXPECT_TRUE(has(imported, "  - identity: news.id\n    abilities: [provide, query, receive]\n"));
  EXPECT_TRUE(has(imported, "users_noise: 30"));
  EXPECT_TRUE(has(imported, "epsilon: \"3\""));
  EXPECT_TRUE(notes(imported, Fate::tightened, "not refilled"));
  const Imported limited =
      import({kTable, rule("aggregation", kColumns), members, budget, association});
  EXPECT_TRUE(has(limited, "  - identity: news.id\n    abilities: [provide, query]\n"));
  EXPECT_NE(why_not({kTable, rule("aggregation", kColumns), association}).find("who may receive"),
            std::string::npos);
}

TEST(ImportAws, WhatItDoesNotKnowEndsTheImport) {
  struct Case {
    const char* what;
    std::vector<std::string> texts;
    const char* why;
  };
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
      {"another requirement",
       {kTable, rule("aggregation", kColumns + R"(, "joinRequired": "ANYBODY")")},
       "joinRequired"},
      {"only other analyses",
       {kTable, rule("aggregation", kColumns + R"(, "additionalAnalyses": "REQUIRED")")},
       "additional"},
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
      {"an access budget",
       {R"({"privacyBudgetTemplate": {"parameters": {"accessBudget": {}}}})"},
       "something else"},
  };
  for (const Case& wrong : cases) {
    EXPECT_NE(why_not(wrong.texts).find(wrong.why), std::string::npos)
        << wrong.what << ": " << why_not(wrong.texts);
  }
}

// What is exported and imported again allows the same.
TEST(ExportAws, ComesBackAsItWas) {
  policy::Policy policy = policy::example_policy();
  const Exported exported = export_to_aws(policy);
  ASSERT_EQ(exported.tables.size(), policy.tables.size());
  const policy::Table& table = policy.tables[0];
  const Json* rules = exported.tables[0].input.find("analysisRulePolicy");
  ASSERT_NE(rules, nullptr);
  const std::string described =
      R"({"configuredTable": {"id": "t", "name": ")" + table.name + "\"}}";
  const std::string back = Json::object({{"analysisRule", Json::object({{"configuredTableId", "t"},
                                                                        {"policy", *rules},
                                                                        {"type", "AGGREGATION"}})}})
                               .canonical();
  const Imported imported = import({described, back});
  for (const std::string& column : table.rule.dimension_columns) {
    EXPECT_TRUE(has(imported, column));
  }
  EXPECT_TRUE(has(imported, "joinColumns: [" + table.person + "]"));
  EXPECT_TRUE(has(imported, "minimum: " + std::to_string(policy.privacy.people_min)));
  for (const ImportNote& note : imported.notes) {
    EXPECT_TRUE(note.fate != Fate::tightened || note.subject == "privacy") << note.text;
  }
  ASSERT_FALSE(exported.notes.empty());
  EXPECT_NE(exported.notes[0].text.find("no noise"), std::string::npos);
}

TEST(ExportAws, LeavesOutWhatAwsHasNot) {
  policy::Policy policy = policy::example_policy();
  policy.tables = {policy::purchases_table()};
  policy::Table& table = policy.tables[0];
  table.rule.scalar_functions = {"ABS", "CLAMP"};
  table.rule.aggregate_columns = {{{"total_spent"}, policy::AggregateFunction::variance}};
  EXPECT_TRUE(export_to_aws(policy).tables.empty());
  table.rule.aggregate_columns.push_back({{"total_spent"}, policy::AggregateFunction::sum});
  const Exported exported = export_to_aws(policy);
  ASSERT_EQ(exported.tables.size(), 1U);
  const std::string text = exported.tables[0].input.canonical();
  EXPECT_EQ(text.find("CLAMP"), std::string::npos);
  EXPECT_EQ(text.find("VARIANCE"), std::string::npos);
  EXPECT_NE(text.find("ABS"), std::string::npos);
}

}  // namespace
}  // namespace gbx::client
