#include "trusted/snapshot/manifest.h"

#include <gtest/gtest.h>

#include "trusted/crypto/hash.h"
#include "trusted/snapshot/snapshot_fixture.h"

namespace gbx::snapshot {
namespace {

crypto::SigningKey key_of(std::uint8_t fill) {
  std::array<std::uint8_t, 32> seed{};
  seed.fill(fill);
  return crypto::SigningKey::from_seed(Secret<32>(seed));
}

packet::Envelope signed_by(const crypto::SigningKey& key) {
  packet::Envelope envelope = packet::make_envelope(kManifestType, encode(test_manifest()));
  packet::sign(envelope, key);
  return envelope;
}

TEST(Manifest, ComesBackAsItWas) {
  const SnapshotManifest manifest = test_manifest();
  const Result<Json> json = Json::parse_canonical(encode(manifest).canonical());
  ASSERT_TRUE(json);
  const Result<SnapshotManifest> back = decode(*json);
  ASSERT_TRUE(back);
  EXPECT_EQ(*back, manifest);
}

TEST(Manifest, VerifiesUnderTheOwnersKeyOnly) {
  const crypto::SigningKey owner = key_of(1);
  const packet::Envelope envelope = signed_by(owner);
  const Result<VerifiedManifest> verified = VerifiedManifest::verify(envelope, owner.public_key());
  ASSERT_TRUE(verified);
  EXPECT_EQ(verified->manifest(), test_manifest());
  EXPECT_EQ(verified->hash(), crypto::sha256(as_bytes(envelope.payload)));
  const Result<VerifiedManifest> other = VerifiedManifest::verify(envelope, key_of(2).public_key());
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, ErrorCode::unverified);
}

TEST(Manifest, AChangedByteIsUnverified) {
  const crypto::SigningKey owner = key_of(1);
  packet::Envelope envelope = signed_by(owner);
  envelope.payload[envelope.payload.find("500.00")] = '9';
  const Result<VerifiedManifest> verified = VerifiedManifest::verify(envelope, owner.public_key());
  ASSERT_FALSE(verified);
  EXPECT_EQ(verified.error().code, ErrorCode::unverified);
}

// Each wrong manifest is one change to a right one.
struct Wrong {
  const char* name;
  void (*change)(SnapshotManifest&);
};

class WrongManifest : public testing::TestWithParam<Wrong> {};

TEST_P(WrongManifest, IsRefused) {
  SnapshotManifest manifest = test_manifest();
  GetParam().change(manifest);
  const Result<SnapshotManifest> decoded = decode(encode(manifest));
  ASSERT_FALSE(decoded);
  EXPECT_EQ(decoded.error(), (Error{ErrorCode::invalid_argument, "manifest_malformed"}));
}

INSTANTIATE_TEST_SUITE_P(
    All, WrongManifest,
    testing::Values(
        Wrong{"no_table", [](SnapshotManifest& m) { m.table.clear(); }},
        Wrong{"no_owner", [](SnapshotManifest& m) { m.owner.clear(); }},
        Wrong{"short_collaboration", [](SnapshotManifest& m) { m.collaboration = "00"; }},
        Wrong{"epoch_zero", [](SnapshotManifest& m) { m.token_epoch = 0; }},
        Wrong{"unknown_identifier", [](SnapshotManifest& m) { m.identifier = "name"; }},
        Wrong{"no_such_person", [](SnapshotManifest& m) { m.person = "nobody"; }},
        Wrong{"two_persons", [](SnapshotManifest& m) { m.columns[2].label = Label::person; }},
        Wrong{"pii_inside", [](SnapshotManifest& m) { m.columns[2].label = Label::pii; }},
        Wrong{"nullable_person", [](SnapshotManifest& m) { m.columns[0].nullable = true; }},
        Wrong{"name_twice", [](SnapshotManifest& m) { m.columns[2].name = "city"; }},
        Wrong{"bad_name", [](SnapshotManifest& m) { m.columns[2].name = "1st"; }},
        Wrong{"scale_of_text", [](SnapshotManifest& m) { m.columns[2].type.scale = 1; }},
        Wrong{"decimal_without_scale", [](SnapshotManifest& m) { m.columns[1].type.scale = 0; }},
        Wrong{"bounds_reversed", [](SnapshotManifest& m) { m.columns[1].low = 60000; }},
        Wrong{"domain_unsorted", [](SnapshotManifest& m) { m.columns[3].domain = {"b", "a"}; }},
        Wrong{"domain_twice", [](SnapshotManifest& m) { m.columns[3].domain = {"a", "a"}; }},
        Wrong{"domain_not_text", [](SnapshotManifest& m) { m.columns[1].domain = {"a"}; }},
        Wrong{"domain_nul",
              [](SnapshotManifest& m) { m.columns[3].domain = {std::string(1, '\0')}; }},
        Wrong{"no_rows_per_person", [](SnapshotManifest& m) { m.rows_per_person = 0; }},
        Wrong{"too_many_rows_per_person",
              [](SnapshotManifest& m) { m.rows_per_person = 1'000'001; }},
        Wrong{"no_chunk", [](SnapshotManifest& m) { m.stream.chunks = 0; }},
        Wrong{"too_many_chunks", [](SnapshotManifest& m) { m.stream.chunks = kChunksMax + 1; }},
        Wrong{"index_too_large",
              [](SnapshotManifest& m) { m.stream.index_bytes = kChunkBytesMax + 1; }},
        Wrong{"expires_when_created", [](SnapshotManifest& m) { m.expires = m.created; }}),
    [](const testing::TestParamInfo<Wrong>& wrong) { return wrong.param.name; });

TEST(Manifest, RefusesAnUnknownMemberAndAnUnknownVersion) {
  Json extra = encode(test_manifest());
  extra.set("comment", "hello");
  EXPECT_FALSE(decode(extra));
  std::string text = encode(test_manifest()).canonical();
  text.replace(text.find("\"version\":1"), 11, "\"version\":2");
  EXPECT_FALSE(decode(*Json::parse_canonical(text)));
}

TEST(Manifest, BoundsHaveOneSpelling) {
  std::string text = encode(test_manifest()).canonical();
  text.replace(text.find("\"500.00\""), 8, "\"500.0\"");
  EXPECT_FALSE(decode(*Json::parse_canonical(text)));
}

TEST(Manifest, ColumnNames) {
  EXPECT_TRUE(is_column_name("_a9"));
  EXPECT_FALSE(is_column_name(""));
  EXPECT_FALSE(is_column_name("9a"));
  EXPECT_FALSE(is_column_name("a b"));
  EXPECT_FALSE(is_column_name(std::string(64, 'a')));
}

}  // namespace
}  // namespace gbx::snapshot
