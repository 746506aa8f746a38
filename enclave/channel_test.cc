#include "enclave/channel.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <thread>

namespace gbx::enclave {
namespace {

using std::chrono::milliseconds;

struct Pair {
  Pair() {
    std::array<int, 2> fds{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds.data()), 0);
    a = Channel(Descriptor(fds[0]));
    b = Channel(Descriptor(fds[1]));
  }
  Channel a{Descriptor()};
  Channel b{Descriptor()};
};

TEST(Channel, CarriesALargeFrameAndADescriptor) {
  Pair pair;
  const Bytes payload(3'000'000, 42);
  std::array<int, 2> pipe{};
  ASSERT_EQ(::pipe2(pipe.data(), O_CLOEXEC), 0);
  const Descriptor read_end(pipe[0]);
  const Descriptor write_end(pipe[1]);
  std::thread sender([&] {
    EXPECT_TRUE(pair.a.send(Call::attach, payload, write_end.get(), milliseconds(5000)));
  });
  const auto received = pair.b.receive(milliseconds(5000), milliseconds(5000));
  sender.join();
  ASSERT_TRUE(received);
  EXPECT_EQ(received->frame.payload, payload);
  ASSERT_TRUE(received->descriptor.valid());
  EXPECT_EQ(::write(received->descriptor.get(), "x", 1), 1);
  char c = 0;
  EXPECT_EQ(::read(read_end.get(), &c, 1), 1);
  EXPECT_EQ(c, 'x');
}

TEST(Channel, ADeviceCarriesFramesAndNoDescriptor) {
  std::array<int, 2> pipe{};
  ASSERT_EQ(::pipe2(pipe.data(), O_CLOEXEC | O_NONBLOCK), 0);
  Channel in{Descriptor(pipe[0])};
  Channel out{Descriptor(pipe[1])};
  const Bytes payload(300'000, 42);
  std::thread sender([&] { EXPECT_TRUE(out.send(Call::attach, payload, -1, milliseconds(5000))); });
  const auto received = in.receive(milliseconds(5000), milliseconds(5000));
  sender.join();
  ASSERT_TRUE(received);
  EXPECT_EQ(received->frame.payload, payload);
  EXPECT_FALSE(received->descriptor.valid());
  EXPECT_FALSE(out.send(Call::attach, payload, pipe[0], milliseconds(100)));
  out = Channel(Descriptor());
  EXPECT_EQ(in.receive(milliseconds(5000)).error().reason, Literal("channel_closed"));
}

TEST(Channel, AFrameThatStopsHalfwayTimesOut) {
  Pair pair;
  const Bytes frame = encode_frame(Call::hello, Bytes(kNonceBytes, 1));
  ASSERT_EQ(::send(pair.a.descriptor(), frame.data(), 9, 0), 9);
  const auto received = pair.b.receive(milliseconds(1000), milliseconds(20));
  ASSERT_FALSE(received);
  EXPECT_EQ(received.error().reason, Literal("channel_timeout"));
}

std::int64_t peak_kib() {
  rusage usage{};
  EXPECT_EQ(::getrusage(RUSAGE_SELF, &usage), 0);
  return usage.ru_maxrss;
}

TEST(Channel, AnAnnouncedLengthTakesNoMemory) {
  Pair pair;
  Writer header;
  header.u32(static_cast<std::uint32_t>(kPayloadBytesMax + 1));
  header.u8(static_cast<std::uint8_t>(Call::attach));
  ASSERT_EQ(::send(pair.a.descriptor(), header.bytes().data(), header.bytes().size(), 0), 5);
  const std::int64_t before = peak_kib();
  const auto received = pair.b.receive(milliseconds(1000), milliseconds(20));
  ASSERT_FALSE(received);
  EXPECT_EQ(received.error().reason, Literal("channel_timeout"));
  EXPECT_LT(peak_kib() - before, 4096);
}

TEST(Channel, ASilentPeerTimesOut) {
  Pair pair;
  EXPECT_EQ(pair.b.receive(milliseconds(10)).error().reason, Literal("channel_timeout"));
}

TEST(Channel, AClosedPeerIsToldApart) {
  Pair pair;
  pair.a = Channel(Descriptor());
  EXPECT_EQ(pair.b.receive(milliseconds(1000)).error().reason, Literal("channel_closed"));
  EXPECT_EQ(pair.b.send(Call::status, {}).error().reason, Literal("channel_closed"));
}

TEST(Channel, SecondDescriptorIsRefused) {
  Pair pair;
  const Bytes frame = encode_frame(Call::status, {});
  alignas(cmsghdr) std::array<char, CMSG_SPACE(2 * sizeof(int))> control{};
  iovec piece{const_cast<std::uint8_t*>(frame.data()), frame.size()};
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  cmsghdr* c = CMSG_FIRSTHDR(&message);
  c->cmsg_level = SOL_SOCKET;
  c->cmsg_type = SCM_RIGHTS;
  c->cmsg_len = CMSG_LEN(2 * sizeof(int));
  const std::array<int, 2> fds{0, 1};
  std::copy_n(reinterpret_cast<const unsigned char*>(fds.data()), sizeof(fds), CMSG_DATA(c));
  ASSERT_GT(::sendmsg(pair.a.descriptor(), &message, 0), 0);
  const auto received = pair.b.receive(milliseconds(1000), milliseconds(1000));
  ASSERT_FALSE(received);
  EXPECT_EQ(received.error().reason, Literal("frame_malformed"));
}

TEST(WriteAll, WritesAllOfALargePieceOrSaysThatItCannot) {
  std::array<int, 2> pipe{};
  ASSERT_EQ(::pipe2(pipe.data(), O_CLOEXEC), 0);
  const Descriptor in(pipe[0]);
  Descriptor out(pipe[1]);
  const Bytes piece(1'000'000, 7);
  Bytes got;
  std::thread reader([&] {
    Bytes some(10'000);
    for (ssize_t n = 0; (n = ::read(in.get(), some.data(), some.size())) > 0;) {
      got.insert(got.end(), some.begin(), some.begin() + n);
    }
  });
  EXPECT_TRUE(write_all(out.get(), piece));
  out = Descriptor();
  reader.join();
  EXPECT_EQ(got, piece);
  EXPECT_TRUE(write_all(-1, {}));
  EXPECT_FALSE(write_all(in.get(), piece));  // not open for writing
  const Descriptor full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
  EXPECT_FALSE(write_all(full.get(), piece));
}

}  // namespace
}  // namespace gbx::enclave
