#include "client/policy/policy_file.h"

#include <gtest/gtest.h>

#include <fstream>

#include "trusted/policy/policy_fixture.h"

namespace gbx::client {
namespace {

class PolicyFiles : public testing::Test {
 protected:
  PolicyFiles() {
    folder_ = std::filesystem::temp_directory_path() / ("gbx-policy-" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder_);
    envelope_ = policy::signed_policy(policy::example_policy());
  }
  ~PolicyFiles() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path write(const std::string& text) {
    std::ofstream(folder_ / "policy.json", std::ios::binary) << text;
    return folder_ / "policy.json";
  }
  std::string why_not() {
    try {
      load_policy(write(packet::print_envelope(envelope_)));
      return "verified";
    } catch (const Mistake& mistake) {
      EXPECT_FALSE(mistake.next().empty());
      return mistake.why();
    }
  }
  void drop(std::uint8_t who) {
    const std::string id = packet::key_id(policy::test_signing_key(who).public_key());
    std::erase_if(envelope_.signatures, [&](const auto& entry) { return entry.keyid == id; });
  }

  std::filesystem::path folder_;
  packet::Envelope envelope_;
};

TEST_F(PolicyFiles, AllSigned) {
  EXPECT_EQ(why_not(), "verified");
  EXPECT_TRUE(signature_faults(read_policy_file(folder_ / "policy.json")).empty());
}

TEST_F(PolicyFiles, ALineEndOfAnEditorIsNoChange) {
  EXPECT_NO_THROW(load_policy(write(packet::print_envelope(envelope_) + "\n")));
}

TEST_F(PolicyFiles, NamesWhoHasNotSigned) {
  drop(2);
  EXPECT_EQ(why_not(), "newsnow has not signed");
  drop(1);
  EXPECT_EQ(why_not(), "newsnow has not signed; shopgood has not signed");
}

TEST_F(PolicyFiles, NamesWhoseSignatureIsWrong) {
  const std::string id = packet::key_id(policy::test_signing_key(3).public_key());
  for (packet::EnvelopeSignature& entry : envelope_.signatures) {
    if (entry.keyid == id) entry.signature[0] ^= 1;
  }
  EXPECT_EQ(why_not(), "the signature of agency is wrong");
}

TEST_F(PolicyFiles, NamesAnExtraSignature) {
  packet::sign(envelope_, policy::test_signing_key(9));
  const std::string id = packet::key_id(policy::test_signing_key(9).public_key());
  EXPECT_EQ(why_not(), "key " + id.substr(0, 16) + " has signed and is no member's");
}

TEST_F(PolicyFiles, RefusesOtherFilesInWords) {
  for (const std::string& text :
       {std::string(""), std::string("{}"), std::string("not json"),
        packet::print_envelope(packet::make_envelope("application/vnd.x+json", Json::object({}))),
        packet::print_envelope(packet::make_envelope(policy::kPolicyType, Json::object({})))}) {
    try {
      read_policy_file(write(text));
      FAIL() << text;
    } catch (const Mistake& mistake) {
      EXPECT_FALSE(mistake.why().empty());
      EXPECT_FALSE(mistake.next().empty()) << text;
    }
  }
  EXPECT_THROW(read_policy_file(folder_ / "none.json"), Mistake);
}

TEST_F(PolicyFiles, APinIsOfOnePolicy) {
  const PolicyFile file = read_policy_file(write(packet::print_envelope(envelope_)));
  EXPECT_FALSE(is_pinned(folder_, file.hash));
  pin_policy(folder_, file);
  EXPECT_TRUE(is_pinned(folder_, file.hash));
  EXPECT_FALSE(is_pinned(folder_, Hash{1}));
}

}  // namespace
}  // namespace gbx::client
