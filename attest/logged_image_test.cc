#include "attest/logged_image.h"

#include <gtest/gtest.h>

#include "attest/signed_image.h"
#include "attest/trust_policy.h"
#include "tests/spec/examples.h"
#include "trusted/crypto/hash.h"

namespace gbx::attest {
namespace {

constexpr const char* kOrigin = "example.com/images";

const crypto::SigningKey& keeper() {
  static const crypto::SigningKey kKey = spec::example_signing_key("image log");
  return kKey;
}
const crypto::SigningKey& builder() {
  static const crypto::SigningKey kKey = spec::example_signing_key("builder");
  return kKey;
}
LogKey log_key() { return {kOrigin, keeper().public_key()}; }

packet::Envelope signed_by_builder(const Json& manifest) {
  packet::Envelope out = make_signed_image(manifest).value();
  packet::sign(out, builder());
  return out;
}

Json manifest(const std::string& name) {
  return Json::object(
      {{"files", Json::Array{Json::object({{"name", name}, {"sha256", std::string(64, 'a')}})}},
       {"format", 1}});
}

Hash leaf_of(const packet::Envelope& signed_manifest) {
  return leaf_hash(as_bytes(image_log_entry(signed_manifest).value()));
}

// Of the entry at `index` of a log of two.
std::string proof_of_two(const Hash& first, const Hash& second, std::uint64_t index) {
  const Checkpoint checkpoint{kOrigin, 2, node_hash(first, second)};
  return print_inclusion_proof(
      {index, {index == 0 ? second : first}, sign_checkpoint(checkpoint, keeper())});
}

std::string verdict(const packet::Envelope& signed_manifest, const std::string& proof) {
  const Status done = check_image_log({log_key(), {proof}}, {signed_manifest});
  return done ? "logged" : std::string(done.error().reason.view());
}

TEST(ImageLogPage, HasWhatIsMade) {
  const auto page = [](const std::string& text) {
    EXPECT_TRUE(spec::mentions("image-log.md", text)) << text;
  };
  const Json whole = spec::examples("image-manifest.md").at(0);
  Json::Array files = *whole.find("files")->array();
  files.pop_back();
  const auto first = signed_by_builder(whole);
  const auto second =
      signed_by_builder(Json::object({{"files", Json(std::move(files))}, {"format", 1}}));
  const Hash root = node_hash(leaf_of(first), leaf_of(second));
  page("leaf 0  " + to_hex(leaf_of(first)) + "\n");
  page("leaf 1  " + to_hex(leaf_of(second)) + "\n");
  page("root    " + to_hex(root) + "\n");
  page("```\n" + print_log_key(log_key()) + "\n```");
  page("```\n" + sign_checkpoint({kOrigin, 2, root}, keeper()) + "```");
  const std::string proof = proof_of_two(leaf_of(first), leaf_of(second), 0);
  page("```\n" + proof + "```");
  EXPECT_EQ(verdict(first, proof), "logged");
  const Json demand = encode_image_log({log_key(), {proof}});
  ASSERT_EQ(spec::examples("image-log.md").size(), 1U);
  EXPECT_EQ(spec::examples("image-log.md").at(0).canonical(), demand.canonical())
      << demand.pretty();
  EXPECT_TRUE(decode_image_log(demand));
}

TEST(LoggedImage, ByTheVeryBytesOfItsSignedManifest) {
  const auto room = signed_by_builder(manifest("room"));
  const auto other = signed_by_builder(manifest("other"));
  const std::string proof = proof_of_two(leaf_of(other), leaf_of(room), 1);
  EXPECT_EQ(verdict(room, proof), "logged");
  EXPECT_EQ(verdict(other, proof), "image_log_proof_wrong");
  packet::Envelope more = room;
  packet::sign(more, spec::example_signing_key("second"));
  EXPECT_EQ(verdict(more, proof), "image_log_proof_wrong");
  packet::Envelope none = room;
  none.signatures.clear();
  EXPECT_EQ(verdict(none, proof), "image_signature_missing");
  packet::Envelope wrong = room;
  wrong.signatures.front().signature.front() ^= 1U;
  EXPECT_EQ(verdict(wrong, proof), "image_log_proof_wrong");
  packet::Envelope no_image{"application/vnd.glovebox.policy+json", room.payload, room.signatures};
  EXPECT_EQ(verdict(no_image, proof), "image_manifest_malformed");
}

TEST(LoggedImage, EveryFlippedBitOfAnEntryIsRefused) {
  const auto room = signed_by_builder(manifest("room"));
  const std::string entry = image_log_entry(room).value();
  const std::string proof = proof_of_two(leaf_of(room), Hash{}, 0);
  ASSERT_TRUE(verify_inclusion(proof, log_key(), as_bytes(entry)));
  for (std::size_t bit = 0; bit < 8 * entry.size(); bit++) {
    std::string changed = entry;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << bit % 8));
    const auto verified = verify_inclusion(proof, log_key(), as_bytes(changed));
    ASSERT_FALSE(verified);
    EXPECT_EQ(verified.error().reason.view(), "image_log_proof_wrong") << bit;
  }
}

TEST(ImageLogEntry, HasOneSpelling) {
  const auto room = signed_by_builder(manifest("room"));
  const std::string entry = image_log_entry(room).value();
  const auto reason = [](const std::string& text) {
    const auto read = read_image_log_entry(text);
    return read ? "taken" : std::string(read.error().reason.view());
  };
  EXPECT_EQ(reason(entry), "taken");
  EXPECT_EQ(reason(entry + "\n"), "image_log_entry_malformed");
  EXPECT_EQ(reason(Json::parse(entry)->pretty()), "image_log_entry_malformed");
  EXPECT_EQ(reason(""), "image_log_entry_malformed");
  packet::Envelope none = room;
  none.signatures.clear();
  EXPECT_EQ(reason(packet::print_envelope(none)), "image_log_entry_malformed");
  packet::Envelope other{"application/vnd.glovebox.policy+json", room.payload, {}};
  packet::sign(other, builder());
  EXPECT_EQ(reason(packet::print_envelope(other)), "image_log_entry_malformed");
  EXPECT_EQ(reason(std::string(kLoggedImageBytesMax + 1, ' ')), "image_log_entry_malformed");
}

// A trust policy whose images of sim are these, with this demand beside their manifests.
std::string trusted(const std::vector<packet::Envelope>& manifests, const Json& demand) {
  TrustPolicy trust;
  trust.min_assurance = Assurance::insecure_sim;
  trust.collateral_age_max_s = 1;
  trust.crl_age_max_s = 1;
  trust.sim.emplace();
  for (const packet::Envelope& one : manifests) {
    trust.sim->images.push_back(read_signed_image(one)->digest);
  }
  trust.builders = Builders{{builder().public_key()}, manifests};
  Json json = encode_trust_policy(trust);
  json.set("image_log", demand);
  const auto read = decode_trust_policy(json);
  if (!read) return std::string(read.error().reason.view());
  EXPECT_EQ(encode_trust_policy(*read).canonical(), json.canonical());
  return "taken";
}

Json demand_of(std::vector<std::string> proofs, const LogKey& key = log_key()) {
  return encode_image_log({key, std::move(proofs)});
}

TEST(ImageLogDemand, EveryManifestIsProven) {
  const auto room = signed_by_builder(manifest("room"));
  const auto other = signed_by_builder(manifest("other"));
  const std::string first = proof_of_two(leaf_of(room), leaf_of(other), 0);
  const std::string second = proof_of_two(leaf_of(room), leaf_of(other), 1);
  EXPECT_EQ(trusted({room, other}, demand_of({first, second})), "taken");
  EXPECT_EQ(trusted({other, room}, demand_of({second, first})), "taken");
  EXPECT_EQ(trusted({other}, demand_of({second})), "taken");
  EXPECT_EQ(trusted({}, demand_of({})), "taken");
  EXPECT_EQ(trusted({room}, demand_of({})), "image_log_proof_missing");
  EXPECT_EQ(trusted({room, other}, demand_of({first})), "image_log_proof_missing");
  EXPECT_EQ(trusted({room, other}, demand_of({second, first})), "image_log_proof_wrong");
  EXPECT_EQ(trusted({room}, demand_of({second})), "image_log_proof_wrong");
  EXPECT_EQ(trusted({room}, demand_of({first, second})), "trust_policy_malformed");
}

TEST(ImageLogDemand, OfTheLogThatItNames) {
  const auto room = signed_by_builder(manifest("room"));
  const std::string proof = proof_of_two(leaf_of(room), Hash{}, 0);
  const LogKey named{"example.com/other", keeper().public_key()};
  EXPECT_EQ(trusted({room}, demand_of({proof}, named)), "image_log_origin_wrong");
  const LogKey signed_by_other{kOrigin, builder().public_key()};
  EXPECT_EQ(trusted({room}, demand_of({proof}, signed_by_other)), "image_log_signature_wrong");
}

// Whoever signs two trees of one size is caught when both come into one policy.
TEST(ImageLogDemand, TwoTreesOfOneSizeAreAFork) {
  const auto room = signed_by_builder(manifest("room"));
  const auto other = signed_by_builder(manifest("other"));
  const std::string first = proof_of_two(leaf_of(room), Hash{1}, 0);
  const std::string second = proof_of_two(leaf_of(other), Hash{1}, 0);
  EXPECT_EQ(trusted({room, other}, demand_of({first, second})), "image_log_forked");
}

TEST(ImageLogDemand, OfItsFormOnly) {
  const auto room = signed_by_builder(manifest("room"));
  const std::string proof = proof_of_two(leaf_of(room), Hash{}, 0);
  const std::string key = print_log_key(log_key());
  const auto with = [&](Json some_key, Json proofs) {
    return trusted({room},
                   Json::object({{"key", std::move(some_key)}, {"proofs", std::move(proofs)}}));
  };
  const Json proofs(Json::Array{Json(proof)});
  EXPECT_EQ(with(key, proofs), "taken");
  EXPECT_EQ(with("", proofs), "image_log_key_malformed");
  EXPECT_EQ(with(key + "=", proofs), "image_log_key_malformed");
  EXPECT_EQ(with(1, proofs), "trust_policy_malformed");
  EXPECT_EQ(with(key, proof), "trust_policy_malformed");
  EXPECT_EQ(with(key, Json(Json::Array{Json(1)})), "trust_policy_malformed");
  EXPECT_EQ(with(key, Json(Json::Array{Json("")})), "image_log_proof_malformed");
  EXPECT_EQ(with(key, Json(Json::Array{Json(proof + "\n")})), "image_log_checkpoint_malformed");
  Json more = demand_of({proof});
  EXPECT_EQ(trusted({room}, more.set("extra", 1)), "trust_policy_malformed");
  EXPECT_EQ(trusted({room}, Json::object({{"key", key}})), "trust_policy_malformed");
  EXPECT_EQ(trusted({room}, Json::object({{"proofs", proofs}})), "trust_policy_malformed");
  EXPECT_EQ(trusted({room}, Json()), "trust_policy_malformed");
  EXPECT_EQ(trusted({room}, Json(Json::Array{})), "trust_policy_malformed");
}

TEST(ImageLogDemand, SaysNothingWithoutBuilders) {
  TrustPolicy trust;
  trust.collateral_age_max_s = 1;
  trust.crl_age_max_s = 1;
  ASSERT_TRUE(decode_trust_policy(encode_trust_policy(trust)));
  trust.image_log = ImageLog{log_key(), {}};
  const auto read = decode_trust_policy(encode_trust_policy(trust));
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().reason.view(), "trust_policy_malformed");
}

TEST(ImageLogDemand, EveryFlippedBitOfAProofInAPolicyIsRefused) {
  const auto room = signed_by_builder(manifest("room"));
  const std::string proof = proof_of_two(leaf_of(room), Hash{}, 0);
  ASSERT_EQ(trusted({room}, demand_of({proof})), "taken");
  for (std::size_t bit = 0; bit < 8 * proof.size(); bit++) {
    std::string changed = proof;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << bit % 8));
    const Json demand = Json::object(
        {{"key", print_log_key(log_key())}, {"proofs", Json(Json::Array{Json(changed)})}});
    EXPECT_TRUE(trusted({room}, demand).starts_with("image_log_")) << bit;
  }
}

// The largest manifest with the most signatures is an entry still.
TEST(ImageLogEntry, TheLargestThatThereIs) {
  Json::Array files;
  for (std::size_t i = 0; i < kImageFilesMax; i++) {
    const std::string name = std::string(62, 'n') + std::to_string(10 + i);
    files.push_back(Json::object({{"name", name}, {"sha256", std::string(64, 'a')}}));
  }
  auto most =
      make_signed_image(Json::object({{"files", Json(std::move(files))}, {"format", 1}})).value();
  for (std::size_t i = 0; i < packet::kSignaturesMax; i++) {
    packet::sign(most, spec::example_signing_key("builder " + std::to_string(i)));
  }
  const auto entry = image_log_entry(most);
  ASSERT_TRUE(entry);
  EXPECT_TRUE(read_image_log_entry(*entry));
}

}  // namespace
}  // namespace gbx::attest
