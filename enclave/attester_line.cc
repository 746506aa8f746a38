#include "enclave/attester_line.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

namespace gbx::enclave {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kLengthBytes = 4;
constexpr std::size_t kPiece = std::size_t{1} << 16;
constexpr std::size_t kPlatformBytesMax = 32;
constexpr AttesterLine::Milliseconds kPatience{30'000};

Error failed(Literal reason) { return {ErrorCode::unavailable, reason}; }

Status wait_for(int socket, short events, Clock::time_point end) {
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now()).count();
    pollfd entry{socket, events, 0};
    const int ready = ::poll(&entry, 1, static_cast<int>(std::max<std::int64_t>(left, 0)));
    if (ready > 0) return {};
    if (ready == 0) return failed("attester_timeout");
    if (errno != EINTR) return failed("attester_closed");
  }
}

Status send_all(int socket, ByteView bytes, Clock::time_point end) {
  while (!bytes.empty()) {
    GBX_TRY(wait_for(socket, POLLOUT, end));
    const ssize_t sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (sent <= 0) return failed("attester_closed");
    bytes = bytes.subspan(static_cast<std::size_t>(sent));
  }
  return {};
}

// Memory is taken as bytes come.
Result<Bytes> receive_all(int socket, std::size_t size, Clock::time_point end) {
  Bytes out;
  while (out.size() < size) {
    GBX_TRY(wait_for(socket, POLLIN, end));
    const std::size_t had = out.size();
    out.resize(had + std::min(size - had, kPiece));
    const ssize_t got = ::recv(socket, out.data() + had, out.size() - had, MSG_DONTWAIT);
    out.resize(had + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (got <= 0) return failed("attester_closed");
  }
  return out;
}

}  // namespace

Status AttesterLine::send(ByteView message, Milliseconds timeout) {
  const auto end = Clock::now() + timeout;
  Bytes header;
  for (std::size_t i = 0; i < kLengthBytes; i++) {
    header.push_back(static_cast<std::uint8_t>(message.size() >> 8 * i));
  }
  GBX_TRY(send_all(socket_.get(), header, end));
  return send_all(socket_.get(), message, end);
}

Result<Bytes> AttesterLine::receive(std::size_t size_max, Milliseconds timeout) {
  const auto end = Clock::now() + timeout;
  GBX_TRY_ASSIGN(const Bytes header, receive_all(socket_.get(), kLengthBytes, end));
  const std::size_t size = Reader(header).u32();
  if (size > size_max) return failed("attester_malformed");
  return receive_all(socket_.get(), size, end);
}

Result<Bytes> AttesterLine::ask(ByteView question, Milliseconds timeout) {
  const auto end = Clock::now() + timeout;
  GBX_TRY(send(question, timeout));
  const auto left = std::chrono::ceil<Milliseconds>(end - Clock::now());
  return receive(kAttesterAnswerBytesMax, std::max(left, Milliseconds(0)));
}

Result<AttesterQuoter> AttesterQuoter::meet(Descriptor socket) {
  AttesterLine line(std::move(socket));
  GBX_TRY(line.send({}, kPatience));
  GBX_TRY_ASSIGN(const Bytes word, line.receive(kPlatformBytesMax, kPatience));
  return AttesterQuoter(std::move(line), std::string(as_text(word)));
}

Result<Bytes> AttesterQuoter::quote(std::span<const std::uint8_t, 64> binding) noexcept {
  GBX_TRY_ASSIGN(Bytes packet, line_.ask(binding, kPatience));
  if (packet.empty()) return failed("quote_failed");
  return packet;
}

}  // namespace gbx::enclave
