#include "attest/verify.h"

#include <gtest/gtest.h>

#include <functional>

#include "attest/sim.h"
#include "trusted/crypto/hash.h"

namespace gbx::attest {
namespace {

struct Good {
  packet::Binding binding;
  Expectation expected;
  SimReport report;

  Good() {
    binding.log_origin = "glovebox.dev/room/test";
    binding.image_digest = crypto::sha256(as_bytes("image"));
    binding.policy_hash = crypto::sha256(as_bytes("policy"));
    expected.binding = packet::digest(binding);
    expected.policy_hash = binding.policy_hash;
    expected.image_digest = binding.image_digest;
    expected.images = {crypto::sha256(as_bytes("other")), binding.image_digest};
    expected.min_assurance = "INSECURE-SIM";
    report.measurement = binding.image_digest;
    report.host_data = binding.policy_hash;
    report.report_data = expected.binding;
  }
  [[nodiscard]] std::string verdict() const {
    const auto claims = verify(print_evidence("sim", forge_sim_report(report)), expected);
    if (!claims) return std::string(claims.error().reason.view());
    return std::string(assurance_word(claims->assurance));
  }
};

TEST(Verify, AcceptsWhatTheQuoterMakes) {
  Good good;
  EXPECT_EQ(good.verdict(), "INSECURE-SIM");
  SimQuoter quoter(good.binding.image_digest, good.binding.policy_hash);
  const Bytes evidence = quoter.quote(good.expected.binding).value();
  EXPECT_TRUE(verify(as_text(evidence), good.expected));
}

TEST(Verify, EachWrongThingHasItsName) {
  const std::pair<const char*, std::function<void(Good&)>> cases[] = {
      {"evidence_version_unknown", [](Good& g) { g.report.version = 2; }},
      {"debug_enabled", [](Good& g) { g.report.debug = true; }},
      {"binding_wrong", [](Good& g) { g.report.report_data[63] ^= 1; }},
      {"expectation_not_set", [](Good& g) { g.expected.binding = g.report.report_data = {}; }},
      {"expectation_not_set", [](Good& g) { g.expected.policy_hash = g.report.host_data = {}; }},
      {"expectation_not_set", [](Good& g) { g.expected.image_digest = g.report.measurement = {}; }},
      {"policy_hash_wrong", [](Good& g) { g.report.host_data[0] ^= 1; }},
      {"measurement_wrong", [](Good& g) { g.report.measurement[0] ^= 1; }},
      {"image_not_allowed", [](Good& g) { g.expected.images.pop_back(); }},
      {"image_not_allowed", [](Good& g) { g.expected.images.clear(); }},
      {"assurance_unknown", [](Good& g) { g.expected.min_assurance = ""; }},
      {"assurance_unknown", [](Good& g) { g.expected.min_assurance = "HW"; }},
      {"assurance_too_low", [](Good& g) { g.expected.min_assurance = "HW-CVM"; }},
  };
  for (const auto& [reason, change] : cases) {
    Good good;
    change(good);
    EXPECT_EQ(good.verdict(), reason);
  }
}

TEST(Verify, EveryFlippedByteIsRefused) {
  const Good good;
  const std::string evidence = print_evidence("sim", forge_sim_report(good.report));
  ASSERT_TRUE(verify(evidence, good.expected));
  for (std::size_t i = 0; i < evidence.size(); i++) {
    std::string bad = evidence;
    bad[i] = static_cast<char>(bad[i] ^ 1);
    EXPECT_FALSE(verify(bad, good.expected)) << i;
  }
  EXPECT_FALSE(verify(evidence + " ", good.expected));
  const auto other = verify(print_evidence("snp", forge_sim_report(good.report)), good.expected);
  EXPECT_EQ(other.error().reason.view(), "platform_unknown");
}

}  // namespace
}  // namespace gbx::attest
