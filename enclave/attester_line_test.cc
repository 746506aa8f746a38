#include "enclave/attester_line.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <thread>

namespace gbx::enclave {
namespace {

constexpr AttesterLine::Milliseconds kSoon{50};
constexpr AttesterLine::Milliseconds kLong{10'000};

struct Pair {
  Descriptor room;
  Descriptor attester;
  Pair() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()), 0);
    room = Descriptor(ends[0]);
    attester = Descriptor(ends[1]);
  }
};

void write_raw(const Descriptor& to, const Bytes& bytes) {
  EXPECT_EQ(::send(to.get(), bytes.data(), bytes.size(), 0), static_cast<ssize_t>(bytes.size()));
}

template <typename T>
std::string reason_of(const Result<T>& result) {
  return result ? "" : std::string(result.error().reason.view());
}

TEST(AttesterLine, CarriesMessagesOfAnySize) {
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{1}, std::size_t{64}, kAttesterAnswerBytesMax}) {
    Pair pair;
    AttesterLine room(std::move(pair.room));
    AttesterLine attester(std::move(pair.attester));
    const Bytes sent(size, 7);
    std::thread other([&] { EXPECT_TRUE(attester.send(sent, kLong)); });
    EXPECT_EQ(room.receive(kAttesterAnswerBytesMax, kLong).value(), sent);
    other.join();
  }
}

TEST(AttesterLine, AHostilePeerIsRefused) {
  Pair pair;
  AttesterLine room(std::move(pair.room));
  EXPECT_EQ(reason_of(room.receive(64, kSoon)), "attester_timeout");
  write_raw(pair.attester, {65, 0, 0, 0});
  EXPECT_EQ(reason_of(room.receive(64, kSoon)), "attester_malformed");
  write_raw(pair.attester, {0xff, 0xff, 0xff, 0xff});
  EXPECT_EQ(reason_of(room.receive(kAttesterAnswerBytesMax, kSoon)), "attester_malformed");
  write_raw(pair.attester, {3, 0, 0, 0, 1, 2});
  EXPECT_EQ(reason_of(room.receive(64, kSoon)), "attester_timeout");
  pair.attester = Descriptor();
  EXPECT_EQ(reason_of(room.receive(64, kSoon)), "attester_closed");
  EXPECT_EQ(reason_of(room.ask(Bytes(64, 1), kSoon)), "attester_closed");
}

TEST(AttesterQuoter, AsksForThePlatformThenForEvidence) {
  Pair pair;
  const Bytes binding(64, 5);
  std::thread other([&] {
    AttesterLine line(std::move(pair.attester));
    EXPECT_TRUE(line.receive(kAttesterQuestionBytesMax, kLong)->empty());
    EXPECT_TRUE(line.send(as_bytes("tpm"), kLong));
    EXPECT_EQ(line.receive(kAttesterQuestionBytesMax, kLong).value(), binding);
    EXPECT_TRUE(line.send(as_bytes("{}"), kLong));
    EXPECT_TRUE(line.receive(kAttesterQuestionBytesMax, kLong));
    EXPECT_TRUE(line.send({}, kLong));
  });
  auto quoter = AttesterQuoter::meet(std::move(pair.room));
  ASSERT_TRUE(quoter);
  EXPECT_EQ(quoter->platform(), "tpm");
  const std::span<const std::uint8_t, 64> wanted(binding.data(), 64);
  EXPECT_EQ(quoter->quote(wanted).value(), to_bytes("{}"));
  EXPECT_EQ(reason_of(quoter->quote(wanted)), "quote_failed");
  other.join();
  EXPECT_EQ(reason_of(quoter->quote(wanted)), "attester_closed");
}

TEST(AttesterQuoter, NobodyAtTheOtherEndIsAFailure) {
  Pair pair;
  pair.attester = Descriptor();
  EXPECT_EQ(reason_of(AttesterQuoter::meet(std::move(pair.room))), "attester_closed");
}

}  // namespace
}  // namespace gbx::enclave
