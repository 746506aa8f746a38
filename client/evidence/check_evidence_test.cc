#include "client/evidence/check_evidence.h"

#include <gtest/gtest.h>

#include "attest/testing/nitro_maker.h"
#include "attest/trust_policy.h"
#include "client/evidence/edit_trust.h"

namespace gbx::client {
namespace {

using attest::testing::MadeEvidence;
using attest::testing::NitroMaker;

EvidenceQuestion question() {
  const MadeEvidence made = NitroMaker().make();
  EvidenceQuestion out;
  out.file = {made.platform, made.evidence, made.chain, made.collateral};
  out.trust = print_trust_file(made.trust);
  out.nonce = made.expected.binding;
  out.now = made.expected.now;
  return out;
}

std::string reasons(const EvidenceQuestion& asked) {
  const EvidenceAnswer answer = check_evidence(asked).value();
  const Json json = encode_answer(answer, asked.file.platform);
  EXPECT_EQ(*json.find("ok")->boolean(), answer.ok());
  std::string out;
  for (const Json& reason : *json.find("reasons")->array()) {
    out += (out.empty() ? "" : " ") + *reason.string();
  }
  EXPECT_EQ(out.empty(), answer.ok());
  return out;
}

TEST(CheckEvidence, SaysYesToAWholeQuestion) {
  EXPECT_EQ(reasons(question()), "");
  EXPECT_EQ(*encode_answer(*check_evidence(question()), attest::Platform::nitro)
                 .find("assurance")
                 ->string(),
            "HW-ENCLAVE");
}

TEST(CheckEvidence, WhatIsLeftOutIsARefusalOfItsOwn) {
  EvidenceQuestion asked = question();
  asked.trust.reset();
  EXPECT_EQ(reasons(asked),
            "trust_policy_missing platform_not_trusted root_not_pinned crl_too_old "
            "image_not_allowed binding_wrong");
  EXPECT_FALSE(check_evidence(asked)->verdict.claims().empty());
  asked = question();
  asked.nonce.reset();
  EXPECT_EQ(reasons(asked), "nonce_missing expectation_not_set binding_wrong");
  asked.nonce = Bytes(kNonceBytesMax + 1, 1);
  EXPECT_EQ(reasons(asked), "nonce_missing expectation_not_set binding_wrong");
  asked = question();
  asked.now = 0;
  EXPECT_NE(reasons(asked).find("expectation_not_set"), std::string::npos);
  asked = question();
  asked.trust = "{}";
  EXPECT_EQ(check_evidence(asked).error().reason.view(), "trust_policy_malformed");
  asked.trust = "";
  EXPECT_EQ(check_evidence(asked).error().reason.view(), "trust_policy_malformed");
}

TEST(EvidencePacket, FromAPacketOrAnAnswer) {
  const std::string packet =
      R"({"chain":"Aw==","collateral":"","evidence":"AQI=","platform":"nitro"})";
  const auto file = read_evidence_packet(packet);
  ASSERT_TRUE(file);
  EXPECT_EQ(file->platform, attest::Platform::nitro);
  EXPECT_EQ(file->evidence, (Bytes{1, 2}));
  EXPECT_EQ(file->chain, (Bytes{3}));
  EXPECT_TRUE(read_evidence_packet("{\"evidence\":" + packet + "}"));
  for (const char* bad : {"", "[]", "{}", R"({"evidence":"AQI="})", R"({"evidence":{}})"}) {
    EXPECT_FALSE(read_evidence_packet(bad)) << bad;
  }
}

TEST(ParseTime, BothForms) {
  EXPECT_EQ(parse_time("1725719856").value(), 1725719856);
  EXPECT_EQ(parse_time("2024-09-07T14:37:36Z").value(), 1725719856);
  for (const char* bad :
       {"", "0", "-1", "soon", "2024-09-07", "2024-09-07T14:37:36", "1e9", "2024-13-07T14:37:36Z",
        "1969-12-31T23:59:59Z", "2024-09-07T14:37:36ZZ"}) {
    EXPECT_FALSE(parse_time(bad)) << bad;
  }
}

}  // namespace
}  // namespace gbx::client
