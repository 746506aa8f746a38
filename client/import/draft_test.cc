// The examples of docs/reference/importing.md, from source to a policy that builds.

#include "client/import/draft.h"

#include <gtest/gtest.h>

#include <fstream>

#include "client/import/blanks_fixture.h"
#include "client/policy/rehearsal.h"

namespace gbx::client {
namespace {

struct Example {
  std::vector<ImportFile> files;
  std::string yaml;
};

// The blocks of a section of the page.
Example example_of(const std::string& section) {
  std::ifstream in(std::string(GBX_SOURCE_DIR "/docs/reference/importing.md"));
  Example out;
  bool here = false;
  std::string* block = nullptr;
  for (std::string line; std::getline(in, line);) {
    if (line.rfind("## ", 0) == 0) here = line == "## " + section;
    if (!here) continue;
    if (block != nullptr && line == "```") {
      block = nullptr;
    } else if (block != nullptr) {
      *block += line + "\n";
    } else if (line == "```json" || line == "```sql") {
      out.files.push_back({"file " + std::to_string(out.files.size()), ""});
      block = &out.files.back().text;
    } else if (line == "```yaml") {
      block = &out.yaml;
    }
  }
  return out;
}

class Examples : public ::testing::TestWithParam<std::pair<const char*, ImportSource>> {};

TEST_P(Examples, OfThePageBecomeWhatItSays) {
  const Example example = example_of(GetParam().first);
  ASSERT_FALSE(example.files.empty());
  const Imported imported = import_policy(GetParam().second, example.files);
  EXPECT_FALSE(example.yaml.empty());
  EXPECT_NE(imported.yaml.find(example.yaml), std::string::npos) << imported.yaml;
}

TEST_P(Examples, AreRefusedUntilEveryBlankIsFilledAndThenBuild) {
  const Imported imported = import_policy(GetParam().second, example_of(GetParam().first).files);
  const std::set<std::string> blanks =
      blanks_of(imported.yaml.substr(imported.yaml.find("\ncoll")));
  EXPECT_GE(blanks.size(), 6U);
  for (const std::string& blank : blanks) {
    bool told = false;
    for (const ImportNote& note : imported.notes) {
      told = told || (note.fate == Fate::blank && note.text.find(blank) != std::string::npos);
    }
    EXPECT_TRUE(told) << blank << " is not in the report";
    if (blank == "FILL_IN_image") continue;  // a rehearsal takes any
    EXPECT_THROW(build(filled(imported.yaml, blanks, blank)), Mistake) << blank;
  }
  try {
    const policy::Policy policy = build(filled(imported.yaml, blanks, ""));
    ASSERT_EQ(policy.tables.size(), 1U);
    EXPECT_EQ(policy.tables[0].person, "hashed_email");
    EXPECT_EQ(policy.tables[0].rule.join_columns, std::vector<std::string>{"hashed_email"});
    EXPECT_TRUE(policy.tables[0].rule.join_required);
    rehearse(policy);
  } catch (const Mistake& mistake) {
    FAIL() << mistake.where() << " " << mistake.why() << "\n" << imported.yaml;
  }
}

INSTANTIATE_TEST_SUITE_P(import, Examples,
                         ::testing::Values(std::pair{"AWS Clean Rooms", ImportSource::aws},
                                           std::pair{"BigQuery", ImportSource::bigquery},
                                           std::pair{"Snowflake", ImportSource::snowflake}),
                         [](const auto& example) {
                           return "number_" +
                                  std::to_string(static_cast<int>(example.param.second));
                         });

TEST(Draft, NumbersAreRoundedDownToWhatAPolicyCanSay) {
  EXPECT_EQ(epsilon_text(Json(0.1)), "0.1");
  EXPECT_EQ(epsilon_text(Json(25.6)), "25.6");
  EXPECT_EQ(epsilon_text(Json(3)), "3");
  EXPECT_EQ(epsilon_text(Json(0.1234567)), "0.123456");
  EXPECT_EQ(epsilon_text(Json(1e-7)), "");
  EXPECT_EQ(epsilon_text(Json(-1.0)), "");
  EXPECT_EQ(epsilon_text(Json("3")), "");
  EXPECT_EQ(delta_text_of(Json(1e-6)), "1e-6");
  EXPECT_EQ(delta_text_of(Json(2.57e-7)), "2.5e-7");
  EXPECT_EQ(delta_text_of(Json(0.005)), "5e-3");
  EXPECT_EQ(delta_text_of(Json(1.0)), "");
  EXPECT_EQ(delta_text_of(Json(0)), "");
}

TEST(Draft, TypesOfOtherSystemsAreOursOrNone) {
  EXPECT_EQ(type_of("decimal(10,2)").word, "decimal");
  EXPECT_EQ(type_of("decimal(10,2)").scale, 2);
  EXPECT_EQ(type_of("NUMBER").word, "integer");
  EXPECT_EQ(type_of("NUMBER(38,0)").word, "integer");
  EXPECT_EQ(type_of("VARCHAR(40)").word, "text");
  EXPECT_EQ(type_of("timestamp").word, "timestamp");
  EXPECT_EQ(type_of("double").word, "");
  EXPECT_EQ(type_of("array<string>").word, "");
  EXPECT_EQ(type_of("decimal(38,30)").word, "");
  EXPECT_EQ(type_of("").word, "");
}

TEST(Draft, NamesThatCouldWriteALineAreRefused) {
  EXPECT_EQ(checked_name("a_1", "here"), "a_1");
  for (const char* name : {"", "1a", "a b", "a:", "a\n- b", "\xC3\xA4", "a-b", "{a", "#a"}) {
    EXPECT_THROW(checked_name(name, "here"), Mistake) << name;
  }
  EXPECT_THROW(checked_name(std::string(64, 'a'), "here"), Mistake);
}

TEST(Draft, NothingIsNoDraft) {
  EXPECT_THROW(import_policy(ImportSource::aws, {}), Mistake);
  EXPECT_THROW(import_policy(ImportSource::snowflake, {{"empty", "-- nothing"}}), Mistake);
  EXPECT_THROW(import_policy(ImportSource::aws, {{"large", std::string(kImportBytesMax + 1, ' ')}}),
               Mistake);
  EXPECT_EQ(import_source_from("aws"), ImportSource::aws);
  EXPECT_FALSE(import_source_from("azure"));
}

}  // namespace
}  // namespace gbx::client
