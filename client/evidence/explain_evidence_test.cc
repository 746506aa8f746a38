#include "client/evidence/explain_evidence.h"

#include <gtest/gtest.h>

#include "attest/testing/azure_maker.h"
#include "attest/testing/nitro_maker.h"

namespace gbx::client {
namespace {

std::string text_of(const attest::Verdict& verdict) {
  std::string out;
  for (const EvidenceSection& section : explain_claims(verdict)) {
    out += section.title + "\n";
    for (const auto& [label, value] : section.rows) {
      out.append("  ").append(label).append(": ").append(value).append("\n");
    }
  }
  return out;
}

TEST(ExplainEvidence, SaysWhichMachineFirmwareCodeAndWhoVouches) {
  const std::string azure = text_of(attest::testing::AzureMaker().verdict());
  for (const char* part :
       {"Machine\n", "processor: genoa", "virtual machine of Azure: 911b0ef8", "Firmware\n",
        "secure boot: true", "Code\n", "measured into register 14: zeros", "Bound to\n"}) {
    EXPECT_NE(azure.find(part), std::string::npos) << part << azure;
  }
  const std::string nitro = text_of(attest::testing::NitroMaker().verdict());
  EXPECT_NE(nitro.find("Who vouches\n"), std::string::npos);
  EXPECT_NE(nitro.find("measured into register 0: "), std::string::npos);
}

TEST(ExplainEvidence, EachPlatformAndWordHasASentence) {
  for (int i = 0; i <= static_cast<int>(attest::Platform::azure); i++) {
    EXPECT_TRUE(platform_sentence(static_cast<attest::Platform>(i)).ends_with("."));
  }
  for (int i = 0; i <= static_cast<int>(attest::Assurance::hw_enclave); i++) {
    EXPECT_TRUE(assurance_sentence(static_cast<attest::Assurance>(i)).ends_with("."));
  }
}

}  // namespace
}  // namespace gbx::client
