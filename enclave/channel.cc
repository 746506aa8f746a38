#include "enclave/channel.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace gbx::enclave {
namespace {

using SteadyClock = std::chrono::steady_clock;

// Time that runs from its making; without end when the limit is negative.
class Deadline {
 public:
  explicit Deadline(Channel::Milliseconds limit)
      : endless_(limit.count() < 0), end_(SteadyClock::now() + limit) {}

  // What poll() takes: milliseconds left, -1 = no end.
  [[nodiscard]] int left() const {
    if (endless_) return -1;
    const auto left =
        std::chrono::duration_cast<Channel::Milliseconds>(end_ - SteadyClock::now()).count();
    return static_cast<int>(std::clamp<std::int64_t>(left, 0, 1 << 30));
  }

 private:
  bool endless_;
  SteadyClock::time_point end_;
};

constexpr std::size_t kPieceBytes = std::size_t{1} << 16;
constexpr std::size_t kDescriptorsMax = 4;  // room to see that too many came, and to close them

Status wait_for(int socket, short events, const Deadline& deadline) {
  pollfd entry{socket, events, 0};
  while (true) {
    const int ready = ::poll(&entry, 1, deadline.left());
    if (ready > 0) return {};
    if (ready == 0) return Error{ErrorCode::unavailable, "channel_timeout"};
    if (errno != EINTR) return Error{ErrorCode::unavailable, "channel_closed"};
  }
}

// Keeps the first descriptor of a message; false when there was more than one in all.
bool take_descriptors(const msghdr& message, Descriptor& kept) {
  bool at_most_one = (message.msg_flags & MSG_CTRUNC) == 0;
  for (auto* c = CMSG_FIRSTHDR(&message); c != nullptr;
       c = CMSG_NXTHDR(const_cast<msghdr*>(&message), c)) {
    if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; i++) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(int));
      if (kept.valid()) {
        ::close(fd);
        at_most_one = false;
      } else {
        kept = Descriptor(fd);
      }
    }
  }
  return at_most_one;
}

Result<std::size_t> receive_some(int socket, std::span<std::uint8_t> out, Descriptor& descriptor) {
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * kDescriptorsMax)> control{};
  iovec piece{out.data(), out.size()};
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  ssize_t got = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
  if (got < 0 && errno == ENOTSOCK) {
    message.msg_controllen = 0;
    got = ::read(socket, out.data(), out.size());
  }
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return std::size_t{0};
  if (got <= 0) return Error{ErrorCode::unavailable, "channel_closed"};
  if (!take_descriptors(message, descriptor)) {
    return Error{ErrorCode::invalid_argument, "frame_malformed"};
  }
  return static_cast<std::size_t>(got);
}

Status receive_all(int socket, std::span<std::uint8_t> out, const Deadline& deadline,
                   Descriptor& descriptor) {
  while (!out.empty()) {
    GBX_TRY(wait_for(socket, POLLIN, deadline));
    GBX_TRY_ASSIGN(const std::size_t got, receive_some(socket, out, descriptor));
    out = out.subspan(got);
  }
  return {};
}

// Never takes more memory than twice what has come: an announced length costs the peer nothing.
Status receive_payload(int socket, std::size_t size, const Deadline& deadline,
                       ReceivedFrame& received) {
  Bytes& out = received.frame.payload;
  while (out.size() < size) {
    const std::size_t have = out.size();
    out.resize(std::min(size, std::max(kPieceBytes, 2 * have)));
    GBX_TRY(receive_all(socket, std::span(out).subspan(have), deadline, received.descriptor));
  }
  return {};
}

Result<std::size_t> send_some(int socket, ByteView bytes, int descriptor) {
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  iovec piece{const_cast<std::uint8_t*>(bytes.data()), bytes.size()};
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  if (descriptor >= 0) {
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* c = CMSG_FIRSTHDR(&message);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(c), &descriptor, sizeof(int));
  }
  ssize_t sent = ::sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  // A device takes no descriptor; whoever sends one over it has its call refused.
  if (sent < 0 && errno == ENOTSOCK && descriptor < 0) {
    sent = ::write(socket, bytes.data(), bytes.size());
  }
  if (sent < 0 && (errno == EAGAIN || errno == EINTR)) return std::size_t{0};
  if (sent <= 0) return Error{ErrorCode::unavailable, "channel_closed"};
  return static_cast<std::size_t>(sent);
}

}  // namespace

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  if (this != &other) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = other.release();
  }
  return *this;
}

Descriptor::~Descriptor() {
  if (fd_ >= 0) ::close(fd_);
}

int Descriptor::release() {
  const int fd = fd_;
  fd_ = -1;
  return fd;
}

bool write_all(int to, ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(to, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return true;
}

Status Channel::send(Call call, ByteView payload, int descriptor, Milliseconds timeout) {
  const Bytes bytes = encode_frame(call, payload);
  const Deadline deadline(timeout);
  ByteView rest = bytes;
  while (!rest.empty()) {
    GBX_TRY(wait_for(socket_.get(), POLLOUT, deadline));
    GBX_TRY_ASSIGN(const std::size_t sent, send_some(socket_.get(), rest, descriptor));
    if (sent > 0) descriptor = -1;
    rest = rest.subspan(sent);
  }
  return {};
}

Result<ReceivedFrame> Channel::receive(Milliseconds idle, Milliseconds timeout) {
  GBX_TRY(wait_for(socket_.get(), POLLIN, Deadline(idle)));
  const Deadline deadline(timeout);
  ReceivedFrame received;
  std::array<std::uint8_t, kHeaderBytes> start{};
  GBX_TRY(receive_all(socket_.get(), start, deadline, received.descriptor));
  GBX_TRY_ASSIGN(const FrameHeader header, decode_header(start));
  received.frame.call = header.call;
  GBX_TRY(receive_payload(socket_.get(), header.payload_bytes, deadline, received));
  return received;
}

}  // namespace gbx::enclave
