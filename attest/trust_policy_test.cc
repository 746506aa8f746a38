#include "attest/trust_policy.h"

#include <gtest/gtest.h>

#include "tests/spec/examples.h"

namespace gbx::attest {
namespace {

Json example() { return spec::examples("trust-policy.md").front(); }

// Every way to leave out one member, anywhere in `json`.
std::vector<Json> without_one(const Json& json) {
  std::vector<Json> out;
  if (const Json::Object* object = json.object()) {
    for (std::size_t i = 0; i < object->size(); i++) {
      Json::Object less = *object;
      less.erase(less.begin() + static_cast<std::ptrdiff_t>(i));
      out.emplace_back(less);
      for (const Json& inner : without_one((*object)[i].second)) {
        Json::Object changed = *object;
        changed[i].second = inner;
        out.emplace_back(changed);
      }
    }
  }
  if (const Json::Array* array = json.array()) {
    for (std::size_t i = 0; i < array->size(); i++) {
      for (const Json& inner : without_one((*array)[i])) {
        Json::Array changed = *array;
        changed[i] = inner;
        out.emplace_back(changed);
      }
    }
  }
  return out;
}

TEST(TrustPolicy, ThePageComesBack) {
  const auto blocks = spec::examples("trust-policy.md");
  ASSERT_EQ(blocks.size(), 1U);
  const auto trust = decode_trust_policy(blocks[0]);
  ASSERT_TRUE(trust);
  EXPECT_EQ(encode_trust_policy(*trust).canonical(), blocks[0].canonical());
  EXPECT_TRUE(trust->sim && trust->tpm && trust->snp && trust->sgx && trust->tdx && trust->nitro &&
              trust->azure);
  EXPECT_EQ(to_hex(trust->snp->roots.front()), known_roots()[0].sha256);
  for (const KnownRoot& root : known_roots()) {
    EXPECT_TRUE(spec::mentions("trust-policy.md", std::string(root.name))) << root.name;
    EXPECT_TRUE(spec::mentions("trust-policy.md", std::string(root.sha256))) << root.name;
  }
}

TEST(TrustPolicy, NothingMayBeLeftOutButAPlatform) {
  int sections = 0;
  int refused = 0;
  for (const Json& less : without_one(example())) {
    const auto trust = decode_trust_policy(less);
    if (!trust) {
      EXPECT_EQ(trust.error().reason.view(), "trust_policy_malformed");
      refused++;
      continue;
    }
    sections++;
  }
  EXPECT_EQ(sections, 7);  // one of the platforms
  EXPECT_GT(refused, 60);
}

TEST(TrustPolicy, NothingUnknownIsTaken) {
  Json more = example();
  more.set("extra", true);
  EXPECT_FALSE(decode_trust_policy(more));
  const std::string text = example().canonical();
  const std::pair<std::string, std::string> changes[] = {
      {"\"version\":1", "\"version\":2"},
      {"\"amd-genoa\"", "\"" + std::string(known_roots()[0].sha256) + "\""},  // two spellings
      {"\"amd-genoa\"", "\"amd-naples\""},
      {"\"HW-CVM\"", "\"HW\""},
      {"\"genoa\"", "\"rome\""},
      {"\"vcek\"", "\"vek\""},
      {"\"UpToDate\"", "\"Revoked\""},
      {"\"UpToDate\"", "\"uptodate\""},
      {"\"vmpl\":0", "\"vmpl\":4"},
      {"\"policy_hash\"", "\"policy\""},
      {"\"machines\":\"any\"", "\"machines\":\"all\""},
      {"\"CLOUD-TPM\"", "\"HW-CVM\""},
      {"\"collateral_age_max_s\":", "\"collateral_age_max_s\":-"},
  };
  for (const auto& [from, to] : changes) {
    std::string changed = text;
    const std::size_t at = changed.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    changed.replace(at, from.size(), to);
    EXPECT_FALSE(decode_trust_policy(Json::parse(changed).value())) << from << " to " << to;
  }
}

TEST(TrustPolicy, BoundDataIsThePolicyOrFixed) {
  BoundData<48> bound;
  const Hash policy{1, 2, 3};
  Bytes field(policy.begin(), policy.end());
  field.resize(48);
  EXPECT_TRUE(bound.matches(field, policy));
  EXPECT_FALSE(bound.matches(field, Hash{9}));
  EXPECT_FALSE(bound.matches(Bytes(48), Hash{}));  // no policy named
  field[47] = 1;
  EXPECT_FALSE(bound.matches(field, policy));
  EXPECT_FALSE(bound.matches(ByteView(field).first(47), policy));
  bound.fixed.emplace();
  EXPECT_TRUE(bound.matches(Bytes(48), policy));
}

}  // namespace
}  // namespace gbx::attest
