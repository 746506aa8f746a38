#pragma once

// Carries calls to the room, one at a time, and does what the room asks meanwhile: append to the
// ledger. It looks at the kind of a frame, never into a payload.

#include <mutex>

#include "host/ledger.h"
#include "host/snapshot_folder.h"

namespace gbx::host {

class Courier {
 public:
  // What the host keeps of a room, all in one folder: ledger, snapshots/, closing.json.
  struct Keeping {
    Ledger ledger;
    SnapshotFolder snapshots;
    std::filesystem::path closing;  // where the closing statement goes, for owners who come later
  };
  // What the line to the room carries: a room in a virtual machine gets a file as bytes.
  enum class Line : std::uint8_t { descriptors, bytes };
  // `room` is the room's end; `call_limit` is how long it may work before it counts as lost.
  Courier(enclave::Channel room, Keeping keeping, enclave::Channel::Milliseconds call_limit,
          Line line = Line::descriptors)
      : room_(std::move(room)),
        keeping_(std::move(keeping)),
        call_limit_(call_limit),
        line_(line) {}

  // The room's final answer to `request`, or a refusal of our own (unavailable, room_ended, or a
  // snapshot that cannot be kept). Thread-safe; calls wait for each other.
  enclave::Frame call(const enclave::Frame& request, const enclave::Descriptor& descriptor);

  // False once the room has broken the protocol, timed out or gone: it will not be called again.
  [[nodiscard]] bool room_alive();
  // True once the room has answered a close.
  [[nodiscard]] bool closed();

 private:
  enclave::Frame attach(const enclave::Frame& request, const enclave::Descriptor& descriptor);
  enclave::Frame converse_alone(const enclave::Frame& request, int descriptor);
  void keep_closing(ByteView statement);
  Status send_sealed(int file);
  Result<enclave::Frame> converse(const enclave::Frame& request, int descriptor);

  std::mutex one_call_;
  enclave::Channel room_;
  Keeping keeping_;
  enclave::Channel::Milliseconds call_limit_;
  Line line_;
  bool alive_ = true;
  bool closed_ = false;
};

}  // namespace gbx::host
