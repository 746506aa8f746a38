#include "client/image_log/image_log.h"

#include <gtest/gtest.h>

#include "client/image_log/image_log_fixture.h"
#include "client/keys/atomic_file.h"

namespace gbx::client {
namespace {

template <typename T>
std::string reason(const Result<T>& result) {
  return result ? "" : std::string(result.error().reason.view());
}

class ImageLogTest : public testing::Test {
 protected:
  ImageLogTest() : home_(files_.open()) {
    GBX_CHECK(begin_image_log(home_, files_.log(), kImageLogOrigin));
  }
  Result<LoggedAt> add(const std::string& name) {
    return log_image(home_, files_.log(), signed_image(name));
  }
  [[nodiscard]] attest::LogKey key() const {
    return {kImageLogOrigin, home_.signing_key().public_key()};
  }
  [[nodiscard]] Result<ImageLogCopy> read() const { return read_image_log(files_.log(), key()); }
  [[nodiscard]] std::filesystem::path record() const {
    return image_log_record(home_, kImageLogOrigin);
  }
  void write(const std::filesystem::path& path, const std::string& text) const {
    ASSERT_TRUE(write_file(path, text, 0644));
  }

  ImageLogFixture files_;
  Home home_;
};

TEST_F(ImageLogTest, GrowsByOneAndProvesEach) {
  EXPECT_EQ(read()->checkpoint.size, 0U);
  for (std::uint64_t i = 0; i < 9; i++) {
    const auto at = add("room " + std::to_string(i));
    ASSERT_TRUE(at) << reason(at);
    EXPECT_EQ(at->index, i);
    EXPECT_TRUE(at->is_new);
  }
  const auto log = read();
  ASSERT_TRUE(log) << reason(log);
  EXPECT_EQ(log->checkpoint.size, 9U);
  for (std::size_t i = 0; i < 9; i++) {
    const std::string entry = entry_of("room " + std::to_string(i));
    EXPECT_EQ(log->entries[i], entry);
    const auto proof = prove_image(*log, entry);
    ASSERT_TRUE(proof);
    EXPECT_TRUE(attest::verify_inclusion(*proof, key(), as_bytes(entry)));
    EXPECT_FALSE(attest::verify_inclusion(*proof, key(), as_bytes(entry_of("other"))));
  }
  EXPECT_EQ(reason(prove_image(*log, entry_of("other"))), "image_log_entry_unknown");
}

TEST_F(ImageLogTest, AnEntryIsLoggedOnce) {
  ASSERT_TRUE(add("room"));
  ASSERT_TRUE(add("other"));
  const auto again = add("room");
  ASSERT_TRUE(again);
  EXPECT_EQ(again->index, 0U);
  EXPECT_FALSE(again->is_new);
  EXPECT_EQ(read()->checkpoint.size, 2U);
}

TEST_F(ImageLogTest, OnlySignedManifests) {
  packet::Envelope none = signed_image("room");
  none.signatures.clear();
  EXPECT_EQ(reason(log_image(home_, files_.log(), none)), "image_signature_missing");
  none.payload = "{}";
  EXPECT_EQ(reason(log_image(home_, files_.log(), none)), "image_manifest_malformed");
  EXPECT_EQ(read()->checkpoint.size, 0U);
}

TEST_F(ImageLogTest, IsBegunOnce) {
  EXPECT_EQ(reason(begin_image_log(home_, files_.log(), kImageLogOrigin)), "image_log_exists");
  EXPECT_EQ(reason(begin_image_log(home_, files_.log(), "example.com/more")), "image_log_exists");
  ASSERT_TRUE(add("room"));
  EXPECT_EQ(reason(begin_image_log(home_, files_.top / "twice", kImageLogOrigin)),
            "image_log_exists");
  EXPECT_TRUE(begin_image_log(home_, files_.top / "more", "example.com/more"));
  for (const char* origin : {"", "with space", "with+plus", "\xC3\xA4", "line\n"}) {
    EXPECT_EQ(reason(begin_image_log(home_, files_.top / "bad", origin)),
              "image_log_origin_malformed");
  }
}

TEST_F(ImageLogTest, WhatIsServedIsHeldAgainstItsCheckpoint) {
  for (const char* name : {"a", "b", "c"}) ASSERT_TRUE(add(name));
  const auto entry = files_.log() / "entries" / "1";
  write(entry, entry_of("x"));
  EXPECT_EQ(reason(read()), "image_log_root_wrong");
  write(entry, entry_of("b") + "\n");
  EXPECT_EQ(reason(read()), "image_log_entry_malformed");
  write(entry, std::string(attest::kLoggedImageBytesMax + 1, 'x'));
  EXPECT_EQ(reason(read()), "image_log_entry_malformed");
  std::filesystem::remove(entry);
  EXPECT_EQ(reason(read()), "image_log_entry_missing");
  write(entry, entry_of("b"));
  EXPECT_EQ(reason(read()), "");
  const auto checkpoint = files_.log() / "checkpoint";
  const std::string note = read_file(checkpoint, 4096).value();
  write(checkpoint, note + "\n");
  EXPECT_EQ(reason(read()), "image_log_checkpoint_malformed");
  write(checkpoint, std::string(5000, 'x'));
  EXPECT_EQ(reason(read()), "image_log_checkpoint_malformed");
  const attest::Checkpoint many{kImageLogOrigin, kImageLogEntriesMax + 1, Hash{}};
  write(checkpoint, attest::sign_checkpoint(many, home_.signing_key()));
  EXPECT_EQ(reason(read()), "image_log_full");
  std::filesystem::remove(checkpoint);
  EXPECT_EQ(reason(read()), "image_log_missing");
  EXPECT_EQ(reason(peek_image_log(files_.top / "nowhere")), "image_log_missing");
  write(checkpoint, note);
  const attest::LogKey other{kImageLogOrigin, crypto::PublicKey{1}};
  EXPECT_EQ(reason(read_image_log(files_.log(), other)), "image_log_signature_wrong");
  const attest::LogKey named{"example.com/other", key().key};
  EXPECT_EQ(reason(read_image_log(files_.log(), named)), "image_log_origin_wrong");
}

TEST_F(ImageLogTest, AnEntryThatIsBeingAddedIsNoPartOfIt) {
  ASSERT_TRUE(add("a"));
  write(files_.log() / "entries" / "1", entry_of("cut off"));
  EXPECT_EQ(read()->checkpoint.size, 1U);
  EXPECT_EQ(add("b")->index, 1U);
  EXPECT_EQ(read()->entries[1], entry_of("b"));
}

// A keeper with its key but without what it remembers can fork; whoever kept a checkpoint sees it.
TEST_F(ImageLogTest, AForkIsSeenByWhoHasAnOlderCheckpoint) {
  ASSERT_TRUE(add("a"));
  files_.keep("log of one");
  const std::string record_of_one = read_file(record(), 4096).value();
  ASSERT_TRUE(add("b"));
  const attest::Checkpoint seen = read()->checkpoint;
  const std::string proof_seen = prove_image(*read(), entry_of("b")).value();
  files_.put_back("log of one");
  write(record(), record_of_one);
  ASSERT_TRUE(add("for one victim"));
  EXPECT_EQ(reason(check_grown(*read(), seen)), "image_log_forked");
  ASSERT_TRUE(add("c"));
  EXPECT_EQ(reason(check_grown(*read(), seen)), "image_log_forked");
  // Both proofs hold offline: it takes somebody who compares.
  EXPECT_TRUE(attest::verify_inclusion(proof_seen, key(), as_bytes(entry_of("b"))));
}

TEST_F(ImageLogTest, GrowsFromEveryCheckpointOfIts) {
  std::vector<attest::Checkpoint> seen{read()->checkpoint};
  for (int i = 0; i < 12; i++) {
    ASSERT_TRUE(add(std::to_string(i)));
    seen.push_back(read()->checkpoint);
  }
  files_.keep("now");
  for (const attest::Checkpoint& older : seen) EXPECT_EQ(reason(check_grown(*read(), older)), "");
  const ImageLogCopy then = read().value();
  ASSERT_TRUE(add("more"));
  EXPECT_EQ(reason(check_grown(then, read()->checkpoint)), "image_log_behind");
  attest::Checkpoint other = seen[5];
  other.origin = "example.com/other";
  EXPECT_EQ(reason(check_grown(*read(), other)), "image_log_origin_wrong");
}

TEST_F(ImageLogTest, TheKeeperSignsNothingThatContradictsWhatItHasSigned) {
  ASSERT_TRUE(add("a"));
  files_.keep("one");
  ASSERT_TRUE(add("b"));
  files_.keep("two");
  // The folder of yesterday, with and without what was there since.
  files_.put_back("one");
  EXPECT_EQ(reason(add("c")), "image_log_rolled_back");
  write(files_.log() / "entries" / "1", entry_of("x"));
  EXPECT_EQ(reason(add("c")), "image_log_rolled_back");
  // Another log under the same key and name.
  files_.put_back("two");
  const std::vector<Hash> forked{attest::leaf_hash(as_bytes(entry_of("a"))),
                                 attest::leaf_hash(as_bytes(entry_of("x")))};
  write(files_.log() / "entries" / "1", entry_of("x"));
  const attest::Checkpoint fork{kImageLogOrigin, 2, merkle_root(forked)};
  write(files_.log() / "checkpoint", attest::sign_checkpoint(fork, home_.signing_key()));
  EXPECT_EQ(reason(add("c")), "image_log_forked");
  // A damaged one, somebody else's, and a home that does not remember.
  files_.put_back("two");
  write(files_.log() / "entries" / "0", entry_of("x"));
  EXPECT_EQ(reason(add("c")), "image_log_root_wrong");
  files_.put_back("two");
  const auto other = crypto::SigningKey::from_seed(Secret<32>(Hash{3}));
  write(files_.log() / "checkpoint", attest::sign_checkpoint(read()->checkpoint, other));
  EXPECT_EQ(reason(add("c")), "image_log_signature_wrong");
  files_.put_back("two");
  std::filesystem::rename(record(), files_.top / "record");
  EXPECT_EQ(reason(add("c")), "image_log_record_missing");
  std::filesystem::rename(files_.top / "record", record());
  EXPECT_EQ(add("c")->index, 2U);
}

// What was signed and not published is published next, also by a call that has nothing to add.
TEST_F(ImageLogTest, GoesOnFromWhatTheHomeRemembers) {
  ASSERT_TRUE(add("a"));
  const std::string note_of_one = read_file(files_.log() / "checkpoint", 4096).value();
  ASSERT_TRUE(add("b"));
  write(files_.log() / "checkpoint", note_of_one);
  EXPECT_EQ(read()->checkpoint.size, 1U);
  EXPECT_FALSE(add("b")->is_new);
  EXPECT_EQ(read()->checkpoint.size, 2U);
  write(files_.log() / "checkpoint", note_of_one);
  EXPECT_EQ(add("c")->index, 2U);
  EXPECT_EQ(read()->entries[1], entry_of("b"));
}

}  // namespace
}  // namespace gbx::client
