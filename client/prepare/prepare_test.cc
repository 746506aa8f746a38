#include "client/prepare/prepare.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <csignal>

#include "client/prepare/prepare_fixture.h"

namespace gbx::prepare {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::string kHeader = "email,day,spent,city\n";

std::uint64_t rejected(const PrepareReport& report, Reject reason) {
  return report.rejected[static_cast<std::size_t>(reason)];
}

TEST(Prepare, SealsWhatTheFileSays) {
  Workshop shop(kHeader +
                "Alice@x.com,2025-01-02,75.50,Bonn\n"
                "bob@x.com,,0,Ulm\n"
                " alice@X.com ,2025-01-03,500,\"Kiel, Nord\"\n");
  const PrepareReport report = shop.run();
  EXPECT_EQ(report.rows_in, 3U);
  EXPECT_EQ(report.rows, 3U);
  EXPECT_EQ(report.persons, 2U);
  std::vector<std::string> expected = {
      Workshop::who("alice@x.com") + " 2025-01-02 75.50 Bonn",
      Workshop::who("alice@x.com") + " 2025-01-03 500.00 Kiel, Nord",
      Workshop::who("bob@x.com") + " - 0.00 Ulm"};
  std::sort(expected.begin(), expected.end());
  EXPECT_EQ(shop.rows(report), expected);
}

TEST(Prepare, TheManifestSaysWhatWasDone) {
  Workshop shop(kHeader + "a@x.com,2025-01-02,75.50,Bonn\n",
                std::string(Workshop::kManifest) + "retention: {days: 10}\n");
  const PrepareReport report = shop.run();
  const auto table = shop.open(report);
  const snapshot::SnapshotManifest& manifest = table->manifest();
  EXPECT_EQ(manifest.table, "purchases");
  EXPECT_EQ(manifest.owner, "shopgood");
  EXPECT_EQ(manifest.token_epoch, 2U);
  EXPECT_EQ(manifest.person, "hashed_email");
  EXPECT_EQ(manifest.identifier, "email");
  EXPECT_EQ(manifest.rows_per_person, 3U);
  EXPECT_EQ(manifest.expires - manifest.created, 10 * 86'400);
  // docs/spec/snapshot.md, "What the source says".
  const SecretBytes derived = crypto::hkdf_sha256(shop.keys.at(report.manifest_hash).view(), {},
                                                  as_bytes("glovebox source file"), 32);
  const Secret<32> source =
      crypto::hmac_sha256(derived.view(), crypto::sha256(to_bytes(shop.folder.read("rows.csv"))));
  EXPECT_TRUE(std::ranges::equal(manifest.lineage.source, source.view()));
  ASSERT_EQ(manifest.columns.size(), 4U);
  EXPECT_EQ(manifest.columns[2].high, 50000);
}

TEST(Prepare, OutputIsTheTwoFilesAlone) {
  Workshop shop(kHeader + "a@x.com,2025-01-02,75.50,Bonn\n");
  shop.run();
  EXPECT_THAT(shop.folder.files(),
              ElementsAre("manifest.yaml", "out.gbx", "out.gbx.json", "rows.csv"));
}

TEST(Prepare, EachRunHasItsOwnKey) {
  Workshop shop(kHeader + "a@x.com,2025-01-02,75.50,Bonn\n");
  shop.run();
  const std::string first = shop.folder.read("out.gbx");
  shop.run();
  EXPECT_EQ(shop.keys.size(), 2U);
  EXPECT_NE(shop.folder.read("out.gbx"), first);
}

TEST(Prepare, RejectedRowsAreCountedWithLineAndReason) {
  Workshop shop(kHeader +
                "a@x.com,2025-01-02,1,Bonn\n"
                ",2025-01-02,1,Bonn\n"
                "nobody,2025-01-02,1,Bonn\n"
                "b@x.com,2025-02-30,1,Bonn\n"
                "b@x.com,2025-01-02,,Bonn\n"
                "b@x.com,2025-01-02,500.01,Bonn\n"
                "b@x.com,2025-01-02,1.234,Bonn\n"
                "b@x.com,2025-01-02\n");
  PrepareJob job = shop.job();
  job.max_rejects = {.share = false, .amount = 7};
  const PrepareReport report = prepare(job);
  EXPECT_EQ(report.rejected_total, 7U);
  EXPECT_EQ(rejected(report, Reject::person_missing), 1U);
  EXPECT_EQ(rejected(report, Reject::value_malformed), 2U);
  EXPECT_EQ(report.rows, 1U);
  EXPECT_EQ(shop.folder.read("out.rejects.csv"),
            "line,column,reason\n"
            "3,,person_missing\n"
            "4,,person_malformed\n"
            "5,\"day\",value_malformed\n"
            "6,\"spent\",value_missing\n"
            "7,\"spent\",value_out_of_bounds\n"
            "8,\"spent\",value_malformed\n"
            "9,,field_count_wrong\n");
}

// Neither the reject file nor a failure shows a value.
TEST(Prepare, TooManyRejectsLeaveNoSnapshotAndShowNoValue) {
  Workshop shop(kHeader + "a@x.com,2025-01-02,1,Bonn\nsecret-person,2025-01-02,1,Bonn\n");
  const std::string failure = shop.failure();
  EXPECT_THAT(failure, HasSubstr("1 of 2 rows read do not fit, more than --max-rejects allows; the "
                                 "first: line 3, person_malformed; all of them are in "));
  EXPECT_THAT(failure, testing::Not(HasSubstr("secret")));
  EXPECT_THAT(shop.folder.files(), ElementsAre("manifest.yaml", "out.rejects.csv", "rows.csv"));
  EXPECT_THAT(shop.folder.read("out.rejects.csv"), testing::Not(HasSubstr("secret")));
  EXPECT_THAT(shop.keys, IsEmpty());
}

TEST(Prepare, ARowOverTheLimitIsSaidWithItsLine) {
  Workshop shop(kHeader + "a@x.com,2025-01-02,1,Bonn\nb@x.com,2025-01-02,1," +
                std::string(kRowBytesMax, 'x') + "\n");
  EXPECT_THAT(shop.failure(), HasSubstr("the first: line 3, row_too_long (over 16 MiB, the limit "
                                        "of one row with its line ends)"));
}

TEST(Prepare, TheSameFileTwiceDoesNotShow) {
  Workshop shop(kHeader + "a@x.com,2025-01-02,1,Bonn\n");
  const Hash first = shop.run().manifest.lineage.source;
  EXPECT_NE(shop.run().manifest.lineage.source, first);
}

TEST(Prepare, TheRejectLimitIsExact) {
  Workshop shop(kHeader + "a@x.com,2025-01-02,1,Bonn\nb,2025-01-02,1,Bonn\n");
  PrepareJob job = shop.job();
  job.max_rejects = {.share = true, .amount = 5000};
  EXPECT_NO_THROW(prepare(job));
  job.max_rejects = {.share = true, .amount = 4999};
  EXPECT_THROW(prepare(job), Failure);
  job.max_rejects = {.share = false, .amount = 1};
  EXPECT_NO_THROW(prepare(job));
  job.max_rejects = {.share = false, .amount = 0};
  EXPECT_THROW(prepare(job), Failure);
}

TEST(Prepare, RejectLimitsAreRead) {
  EXPECT_EQ(parse_reject_limit("250")->amount, 250U);
  EXPECT_FALSE(parse_reject_limit("250")->share);
  EXPECT_EQ(parse_reject_limit("0.5%")->amount, 50U);
  EXPECT_TRUE(parse_reject_limit("0.5%")->share);
  EXPECT_EQ(parse_reject_limit("100%")->amount, 10'000U);
  for (const char* wrong : {"", "%", "101%", "-1", "few", "1.5", "0.001%"}) {
    EXPECT_FALSE(parse_reject_limit(wrong)) << wrong;
  }
}

TEST(Prepare, AFileOfAHeaderAloneHasAnAnswer) {
  EXPECT_THAT(Workshop(kHeader).failure(), HasSubstr("has a header and no rows"));
  EXPECT_THAT(Workshop("").failure(), HasSubstr("is empty"));
}

TEST(Prepare, AMissingColumnIsNamedWithTheNearest) {
  Workshop shop("e-mail,day,spent,city\na@x.com,2025-01-02,1,Bonn\n");
  EXPECT_THAT(shop.failure(), HasSubstr("manifest.yaml:4: rows.csv has no column \"email\"; did "
                                        "you mean \"e-mail\"?"));
}

TEST(Prepare, ColumnsThatAreNotNamedStayAtHome) {
  Workshop shop("email,day,spent,city,extra\na@x.com,2025-01-02,1,Bonn,x@y.com\n");
  const PrepareReport report = shop.run();
  EXPECT_THAT(report.left_out, ElementsAre("extra"));
  EXPECT_EQ(shop.open(report)->columns().size(), 3U);
}

TEST(Prepare, RefusesAColumnThatLooksLikePiiWithoutShowingIt) {
  Workshop shop(kHeader +
                "a@x.com,2025-01-02,1,Bonn\n"
                "b@x.com,2025-01-02,1,call carol@secret.org\n"
                "c@x.com,2025-01-02,1,carol@secret.org\n");
  const std::string failure = shop.failure();
  EXPECT_THAT(failure, HasSubstr("column \"city\" is labelled plain and looks like it holds e-mail "
                                 "addresses (2 rows, first line 3 4)"));
  EXPECT_THAT(failure, testing::Not(HasSubstr("carol")));
  EXPECT_THAT(shop.folder.files(), ElementsAre("manifest.yaml", "rows.csv"));
}

TEST(Prepare, TheOwnerCanSayThatItIsNotPii) {
  std::string manifest = Workshop::kManifest;
  manifest.replace(manifest.find("city: {"), 7, "city: {not_pii: [email], ");
  Workshop shop(kHeader + "a@x.com,2025-01-02,1,info@shop.com\n", manifest);
  EXPECT_EQ(shop.run().rows, 1U);
}

TEST(Prepare, ATransformThatHidesItIsEnough) {
  std::string manifest = Workshop::kManifest;
  manifest.replace(manifest.find("city: {"), 7, "city: {transform: prefix 2, ");
  Workshop shop(kHeader + "a@x.com,2025-01-02,1,carol@secret.org\n", manifest);
  EXPECT_THAT(shop.rows(shop.run()), ElementsAre(Workshop::who("a@x.com") + " 2025-01-02 1.00 ca"));
}

TEST(Prepare, AColumnOfBareCardOrPhoneNumbersIsRefused) {
  std::string rows = "email,n\n";
  for (int i = 0; i < 30; i++) {
    rows += "p" + std::to_string(i) + "@x.com,4111111111111111\n";
  }
  const std::string manifest = R"(table: t
source: {file: rows.csv}
columns:
  email: {label: person, identifier: email}
  n: {type: integer, label: sensitive}
)";
  EXPECT_THAT(Workshop(rows, manifest).failure(),
              HasSubstr("looks like it holds payment card numbers (30 of 30"));
}

TEST(Prepare, WhoOptedOutDoesNotEnter) {
  Workshop shop(kHeader +
                    "a@x.com,2025-01-02,1,Bonn\n"
                    "B@x.com,2025-01-02,1,Hidden\n"
                    "c@x.com,2025-01-02,1,Kiel\n",
                std::string(Workshop::kManifest) + "opt_out: {file: out.txt}\n");
  shop.folder.write("out.txt", "email\nb@X.com \nz@x.com\n");
  const PrepareReport report = shop.run();
  EXPECT_EQ(report.listed, 2U);
  EXPECT_EQ(report.unlisted, 1U);
  EXPECT_EQ(report.rejected_total, 0U);
  EXPECT_THAT(shop.open(report)->dictionary(2), ElementsAre("Bonn", "Kiel"));
}

TEST(Prepare, WithAConsentListNobodyElseEnters) {
  Workshop shop(kHeader + "a@x.com,2025-01-02,1,Bonn\nb@x.com,2025-01-02,1,Ulm\n",
                std::string(Workshop::kManifest) + "opt_out: {file: in.txt, kind: consent}\n");
  shop.folder.write("in.txt", "b@x.com");
  const PrepareReport report = shop.run();
  EXPECT_EQ(report.unlisted, 1U);
  EXPECT_THAT(shop.rows(report), ElementsAre(Workshop::who("b@x.com") + " 2025-01-02 1.00 Ulm"));
}

TEST(Prepare, AnOptOutListThatCannotBeReadStopsEverything) {
  Workshop shop(kHeader + "a@x.com,2025-01-02,1,Bonn\n",
                std::string(Workshop::kManifest) + "opt_out: {file: out.txt}\n");
  EXPECT_THAT(shop.failure(), HasSubstr("the list of people"));
  shop.folder.write("out.txt", "a@x.com\nnot an address\n");
  EXPECT_THAT(shop.failure(), HasSubstr("1 lines are no email"));
}

TEST(Prepare, AnEmptyOptOutListKeepsNobodyOut) {
  Workshop shop(kHeader + "a@x.com,2025-01-02,1,Bonn\n",
                std::string(Workshop::kManifest) + "opt_out: {file: out.txt}\n");
  shop.folder.write("out.txt", "");
  EXPECT_EQ(shop.run().rows, 1U);
}

TEST(Prepare, AnEmptyConsentListLetsNobodyIn) {
  Workshop shop(kHeader + "a@x.com,2025-01-02,1,Bonn\n",
                std::string(Workshop::kManifest) + "opt_out: {file: in.txt, kind: consent}\n");
  shop.folder.write("in.txt", "");
  EXPECT_THAT(shop.failure(), HasSubstr("no row is left"));
}

TEST(Prepare, NobodyHasMoreRowsThanTheManifestSays) {
  std::string rows = kHeader;
  for (int i = 0; i < 10; i++) rows += "a@x.com,2025-01-02," + std::to_string(i) + ",Bonn\n";
  rows += "b@x.com,2025-01-02,1,Ulm\n";
  Workshop shop(rows);
  const PrepareReport report = shop.run();
  EXPECT_EQ(report.over_cap, 7U);
  EXPECT_EQ(report.rows, 4U);
  EXPECT_EQ(report.persons, 2U);
}

// Texts that only dropped rows had do not enter, not even in the dictionary.
TEST(Prepare, TheDictionaryHoldsNothingOfRowsThatWent) {
  std::string rows = kHeader;
  for (int i = 0; i < 10; i++) rows += "a@x.com,2025-01-02,1,city" + std::to_string(i) + "\n";
  rows += "b@x.com,2025-01-02,501,rejected\n";
  Workshop shop(rows);
  PrepareJob job = shop.job();
  job.max_rejects = {.share = false, .amount = 1};
  const PrepareReport report = prepare(job);
  const auto table = shop.open(report);
  EXPECT_EQ(table->dictionary(2).size(), 3U);
  EXPECT_THAT(table->dictionary(2), testing::Not(Contains("rejected")));
}

TEST(Prepare, NothingLeftIsAnAnswer) {
  Workshop shop(kHeader + "a@x.com,2025-01-02,1,Bonn\n",
                std::string(Workshop::kManifest) + "opt_out: {file: out.txt}\n");
  shop.folder.write("out.txt", "a@x.com\n");
  EXPECT_THAT(shop.failure(), HasSubstr("no row is left"));
}

TEST(Prepare, TransformsActBeforeBoundsAndDomains) {
  const std::string manifest = R"(table: t
source: {file: rows.csv}
columns:
  email: {label: person, identifier: email}
  zip: {as: zip3, type: text, label: plain, transform: prefix 3, domain: ["021", "100"]}
  age: {type: integer, label: plain, transform: bin 10, bounds: [0, 100]}
  spent: {type: decimal, scale: 2, label: sensitive, transform: "cap [0, 9]", bounds: [0, 9]}
  day: {type: date, label: plain, transform: truncate month}
  kind: {type: text, label: plain, transform: {map: {a: first, "*": other}}}
  ssn: {label: pii, transform: drop}
)";
  Workshop shop("email,zip,age,spent,day,kind,ssn\na@x.com,02139,37,75.50,2025-11-21,b,x\n",
                manifest);
  const PrepareReport report = shop.run();
  EXPECT_THAT(shop.rows(report),
              ElementsAre(Workshop::who("a@x.com") + " 021 30 9.00 2025-11-01 other"));
  EXPECT_THAT(report.manifest.lineage.transforms,
              ElementsAre("zip3: prefix 3", "age: bin 10", "spent: cap [0.00, 9.00]",
                          "day: truncate month", "kind: map (1 words)", "ssn: drop"));
}

TEST(Prepare, DatesAreReadAsTheManifestSays) {
  std::string manifest = Workshop::kManifest;
  manifest.replace(manifest.find("day: {"), 6,
                   "day: {format: \"%d/%m/%Y\", bounds: [2025-04-01, 2025-04-30], ");
  Workshop shop(kHeader +
                    "a@x.com,03/04/2025,1,Bonn\na@x.com,,1,Ulm\n"
                    "a@x.com,2025-04-03,1,Kiel\na@x.com,04/03/2025,1,Kiel\n",
                manifest);
  PrepareJob job = shop.job();
  job.max_rejects = {.share = false, .amount = 2};
  const PrepareReport report = prepare(job);
  const std::string who = Workshop::who("a@x.com");
  EXPECT_THAT(shop.rows(report), ElementsAre(who + " - 1.00 Ulm", who + " 2025-04-03 1.00 Bonn"));
  EXPECT_EQ(rejected(report, Reject::value_malformed), 1U);
  EXPECT_EQ(rejected(report, Reject::value_out_of_bounds), 1U);
}

TEST(Prepare, ValuesOutsideADomainOrMapAreRejected) {
  const std::string manifest = R"(table: t
source: {file: rows.csv}
columns:
  email: {label: person, identifier: email}
  a: {type: text, label: plain, domain: [x]}
  b: {type: text, label: plain, transform: {map: {y: z}}}
)";
  Workshop shop("email,a,b\np@x.com,x,y\np@x.com,w,y\np@x.com,x,w\n", manifest);
  PrepareJob job = shop.job();
  job.max_rejects = {.share = false, .amount = 2};
  const PrepareReport report = prepare(job);
  EXPECT_EQ(rejected(report, Reject::value_not_in_domain), 1U);
  EXPECT_EQ(rejected(report, Reject::value_not_in_map), 1U);
}

TEST(Prepare, NullWordsAndQuotedEmptyText) {
  const std::string manifest = R"(table: t
source: {file: rows.csv, nulls: ["", "NULL"]}
columns:
  email: {label: person, identifier: email}
  a: {type: text, label: plain, nullable: true}
)";
  Workshop shop("email,a\np@x.com,NULL\np@x.com,\np@x.com,\"\"\np@x.com,\"NULL\"\n", manifest);
  const std::string who = Workshop::who("p@x.com");
  EXPECT_THAT(shop.rows(shop.run()), ElementsAre(who + " ", who + " -", who + " -", who + " NULL"));
}

// What a table becomes does not depend on the order of its rows or on the threads.
TEST(Prepare, TheOrderOfTheFileDoesNotShow) {
  std::vector<std::string> lines;
  for (int i = 0; i < 3000; i++) {
    lines.push_back("p" + std::to_string(i % 1500) + "@x.com,2025-01-" +
                    std::to_string(10 + i % 19) + "," + std::to_string(i % 97) + ",city" +
                    std::to_string(i % 31) + "\n");
  }
  const auto sealed = [&](unsigned threads) {
    std::string rows = kHeader;
    for (const std::string& line : lines) rows += line;
    Workshop shop(rows);
    PrepareJob job = shop.job();
    job.threads = threads;
    const PrepareReport report = prepare(job);
    const auto table = shop.open(report);
    snapshot::Block block;
    EXPECT_TRUE(table->read_block(0, {0, 1, 2}, block));
    for (snapshot::ColumnData& column : block.columns) unpack(column);
    return std::tuple(block.persons, block.row_begin, block.columns[1].values,
                      block.columns[2].values);
  };
  const auto first = sealed(1);
  std::reverse(lines.begin(), lines.end());
  EXPECT_EQ(sealed(4), first);
}

TEST(Prepare, ManyBlocksAndThreads) {
  std::string rows = kHeader;
  for (int i = 0; i < 100'000; i++) {
    rows += "p" + std::to_string(i % 60'000) + "@x.com,2025-01-02," + std::to_string(i % 500) +
            ",c" + std::to_string(i % 1000) + "\n";
  }
  Workshop shop(rows);
  const PrepareReport report = shop.run();
  EXPECT_EQ(report.rows, 100'000U);
  EXPECT_EQ(report.persons, 60'000U);
  EXPECT_EQ(shop.open(report)->block_count(), 4U);
  EXPECT_EQ(shop.rows(report).size(), 100'000U);
}

TEST(Prepare, AnInterruptLeavesNothing) {
  std::string rows = kHeader;
  for (int i = 0; i < 50'000; i++) rows += "p" + std::to_string(i) + "@x.com,2025-01-02,1,Bonn\n";
  Workshop shop(rows);
  for (const std::string_view phase : {"reading", "sorting", "sealing"}) {
    std::atomic<bool> flag{false};
    PrepareJob job = shop.job();
    job.interrupted = &flag;
    job.progress = [&](std::string_view now, std::uint64_t, std::uint64_t) {
      if (now == phase) flag = true;
    };
    EXPECT_THROW(prepare(job), Interrupted) << phase;
    EXPECT_THAT(shop.folder.files(), ElementsAre("manifest.yaml", "rows.csv")) << phase;
    EXPECT_THAT(shop.keys, IsEmpty());
  }
}

TEST(Prepare, AKeyThatCannotBeKeptLeavesNothing) {
  Workshop shop(kHeader + "a@x.com,2025-01-02,1,Bonn\n");
  PrepareJob job = shop.job();
  job.keep_key = [](const Hash&, const crypto::AeadKey&) { throw Failure("no room for keys"); };
  EXPECT_THROW(prepare(job), Failure);
  EXPECT_THAT(shop.folder.files(), ElementsAre("manifest.yaml", "rows.csv"));
}

TEST(Prepare, ATableOverTheMemoryIsRefusedAndLeavesNothing) {
  std::string rows = kHeader;
  for (int i = 0; i < 50'000; i++) rows += "p" + std::to_string(i) + "@x.com,2025-01-02,1,Bonn\n";
  Workshop shop(rows);
  PrepareJob job = shop.job();
  job.memory_max = std::size_t{1} << 20;
  EXPECT_THROW(
      {
        try {
          prepare(job);
        } catch (const Failure& failure) {
          EXPECT_THAT(failure.what(), HasSubstr("does not fit into this machine's memory"));
          throw;
        }
      },
      Failure);
  EXPECT_THAT(shop.folder.files(), ElementsAre("manifest.yaml", "rows.csv"));
  job.memory_max = std::size_t{1} << 30;
  EXPECT_EQ(prepare(job).rows, 50'000U);
}

// A file-size limit stands for a full disk: write() fails half-way.
TEST(Prepare, AFullDiskIsAClearErrorAndLeavesNothing) {
  std::string rows = kHeader;
  for (int i = 0; i < 50'000; i++) rows += "p" + std::to_string(i) + "@x.com,2025-01-02,1,Bonn\n";
  Workshop shop(rows);
  const pid_t child = ::fork();
  if (child == 0) {
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{600'000, 600'000};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    const std::string failure = shop.failure();
    std::_Exit(failure.find("cannot write") != std::string::npos &&
                       failure.find("larger than this system allows") != std::string::npos
                   ? 0
                   : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_THAT(shop.folder.files(), ElementsAre("manifest.yaml", "rows.csv"));
}

TEST(Prepare, AFolderThatIsNotThereIsNamed) {
  Workshop shop(kHeader + "a@x.com,2025-01-02,1,Bonn\n");
  PrepareJob job = shop.job();
  job.out = shop.folder.path("nowhere/out.gbx");
  EXPECT_THROW(prepare(job), Failure);
}

}  // namespace
}  // namespace gbx::prepare
