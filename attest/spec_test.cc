// docs/spec/evidence.md holds what the sim platform makes.

#include "tests/spec/examples.h"

#include <gtest/gtest.h>

#include "attest/sim.h"
#include "trusted/packet/dsse.h"

namespace gbx::attest {
namespace {

TEST(EvidencePage, Sim) {
  const auto blocks = spec::examples("evidence.md");
  ASSERT_EQ(blocks.size(), 3U);
  const packet::Binding binding = packet::decode_binding(blocks[0]).value();
  const packet::BindingDigest digest = packet::digest(binding);
  SimQuoter quoter(binding.image_digest, binding.policy_hash);
  const Bytes evidence = quoter.quote(digest).value();
  const Json outer = Json::parse(as_text(evidence)).value();
  const Bytes document = from_base64(*outer.find("evidence")->string()).value();
  const auto envelope = packet::parse_envelope(as_text(document)).value();
  EXPECT_EQ(blocks[2].canonical(), envelope.payload) << Json::parse(envelope.payload)->pretty();
  EXPECT_EQ(*blocks[1].find("platform")->string(), *outer.find("platform")->string());
  EXPECT_EQ(blocks[1].object()->size(), outer.object()->size());
  EXPECT_TRUE(spec::mentions("evidence.md", envelope.signatures.front().keyid))
      << envelope.signatures.front().keyid;
}

}  // namespace
}  // namespace gbx::attest
