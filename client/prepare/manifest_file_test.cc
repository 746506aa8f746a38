#include "client/prepare/manifest_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include "client/prepare/pii.h"
#include "client/prepare/prepare_fixture.h"

namespace gbx::prepare {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kWhole = R"(table: purchases
source: {file: data/shop.csv, delimiter: ";", quote: "'", nulls: ["", NA]}
columns:
  email: {as: hashed_email, label: person, identifier: email}
  total: {type: decimal, scale: 2, label: sensitive, bounds: [0, 500.5], nullable: true}
  city: {type: text, label: plain, domain: [Ulm, Bonn], not_pii: [phone]}
  zip: {as: zip3, type: text, label: plain, transform: prefix 3}
  ssn: {label: pii}
  note: {label: plain, transform: drop}
rows_per_person: 20
retention: {days: 30}
region: DE
opt_out: {file: out.txt, kind: consent}
)";

std::string failure_of(const std::string& text) {
  try {
    parse_manifest(text, "m.yaml");
  } catch (const Failure& failure) {
    return failure.what();
  }
  return "";
}

TEST(ManifestFile, ReadsAllThereIs) {
  const TableManifest manifest = parse_manifest(kWhole, "folder/m.yaml");
  EXPECT_EQ(manifest.table, "purchases");
  EXPECT_EQ(manifest.format, "csv");
  EXPECT_EQ(*manifest.dialect, (Dialect{.delimiter = ';', .quote = '\''}));
  EXPECT_THAT(manifest.nulls, ElementsAre("", "NA"));
  EXPECT_EQ(manifest.resolve(manifest.source_file), "folder/data/shop.csv");
  EXPECT_EQ(manifest.resolve("/abs.csv"), "/abs.csv");
  EXPECT_EQ(manifest.person().name, "hashed_email");
  EXPECT_EQ(manifest.person().identifier, Identifier::email);
  ASSERT_EQ(manifest.columns.size(), 6U);
  const ColumnSpec& total = manifest.columns[1];
  EXPECT_EQ(total.type, (ValueType{Type::decimal, 2}));
  EXPECT_TRUE(total.nullable && total.bounded);
  EXPECT_EQ(total.high, 50050);
  EXPECT_THAT(manifest.columns[2].domain, ElementsAre("Bonn", "Ulm"));
  EXPECT_EQ(manifest.columns[2].not_pii, pii_bit(Pii::phone));
  EXPECT_EQ(manifest.columns[3].name, "zip3");
  EXPECT_FALSE(manifest.columns[4].enters());
  EXPECT_FALSE(manifest.columns[5].enters());
  EXPECT_EQ(manifest.rows_per_person, 20U);
  EXPECT_EQ(manifest.retention_days, 30U);
  EXPECT_EQ(manifest.region, "DE");
  EXPECT_EQ(manifest.opt_out->kind, ListKind::consent);
}

TEST(ManifestFile, ParquetIsKnownByItsName) {
  std::string text = kWhole;
  text.replace(text.find("data/shop.csv, delimiter: \";\", quote: \"'\""), 41, "shop.parquet");
  EXPECT_EQ(parse_manifest(text, "m.yaml").format, "parquet");
}

TEST(ManifestFile, AMistakeIsToldWithItsLineAndTheNearestKey) {
  std::string text = kWhole;
  text.replace(text.find("bounds:"), 7, "bunds:");
  EXPECT_EQ(failure_of(text),
            "m.yaml:5: unknown key \"bunds\" in column \"total\"; did you mean \"bounds\"?");
}

TEST(ManifestFile, WhatIsNoManifestIsToldApart) {
  const TestFolder folder;
  const auto says = [](const std::string& path) {
    try {
      static_cast<void>(read_manifest(path));
    } catch (const Failure& failure) {
      return std::string(failure.what());
    }
    return std::string();
  };
  EXPECT_THAT(says(folder.path("none.yaml")), HasSubstr("does not exist: glovebox manifest new"));
  EXPECT_THAT(says(folder.path("")), HasSubstr("it is a folder, or not yours"));
  EXPECT_THAT(says(folder.write("a.gz", "\x1F\x8B\x08")), HasSubstr("is not text"));
  EXPECT_THAT(says(folder.write("z.yaml", std::string("a\0b", 3))), HasSubstr("is not text"));
  EXPECT_THAT(says(folder.write("big", std::string((4 << 20) + 1, ' '))), HasSubstr("over 4 MiB"));
}

TEST(ManifestFile, BrokenYamlIsToldWithItsLine) {
  EXPECT_THAT(failure_of("table: [\n"), HasSubstr("m.yaml:2"));
}

// Each wrong manifest is one change to the right one.
struct Wrong {
  const char* name;
  const char* from;
  const char* to;
  const char* says;
};
class WrongManifest : public testing::TestWithParam<Wrong> {};

TEST_P(WrongManifest, IsRefused) {
  std::string text = kWhole;
  const std::size_t at = text.find(GetParam().from);
  ASSERT_NE(at, std::string::npos);
  text.replace(at, std::string_view(GetParam().from).size(), GetParam().to);
  EXPECT_THAT(failure_of(text), HasSubstr(GetParam().says));
}

INSTANTIATE_TEST_SUITE_P(
    All, WrongManifest,
    testing::Values(
        Wrong{"no_table", "table: purchases\n", "", "has no \"table\""},
        Wrong{"table_name", "purchases", "my purchases", "a table's name"},
        Wrong{"key_twice", "region: DE", "region: DE\nregion: US", "here twice"},
        Wrong{"no_file", "file: data/shop.csv, ", "", "source has no file"},
        Wrong{"delimiter", "\";\"", "\":\"", "delimiter must be"},
        Wrong{"quote", "\"'\"", "\"`\"", "quote must be"},
        Wrong{"null_word", "NA]", "NULL]", "put it in quotes"},
        Wrong{"format", "delimiter: \";\", quote: \"'\"", "format: xml", "csv or parquet"},
        Wrong{"label_unknown", "label: sensitive", "label: sensible",
              "m.yaml:5: label \"sensible\" does not exist; did you mean \"sensitive\"?"},
        Wrong{"no_label", "type: text, label: plain, domain", "type: text, domain", "has no label"},
        Wrong{"no_type", "type: text, label: plain, domain", "label: plain, domain", "has no type"},
        Wrong{"type_unknown", "type: decimal", "type: float", "type \"float\" does not exist"},
        Wrong{"no_scale", "scale: 2, ", "", "needs a scale"},
        Wrong{"scale_of_text", "as: zip3, type: text", "scale: 2, type: text",
              "only decimal columns have a scale"},
        Wrong{"date_format_of_number", "scale: 2, ", "scale: 2, format: \"%d/%m/%Y\", ",
              "format is for date and timestamp columns"},
        Wrong{"date_format", "type: decimal, scale: 2, ", "type: date, format: DD/MM, ",
              "m.yaml:5: format has a letter or digit that is no part"},
        Wrong{"scale_range", "scale: 2", "scale: 13", "from 1 to 12"},
        Wrong{"bounds_reversed", "[0, 500.5]", "[500.5, 0]", "above the upper"},
        Wrong{"bounds_type", "[0, 500.5]", "[0, many]", "must be of type decimal"},
        Wrong{"bounds_scale", "[0, 500.5]", "[0, 500.555]", "at most 2 decimals"},
        Wrong{"bounds_one", "[0, 500.5]", "[0]", "[LOW, HIGH]"},
        Wrong{"bounds_of_text", "domain: [Ulm, Bonn]", "bounds: [0, 1]", "bounds are for"},
        Wrong{"domain_twice", "[Ulm, Bonn]", "[Ulm, Ulm]", "twice"},
        Wrong{"domain_empty", "[Ulm, Bonn]", "[]", "domain is empty"},
        Wrong{"domain_of_number", "bounds: [0, 500.5]", "domain: [a]", "domain is for text"},
        Wrong{"transform", "prefix 3", "hash", "unknown transform"},
        Wrong{"pii_transformed", "label: pii", "type: text, label: pii, transform: prefix 3",
              "pii never enters"},
        Wrong{"not_pii_unknown", "[phone]", "[fax]", "not_pii \"fax\" does not exist"},
        Wrong{"no_person", "label: person, identifier: email", "type: text, label: plain",
              "no column has label: person"},
        Wrong{"two_persons", "type: text, label: plain, domain: [Ulm, Bonn], not_pii: [phone]",
              "label: person, identifier: phone", "two columns have label: person"},
        Wrong{"no_identifier", ", identifier: email", "", "needs identifier"},
        Wrong{"identifier_elsewhere", "not_pii: [phone]", "identifier: phone",
              "only the person column"},
        Wrong{"person_nullable", "identifier: email", "identifier: email, nullable: true",
              "never null"},
        Wrong{"name_not_allowed", "as: zip3", "as: zip-3", "cannot be a column's name"},
        Wrong{"name_twice", "as: zip3", "as: city", "two columns enter as \"city\""},
        Wrong{"rows_per_person", "rows_per_person: 20", "rows_per_person: 0", "from 1 to 1000000"},
        Wrong{"retention", "days: 30", "days: soon", "days must be a whole number"},
        Wrong{"region", "region: DE", "region: Germany", "two capital letters"},
        Wrong{"opt_out_kind", "kind: consent", "kind: maybe", "opt_out (these do not enter)"},
        Wrong{"nullable", "nullable: true", "nullable: perhaps", "true or false"}),
    [](const testing::TestParamInfo<Wrong>& wrong) { return wrong.param.name; });

TEST(ManifestFile, ColumnsAloneCanBeRead) {
  const YAML::Node node = YAML::Load("id: {label: person, identifier: phone}\n");
  const std::vector<ColumnSpec> columns = parse_columns(node, "c.yaml");
  ASSERT_EQ(columns.size(), 1U);
  EXPECT_EQ(columns[0].identifier, Identifier::phone);
}

TEST(ManifestFile, AMissingOrHugeFileIsNamed) {
  EXPECT_THROW(read_manifest("/nowhere/manifest.yaml"), Failure);
}

TEST(Nearest, OnlyWhatIsNear) {
  EXPECT_EQ(nearest("lable", {"label", "type"}), "label");
  EXPECT_EQ(nearest("zzz", {"label", "type"}), "");
}

TEST(YamlScalar, ComesBackThroughYaml) {
  for (const std::string text : {"plain", "two words", "a: b", "quo\"te", "back\\slash", "", "true",
                                 "- x", "#", "tab\there", "line\nbreak", "2025-01-01", "null"}) {
    EXPECT_EQ(YAML::Load("k: " + yaml_scalar(text))["k"].as<std::string>(), text);
  }
}

}  // namespace
}  // namespace gbx::prepare
