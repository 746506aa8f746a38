#pragma once

// A party's line to a room, through the host that carries it. The host is not trusted: it sees,
// delays, drops and forges frames; what matters in an answer is signed or sealed by the room.

#include <chrono>
#include <filesystem>
#include <stdexcept>
#include <variant>

#include "enclave/channel.h"

namespace gbx::client {

// The line broke: nobody listens, it timed out, or what came was no frame. what() is for people.
class ConnectionError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The answer's bytes, or why there is none.
using RoomAnswer = std::variant<Bytes, enclave::Refusal>;

class RoomConnection {
 public:
  // Throws ConnectionError when nobody listens at `socket`.
  explicit RoomConnection(const std::filesystem::path& socket);

  // One call and its final answer (enclave/frames.h says which payload is what).
  //   descriptor  sent along when >= 0 (attach); stays the caller's
  // Throws ConnectionError; whether the room acted on the call is then unknown.
  RoomAnswer call(enclave::Call call, ByteView payload, int descriptor = -1);

  // How long a call may take, 10 minutes unless set.
  void set_timeout(std::chrono::milliseconds timeout) { timeout_ = timeout; }

 private:
  enclave::Channel channel_;
  std::chrono::milliseconds timeout_{600'000};
};

}  // namespace gbx::client
