#include "trusted/log/log.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>

#include "trusted/crypto/hash.h"

namespace gbx::log {
namespace {

class CountingEntropy final : public Entropy {
 public:
  Status fill(std::span<std::uint8_t> out) noexcept override {
    if (fail) return Error{ErrorCode::unavailable, "entropy_failed"};
    for (std::uint8_t& byte : out) byte = next_++;
    return {};
  }
  bool fail = false;

 private:
  std::uint8_t next_ = 0;
};

// Keeps entries; each append follows the script: kept and confirmed, kept but not confirmed, lost.
enum class Outcome : std::uint8_t { confirmed, kept_unconfirmed, lost };

class ScriptedStore final : public Store {
 public:
  Status append(ByteView entry) noexcept override {
    const Outcome outcome = calls_ < script.size() ? script[calls_] : Outcome::confirmed;
    calls_++;
    if (outcome != Outcome::lost) entries.emplace_back(entry.begin(), entry.end());
    if (outcome != Outcome::confirmed) return Error{ErrorCode::unavailable, "store_failed"};
    return {};
  }
  std::vector<Outcome> script;
  std::vector<Bytes> entries;

 private:
  std::size_t calls_ = 0;
};

struct Fixture {
  CountingEntropy entropy;
  ScriptedStore store;
  Log log = *Log::make("room/test", store, entropy);
};

Json body(int i) { return Json::object({{"kind", "test"}, {"value", i}}); }

TEST(Log, ChainsAsTheFormulaSays) {
  Fixture f;
  EXPECT_EQ(f.log.head(), empty_head("room/test"));
  EXPECT_EQ(f.log.head().hash, crypto::sha256(as_bytes("glovebox log v1\nroom/test")));
  const Head before = f.log.head();
  const Receipt receipt = *f.log.add(body(7));
  ASSERT_EQ(f.store.entries.size(), 1u);
  EXPECT_EQ(as_text(f.store.entries[0]),
            R"({"body":{"kind":"test","value":7},"nonce":"000102030405060708090a0b0c0d0e0f",)"
            R"("number":0})");
  Bytes preimage(before.hash.begin(), before.hash.end());
  const Hash entry_hash = crypto::sha256(f.store.entries[0]);
  preimage.insert(preimage.end(), entry_hash.begin(), entry_hash.end());
  EXPECT_EQ(receipt.head(), (Head{1, crypto::sha256(preimage)}));
  EXPECT_EQ(receipt.entry_hash(), entry_hash);
  EXPECT_EQ(receipt.number(), 0u);
  EXPECT_EQ(f.log.head(), receipt.head());
}

TEST(Log, ReplayGivesTheHeadAndTheBodies) {
  Fixture f;
  for (int i = 0; i < 5; i++) ASSERT_TRUE(f.log.add(body(i)));
  const auto replayed = replay("room/test", f.store.entries);
  ASSERT_TRUE(replayed);
  EXPECT_EQ(replayed->head, f.log.head());
  ASSERT_EQ(replayed->bodies.size(), 5u);
  EXPECT_EQ(replayed->bodies[3], body(3).canonical());
}

TEST(Log, AnotherOriginIsAnotherLog) {
  Fixture f;
  ASSERT_TRUE(f.log.add(body(0)));
  EXPECT_NE(replay("room/other", f.store.entries)->head, f.log.head());
}

TEST(Log, EqualBodiesGiveDifferentEntries) {
  Fixture f;
  const Hash first = f.log.add(body(0))->entry_hash();
  EXPECT_NE(first, f.log.add(body(0))->entry_hash());
}

TEST(Log, SeesWhatAHostDoesToEntries) {
  Fixture f;
  for (int i = 0; i < 4; i++) ASSERT_TRUE(f.log.add(body(i)));
  const std::vector<Bytes> good = f.store.entries;
  const auto head_of = [](const std::vector<Bytes>& entries) {
    const auto replayed = replay("room/test", entries);
    return replayed ? std::optional<Head>(replayed->head) : std::nullopt;
  };
  ASSERT_EQ(head_of(good), f.log.head());

  std::vector<Bytes> cut(good.begin(), good.end() - 1);
  EXPECT_NE(head_of(cut), f.log.head());
  std::vector<Bytes> late(good.begin() + 1, good.end());
  EXPECT_FALSE(head_of(late));
  std::vector<Bytes> swapped = good;
  std::swap(swapped[1], swapped[2]);
  EXPECT_FALSE(head_of(swapped));
  std::vector<Bytes> repeated = good;
  repeated.insert(repeated.begin() + 3, good[0]);
  EXPECT_FALSE(head_of(repeated));
  for (std::size_t i = 0; i < good[2].size(); i++) {
    std::vector<Bytes> flipped = good;
    flipped[2][i] ^= 1;
    EXPECT_NE(head_of(flipped), f.log.head()) << i;
  }
}

TEST(Log, NoReceiptWithoutAConfirmedEntryForEveryScript) {
  constexpr int kSteps = 5;
  for (int code = 0; code < 243; code++) {  // 3^5 scripts
    Fixture f;
    for (int i = 0, rest = code; i < kSteps; i++, rest /= 3) {
      f.store.script.push_back(static_cast<Outcome>(rest % 3));
    }
    std::vector<Hash> receipts;
    std::vector<Head> heads;
    for (int i = 0; i < 2 * kSteps; i++) {
      if (const auto receipt = f.log.add(body(i))) {
        receipts.push_back(receipt->entry_hash());
        heads.push_back(receipt->head());
      }
    }
    const auto replayed = replay("room/test", f.store.entries);
    ASSERT_TRUE(replayed) << code;
    EXPECT_EQ(replayed->head, f.log.head()) << code;
    EXPECT_EQ(heads.back(), f.log.head()) << code;
    for (const Hash& hash : receipts) {
      const auto found = std::any_of(f.store.entries.begin(), f.store.entries.end(),
                                     [&](const Bytes& e) { return crypto::sha256(e) == hash; });
      EXPECT_TRUE(found) << code;
    }
  }
}

TEST(Log, AFailedWriteGivesNoReceiptAndIsWrittenFirst) {
  Fixture f;
  f.store.script = {Outcome::lost};
  EXPECT_EQ(f.log.add(body(0)).error().code, ErrorCode::unavailable);
  EXPECT_TRUE(f.store.entries.empty());
  ASSERT_TRUE(f.log.add(body(1)));
  const auto replayed = replay("room/test", f.store.entries);
  ASSERT_EQ(replayed->bodies.size(), 2u);
  EXPECT_EQ(replayed->bodies[0], body(0).canonical());
}

TEST(Log, WithoutEntropyNothingChanges) {
  Fixture f;
  f.entropy.fail = true;
  const Head before = f.log.head();
  EXPECT_EQ(f.log.add(body(0)).error().code, ErrorCode::unavailable);
  EXPECT_EQ(f.log.head(), before);
  EXPECT_TRUE(f.store.entries.empty());
}

TEST(Log, IsAStoreOfCanonicalBodies) {
  Fixture f;
  EXPECT_TRUE(f.log.append(as_bytes(body(3).canonical())));
  EXPECT_EQ(replay("room/test", f.store.entries)->bodies[0], body(3).canonical());
  EXPECT_EQ(f.log.append(as_bytes("{ }")).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(f.log.append(as_bytes("[]")).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(f.log.head().size, 1u);
}

TEST(Log, RefusesBodiesThatCannotBeReadBack) {
  Fixture f;
  for (const Json& bad :
       {Json(), Json(3), Json("x"), Json::object({{"a", Json(0.5)}}), Json::object({{"a", Json()}}),
        Json::object({{"a", std::string(kEntryBytesMax, 'x')}}),
        Json::object({{"a", 1}, {"a", 2}})}) {
    EXPECT_EQ(f.log.add(bad).error().reason, Literal("entry_malformed"));
  }
  EXPECT_EQ(f.log.head(), empty_head("room/test"));
  EXPECT_TRUE(f.store.entries.empty());
}

TEST(Log, RefusesAnOriginThatIsNone) {
  Fixture f;
  for (const std::string& origin :
       {std::string(), std::string("two words"), std::string("line\n"), std::string("\x7f"),
        std::string("\xc3\xa9"), std::string(kOriginBytesMax + 1, 'x')}) {
    EXPECT_EQ(Log::make(origin, f.store, f.entropy).error().reason, Literal("origin_malformed"));
  }
}

// The example of docs/spec/log.md: an entry, and the heads before and after it.
TEST(Replay, OfTheSpecificationsExample) {
  std::ifstream file(GBX_SOURCE_DIR "/docs/spec/log.md");
  const std::string page{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  constexpr std::string_view kFence = "```json\n";
  const std::size_t begin = page.find(kFence) + kFence.size();
  const std::string entry = page.substr(begin, page.find("\n```", begin) - begin);
  const auto replayed = replay("room/example", {to_bytes(entry)});
  ASSERT_TRUE(replayed);
  EXPECT_NE(page.find("head(0) " + to_hex(empty_head("room/example").hash)), std::string::npos);
  EXPECT_NE(page.find("head(1) " + to_hex(replayed->head.hash)), std::string::npos);
}

TEST(Replay, RefusesWhatIsNoEntry) {
  const std::string nonce = R"("nonce":"000102030405060708090a0b0c0d0e0f")";
  const auto refused = [](const std::string& text) {
    const auto result = replay("room/test", {to_bytes(text)});
    return !result && result.error().code == ErrorCode::unverified;
  };
  EXPECT_FALSE(refused(R"({"body":{},)" + nonce + R"(,"number":0})"));
  EXPECT_TRUE(refused(""));
  EXPECT_TRUE(refused("{}"));
  EXPECT_TRUE(refused(R"({"body":{},)" + nonce + R"(,"number":1})"));
  EXPECT_TRUE(refused(R"({"body":{},)" + nonce + R"(,"number":-1})"));
  EXPECT_TRUE(refused(R"({"body":{},)" + nonce + R"(,"number":0,"z":1})"));
  EXPECT_TRUE(refused(R"({"body":[],)" + nonce + R"(,"number":0})"));
  EXPECT_TRUE(refused(R"({"body":{},"nonce":"00","number":0})"));
  EXPECT_TRUE(refused(R"({"body":{},"nonce":"000102030405060708090A0B0C0D0E0F","number":0})"));
  EXPECT_TRUE(refused(R"({"body":{},"nonce":"000102030405060708090a0b0c0d0e0f)"));
  EXPECT_TRUE(refused(R"({"body":{},)" + nonce + R"(,"number":)"));
  EXPECT_TRUE(refused(R"({"body":{},)" + nonce + R"(,"number":})"));
  EXPECT_TRUE(refused(R"({"body":{},)" + nonce + R"(,"number":00})"));
  EXPECT_TRUE(refused(R"({"body":{},)" + nonce + R"(,"number":0.5})"));
  EXPECT_TRUE(refused(R"({"body":{},)" + nonce + R"(,"number":"0"})"));
  EXPECT_TRUE(refused(R"({"body":{},)" + nonce + R"(,"number":0}})"));
  EXPECT_TRUE(refused(R"({"body":{},)" + nonce + R"(,"number":0} )"));
  EXPECT_TRUE(refused(R"({"body":{"a":1.5},)" + nonce + R"(,"number":0})"));
  EXPECT_TRUE(refused(R"({"body":{"b":1,"a":1},)" + nonce + R"(,"number":0})"));
  EXPECT_TRUE(refused(R"({"body":{}, )" + nonce + R"(,"number":0})"));
  EXPECT_TRUE(refused(R"({"body":{"x":")" + std::string(kEntryBytesMax, 'x') + R"("},)" + nonce +
                      R"(,"number":0})"));
}

}  // namespace
}  // namespace gbx::log
