// The program as people run it: exit codes, words, files. Every verb it has says how to use it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "trusted/base/json.h"
#include "trusted/policy/policy_fixture.h"

namespace gbx::cli {
namespace {

using testing::HasSubstr;

constexpr const char* kProgram = GBX_BINARY_DIR "/bin/glovebox";

struct Outcome {
  int code = -1;
  std::string text;  // stdout and stderr
};

Outcome run(const std::string& arguments, const std::string& environment = "") {
  const std::string command = "env -u GLOVEBOX_PASSPHRASE -u GLOVEBOX_HOME " + environment + " " +
                              kProgram + " " + arguments + " </dev/null 2>&1";
  Outcome out;
  // NOLINTNEXTLINE(cert-env33-c): the command is this test's own.
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return out;
  std::array<char, 4096> piece{};
  for (std::size_t got = 0; (got = fread(piece.data(), 1, piece.size(), pipe)) > 0;) {
    out.text.append(piece.data(), got);
  }
  const int status = pclose(pipe);
  if (WIFEXITED(status)) out.code = WEXITSTATUS(status);
  return out;
}

// The words under "Subcommands:" of a help text.
std::vector<std::string> subcommands(const std::string& help) {
  std::vector<std::string> out;
  std::istringstream lines(help);
  bool inside = false;
  for (std::string line; std::getline(lines, line);) {
    if (line == "Subcommands:") {
      inside = true;
    } else if (inside && line.starts_with("  ") && line.size() > 2 && line[2] != ' ') {
      out.push_back(line.substr(2, line.find(' ', 2) - 2));
    } else if (line.empty()) {
      inside = false;
    }
  }
  return out;
}

void expect_examples(const std::string& verb) {
  const Outcome help = run(verb + " --help");
  EXPECT_EQ(help.code, 0) << verb;
  EXPECT_THAT(help.text, HasSubstr("Example: glovebox " + verb)) << verb;
  for (const std::string& next : subcommands(help.text)) {
    std::string deeper = verb;
    if (!deeper.empty()) deeper += " ";
    expect_examples(deeper.append(next));
  }
}

TEST(Verbs, EachHasHelpWithAnExample) {
  const Outcome help = run("--help");
  EXPECT_THAT(subcommands(help.text), testing::IsSupersetOf({"init", "identity", "token-key"}));
  expect_examples("");
}

TEST(Verbs, CheckNeedsNeitherRoomNorKeys) {
  const std::string policy =
      " --policy " GBX_SOURCE_DIR "/examples/shopgood-newsnow/collaboration.yaml";
  const std::string good = "SELECT COUNT(DISTINCT hashed_email) FROM exposures";
  const Outcome accepted = run("check --sql '" + good + "'" + policy);
  EXPECT_EQ(accepted.code, 0) << accepted.text;
  EXPECT_THAT(accepted.text, HasSubstr("1 of 1 accepted, as newsnow"));
  const Outcome mixed = run("check --json --sql '" + good + "; SELECT * FROM exposures'" + policy);
  EXPECT_EQ(mixed.code, 1);
  EXPECT_THAT(mixed.text, HasSubstr("\"statement\":1,\"tables\":[\"exposures\"]"));
  EXPECT_THAT(mixed.text, HasSubstr("\"reason\":\"star_not_released\",\"span\":[7,8]"));
  EXPECT_EQ(run("check --as shopgood --sql '" + good + "'" + policy).code, 1);
  EXPECT_THAT(run("check --as nobody --sql '" + good + "'" + policy).text,
              HasSubstr("these may ask: newsnow"));
  EXPECT_EQ(run("check" + policy).code, 1);
  EXPECT_EQ(run("check --sql ';'" + policy).code, 1);
  EXPECT_EQ(run("check --sql '" + good + "'").code, 2);
}

TEST(Verbs, ExplainsATableAndWhyAQueryPassesOrNot) {
  const std::string policy =
      "policy explain " GBX_SOURCE_DIR "/examples/shopgood-newsnow/collaboration.yaml ";
  const Outcome table = run(policy + "exposures");
  EXPECT_EQ(table.code, 0) << table.text;
  EXPECT_THAT(table.text, HasSubstr("The rule of exposures\n"));
  EXPECT_THAT(table.text, HasSubstr("person          exposures.hashed_email"));
  EXPECT_THAT(run(policy + "nothing").text, HasSubstr("its tables: exposures, purchases"));
  const std::string join = "FROM exposures JOIN purchases USING (hashed_email)";
  const Outcome good = run(policy + "'SELECT COUNT(DISTINCT hashed_email) " + join + "'");
  EXPECT_EQ(good.code, 0) << good.text;
  EXPECT_THAT(good.text, HasSubstr("The rule of exposures, purchases together"));
  EXPECT_THAT(good.text, HasSubstr("privacy unit    one person: "));
  EXPECT_THAT(good.text, HasSubstr("path            merge"));
  EXPECT_THAT(good.text, HasSubstr("Asked as newsnow"));
  const Outcome bad = run(policy + "'SELECT nothing " + join + "' --json");
  EXPECT_THAT(bad.text, HasSubstr("\"verdict\": \"refused\""));
  EXPECT_THAT(bad.text, HasSubstr("\"receivers\""));
  const std::string check =
      "check --policy " GBX_SOURCE_DIR "/examples/shopgood-newsnow/collaboration.yaml --explain ";
  EXPECT_THAT(run(check + "--sql 'SELECT COUNT(*) " + join + "'").text,
              HasSubstr("stability       one person has at most"));
}

TEST(Verbs, MeasureComputesWhatAPlatformWillReport) {
  const std::filesystem::path firmware = std::filesystem::path(GBX_BINARY_DIR) / "no_firmware.fd";
  std::ofstream(firmware) << std::string(4096, 'x');
  const std::string snp = "measure snp --vcpus 1 --firmware " + firmware.string();
  const Outcome none = run(snp + " --cpu EPYC --json");
  EXPECT_EQ(none.code, 1);
  EXPECT_THAT(none.text, HasSubstr("\"reason\": \"firmware_not_for_snp\""));
  EXPECT_EQ(run(snp).code, 2);
  EXPECT_THAT(run(snp + " --cpu 6502").text, HasSubstr("EPYC-Genoa"));
  EXPECT_EQ(run(snp + " --cpu EPYC --vmm bochs").code, 2);
  EXPECT_EQ(run(snp + " --cpu EPYC --guest-features 1z").code, 2);
  EXPECT_THAT(run(snp + " --cpu EPYC --cmdline quiet").text, HasSubstr("say which with --kernel"));
  EXPECT_EQ(run("measure tpm --event-log " + firmware.string()).code, 1);
  EXPECT_EQ(run("measure tdx --event-log " + firmware.string()).code, 1);
  EXPECT_EQ(run("measure tdx").code, 2);
  const std::string image = "measure tdx --image " + firmware.string();
  EXPECT_THAT(run(image).text, HasSubstr("this is no VM image"));
  EXPECT_EQ(run(image + " --separator rtmr2").code, 2);
  EXPECT_EQ(run(image + " --event-log " + firmware.string()).code, 2);
  EXPECT_EQ(run("measure tpm --bank sha1 --event-log " + firmware.string()).code, 2);
  EXPECT_THAT(run("measure").text, HasSubstr("image digest"));
  std::filesystem::remove(firmware);
}

TEST(Verbs, EvidenceOfATrustDomainTakesTheLogOfItsStart) {
  const std::filesystem::path file = std::filesystem::path(GBX_BINARY_DIR) / "no_quote";
  std::ofstream(file) << "x";
  const std::string verify = "evidence verify --evidence " + file.string() + " --event-log " +
                             file.string() + " --platform ";
  EXPECT_EQ(run(verify + "tdx").code, 1);
  const Outcome snp = run(verify + "snp");
  EXPECT_EQ(snp.code, 2);
  EXPECT_THAT(snp.text, HasSubstr("only a TDX quote has one"));
  std::filesystem::remove(file);
}

TEST(Verbs, WrongUsageIsCode2) {
  for (const char* wrong :
       {"", "frobnicate", "init", "init --name", "identity", "token-key new", "token-key accept",
        "init --name shop --frobnicate", "budget set --epsilon 4"}) {
    EXPECT_EQ(run(wrong).code, 2) << wrong;
  }
  EXPECT_THAT(run("frobnicate").text, HasSubstr("there is no \"frobnicate\" in glovebox"));
  EXPECT_THAT(run("identity frob").text, HasSubstr("there is no \"frob\" in glovebox identity"));
  EXPECT_TRUE(Json::parse(run("init --json").text));
}

class Party : public testing::Test {
 protected:
  Party() { std::filesystem::create_directories(folder_); }
  ~Party() override { std::filesystem::remove_all(folder_); }
  [[nodiscard]] std::string at(const std::string& name) const { return (folder_ / name).string(); }
  // A verb at the home of `who`, with the right passphrase.
  [[nodiscard]] Outcome as(const std::string& who, const std::string& verb) const {
    return run(verb + " --home " + at(who), "GLOVEBOX_PASSPHRASE=correct");
  }

  std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / ("gbx_verbs_" + std::to_string(getpid()));
};

TEST_F(Party, SharesATokenKey) {
  ASSERT_EQ(as("shop", "init --name shopgood").code, 0);
  ASSERT_EQ(as("news", "init --name newsnow").code, 0);
  ASSERT_EQ(as("shop", "identity export -o " + at("shop.id")).code, 0);
  ASSERT_EQ(as("news", "identity export -o " + at("news.id")).code, 0);
  const Outcome made =
      as("shop", "token-key new --collaboration 00112233445566778899aabbccddeeff --for " +
                     at("news.id") + " -o " + at("key.json") + " --json");
  ASSERT_EQ(made.code, 0) << made.text;
  const std::string check = *Json::parse(made.text)->find("check")->string();
  const Outcome forged =
      as("news", "token-key accept " + at("key.json") + " --from " + at("news.id"));
  EXPECT_EQ(forged.code, 1);
  EXPECT_THAT(forged.text, HasSubstr("newsnow did not sign it"));
  const Outcome accepted =
      as("news", "token-key accept " + at("key.json") + " --from " + at("shop.id"));
  EXPECT_EQ(accepted.code, 0);
  EXPECT_THAT(accepted.text, HasSubstr(check));
  EXPECT_THAT(as("news", "token-key show").text, HasSubstr(check));
}

TEST_F(Party, KeepsWhatItHas) {
  ASSERT_EQ(as("shop", "init --name shopgood").code, 0);
  const Outcome again = as("shop", "init --name other");
  EXPECT_EQ(again.code, 1);
  EXPECT_THAT(again.text, HasSubstr("there is an identity in this folder already"));
  const Outcome wrong = run("token-key show --home " + at("shop"), "GLOVEBOX_PASSPHRASE=wrong");
  EXPECT_EQ(wrong.code, 1);
  EXPECT_THAT(wrong.text, HasSubstr("the passphrase does not open the key file"));
  EXPECT_THAT(run("identity show --home " + at("shop")).text, HasSubstr("shopgood"));
}

TEST_F(Party, FailuresAreJsonWhenAsked) {
  const Outcome missing = run("identity show --json --home " + at("none"));
  EXPECT_EQ(missing.code, 1);
  const auto json = Json::parse(missing.text);
  ASSERT_TRUE(json);
  EXPECT_EQ(*json->find("error")->find("reason")->string(), "home_missing");
}

// The seeds of the fuzz target, which are genuine but for their root.
std::string seed(const std::string& name) {
  return GBX_SOURCE_DIR "/tests/fuzz/attest_documents/" + name;
}

std::string claim(const Json& verdict, const std::string& name) {
  for (const Json& entry : *verdict.find("claims")->array()) {
    if (*entry.find("name")->string() == name) return *entry.find("value")->string();
  }
  return "";
}

constexpr const char* kNitroTrust =
    R"({"collateral_age_max_s":1,"crl_age_max_s":1,"min_assurance":"HW-ENCLAVE",)"
    R"("platforms":{"nitro":{)"
    R"("binding":"user_data","images":[],"require_crl":false,"roots":["ROOT"]}},)"
    R"("revoked_certificates":[],"version":1})";

TEST_F(Party, VerifiesEvidenceOnlyWithEverythingGiven) {
  const std::string document =
      "evidence verify --json --platform nitro --at 1800000000 --evidence " + seed("nitro");
  const Outcome bare = run(document);
  EXPECT_EQ(bare.code, 1);
  // The verdict, then the failure: both are JSON.
  const Json claims = Json::parse(bare.text.substr(0, bare.text.find("\n{"))).value();
  EXPECT_FALSE(*claims.find("ok")->boolean());
  EXPECT_EQ(*(*claims.find("reasons")->array())[0].string(), "trust_policy_missing");
  std::string trust = kNitroTrust;
  trust.replace(trust.find("ROOT"), 4, claim(claims, "root_sha256"));
  std::ofstream(at("trust.json")) << trust;
  std::string add =
      "trust add-image " + at("trust.json") + " --platform nitro --image " + std::string(64, 'a');
  for (const std::string pcr : {"0", "1", "2"}) {
    add.append(" --pcr ").append(pcr).append("=").append(claim(claims, "pcr_" + pcr));
  }
  ASSERT_EQ(run(add).code, 0) << run(add).text;
  EXPECT_THAT(run("trust show " + at("trust.json")).text, HasSubstr("nitro  1 image, 1 root"));
  const std::string whole = document + " --trust-policy " + at("trust.json") + " --nonce ";
  const std::string nonce = claim(claims, "user_data");
  const Outcome good = run(whole + nonce);
  EXPECT_EQ(good.code, 0) << good.text;
  EXPECT_EQ(*Json::parse(good.text)->find("assurance")->string(), "HW-ENCLAVE");
  EXPECT_EQ(run(whole + nonce.substr(2)).code, 1);
  EXPECT_EQ(run(document + " --trust-policy " + at("trust.json")).code, 1);
  EXPECT_EQ(run(document + " --nonce " + nonce).code, 1);
  EXPECT_THAT(run("trust pin-machine " + at("trust.json") + " 00 --platform nitro").text,
              HasSubstr("no section for this platform"));
}

TEST_F(Party, EvidenceIsAskedForInWords) {
  const std::string verify = "evidence verify --evidence " + seed("nitro");
  EXPECT_EQ(run(verify + " --platform nitra").code, 2);
  EXPECT_EQ(run(verify + " --platform nitro --nonce xyz").code, 2);
  EXPECT_EQ(run(verify + " --platform nitro --at soon").code, 1);
  EXPECT_EQ(run(verify).code, 2);
  const Outcome shown = run("evidence show --platform nitro " + seed("nitro"));
  EXPECT_EQ(shown.code, 0) << shown.text;
  EXPECT_THAT(shown.text, HasSubstr("An AWS Nitro document"));
  EXPECT_THAT(shown.text, HasSubstr("Who vouches"));
  const Outcome raw = run("evidence show " + seed("nitro"));
  EXPECT_EQ(raw.code, 1);
  EXPECT_THAT(raw.text, HasSubstr("--platform"));
}

TEST_F(Party, RulesOfOtherCleanRoomsBecomeADraftWithBlanks) {
  std::ofstream(at("p.sql"))
      << "CREATE AGGREGATION POLICY p AS () RETURNS AGGREGATION_CONSTRAINT -> "
         "AGGREGATION_CONSTRAINT(MIN_GROUP_SIZE => 9);"
         "ALTER TABLE t SET AGGREGATION POLICY p ENTITY KEY (email);";
  const std::string import =
      "policy import --from snowflake " + at("p.sql") + " -o " + at("c.yaml");
  const Outcome done = run(import + " --json");
  EXPECT_EQ(done.code, 0) << done.text;
  const auto report = Json::parse(done.text);
  ASSERT_TRUE(report) << done.text;
  EXPECT_GT(report->find("report")->array()->size(), 5U);
  EXPECT_THAT(run("policy build " + at("c.yaml")).text, HasSubstr("FILL_IN_expires"));
  EXPECT_THAT(run(import).text, HasSubstr("it is there already"));
  EXPECT_THAT(run("policy import --from azure " + at("p.sql")).text, HasSubstr("not known"));
  EXPECT_EQ(run("policy import --from aws " + at("p.sql") + " -o " + at("d.yaml")).code, 1);
  EXPECT_FALSE(std::filesystem::exists(at("d.yaml")));
}

TEST_F(Party, APolicyGoesToAwsOnlyWithWhatIsAcceptedByName) {
  std::filesystem::create_directory(at("aws"));
  std::ofstream(at("policy.json"))
      << packet::print_envelope(policy::signed_policy(policy::example_policy()));
  const std::string command =
      "policy export --to aws " + at("policy.json") + " -o " + at("aws") + " --accept ";
  const Outcome refused = run(command + "trust,expires");
  EXPECT_EQ(refused.code, 1);
  EXPECT_THAT(refused.text, HasSubstr("noise: purchases: AWS adds no noise"));
  EXPECT_TRUE(std::filesystem::is_empty(at("aws")));
  const std::string words = "--accept budget,contribution,differencing,noise,expires,trust";
  EXPECT_THAT(refused.text, HasSubstr(words));
  const Outcome done = run(command + words.substr(9));
  EXPECT_EQ(done.code, 0) << done.text;
  EXPECT_THAT(done.text, HasSubstr("weakened\n"));
  EXPECT_TRUE(std::filesystem::exists(at("aws/exposures.aws.json")));
}

TEST_F(Party, WithoutATerminalThePassphraseMustComeOtherwise) {
  // setsid takes the terminal away.
  const Outcome outcome = run("init --name shopgood --home " + at("shop"), "setsid -w");
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.text, HasSubstr("--passphrase-file"));
  EXPECT_FALSE(std::filesystem::exists(at("shop")));
}

}  // namespace
}  // namespace gbx::cli
