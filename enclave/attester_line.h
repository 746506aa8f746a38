#pragma once

// The line between a room and the attester of its machine, which stands outside: messages of
// [u32 length, little-endian][bytes] over a connected Unix stream socket. The room asks, the
// attester answers; an empty question is for the platform's word, one of 64 bytes for evidence over
// them, and an empty answer says that there is none. Each side takes the other for hostile: lengths
// are checked, and a message must be whole before its deadline. docs/spec/frames.md#attester.

#include <chrono>

#include "enclave/channel.h"
#include "trusted/base/seams.h"

namespace gbx::enclave {

constexpr std::size_t kAttesterQuestionBytesMax = 64;
constexpr std::size_t kAttesterAnswerBytesMax = std::size_t{13} << 20;

class AttesterLine {
 public:
  using Milliseconds = std::chrono::milliseconds;

  explicit AttesterLine(Descriptor socket) : socket_(std::move(socket)) {}

  // Fail with unavailable: attester_closed, attester_timeout, attester_malformed. Then the line is
  // of no more use.
  Status send(ByteView message, Milliseconds timeout);
  Result<Bytes> receive(std::size_t size_max, Milliseconds timeout);
  // What the room does: a question, and its answer, within `timeout` together.
  Result<Bytes> ask(ByteView question, Milliseconds timeout);

 private:
  Descriptor socket_;
};

// A room's quoter behind such a line.
class AttesterQuoter final : public Quoter {
 public:
  // Asks for the platform's word. Fails with unavailable, as AttesterLine does.
  static Result<AttesterQuoter> meet(Descriptor socket);

  [[nodiscard]] const std::string& platform() const { return platform_; }
  // Fails with unavailable (quote_failed, or as AttesterLine does).
  Result<Bytes> quote(std::span<const std::uint8_t, 64> binding) noexcept override;

 private:
  AttesterQuoter(AttesterLine line, std::string platform)
      : line_(std::move(line)), platform_(std::move(platform)) {}
  AttesterLine line_;
  std::string platform_;
};

}  // namespace gbx::enclave
