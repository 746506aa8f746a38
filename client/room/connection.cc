#include "client/room/connection.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <string>

namespace gbx::client {
namespace {

enclave::Descriptor connect_to(const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string name = path.string();
  if (name.size() >= sizeof(address.sun_path)) {
    throw ConnectionError(name + ": the path of a socket has at most " +
                          std::to_string(sizeof(address.sun_path) - 1) + " bytes");
  }
  std::memcpy(address.sun_path, name.data(), name.size());
  enclave::Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket.valid() ||
      ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    throw ConnectionError(name + ": no room answers here (" + std::strerror(errno) + ")");
  }
  return socket;
}

std::string broken(const Error& error) {
  if (error.reason == Literal("channel_timeout")) return "the room did not answer in time";
  if (error.reason == Literal("channel_closed")) return "the room hung up";
  return "the host sent something that is no answer";
}

}  // namespace

RoomConnection::RoomConnection(const std::filesystem::path& socket)
    : channel_(connect_to(socket)) {}

RoomAnswer RoomConnection::call(enclave::Call call, ByteView payload, int descriptor) {
  if (payload.size() > enclave::payload_bytes_max(call)) {
    throw ConnectionError("what was to be sent is larger than a room takes");
  }
  if (const Status sent = channel_.send(call, payload, descriptor, timeout_); !sent) {
    throw ConnectionError(broken(sent.error()));
  }
  auto received = channel_.receive(timeout_, timeout_);
  if (!received) throw ConnectionError(broken(received.error()));
  enclave::Frame& frame = received->frame;
  if (frame.call == enclave::Call::answer) return std::move(frame.payload);
  const auto refusal = frame.call == enclave::Call::refusal
                           ? enclave::decode_refusal(frame.payload)
                           : Error{ErrorCode::invalid_argument, "frame_unexpected"};
  if (!refusal) throw ConnectionError(broken(refusal.error()));
  return *refusal;
}

}  // namespace gbx::client
