// docs/spec/packets.md and evidence.md, section "Binding", hold what the code makes.

#include "tests/spec/examples.h"

#include <gtest/gtest.h>

#include "trusted/packet/binding.h"
#include "trusted/packet/close_request.h"
#include "trusted/packet/key_release.h"
#include "trusted/packet/request.h"
#include "trusted/packet/sealed_answer.h"
#include "trusted/packet/sealed_request.h"
#include "trusted/packet/statement.h"

namespace gbx::packet {
namespace {

using spec::example_hash;

Json payload_of(const Envelope& envelope) { return Json::parse(envelope.payload).value(); }

Binding example_binding() {
  return {example_hash("nonce"),
          spec::example_signing_key("room").public_key(),
          spec::example_sealing_key("room").public_key(),
          example_hash("policy"),
          "glovebox.dev/room/0f1e2d3c4b5a69788796a5b4c3d2e1f0",
          example_hash("image")};
}

// Of docs/spec/policy.md.
constexpr std::string_view kSpendersDigest =
    "fc94e9ae5f231ebdc288c2ad463b48e20159d92fee0e6d10fa5998184bf50723";

Envelope example_request() {
  Request request;
  request.member = "newsnow";
  request.policy_hash = example_hash("policy");
  request.binding = digest(example_binding());
  request.id.fill(0x42);
  request.sql = "SELECT COUNT(DISTINCT hashed_email) AS reached FROM exposures";
  request.epsilon = "0.1";
  return make_request(request, spec::example_signing_key("newsnow"));
}

Envelope example_call() {
  Request request =
      open_request(example_request(), spec::example_signing_key("newsnow").public_key()).value();
  request.sql.clear();
  request.epsilon.reset();
  request.call = TemplateCall{"spenders", 1, {}, {{"least", "0.00"}, {"since", "2025-09-01"}}};
  const Bytes digest = from_hex(kSpendersDigest).value();
  std::copy(digest.begin(), digest.end(), request.call->digest.begin());
  return make_request(request, spec::example_signing_key("newsnow"));
}

Envelope example_release() {
  const Binding room = example_binding();
  ReleaseTerms terms;
  terms.table = "purchases";
  terms.policy_hash = room.policy_hash;
  terms.binding = digest(room);
  terms.nonce = room.nonce;
  terms.manifest_digest = example_hash("manifest");
  terms.log_head = example_hash("log head");
  terms.allotment = {3'000'000, 1'152'921'504'607};
  spec::ExampleEntropy entropy;
  return make_key_release(terms, Secret<32>(example_hash("snapshot key")), room,
                          spec::example_signing_key("shopgood"), entropy)
      .value();
}

Envelope example_close() {
  const Binding room = example_binding();
  CloseRequest request{.member = "shopgood",
                       .policy_hash = room.policy_hash,
                       .binding = digest(room),
                       .nonce = room.nonce};
  request.id.fill(0x42);
  return make_close_request(request, spec::example_signing_key("shopgood"));
}

Envelope example_statement() {
  const Statement statement{"result", example_hash("table"), std::string(kAnswerPredicate),
                            Json::object({{"platform", "sim"}})};
  return make_statement(statement, spec::example_signing_key("room"));
}

class PacketsPage : public testing::Test {
 protected:
  // Block `index` of the page says what `made` does.
  void expect(std::size_t index, const Json& made) const {
    ASSERT_LT(index, blocks_.size());
    EXPECT_EQ(blocks_[index].canonical(), made.canonical()) << made.pretty();
  }
  std::vector<Json> blocks_ = spec::examples("packets.md");
};

TEST_F(PacketsPage, Envelope) { expect(0, Json::parse(print_envelope(example_request())).value()); }
TEST_F(PacketsPage, Request) { expect(1, payload_of(example_request())); }
TEST_F(PacketsPage, RequestOfATemplate) { expect(2, payload_of(example_call())); }
TEST_F(PacketsPage, KeyRelease) { expect(3, payload_of(example_release())); }
TEST_F(PacketsPage, Close) { expect(4, payload_of(example_close())); }
TEST_F(PacketsPage, Statement) { expect(5, payload_of(example_statement())); }

TEST_F(PacketsPage, SealedAnswer) {
  spec::ExampleEntropy entropy;
  const Receiver receivers[] = {{"newsnow", spec::example_sealing_key("newsnow").public_key()}};
  const std::string sealed = seal_answer("{}", receivers, as_bytes("context"), entropy).value();
  Json made = Json::parse(sealed).value();
  ASSERT_LT(6U, blocks_.size());
  EXPECT_EQ(blocks_[6].find("receivers")->canonical(), made.find("receivers")->canonical())
      << made.find("receivers")->pretty();
  EXPECT_EQ(from_base64(*made.find("body")->string())->size(), 4096 + 16U);
}

TEST_F(PacketsPage, SealedRequest) {
  spec::ExampleEntropy entropy;
  const std::string packet = seal_request(example_request(), example_binding(), entropy).value();
  const Json made = Json::parse(packet).value();
  ASSERT_LT(7U, blocks_.size());
  EXPECT_EQ(blocks_[7].find("nonce")->canonical(), made.find("nonce")->canonical());
  EXPECT_EQ(blocks_[7].find("binding")->canonical(), made.find("binding")->canonical());
  EXPECT_EQ(from_base64(*made.find("sealed")->string())->size(), 32 + 1024 + 16U);
  EXPECT_TRUE(spec::mentions("packets.md", to_hex(crypto::sha256(as_bytes(packet)))))
      << to_hex(crypto::sha256(as_bytes(packet)));
}

TEST(EvidencePage, Binding) {
  const auto blocks = spec::examples("evidence.md");
  ASSERT_LT(0U, blocks.size());
  EXPECT_EQ(blocks[0].canonical(), encode(example_binding()).canonical())
      << encode(example_binding()).pretty();
  EXPECT_TRUE(spec::mentions("evidence.md", to_hex(digest(example_binding()))))
      << to_hex(digest(example_binding()));
}

// Whatever byte the carrier changes, nothing opens.
TEST(Packets, EveryFlippedBitIsRefused) {
  const crypto::SealingKey room = spec::example_sealing_key("room");
  const auto opens = [&](const std::string& text) {
    const auto envelope = parse_envelope(text);
    if (!envelope) return false;
    const auto shop = spec::example_signing_key("shopgood").public_key();
    const auto news = spec::example_signing_key("newsnow").public_key();
    const auto signer = spec::example_signing_key("room").public_key();
    return open_request(*envelope, news).has_value() ||
           open_key_release(*envelope, shop, room).has_value() ||
           open_close_request(*envelope, shop).has_value() ||
           open_statement(*envelope, kAnswerPredicate, signer).has_value();
  };
  for (const Envelope& envelope : {example_request(), example_call(), example_release(),
                                   example_close(), example_statement()}) {
    const std::string good = print_envelope(envelope);
    ASSERT_TRUE(opens(good));
    for (std::size_t i = 0; i < good.size(); i++) {
      std::string bad = good;
      bad[i] = static_cast<char>(bad[i] ^ (1 << i % 8));
      EXPECT_FALSE(opens(bad)) << i;
      EXPECT_FALSE(opens(good.substr(0, i))) << i;
    }
  }
}

}  // namespace
}  // namespace gbx::packet
