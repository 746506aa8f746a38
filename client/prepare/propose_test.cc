#include "client/prepare/propose.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/prepare/prepare_fixture.h"

namespace gbx::prepare {
namespace {

using testing::HasSubstr;
using testing::Not;

Proposal propose(const std::string& csv, const std::string& region = "") {
  const TestFolder folder;
  ProposalOptions options;
  options.file = folder.write("my shop.csv", csv);
  options.region = region;
  return propose_manifest(options);
}

const ColumnSpec* column(const TableManifest& manifest, std::string_view source) {
  for (const ColumnSpec& spec : manifest.columns) {
    if (spec.source == source) return &spec;
  }
  return nullptr;
}

// Whatever is proposed is a manifest that can be read.
TableManifest proposed(const std::string& csv, const std::string& region = "") {
  return parse_manifest(propose(csv, region).yaml, "m.yaml");
}

TEST(Propose, TheTutorialsTable) {
  const Proposal proposal = propose(
      "customer_id,email,purchase_date,total_spent\n"
      "789,alice@email.com,2025-10-12,75.50\n"
      "790,bob@email.com,2025-10-14,120.00\n"
      "791,carol@email.com,2025-10-15,32.25\n");
  EXPECT_EQ(proposal.table, "my_shop");
  EXPECT_EQ(proposal.rows, 3U);
  EXPECT_EQ(proposal.person, "email");
  const TableManifest manifest = parse_manifest(proposal.yaml, "m.yaml");
  EXPECT_EQ(manifest.person().name, "hashed_email");
  EXPECT_FALSE(column(manifest, "customer_id")->enters());
  const ColumnSpec& date = *column(manifest, "purchase_date");
  EXPECT_EQ(date.type.type, Type::date);
  EXPECT_EQ(format_date(date.low), "2025-01-01");
  EXPECT_EQ(format_date(date.high), "2025-12-31");
  const ColumnSpec& spent = *column(manifest, "total_spent");
  EXPECT_EQ(spent.type, (ValueType{Type::decimal, 2}));
  EXPECT_EQ(spent.label, Label::sensitive);
  EXPECT_EQ(spent.low, 0);
  EXPECT_EQ(spent.high, 20000);
  EXPECT_THAT(proposal.yaml, HasSubstr("# seen 32.25 to 120.00"));
}

TEST(Propose, ADateFormatThatOneFitsIsWritten) {
  const TableManifest manifest = proposed(
      "email,day,when\n"
      "a@x.com,21/11/2025,\"Nov 21, 2025 9:30\"\n"
      "b@x.com,03/04/2024,\"Apr 3, 2024 10:00\"\n");
  const ColumnSpec& day = *column(manifest, "day");
  EXPECT_EQ(day.type.type, Type::date);
  EXPECT_EQ(day.format->text(), "%d/%m/%Y");
  EXPECT_EQ(format_date(day.low), "2024-01-01");
  EXPECT_EQ(format_date(day.high), "2025-12-31");
  EXPECT_EQ(column(manifest, "when")->format->text(), "%b %d, %Y %H:%M");
}

TEST(Propose, OfSeveralDateFormatsTheOwnerChooses) {
  const std::string csv = "email,day\na@x.com,03/04/2025\nb@x.com,05/06/2025\n";
  const ColumnSpec day = *column(proposed(csv), "day");
  EXPECT_EQ(day.type.type, Type::date);
  EXPECT_FALSE(day.format);
  EXPECT_FALSE(day.bounded);
  EXPECT_THAT(propose(csv).yaml, HasSubstr("# format: \"%d/%m/%Y\""));
  EXPECT_THAT(propose(csv).yaml, HasSubstr("# format: \"%m/%d/%Y\""));
  EXPECT_THAT(propose(csv).yaml, HasSubstr("which one? all fit"));
}

TEST(Propose, TypesAreTheNarrowestThatHold) {
  const TableManifest manifest = proposed(
      "email,flag,count,rate,when,zip,big,mixed\n"
      "a@x.com,true,5,0.125,2025-01-01 10:00:00,02139,1234567890123456,5\n"
      "b@x.com,false,-7,3,2025-01-02T11:30:00Z,10001,1234567890123457,x\n");
  EXPECT_EQ(column(manifest, "flag")->type.type, Type::boolean);
  EXPECT_EQ(column(manifest, "count")->type.type, Type::integer);
  EXPECT_EQ(column(manifest, "count")->low, -10);
  EXPECT_EQ(column(manifest, "count")->high, 5);
  EXPECT_EQ(column(manifest, "rate")->type, (ValueType{Type::decimal, 3}));
  EXPECT_EQ(column(manifest, "when")->type.type, Type::timestamp);
  EXPECT_EQ(column(manifest, "zip")->type.type, Type::text);  // a leading zero: a code
  EXPECT_EQ(column(manifest, "big")->type.type, Type::integer);
  EXPECT_EQ(column(manifest, "mixed")->type.type, Type::text);
}

TEST(Propose, FewTextsBecomeADomainAndEmptyCellsNullable) {
  const TableManifest manifest =
      proposed("email,city\na@x.com,Ulm\nb@x.com,\nc@x.com,\"Bonn: x\"\n");
  EXPECT_THAT(column(manifest, "city")->domain, testing::ElementsAre("Bonn: x", "Ulm"));
  EXPECT_TRUE(column(manifest, "city")->nullable);
}

TEST(Propose, WhatLooksPersonalStaysAtHome) {
  const TableManifest manifest = proposed(
      "email,second,note,last_name,birth_date\n"
      "a@x.com,a@y.com,ok,Ash,1990-01-01\n"
      "b@x.com,b@y.com,call 219-09-9999,Bow,1991-01-01\n");
  EXPECT_TRUE(column(manifest, "email")->enters());
  for (const char* name : {"second", "note", "last_name", "birth_date"}) {
    EXPECT_FALSE(column(manifest, name)->enters()) << name;
  }
}

TEST(Propose, APhoneNamesThePersonWhenNoEmailDoes) {
  const Proposal proposal = propose("tel,n\n617-253-1000,1\n617-253-1001,2\n", "US");
  EXPECT_EQ(proposal.person, "tel");
  EXPECT_EQ(parse_manifest(proposal.yaml, "m.yaml").region, "US");
}

TEST(Propose, WithoutAPersonTheManifestSaysWhatIsMissing) {
  const Proposal proposal = propose("a,b\n1,2\n");
  EXPECT_EQ(proposal.person, "");
  EXPECT_THAT(proposal.yaml, HasSubstr("No column looks like an e-mail address"));
}

TEST(Propose, OddNamesAreQuotedAndRenamed) {
  const TableManifest manifest = proposed("email,total: \"x\"\na@x.com,5\n");
  ASSERT_NE(column(manifest, "total: \"x\""), nullptr);
  EXPECT_EQ(column(manifest, "total: \"x\"")->name, "total___x_");
}

TEST(Propose, ALimitOnRowsIsSaid) {
  const TestFolder folder;
  ProposalOptions options;
  options.file = folder.write("t.csv", "email,n\na@x.com,1\nb@x.com,2\nc@x.com,3\n");
  options.rows_max = 2;
  const Proposal proposal = propose_manifest(options);
  EXPECT_EQ(proposal.rows, 2U);
  EXPECT_THAT(proposal.yaml, HasSubstr("the file has more"));
}

TEST(Propose, ADelimiterIsWrittenDown) {
  EXPECT_EQ(proposed("email;n\na@x.com;1\n").dialect->delimiter, ';');
  EXPECT_FALSE(proposed("email,n\na@x.com,1\n").dialect.has_value());
}

// A proposal for a file, as it is, prepares that file.
TEST(Propose, WhatIsProposedPrepares) {
  const std::string csv =
      "customer_id,email,purchase_date,total_spent,city\n"
      "789,alice@email.com,2025-10-12,75.50,Bonn\n"
      "790,bob@email.com,2025-10-14,-120.00,\n";
  Workshop shop(csv);
  ProposalOptions options;
  options.file = shop.folder.path("rows.csv");
  options.from = shop.folder.path("");
  shop.folder.write("manifest.yaml", propose_manifest(options).yaml);
  const PrepareReport report = shop.run();
  EXPECT_EQ(report.rows, 2U);
  EXPECT_EQ(report.rejected_total, 0U);
}

}  // namespace
}  // namespace gbx::prepare
