#include "vm/relay.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <thread>

namespace gbx::vm {
namespace {

using enclave::Call;
using enclave::Channel;
using enclave::Descriptor;
using std::chrono::milliseconds;

struct Pair {
  Pair() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
    outer = Channel(Descriptor(ends[0]));
    inner = Channel(Descriptor(ends[1]));
  }
  Channel outer{Descriptor()};
  Channel inner{Descriptor()};
};

// A relay that runs; host and room are the test's.
class Relay : public testing::Test {
 public:
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;
  Relay(Relay&&) = delete;
  Relay& operator=(Relay&&) = delete;

 protected:
  explicit Relay(const char* folder = "/dev/shm")
      : relay_([this, folder] {
          why_ = relay(to_host_.inner, to_room_.outer, SealedFile(folder));
          to_room_.outer = Channel(Descriptor());  // as when the process ends
          to_host_.inner = Channel(Descriptor());
        }) {}
  ~Relay() override {
    host() = Channel(Descriptor());
    room() = Channel(Descriptor());
    if (relay_.joinable()) relay_.join();
  }

  Channel& host() { return to_host_.outer; }
  Channel& room() { return to_room_.inner; }
  static enclave::ReceivedFrame next(Channel& channel) {
    auto received = channel.receive(milliseconds(5000), milliseconds(5000));
    EXPECT_TRUE(received);
    return received ? std::move(*received) : enclave::ReceivedFrame{};
  }
  std::string_view why() {
    relay_.join();
    return why_ ? "" : why_.error().reason.view();
  }

 private:
  Pair to_host_;
  Pair to_room_;
  Status why_;
  std::thread relay_;
};

TEST_F(Relay, PassesACallAndWhatTheRoomAsksMeanwhile) {
  ASSERT_TRUE(host().send(Call::query, as_bytes("sealed question")));
  EXPECT_EQ(as_text(next(room()).frame.payload), "sealed question");
  ASSERT_TRUE(room().send(Call::append, as_bytes("entry")));
  EXPECT_EQ(as_text(next(host()).frame.payload), "entry");
  ASSERT_TRUE(host().send(Call::appended, Bytes{1}));
  EXPECT_EQ(next(room()).frame.payload, Bytes{1});
  ASSERT_TRUE(room().send(Call::answer, as_bytes("sealed answer")));
  EXPECT_EQ(as_text(next(host()).frame.payload), "sealed answer");
}

TEST_F(Relay, PiecesBecomeAFileThatCanOnlyBeRead) {
  const Bytes piece(enclave::kSealedPieceBytesMax, 7);
  ASSERT_TRUE(host().send(Call::sealed, piece));
  ASSERT_TRUE(host().send(Call::sealed, Bytes{8}));
  ASSERT_TRUE(host().send(Call::attach, as_bytes("manifest")));
  const auto attach = next(room());
  EXPECT_EQ(as_text(attach.frame.payload), "manifest");
  ASSERT_TRUE(attach.descriptor.valid());
  const int file = attach.descriptor.get();
  EXPECT_EQ(::fcntl(file, F_GETFL) & O_ACCMODE, O_RDONLY);
  EXPECT_EQ(::lseek(file, 0, SEEK_END), static_cast<off_t>(piece.size()) + 1);
  std::uint8_t last = 0;
  EXPECT_EQ(::pread(file, &last, 1, static_cast<off_t>(piece.size())), 1);
  EXPECT_EQ(last, 8);
}

TEST_F(Relay, AnAttachWithoutPiecesNeverReachesTheRoom) {
  ASSERT_TRUE(host().send(Call::attach, as_bytes("manifest")));
  const auto refusal = enclave::decode_refusal(next(host()).frame.payload);
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->reason, "sealed_not_kept");
  ASSERT_TRUE(host().send(Call::status, {}));
  EXPECT_EQ(next(room()).frame.call, Call::status);
}

TEST_F(Relay, EndsWhenTheHostAnswersSomethingElse) {
  ASSERT_TRUE(host().send(Call::query, as_bytes("question")));
  next(room());
  ASSERT_TRUE(room().send(Call::append, as_bytes("entry")));
  next(host());
  ASSERT_TRUE(host().send(Call::status, {}));
  EXPECT_FALSE(room().receive(milliseconds(5000)));
  EXPECT_EQ(why(), "frame_unexpected");
}

TEST_F(Relay, EndsWhenTheRoomHangsUp) {
  ASSERT_TRUE(host().send(Call::status, {}));
  next(room());
  room() = Channel(Descriptor());
  EXPECT_FALSE(host().receive(milliseconds(5000)));
  EXPECT_EQ(why(), "channel_closed");
}

class FullRelay : public Relay {
 protected:
  FullRelay() : Relay("/nowhere") {}
};

TEST_F(FullRelay, WhatDoesNotFitIsRefusedAndForgotten) {
  for (int round = 0; round < 2; round++) {
    ASSERT_TRUE(host().send(Call::sealed, Bytes(1000, 7)));
    ASSERT_TRUE(host().send(Call::sealed, Bytes(1000, 8)));
    ASSERT_TRUE(host().send(Call::attach, as_bytes("manifest")));
    const auto refusal = enclave::decode_refusal(next(host()).frame.payload);
    ASSERT_TRUE(refusal);
    EXPECT_EQ(refusal->reason, "sealed_not_kept");
  }
}

}  // namespace
}  // namespace gbx::vm
