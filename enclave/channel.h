#pragma once

// Frames over a connected Unix stream socket, or over a device that carries bytes alone and was
// opened with O_NONBLOCK (a virtio-serial port). The peer is hostile: every length is checked,
// memory is taken as bytes come, a frame must be whole before its deadline, and at most one
// descriptor comes with it, where the caller allows one. No exceptions; one Channel is for one
// thread.

#include <chrono>

#include "enclave/frames.h"

namespace gbx::enclave {

// Owns a file descriptor.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(other.release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept;
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor();

  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool valid() const { return fd_ >= 0; }
  int release();

 private:
  int fd_ = -1;
};

// All of `bytes`, with write(2); false, with errno, when not all could be written.
bool write_all(int to, ByteView bytes);

struct ReceivedFrame {
  Frame frame;
  Descriptor descriptor;  // valid only when the peer sent one
};

class Channel {
 public:
  using Milliseconds = std::chrono::milliseconds;
  static constexpr Milliseconds kForever{-1};

  explicit Channel(Descriptor socket) : socket_(std::move(socket)) {}

  // Sends one frame, with a descriptor when `descriptor` >= 0 (it stays the caller's). Fails with
  // unavailable: channel_closed, channel_timeout. After any failure the channel is of no more use.
  Status send(Call call, ByteView payload, int descriptor = -1, Milliseconds timeout = kForever);
  // The next frame. Waits `idle` for its first byte, then `timeout` for the rest. Fails as send(),
  // or as decode_header(), or with frame_malformed when more than one descriptor came.
  Result<ReceivedFrame> receive(Milliseconds idle = kForever, Milliseconds timeout = kForever);

  [[nodiscard]] int descriptor() const { return socket_.get(); }

 private:
  Descriptor socket_;
};

}  // namespace gbx::enclave
