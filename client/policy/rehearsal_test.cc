#include "client/policy/rehearsal.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "client/policy/mistake.h"
#include "trusted/crypto/hash.h"
#include "trusted/policy/policy_fixture.h"

namespace gbx::client {
namespace {

namespace fs = std::filesystem;

class RehearsalTest : public testing::Test {
 protected:
  RehearsalTest() { fs::create_directories(folder_); }
  ~RehearsalTest() override { fs::remove_all(folder_); }

  fs::path write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name) << text;
    return folder_ / name;
  }

  const fs::path folder_ =
      fs::path(testing::TempDir()) / ("rehearsal." + std::to_string(::getpid()));
};

TEST_F(RehearsalTest, TheRulesStayAndTheKeysGo) {
  const policy::Policy real = policy::example_policy();
  const policy::VerifiedPolicy rehearsed = rehearse(real);
  EXPECT_NE(rehearsed.hash(), crypto::sha256(as_bytes(policy::encode(real).canonical())));
  policy::Policy back = rehearsed.policy();
  for (std::size_t i = 0; i < back.members.size(); i++) {
    EXPECT_NE(back.members[i].signing_key, real.members[i].signing_key);
    EXPECT_NE(back.members[i].sealing_key, real.members[i].sealing_key);
    back.members[i].signing_key = real.members[i].signing_key;
    back.members[i].sealing_key = real.members[i].sealing_key;
  }
  EXPECT_EQ(policy::encode(back).canonical(), policy::encode(real).canonical());
}

TEST_F(RehearsalTest, APacketNeedsNoSignature) {
  const packet::Envelope bare =
      packet::make_envelope(policy::kPolicyType, policy::encode(policy::example_policy()));
  const auto path = write("policy.json", packet::print_envelope(bare));
  EXPECT_EQ(rehearse_file(path).policy().name, "Attribution, autumn");
}

constexpr const char* kYaml = R"(
collaboration: {name: Overlap, expires: 2030-12-31}
members:
  - {identity: snowy.id, abilities: [provide, query, receive]}
  - {identity: brand.id, abilities: [provide]}
tables:
  customers:
    owner: snowy
    columns:
      email_hash: {label: person, identifier: email}
    rule:
      aggregation:
        aggregateColumns: [{columnNames: [email_hash], function: COUNT_DISTINCT}]
        joinColumns: [email_hash]
        outputConstraints: [{columnName: email_hash, minimum: 50, type: COUNT_DISTINCT}]
privacy: {k: 50, dp: {epsilon: "2", delta: "1e-6", epsilon_per_query: "0.5"}}
trust: {min_assurance: INSECURE-SIM, sim: {images: [IMAGE_DIGEST]}}
)";

TEST_F(RehearsalTest, AYamlNeedsNoIdentities) {
  const policy::VerifiedPolicy rehearsed = rehearse_file(write("collaboration.yaml", kYaml));
  EXPECT_NE(rehearsed.policy().find_member("snowy"), nullptr);
  EXPECT_NE(rehearsed.policy().find_member("brand"), nullptr);
}

TEST_F(RehearsalTest, AYamlMustStillBeRight) {
  std::string wrong = kYaml;
  wrong.replace(wrong.find("owner: snowy"), 12, "owner: snoxy");
  EXPECT_THROW(rehearse_file(write("collaboration.yaml", wrong)), Mistake);
  EXPECT_THROW(rehearse_file(write("policy.json", "{}")), Mistake);
  EXPECT_THROW(rehearse_file(folder_ / "absent.yaml"), Mistake);
}

}  // namespace
}  // namespace gbx::client
